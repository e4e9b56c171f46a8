"""The text of a template, YAML or JSON.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
"""

import pytest
import yaml

from pizzabar.cloudformation.node import Position, mapping, plain
from pizzabar.cloudformation.template import plain_scalar, read
from pizzabar.documents import JSON


def value_of(text: str) -> JSON:
    faults: list[str] = []
    node = read(text, "t.yaml", lambda position, message: faults.append(f"{position}: {message}"))
    assert faults == []
    assert node is not None
    return plain(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # https://yaml.org/type/int.html, float.html and bool.html: YAML 1.1, as CloudFormation reads it.
        ("12", 12),
        ("-1_000", -1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("010", 8),
        ("019", "019"),
        ("190:20:30", 685230),
        ("1.5", 1.5),
        ("1.5e+3", 1500.0),
        ("1e3", "1e3"),
        (".5", 0.5),
        ("12345678901234567890123", 1.2345678901234568e22),
        ("yes", True),
        ("Off", False),
        ("y", "y"),
        ("true", True),
        # Dates stay text; so does what JSON cannot write.
        ("2012-10-17", "2012-10-17"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("0x", "0x"),
        ("~", None),
        ("$default", "$default"),
        (r"\$default", r"\$default"),
    ],
)
def test_a_scalar_without_quotes_has_the_type_that_it_looks_like(text: str, value: JSON) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("! 12", "12"),
        ("!!str 12", "12"),
        ("!!float 12", 12),
        ("!!map {a: !!seq [b]}", {"a": ["b"]}),
        ("a: >\n  #set($x)\n  {}\n", {"a": "#set($x) {}\n"}),
        ("!Sub ${A}", {"Fn::Sub": "${A}"}),
        ("!Ref 12", {"Ref": "12"}),
        ("!Join ['', [!Ref A]]", {"Fn::Join": ["", [{"Ref": "A"}]]}),
        ("!Condition A", {"Condition": "A"}),
        ("[!Base64 a, !GetAtt A.B, !FindInMap [a, b, c]]", [
            {"Fn::Base64": "a"}, {"Fn::GetAtt": "A.B"}, {"Fn::FindInMap": ["a", "b", "c"]},
        ]),
        ("a: &x {b: [1]}\nc: *x", {"a": {"b": [1]}, "c": {"b": [1]}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: {<<: [{b: 1}, {b: 2, c: 3}]}", {"a": {"b": 1, "c": 3}}),
        ("'<<': 1", {"<<": 1}),
        # JSON, with what YAML would not take as it stands.
        ('{"a":1,\n\t"b": "\\/ \\ud83c\\udf55 \\\\ud83c", "c":[true, 1e2]}', {
            "a": 1, "b": "/ 🍕 \\ud83c", "c": [True, "1e2"],
        }),
    ],
)  # fmt: skip
def test_a_text_is_read_to_its_values(text: str, value: JSON) -> None:
    assert value_of(text) == value


def test_a_value_knows_its_place_and_that_of_its_name() -> None:
    root = read("a:\n  b: !Sub\n    - c\n", "t.yaml", lambda position, message: None)

    node = mapping(mapping(root)["a"])["b"]

    assert node.key == Position("t.yaml", 2, 3)
    assert node.position == Position("t.yaml", 2, 6)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
            "Template format error: the template holds more than 100000 values",
        ),
        ("a: &a [*a]", "Template format error: unknown alias a"),
        ("{a: " * 1000, "Template format error: values are nested more than 100 levels deep"),
        ("- " * 5000, "Template format error: values are nested more than 100 levels deep"),
        ("[" + "a," * 490_000, "Template format error: the template holds more than 100000 values"),
    ],
    ids=["bomb", "itself", "deep object", "deep list", "wide"],
)
def test_a_text_that_grows_without_end_is_a_fault(text: str, fault: str) -> None:
    faults: list[str] = []

    read(text, "t.yaml", lambda position, message: faults.append(message))

    assert faults == [fault]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: >\n  #set($x)\n  {}\nb: !Sub ${A}\n", {"a": "#set($x) {}\n", "b": {"Fn::Sub": "${A}"}}),
        ('{"a": 1,\n\t"b": ["\\ud83c\\udf55"]}', {"a": 1, "b": ["🍕"]}),
    ],
)
def test_a_text_is_read_without_libyaml_too(text: str, value: JSON, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)

    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "place"),
    [("a: \0", "t.yaml:1:4"), ("a: [", "t.yaml:1:5"), ("a:\n\tb", "t.yaml:2:1"), ("a: !Foo b", "t.yaml:1:4")],
)
def test_a_fault_has_its_place_without_libyaml_too(text: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    faults: list[str] = []

    read(text, "t.yaml", lambda position, message: faults.append(str(position)))

    assert faults == [place]
