"""
The resource policies of functions, of their versions and of their aliases: each has one of its own.

What a policy of the function allows says nothing of an alias: whoever asks for ``function:Bake:live`` needs a
permission on that ARN.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from collections.abc import Callable

from pizzabar.documents import JSON
from pizzabar.lambda_.errors import ResourceConflictException, ResourceNotFoundException


class ResourcePolicies:
    """Who may invoke functions, by the ARNs that they are asked for by."""

    def __init__(self) -> None:
        self._policies: dict[str, JSON] = {}
        self._asked: set[tuple[str, str]] = set()
        """The statements that API calls have added: the ARN, and the name of each."""
        self._removed: set[tuple[str, str]] = set()
        """Those of a template that they have removed."""

    def of(self, arn: str) -> JSON | None:
        """Give the policy of a function, a version or an alias."""
        return self._policies.get(arn)

    def permit(self, arn: str, statement: JSON) -> None:
        """Add a statement, in place of one of the same ``Sid``."""
        known = self._policies.get(arn, {"Version": "2012-10-17", "Id": "default", "Statement": []})
        others = [each for each in known["Statement"] if each["Sid"] != statement["Sid"]]
        self._policies[arn] = {**known, "Statement": [*others, statement]}

    def forbid(self, arn: str, statement_id: str) -> None:
        """Take a statement out, and with its last one the policy."""
        left = [each for each in self._statements(arn) if each["Sid"] != statement_id]
        if left:
            self._policies[arn] = {**self._policies[arn], "Statement": left}
        else:
            self._policies.pop(arn, None)

    def add(self, arn: str, statement: JSON) -> None:
        """Add a statement as an API call does. Raise ``ResourceConflictException``."""
        name = statement["Sid"]
        if any(each["Sid"] == name for each in self._statements(arn)):
            raise ResourceConflictException(
                f"The statement id ({name}) provided already exists. Please provide a new statement id, or remove "
                "the existing statement.",
                Type="User",
            )
        self.permit(arn, statement)
        self._asked.add((arn, name))

    def remove(self, arn: str, statement_id: str) -> None:
        """Take a statement out as an API call does. Raise ``ResourceNotFoundException``."""
        statements = self._statements(arn)
        if not statements:
            raise ResourceNotFoundException("The resource you requested does not exist.", Type="User")
        if all(each["Sid"] != statement_id for each in statements):
            raise ResourceNotFoundException(f"Statement {statement_id} is not found in resource policy.", Type="User")
        self.forbid(arn, statement_id)
        if (arn, statement_id) in self._asked:
            self._asked.discard((arn, statement_id))
        else:
            self._removed.add((arn, statement_id))

    def forget(self, arn: str) -> None:
        """Delete the policy of a version or an alias; of a function, theirs too."""
        for each in [each for each in self._policies if each == arn or each.startswith(f"{arn}:")]:
            for statement in self._statements(each):
                self._asked.discard((each, statement["Sid"]))
            del self._policies[each]

    def _statements(self, arn: str) -> list[JSON]:
        policy = self._policies.get(arn)
        return [] if policy is None else policy["Statement"]

    def to_keep(self) -> JSON:
        """Give the statements that API calls have added, and what they have removed of a template's."""
        added = [
            [arn, statement]
            for arn, policy in self._policies.items()
            for statement in policy["Statement"]
            if (arn, statement["Sid"]) in self._asked
        ]
        return {"added": added, "removed": sorted(map(list, self._removed))}

    def restore(self, document: JSON, is_there: Callable[[str], bool]) -> list[str]:
        """Add again what was kept of what is there; tell of what the template has changed back."""
        told = []
        for arn, statement in document["added"]:
            if not is_there(arn):
                continue
            if any(each["Sid"] == statement["Sid"] for each in self._statements(arn)):
                told.append(f"the permission {statement['Sid']} on {arn} is the template's again")
                continue
            self.permit(arn, statement)
            self._asked.add((arn, statement["Sid"]))
        for arn, name in document["removed"]:
            if any(each["Sid"] == name for each in self._statements(arn)):
                told.append(f"the permission {name} on {arn} is there again, as the template has it")
        return told
