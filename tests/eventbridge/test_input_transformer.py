"""
Input transformers.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.event import Event
from pizzabar.eventbridge.input_transformer import UndeliverableInput, read_transformer

DOCUMENT: JSON = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "Order Placed",
    "source": "pizza",
    "account": "123456789012",
    "time": "2026-03-01T12:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:a:::b", "arn:aws:a:::c"],
    "detail": {
        "size": "L",
        "price": 9.5,
        "hot": True,
        "note": None,
        "says": 'he said "no"\n',
        "guest": {"name": "Jo", "table": 4},
        "lines": [{"what": "ham"}, {"what": "egg"}],
    },
}
PATHS = {
    **{name: f"$.detail.{name}" for name in ("size", "price", "hot", "note", "says", "guest", "lines", "gone")},
    "type": "$.detail-type",
    "first": "$.resources[0]",
    "toppings": "$.detail.lines[*].what",
    "none": "$.detail.lines[*].gone",
}
RULE = "arn:aws:events:us-east-1:123456789012:rule/PizzaBus/Placed"


def rendered(template: str, document: JSON = DOCUMENT) -> str:
    event = Event(DOCUMENT["id"], document, documents.write(document), "2026-03-01T12:00:01Z")
    transformer = read_transformer({"InputPathsMap": PATHS, "InputTemplate": template}, "t")
    return transformer.render(event, RULE, "Placed")


def refusal(template: str, paths: JSON = PATHS) -> str:
    with pytest.raises(ValidationException) as raised:
        read_transformer({"InputPathsMap": paths, "InputTemplate": template}, "t")
    return raised.value.message


@pytest.mark.parametrize(
    ("template", "text"),
    [
        # Values of JSON: as they are.
        ('{"size": <size>}', '{"size": "L"}'),
        ('{"price": <price>, "hot": <hot>, "note": <note>}', '{"price": 9.5, "hot": true, "note": null}'),
        ('{"guest": <guest>}', '{"guest": {"name":"Jo","table":4}}'),
        ('{"all": [<size>, 9, <price>]}', '{"all": ["L", 9, 9.5]}'),
        ('{"says": <says>}', '{"says": "he said \\"no\\"\\n"}'),
        ("<guest>", '{"name":"Jo","table":4}'),
        ("[<size>, <first>]", '["L", "arn:aws:a:::b"]'),
        # Within strings: as text.
        ('{"text": "size <size> for <price>"}', '{"text": "size L for 9.5"}'),
        ('{"text": "<hot> and <note>"}', '{"text": "true and null"}'),
        ('{"text": "\\"<size>\\""}', '{"text": "\\"L\\""}'),
        ('{"text": "<says>"}', '{"text": "he said \\"no\\"\\n"}'),
        # Text: one string, or one a line; what is no text loses its quotes.
        ('"a <size> of <type>"', '"a L of Order Placed"'),
        ('"<guest>"', '"{name:Jo,table:4}"'),
        ('"<lines>"', '"[{what:ham},{what:egg}]"'),
        ('"size <size>"\n"for <price>"', '"size L"\n"for 9.5"'),
        ('"{[/ is no JSON: <size>"', '"{[/ is no JSON: L"'),
        # What is not there is empty.
        ('{"gone": <gone>}', '{"gone": ""}'),
        ('{"gone": "<gone>"}', '{"gone": ""}'),
        ('"gone: <gone>"', '"gone: "'),
        ('{"none": <none>}', '{"none": ""}'),
        # With * it is a list.
        ('{"toppings": <toppings>}', '{"toppings": ["ham","egg"]}'),
        # What is no placeholder stays.
        ('"1 < 2 <size> > <>"', '"1 < 2 L > <>"'),
        ('{"a":  1}', '{"a":  1}'),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert rendered(template) == text


def test_predefined_variables_of_text() -> None:
    """Recorded on AWS."""
    template = '"<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>"'

    assert rendered(template) == f'"{RULE} Placed 2026-03-01T12:00:01Z"'


def test_predefined_variables_of_the_event() -> None:
    """The one without detail has its members in another order, and one of another name: recorded on AWS."""
    found = documents.parse(rendered('{"short": <aws.events.event>, "whole": <aws.events.event.json>}'))

    assert found["whole"] == DOCUMENT
    names = ["id", "account", "detailType", "time", "source", "region", "resources", "version"]
    assert list(found["short"]) == names
    assert found["short"]["detailType"] == "Order Placed"


def test_what_is_not_json_is_not_delivered() -> None:
    with pytest.raises(UndeliverableInput, match="makes no JSON of the event"):
        rendered('{"text": "guest <guest>"}')


@pytest.mark.parametrize(
    ("template", "message"),
    [
        # Recorded on AWS.
        ('"<unknown>"', "InputTemplate for target t contains invalid placeholder unknown."),
        ('{"a": <aws.events.other>}', "InputTemplate for target t contains invalid placeholder aws.events.other."),
    ],
)
def test_a_placeholder_that_is_none(template: str, message: str) -> None:
    assert refusal(template) == message


@pytest.mark.parametrize(
    "template", ["{", '{"a": }', "size <size>", '{"a" <size>}', "{<size>: 1}", '{"<size>": 1}', '"a" b', '"a']
)
def test_a_template_that_is_none(template: str) -> None:
    assert refusal(template).startswith("Invalid InputTemplate for target t : [Source: (String)")


@pytest.mark.parametrize(
    ("template", "what"),
    [(None, "Member must not be null"), ("", "greater than or equal to 1"), ("x" * 8193, "equal to 8192")],
)
def test_the_length_of_a_template(template: str, what: str) -> None:
    assert what in refusal(template)


@pytest.mark.parametrize(
    ("paths", "what"),
    [
        ({"a": "$['b']"}, "invalid path $['b']"),
        ({"a": "detail"}, "invalid path detail"),
        ({"a": "$" + ".a" * 128}, "invalid path"),
        ({"AWSname": "$"}, "invalid key AWSname"),
        ({"a b": "$"}, "invalid key a b"),
        ({f"k{number}": "$" for number in range(101)}, "more than 100 entries"),
    ],
)
def test_paths_that_are_none(paths: JSON, what: str) -> None:
    assert what in refusal('"x"', paths)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_any_value_stands_for_itself_in_json(value: JSON) -> None:
    document = {**DOCUMENT, "detail": {"size": value}}

    assert documents.parse(rendered('{"it": <size>}', document)) == {"it": value}


@given(st.text())
def test_any_text_stands_for_itself_within_a_string(value: str) -> None:
    document = {**DOCUMENT, "detail": {"size": value}}

    assert documents.parse(rendered('{"it": "a <size> b"}', document)) == {"it": f"a {value} b"}
    assert documents.parse(rendered('"a <size> b"', document)) == f"a {value} b"
