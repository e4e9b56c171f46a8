"""
Versions and aliases of state machines: what a machine was when it was published, and names that lead there.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pizzabar.clock import Clock
from pizzabar.constraints import natural
from pizzabar.documents import JSON
from pizzabar.errors import ServiceError, ValidationException
from pizzabar.record import record
from pizzabar.stepfunctions.definition import read_definition
from pizzabar.stepfunctions.errors import ConflictException, ResourceNotFound, ServiceQuotaExceededException
from pizzabar.stepfunctions.execution_log import read_logging
from pizzabar.stepfunctions.executions import EXPRESS, DeployedStateMachine, as_express

MAX_VERSIONS = 1000
MAX_ALIASES = 100
_is_alias_name = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}").fullmatch


@record
class Route:
    """A version that an alias leads to, and for how many of a hundred executions."""

    version_arn: str
    weight: int


@record
class Alias:
    """A name for one version, or for two with their weights."""

    arn: str
    name: str
    routes: tuple[Route, ...]
    description: str
    created: datetime
    updated: datetime


class Versions:
    """The versions and aliases of every state machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: dict[str, dict[int, DeployedStateMachine]] = {}
        self._last: dict[str, int] = {}
        """The number of the last version that was published of each machine: none comes again."""
        self._aliases: dict[str, Alias] = {}
        self._declared: set[str] = set()
        """The ARNs of the versions and aliases that a template declares."""
        self._marks: dict[str, dict[str, int]] = {}
        """The versions of each machine that the template has, by their revisions; "" is for one of none."""
        self._changed: set[str] = set()
        """Those of them that API calls have changed or deleted."""

    # Versions.

    def of(self, arn: str) -> list[DeployedStateMachine]:
        """Give the versions of a machine, the newest first."""
        return sorted(self._versions.get(arn, {}).values(), key=lambda each: -(each.number or 0))

    def find(self, arn: str) -> DeployedStateMachine | None:
        """Find a version."""
        base, _, number = arn.rpartition(":")
        return self._versions.get(base, {}).get(natural(number) or 0)

    def publish(
        self, machine: DeployedStateMachine, *, revision: str | None = None, description: str | None = None
    ) -> DeployedStateMachine:
        """Make a version of what a machine is now; the same again is the same one. Raise ``ConflictException``."""
        _check_revision(machine, revision)
        known = self.of(machine.arn)
        if known and known[0].revision == machine.revision:
            if description is not None and description != known[0].description:
                raise ConflictException(
                    "Failed to publish the State Machine version: the version of this revision, "
                    f"{known[0].version_arn}, has another description."
                )
            return known[0]
        if len(known) == MAX_VERSIONS:
            raise ServiceQuotaExceededException(f"A state machine has at most {MAX_VERSIONS} versions.")
        return self._enter(machine, self._last.get(machine.arn, 0) + 1, description)

    def declare(
        self, machine: DeployedStateMachine, number: int, *, revision: str | None, description: str | None
    ) -> None:
        """Make a version of a number of what a machine is now, as a template does. Raise ``ConflictException``."""
        _check_revision(machine, revision)
        known = self._versions.get(machine.arn, {}).get(number)
        if known is None or known.revision != machine.revision or known.description != description:
            self._enter(machine, number, description)
        self._declared.add(f"{machine.arn}:{number}")
        self._changed.discard(f"{machine.arn}:{number}")
        self._marks.setdefault(machine.arn, {})[revision or ""] = number

    def let_go(self, arn: str, revision: str | None) -> None:
        """Take a version for nobody's that a template does not have any more; it stays what it is."""
        number = self._marks.get(arn, {}).pop(revision or "", None)
        self._declared.discard(f"{arn}:{number}")

    def _enter(self, machine: DeployedStateMachine, number: int, description: str | None) -> DeployedStateMachine:
        version = replace(machine, number=number, description=description, created=self._clock.now())
        self._versions.setdefault(machine.arn, {})[number] = version
        self._last[machine.arn] = max(number, self._last.get(machine.arn, 0))
        return version

    def numbers(self) -> dict[str, tuple[Mapping[str, int], int]]:
        """Give the numbers of versions by what the template calls them, and the last of all, by machines' ARNs.

        The newest is known by its revision, whoever has published it.
        """
        known: dict[str, tuple[Mapping[str, int], int]] = {}
        for arn, last in self._last.items():
            newest = {each.revision: each.number or 0 for each in self.of(arn)[:1]}
            known[arn] = newest | self._marks.get(arn, {}), last
        return known

    def delete(self, arn: str) -> None:
        """Delete a version; one that is not there is deleted already. Raise ``ConflictException``."""
        users = [each.arn for each in self._aliases.values() if arn in {route.version_arn for route in each.routes}]
        if users:
            raise ConflictException(
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
                f"version: [{', '.join(each.rpartition(':')[2] for each in users)}]"
            )
        version = self.find(arn)
        if version is not None and version.number is not None:
            del self._versions[version.arn][version.number]
            if arn in self._declared:
                self._changed.add(arn)

    def forget(self, arn: str) -> None:
        """Delete everything of a machine."""
        self._versions.pop(arn, None)
        self._last.pop(arn, None)
        self._marks.pop(arn, None)
        for alias in [*self.aliases_of(arn)]:
            del self._aliases[alias.arn]
        self._declared = {each for each in self._declared if each.rpartition(":")[0] != arn}
        self._changed = {each for each in self._changed if each.rpartition(":")[0] != arn}

    # Aliases.

    def aliases_of(self, arn: str) -> Iterator[Alias]:
        """Give the aliases of a machine, or of a version."""
        version = self.find(arn)
        for alias in sorted(self._aliases.values(), key=lambda each: each.name):
            versions = {route.version_arn for route in alias.routes}
            if arn in versions if version is not None else alias.arn.rpartition(":")[0] == arn:
                yield alias

    def alias(self, arn: str) -> Alias:
        """Find an alias. Raise ``ResourceNotFound``."""
        alias = self._aliases.get(arn)
        if alias is None:
            raise ResourceNotFound(f"Request references a resource that does not exist: '{arn}'")
        return alias

    def create_alias(self, name: str, routes: Sequence[Route], description: str) -> Alias:
        """Make an alias; the same again is the same. Raise ``ConflictException`` or ``ValidationException``."""
        check_alias_name(name)
        base = self._check_routes(routes)
        arn, now = f"{base}:{name}", self._clock.now()
        known = self._aliases.get(arn)
        if known is not None:
            if (known.routes, known.description) != (tuple(routes), description):
                raise ConflictException(
                    "Failed to create alias because an alias with the same name and a different routing "
                    f"configuration already exists: {arn}"
                )
            return known
        if len([*self.aliases_of(base)]) == MAX_ALIASES:
            raise ServiceQuotaExceededException(f"A state machine has at most {MAX_ALIASES} aliases.")
        alias = self._aliases[arn] = Alias(arn, name, tuple(routes), description, now, now)
        return alias

    def update_alias(self, arn: str, routes: Sequence[Route] | None, description: str | None) -> Alias:
        """Give an alias other routes or another description. Raise as ``create_alias`` and ``alias`` do."""
        known = self.alias(arn)
        if routes is not None and self._check_routes(routes) != arn.rpartition(":")[0]:
            raise ValidationException("The routing configuration names versions of another state machine.")
        alias = self._aliases[arn] = replace(
            known,
            routes=known.routes if routes is None else tuple(routes),
            description=known.description if description is None else description,
            updated=self._clock.now(),
        )
        if arn in self._declared:
            self._changed.add(arn)
        return alias

    def declare_alias(self, name: str, routes: Sequence[Route], description: str) -> None:
        """Make an alias, or have it as it is told here, as a template does. Raise as ``create_alias`` does."""
        arn, now = f"{self._check_routes(routes)}:{name}", self._clock.now()
        known = self._aliases.get(arn)
        created = now if known is None else known.created
        self._aliases[arn] = Alias(arn, name, tuple(routes), description, created, now)
        self._declared.add(arn)
        self._changed.discard(arn)

    def take_out_alias(self, arn: str) -> None:
        """Take out an alias that a template does not have any more."""
        self._aliases.pop(arn, None)
        self._declared.discard(arn)
        self._changed.discard(arn)

    def delete_alias(self, arn: str) -> None:
        """Delete an alias. Raise ``ResourceNotFound``."""
        del self._aliases[self.alias(arn).arn]
        if arn in self._declared:
            self._changed.add(arn)

    def choose(self, arn: str) -> DeployedStateMachine | None:
        """Give the version that an ARN means for one execution, if it names a version or an alias."""
        alias = self._aliases.get(arn)
        if alias is None:
            return self.find(arn)
        [route] = random.choices(alias.routes, [each.weight for each in alias.routes])
        version = self.find(route.version_arn)
        return None if version is None else replace(version, alias_arn=arn)

    def _check_routes(self, routes: Sequence[Route]) -> str:
        """Give the machine whose versions routes lead to."""
        check_weights(routes)
        arns = [route.version_arn for route in routes]
        for arn in arns:
            if self.find(arn) is None:
                raise ResourceNotFound(f"Request references a resource that does not exist: '{arn}'")
        bases = {arn.rpartition(":")[0] for arn in arns}
        if len(bases) > 1:
            raise ValidationException("The versions of a routing configuration must be of one state machine.")
        return bases.pop()

    # What is kept.

    def to_keep(self) -> JSON:
        """Give everything."""
        return {
            "versions": [
                {
                    "arn": each.arn,
                    "number": each.number,
                    "name": each.name,
                    "definition": each.definition,
                    "role": each.role_arn,
                    "type": each.type,
                    "description": each.description,
                    "created": each.created.timestamp(),
                    "traced": each.is_traced,
                    "logging": each.logging.document,
                }
                for versions in self._versions.values()
                for each in versions.values()
            ],
            "last": self._last,
            "aliases": [
                {
                    "arn": each.arn,
                    "name": each.name,
                    "routes": [[route.version_arn, route.weight] for route in each.routes],
                    "description": each.description,
                    "created": each.created.timestamp(),
                    "updated": each.updated.timestamp(),
                }
                for each in self._aliases.values()
                if each.arn not in self._declared
            ],
            "changed": sorted(self._changed),
        }

    def restore(self, document: JSON, machines: set[str]) -> list[str]:
        """Make again what was kept of the ``machines`` that are there; tell of what cannot be."""
        told = []
        for each in document["versions"]:
            if each["arn"] not in machines or f"{each['arn']}:{each['number']}" in self._declared:
                # A template's is what the template says now.
                continue
            try:
                machine = read_definition(each["definition"])
                machine = as_express(machine) if each["type"] == EXPRESS else machine
            except ServiceError as error:
                told.append(f"version {each['number']} of the state machine {each['name']} is gone: {error.message}")
                continue
            self._versions.setdefault(each["arn"], {})[each["number"]] = DeployedStateMachine(
                each["arn"],
                each["name"],
                each["role"],
                each["type"],
                each["definition"],
                machine,
                datetime.fromtimestamp(each["created"], UTC),
                each["number"],
                each["description"],
                is_traced=each.get("traced", False),
                logging=read_logging(each.get("logging", {})),
            )
        for arn, number in document["last"].items():
            if arn in machines:
                self._last[arn] = max(number, self._last.get(arn, 0))
        told += [_told_again(each) for each in document.get("changed", ()) if each in self._declared]
        for each in document["aliases"]:
            routes = tuple(Route(arn, weight) for arn, weight in each["routes"])
            if each["arn"] in self._declared:
                told.append(_told_again(each["arn"]))
            elif all(self.find(route.version_arn) is not None for route in routes):
                created, updated = (datetime.fromtimestamp(each[name], UTC) for name in ("created", "updated"))
                arn = each["arn"]
                self._aliases[arn] = Alias(arn, each["name"], routes, each["description"], created, updated)
        return told


def _told_again(arn: str) -> str:
    """Tell that a version or an alias is what the template says."""
    machine, name = arn.split(":")[-2:]
    what = f"version {name}" if name.isdecimal() else f"the alias {name}"
    return f"{what} of the state machine {machine} is the template's again"


def _check_revision(machine: DeployedStateMachine, revision: str | None) -> None:
    if revision is not None and revision != machine.revision:
        raise ConflictException(
            f"Failed to publish the State Machine version for revision {revision}. The current State Machine "
            f"revision is {machine.revision}."
        )


def check_alias_name(name: str) -> None:
    """Raise ``ValidationException`` unless a text may name an alias."""
    if not _is_alias_name(name):
        raise ValidationException(f"Invalid alias name: '{name}'")


def check_weights(routes: Sequence[Route]) -> None:
    """Raise ``ValidationException`` unless these are one or two versions, whose weights make a hundred."""
    arns = [route.version_arn for route in routes]
    if not 1 <= len(routes) <= 2 or len(set(arns)) < len(arns):
        raise ValidationException("An alias has a routing configuration of one or two versions.")
    if sum(route.weight for route in routes) != 100 or any(not 0 <= route.weight <= 100 for route in routes):
        raise ValidationException("The weights of a routing configuration must add up to 100.")
