"""
Parameters of the operations: their JSON types and the constraints of their members, checked as AWS does.

A wrong type is a SerializationException at once; constraints that are not met are told together.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from pizzabar.documents import JSON
from pizzabar.dynamodb.values import conversion_error
from pizzabar.errors import SerializationException, ValidationException
from pizzabar.record import record

_is_index_name = re.compile(r"[a-zA-Z0-9_.-]+").fullmatch


@record
class Member:
    """A parameter or a member of one; ``type`` is String, Integer, Boolean, Map, List or Structure."""

    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    is_name: bool = False
    """Whether it is made of the characters of a table name alone."""
    element: "Member | None" = None
    members: Mapping[str, "Member"] = field(default_factory=dict)

    @property
    def is_constrained(self) -> bool:
        """Whether more than its type has to be looked at."""
        return bool(
            self.choices
            or self.minimum is not None
            or self.maximum is not None
            or self.is_name
            or self.element
            or self.members
        )


class Parameters:
    """The parameters that an operation takes."""

    def __init__(self, **members: Member) -> None:
        self._members = members
        self._required = frozenset(name for name, member in members.items() if member.required)
        self._checks = {
            name: (_PYTHON_TYPES[member.type], member if member.is_constrained else None)
            for name, member in members.items()
        }

    def check(self, parameters: JSON) -> dict[str, JSON]:
        """Give the parameters without those that are null.

        Raise ``SerializationException`` for a wrong JSON type, ``ValidationException`` for constraints not met.
        """
        if not isinstance(parameters, dict):
            raise SerializationException("Start of structure or map expected")
        given: dict[str, JSON] = parameters
        if None in given.values():
            given = {name: value for name, value in given.items() if value is not None}
        checks = self._checks
        is_wrong = False
        for name, value in given.items():
            # A member that the service does not know is passed over, as AWS does.
            if name not in checks:
                continue
            python_type, constrained = checks[name]
            if type(value) is not python_type:
                _check_type(value, self._members[name])
            elif constrained is not None and not _is_simply_right(value, constrained):
                _check_type(value, constrained)
                is_wrong = is_wrong or any(True for _ in _violations(value, constrained, _path("", name)))
        if is_wrong or not given.keys() >= self._required:
            raise self._invalid(given)
        return given

    def _invalid(self, parameters: dict[str, JSON]) -> Exception:
        try:
            for name, member in self._members.items():
                if name in parameters:
                    _check_type(parameters[name], member)
        except SerializationException as error:
            return error
        found = list(_member_violations(parameters, self._members, ""))
        many = "s" if len(found) > 1 else ""
        return ValidationException(f"{len(found)} validation error{many} detected: {'; '.join(found)}")


_PYTHON_TYPES: dict[str, type] = {
    "String": str,
    "Integer": int,
    "Boolean": bool,
    "Map": dict,
    "List": list,
    "Structure": dict,
}


def _is_simply_right(value: JSON, member: Member) -> bool:
    """Tell at a glance that most parameters are right."""
    if type(value) is str:
        if member.choices or member.is_name:
            return value in member.choices
        size = len(value)
    elif type(value) is int:
        size = value
    else:
        return False
    return (member.minimum is None or size >= member.minimum) and (member.maximum is None or size <= member.maximum)


def _check_type(value: JSON, member: Member) -> None:
    is_right = type(value) is _PYTHON_TYPES[member.type]
    if not is_right:
        raise _type_error(value, member.type)
    if member.element is not None:
        for element in value.values() if isinstance(value, dict) else value:
            _check_type(element, member.element)
    for name, inner in member.members.items():
        if value.get(name) is not None:
            _check_type(value[name], inner)


def _type_error(value: JSON, wanted: str) -> SerializationException:
    match wanted, value:
        case "Boolean", str() | int() | float():
            return SerializationException("Unexpected token received from parser")
        case (("String" | "Integer" | "Boolean"), _):
            return conversion_error(value, wanted)
        case "List", dict():
            return SerializationException("Start of structure or map found where not expected")
        case (("Map" | "Structure"), list()):
            return SerializationException("Start of list found where not expected")
        case _:
            return SerializationException("Unexpected field type")


def _member_violations(values: Mapping[str, JSON], members: Mapping[str, Member], path: str) -> Iterator[str]:
    for name, member in members.items():
        value = values.get(name)
        where = _path(path, name)
        if value is not None:
            yield from _violations(value, member, where)
        elif member.required:
            yield _violation("null", where, "Member must not be null")


def _violations(value: JSON, member: Member, path: str) -> Iterator[str]:
    if member.choices and value not in member.choices:
        yield _violation(f"'{value}'", path, f"Member must satisfy enum value set: [{', '.join(member.choices)}]")
    measured = value if isinstance(value, int) else len(value)
    what = "value" if isinstance(value, int) else "length"
    if member.minimum is not None and measured < member.minimum:
        yield _violation(
            f"'{_show(value)}'", path, f"Member must have {what} greater than or equal to {member.minimum}"
        )
    if member.maximum is not None and measured > member.maximum:
        yield _violation(f"'{_show(value)}'", path, f"Member must have {what} less than or equal to {member.maximum}")
    if member.is_name and not _is_index_name(value):
        yield _violation(f"'{value}'", path, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    if member.element is not None:
        for name, element in value.items() if isinstance(value, dict) else enumerate(value, 1):
            yield from _violations(element, member.element, f"{path}.{name}.member")
    if member.members:
        yield from _member_violations(value, member.members, path)


def _violation(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _path(outer: str, name: str) -> str:
    inner = name[0].lower() + name[1:]
    return f"{outer}.{inner}" if outer else inner


def _show(value: JSON) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
