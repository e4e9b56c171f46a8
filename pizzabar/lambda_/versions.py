"""
Versions and aliases of functions: what a function was when it was published, and names that lead there.

Rules:
- A version keeps the configuration that its function had: handler, runtime, environment, time-out and so on. Its code
  is what stands in the folder or module now; code that a template gives inline is configuration, too.
- An alias leads to one version, or to two by a weight. Which of the two handles an event follows from the event's
  request id alone: one that is tried again meets the same version again.
- What API calls have made is kept; what a template declares is made anew by whoever reads the template.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.errors import (
    InvalidParameterValueException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from pizzabar.lambda_.function import LATEST, Function, Handler
from pizzabar.record import record
from pizzabar.uuids import new_uuid

is_version = re.compile(r"[0-9]{1,18}", re.ASCII).fullmatch
_ALIAS_NAME = r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
_is_alias_name = re.compile(r"(?![0-9]+$)[a-zA-Z0-9_-]{1,128}", re.ASCII).fullmatch


@record
class Alias:
    """A name for a version of a function. ``weights`` tells how much of what is asked goes to another version."""

    arn: str
    function: str
    name: str
    version: str
    weights: Mapping[str, float]
    description: str
    revision: str


@record
class Published:
    """A version, and what the function that it was published of was described as."""

    function: Function
    described: str


class Versions:
    """The versions and aliases of every function."""

    def __init__(self) -> None:
        self._published: dict[str, dict[str, Published]] = {}
        self._last: dict[str, int] = {}
        """The number of the last version that was published of each function: none comes again."""
        self._marks: dict[str, dict[str, str]] = {}
        """The versions of each function that the template has, by what it calls them."""
        self._aliases: dict[str, dict[str, Alias]] = {}
        self._asked: set[tuple[str, str]] = set()
        """The versions and aliases that API calls have made or changed, by function."""
        self._deleted: set[tuple[str, str]] = set()
        """Those of a template that they have deleted."""
        self._found: dict[tuple[str, str], tuple[Function, Function]] = {}
        """What was found by a function and a qualifier last, and what it was made of."""

    def __iter__(self) -> Iterator[Function]:
        for versions in self._published.values():
            for each in versions.values():
                yield each.function

    # What a qualifier means.

    def find(self, function: Function, qualifier: str) -> Function | None:
        """Give what a qualifier of a function means; of an alias, the version that most of it goes to."""
        source = self._source(function, qualifier)
        if source is None:
            return None
        key = function.name, qualifier
        known = self._found.get(key)
        if known is not None and known[0] is source:
            return known[1]
        found = replace(source, qualifier=qualifier)
        self._found[key] = source, found
        return found

    def route(self, function: Function, request_id: str) -> Function:
        """Give the version that handles an event, of a function that was found by an alias."""
        alias = self._aliases.get(function.name, {}).get(function.qualifier or "")
        if alias is None or not alias.weights:
            return function
        chance = int(request_id[:8], 16) / 2**32
        for version, weight in alias.weights.items():
            if chance < weight and (other := self._published[function.name].get(version)) is not None:
                return replace(other.function, qualifier=alias.name)
            chance -= weight
        return function

    def _source(self, function: Function, qualifier: str) -> Function | None:
        if qualifier == LATEST:
            return function
        alias = self._aliases.get(function.name, {}).get(qualifier)
        version = qualifier if alias is None else alias.version
        if version == LATEST:
            return function
        published = self._published.get(function.name, {}).get(version)
        return None if published is None else published.function

    # Versions.

    def of(self, function: Function) -> list[Function]:
        """Give the versions of a function, the oldest first, as they are asked for by their numbers."""
        numbers = sorted(self._published.get(function.name, {}), key=int)
        return [found for each in numbers if (found := self.find(function, each)) is not None]

    def publish(self, function: Function, description: str | None = None) -> Function:
        """Make a version of what a function is now; while nothing has changed, the last one is that."""
        last = self._published.get(function.name, {}).get(str(self._last.get(function.name, 0)))
        if last is not None:
            again = replace(function, version=last.function.version, description=last.function.description)
            if again == last.function and function.description == last.described:
                return self._asked_for(last.function)
        number = str(self._last.get(function.name, 0) + 1)
        self._asked.add((function.name, number))
        return self._asked_for(self._enter(function, number, description))

    def declare(self, function: Function, number: str, mark: str, description: str | None) -> None:
        """Make the version of a number, if it is not there, as a template does that calls it by a mark."""
        self._marks.setdefault(function.name, {})[mark] = number
        self._asked.discard((function.name, number))
        self._deleted.discard((function.name, number))
        if number not in self._published.get(function.name, {}):
            self._enter(function, number, description)

    def let_go(self, name: str, mark: str) -> None:
        """Take a version for nobody's that a template does not have any more; it stays what it is."""
        self._marks.get(name, {}).pop(mark, None)

    def _enter(self, function: Function, number: str, description: str | None) -> Function:
        described = function.description if description is None else description
        version = replace(function, version=number, description=described)
        self._published.setdefault(function.name, {})[number] = Published(version, function.description)
        self._last[function.name] = max(int(number), self._last.get(function.name, 0))
        return version

    def _asked_for(self, version: Function) -> Function:
        return replace(version, qualifier=version.version)

    def numbers(self) -> dict[str, tuple[Mapping[str, int], int]]:
        """Give the numbers of versions by what templates call them, and the last of all, by functions' names."""
        return {
            name: ({mark: int(number) for mark, number in self._marks.get(name, {}).items()}, last)
            for name, last in self._last.items()
        }

    def delete(self, function: Function, number: str) -> None:
        """Delete a version. Raise ``ResourceConflictException`` while aliases lead there."""
        users = [each.name for each in self.aliases_of(function, number)]
        if users:
            raise ResourceConflictException(
                f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]",
                Type="User",
            )
        if self._published.get(function.name, {}).pop(number, None) is not None:
            self._note_deleted(function.name, number)

    def follow(self, before: Function, now: Function) -> None:
        """Let the versions of a function have a handler in process as it is now, in place of what it was."""
        if isinstance(now.handler, Code):
            return
        for number, each in self._published.get(now.name, {}).items():
            if each.function.handler is before.handler:
                version = replace(each.function, handler=now.handler, is_async=now.is_async)
                self._published[now.name][number] = Published(version, each.described)

    def forget(self, name: str) -> None:
        """Delete everything of a function."""
        for known in (self._published, self._last, self._marks, self._aliases):
            known.pop(name, None)
        self._asked = {each for each in self._asked if each[0] != name}
        self._deleted = {each for each in self._deleted if each[0] != name}
        self._found = {key: found for key, found in self._found.items() if key[0] != name}

    # Aliases.

    def aliases_of(self, function: Function, version: str | None = None) -> list[Alias]:
        """Give the aliases of a function, or those that lead to a version, by their names."""
        found = sorted(self._aliases.get(function.name, {}).values(), key=lambda each: each.name)
        return [each for each in found if version is None or version == each.version or version in each.weights]

    def alias(self, function: Function, name: str) -> Alias:
        """Find an alias. Raise ``ResourceNotFoundException``."""
        alias = self._aliases.get(function.name, {}).get(name)
        if alias is None:
            raise ResourceNotFoundException(f"Cannot find alias arn: {function.arn}:{name}", Type="User")
        return alias

    def create_alias(
        self, function: Function, name: str, version: str, weights: Mapping[str, float], description: str
    ) -> Alias:
        """Make an alias.

        Raise ``ResourceConflictException``, ``ResourceNotFoundException``, ``ValidationException`` or
        ``InvalidParameterValueException``.
        """
        if not _is_alias_name(name):
            raise ValidationException(
                f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must "
                f"satisfy regular expression pattern: {_ALIAS_NAME}"
            )
        if name in self._aliases.get(function.name, {}):
            raise ResourceConflictException(f"Alias already exists: {function.arn}:{name}", Type="User")
        alias = self.declare_alias(function, name, version, weights, description)
        self._asked.add((function.name, name))
        return alias

    def update_alias(
        self,
        function: Function,
        name: str,
        version: str | None,
        weights: Mapping[str, float] | None,
        description: str | None,
        *,
        revision: str | None = None,
    ) -> Alias:
        """Let an alias lead elsewhere. Raise as ``create_alias`` does, or ``PreconditionFailedException``."""
        known = self.alias(function, name)
        if revision is not None and revision != known.revision:
            raise PreconditionFailedException(
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API "
                "to retrieve the latest Revision Id",
                Type="User",
            )
        alias = self.declare_alias(
            function,
            name,
            known.version if version is None else version,
            known.weights if weights is None else weights,
            known.description if description is None else description,
        )
        self._asked.add((function.name, name))
        return alias

    def declare_alias(
        self, function: Function, name: str, version: str, weights: Mapping[str, float], description: str
    ) -> Alias:
        """Make an alias, or have it as it is told here, as a template does. Raise as ``create_alias`` does."""
        self._check_routes(function, version, weights)
        alias = Alias(f"{function.arn}:{name}", function.name, name, version, dict(weights), description, new_uuid())
        self._aliases.setdefault(function.name, {})[name] = alias
        self._asked.discard((function.name, name))
        self._deleted.discard((function.name, name))
        return alias

    def delete_alias(self, function: Function, name: str) -> None:
        """Delete an alias; one that is not there is deleted already."""
        if self._aliases.get(function.name, {}).pop(name, None) is not None:
            self._note_deleted(function.name, name)

    def take_out_alias(self, name: str, alias: str) -> None:
        """Take out an alias that a template does not have any more."""
        self._aliases.get(name, {}).pop(alias, None)
        self._asked.discard((name, alias))

    def _check_routes(self, function: Function, version: str, weights: Mapping[str, float]) -> None:
        if version != LATEST and not is_version(version):
            raise ValidationException(
                f"1 validation error detected: Value '{version}' at 'functionVersion' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)"
            )
        self._check_version(function, version)
        if len(weights) > 1:
            raise InvalidParameterValueException(
                "Number of items in AdditionalVersionWeights cannot be greater than 1", Type="User"
            )
        for other, weight in weights.items():
            if not 0 <= weight <= 1:
                raise ValidationException(
                    f"1 validation error detected: Value '{{{other}={weight}}}' at "
                    "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy "
                    "constraint: [Member must have value less than or equal to 1.0, Member must have value greater "
                    "than or equal to 0.0, Member must not be null]"
                )
            if other == version:
                raise InvalidParameterValueException(
                    f"Invalid function version {version}. Function version {version} is already included in routing "
                    "configuration.",
                    Type="User",
                )
            if LATEST in (version, other):
                raise InvalidParameterValueException(
                    "$LATEST is not supported for an alias pointing to more than 1 version", Type="User"
                )
            self._check_version(function, other)

    def _check_version(self, function: Function, version: str) -> None:
        if version != LATEST and version not in self._published.get(function.name, {}):
            raise ResourceNotFoundException(f"Function not found: {function.arn}:{version}", Type="User")

    # What is kept.

    def _note_deleted(self, name: str, qualifier: str) -> None:
        if (name, qualifier) in self._asked:
            self._asked.discard((name, qualifier))
        else:
            self._deleted.add((name, qualifier))

    def to_keep(self) -> JSON:
        """Give what API calls have made and changed."""
        return {
            "versions": [
                _written(each) for each in self._all() if (each.function.name, each.function.version) in self._asked
            ],
            "last": dict(self._last),
            "aliases": [
                {
                    "function": each.function,
                    "name": each.name,
                    "version": each.version,
                    "weights": dict(each.weights),
                    "description": each.description,
                    "revision": each.revision,
                }
                for aliases in self._aliases.values()
                for each in aliases.values()
                if (each.function, each.name) in self._asked
            ],
            "deleted": sorted(map(list, self._deleted)),
        }

    def _all(self) -> Iterator[Published]:
        for versions in self._published.values():
            yield from versions.values()

    def restore(self, document: JSON, function_of: Callable[[str], Function | None]) -> list[str]:
        """Make again what was kept, of the functions that are there; tell of what the template has changed back."""
        told = []
        for each in document["versions"]:
            function, number = function_of(each["function"]), each["number"]
            if function is None:
                continue
            if number in self._published.get(function.name, {}):
                told.append(f"version {number} of the function {function.name} is the template's again")
                continue
            self._enter(_read(each, function), number, each["description"])
            self._published[function.name][number] = Published(
                self._published[function.name][number].function, each["described"]
            )
            self._asked.add((function.name, number))
        for name, last in document["last"].items():
            if function_of(name) is not None:
                self._last[name] = max(last, self._last.get(name, 0))
        for each in document["aliases"]:
            function, name = function_of(each["function"]), each["name"]
            if function is None:
                continue
            if name in self._aliases.get(function.name, {}):
                told.append(f"the alias {name} of the function {function.name} is the template's again")
                continue
            try:
                alias = self.create_alias(function, name, each["version"], each["weights"], each["description"])
            except ResourceNotFoundException:
                told.append(f"the alias {name} of the function {function.name} is gone: its version is no more")
                continue
            self._aliases[function.name][name] = replace(alias, revision=each["revision"])
        for name, qualifier in document["deleted"]:
            function = function_of(name)
            if function is not None and self._source(function, qualifier) is not None:
                what = "version" if is_version(qualifier) else "the alias"
                told.append(f"{what} {qualifier} of the function {name} is there again, as the template has it")
        return told


def _written(published: Published) -> JSON:
    """Write a version down: its configuration, of the code what a handler is found by."""
    function, code = published.function, published.function.handler
    written: dict[str, JSON] = {
        "function": function.name,
        "number": function.version,
        "described": published.described,
        **{name: getattr(function, name) for name in _CONFIGURATION},
        "environment": dict(function.environment),
    }
    if isinstance(code, Code):
        written["code"] = {"runtime": code.runtime, "handler": code.handler, "inline": code.inline}
    return written


_CONFIGURATION = ("description", "log_group", "timeout", "memory_size", "is_traced", "role")


def _read(written: JSON, function: Function) -> Function:
    """Read a version of what is a function now."""
    configuration: dict[str, Any] = {name: written[name] for name in (*_CONFIGURATION, "environment")}
    handler: Handler | Code = function.handler
    code = written.get("code")
    if code is not None and isinstance(handler, Code):
        inline = code["inline"] if handler.folder is None else None
        handler = replace(handler, runtime=code["runtime"], handler=code["handler"], inline=inline)
    return replace(function, handler=handler, **configuration)
