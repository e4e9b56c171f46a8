"""
Models: JSON schemas of draft 4.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-request-validation.html
https://json-schema.org/draft-04/draft-fge-json-schema-validation-00
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.models import MAX_FAULTS, FaultyModel, compile_model
from pizzabar.documents import JSON

ORDER = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string", "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        "size": {"enum": ["S", "L"]},
        "extras": {"type": "array", "items": {"$ref": "#/definitions/extra"}, "maxItems": 2},
    },
    "definitions": {"extra": {"type": "string", "maxLength": 5}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "document",
    [
        {"type": "funghi"},
        {"type": "a", "count": 1, "size": "L", "extras": ["olive", "ham"]},
        {"type": "a", "extras": []},
    ],
)
def test_what_is_as_the_schema_says(document: JSON) -> None:
    assert compile_model("Order", ORDER).faults(document) == []


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (None, "/"),
        ([], "/"),
        ("funghi", "/"),
        ({}, "/"),
        ({"type": 5}, "/type"),
        ({"type": "Funghi"}, "/type"),
        ({"type": "a", "count": 0}, "/count"),
        ({"type": "a", "count": 1.5}, "/count"),
        ({"type": "a", "size": "XL"}, "/size"),
        ({"type": "a", "extras": ["cheese"]}, "/extras[0]"),
        ({"type": "a", "extras": ["a", "b", "c"]}, "/extras"),
        ({"type": "a", "other": 1}, "/"),
    ],
)
def test_what_is_not_is_told_with_its_place(document: JSON, place: str) -> None:
    [fault] = compile_model("Order", ORDER).faults(document)

    assert fault.startswith(f"{place}: ")


def test_a_schema_may_be_text() -> None:
    assert compile_model("A", '{"type":"integer"}').faults(5) == []
    assert compile_model("A", '{"type":"integer"}').faults("5") != []


def test_so_many_faults_are_told_and_no_more() -> None:
    model = compile_model("A", {"items": {"type": "integer"}})

    assert len(model.faults(["a"] * 100)) == MAX_FAULTS


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("{", [()]),
        ({"type": "objekt"}, [("type",)]),
        ({"required": []}, [("required",)]),
        (
            {"properties": {"a": {"minimum": "1"}, "b": {"type": 5}}},
            [("properties", "a", "minimum"), ("properties", "b", "type")],
        ),
        ({"exclusiveMinimum": True}, [()]),
        ({"$ref": "http://example.com/schema.json"}, [("$ref",)]),
        ({"$ref": "other.json#/definitions/a"}, [("$ref",)]),
        ({"$ref": "https://apigateway.amazonaws.com/restapis/a/models/B"}, [("$ref",)]),
        ({"allOf": [{"$ref": "#/definitions/a"}]}, [("allOf", 0, "$ref")]),
        ({"properties": {"a": {"pattern": "["}}}, [("properties", "a", "pattern")]),
        ({"properties": {"a": {"$ref": []}}}, [("properties", "a", "$ref")]),
        ({"$ref": "#a"}, [("$ref",)]),
        ({"patternProperties": {"[": {}}}, [("patternProperties", "[")]),
        ([], [()]),
        ("5", [()]),
    ],
)
def test_a_faulty_schema_is_told_with_every_place(schema: JSON, paths: list[tuple[str | int, ...]]) -> None:
    with pytest.raises(FaultyModel) as faulty:
        compile_model("A", schema)

    assert sorted(map(str, (fault.path for fault in faulty.value.faults))) == sorted(map(str, paths))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"properties": {"$ref": {"type": "string"}, "pattern": {}}},
        {"enum": [{"$ref": "http://example.com"}]},
        {"$ref": "#/definitions/a~1b", "definitions": {"a/b": {}}},
        {"$ref": "#/allOf/0", "allOf": [{}]},
    ],
)
def test_what_a_schema_may_refer_to(schema: JSON) -> None:
    compile_model("A", schema)


def test_a_schema_without_an_end_is_a_fault_of_the_message() -> None:
    assert compile_model("A", {"allOf": [{"$ref": "#"}]}).faults({}) == ["/: the schema does not come to an end"]


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
words = st.sampled_from(["type", "properties", "items", "required", "$ref", "enum", "allOf", "not", "minimum", "a"])
schemas = st.recursive(
    st.sampled_from(["object", "string", "#", "#/a", "http://a", 0, True, None, "integer"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(schemas, documents)
def test_any_schema_is_a_model_or_a_fault(schema: JSON, document: JSON) -> None:
    try:
        model = compile_model("A", schema)
    except FaultyModel:
        return
    assert all(isinstance(fault, str) for fault in model.faults(document))
