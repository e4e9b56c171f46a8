"""The shapes of parameters: what they let through, and that they are those of the services' models."""

from typing import Any

import botocore.session
import pytest
from botocore.model import Shape as ModelShape

from pizzabar.errors import SerializationException
from pizzabar.services import SERVICES, SHAPES
from pizzabar.shapes import checked

SHAPE = {
    "text": str,
    "count": int,
    "share": float,
    "flag": bool,
    "tags": [{"Key": str}],
    "any": None,
    "map": {"*": str},
}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"text": "a", "count": 1, "share": 1.5, "flag": True, "tags": [{"Key": "a"}, {}], "map": {"a": "b"}},
        {"share": 1, "any": [None, {"a": 1}], "unknown": [5]},
    ],
)
def test_what_is_right_passes(value: Any) -> None:
    assert checked(value, SHAPE) == value


def test_what_is_null_is_not_given() -> None:
    assert checked({"text": None, "tags": [{"Key": None}], "unknown": None}, SHAPE) == {"tags": [{}]}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([], "Start of list found where not expected"),
        ("a", "Unexpected field type"),
        ({"text": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"text": {}}, "Start of structure or map found where not expected"),
        ({"count": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ({"count": True}, "TRUE_VALUE cannot be converted to Integer"),
        ({"count": 1.5}, "DECIMAL_VALUE cannot be converted to Integer"),
        ({"count": 1 << 63}, "NUMBER_VALUE cannot be converted to Integer"),
        ({"share": 10**400}, "NUMBER_VALUE cannot be converted to Double"),
        ({"flag": 0}, "NUMBER_VALUE cannot be converted to Boolean"),
        ({"tags": {}}, "Start of structure or map found where not expected"),
        ({"tags": "a"}, "Unexpected field type"),
        ({"tags": [None]}, "Unexpected field type"),
        ({"tags": [{"Key": []}]}, "Start of list found where not expected"),
        ({"map": {"a": 5}}, "NUMBER_VALUE cannot be converted to String"),
    ],
)
def test_a_wrong_type_is_told(value: Any, fault: str) -> None:
    with pytest.raises(SerializationException) as raised:
        checked(value, SHAPE)
    assert raised.value.message == fault


def shape_of(shape: ModelShape, outer: tuple[str, ...] = ()) -> Any:
    """Write a shape of a model as ours."""
    match shape.type_name:
        case "structure":
            if shape.name in outer:
                return None
            return {name: shape_of(member, (*outer, shape.name)) for name, member in shape.members.items()}
        case "list":
            return [shape_of(shape.member, outer)]
        case "map":
            return {"*": shape_of(shape.value, outer)}
        case kind:
            return {"string": str, "integer": int, "long": int, "float": float, "double": float, "boolean": bool}.get(
                kind
            )


def agrees(ours: Any, model: Any) -> bool:
    """Whether a shape of ours is that of a model, which gets more members with the years."""
    if ours is None:
        # What differs from operation to operation, or comes as text in an address, is looked at where it is used.
        return True
    if isinstance(ours, dict) and isinstance(model, dict):
        return all(name in model and agrees(member, model[name]) for name, member in ours.items())
    if isinstance(ours, list) and isinstance(model, list):
        return agrees(ours[0], model[0])
    return bool(ours == model)


@pytest.mark.parametrize("service", SHAPES)
def test_the_shapes_are_those_of_the_model(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    found: dict[str, list[Any]] = {}
    for each, operations, _ in SERVICES:
        for operation in operations if each == service else ():
            shape = model.operation_model(operation).input_shape
            for name, member in {} if shape is None else shape.members.items():
                found.setdefault(name, []).append(shape_of(member))
    for name, ours in SHAPES[service].items():
        assert all(agrees(ours, shape) for shape in found[name]), name
