"""Why a pattern does not want an event, field by field."""

from typing import Any

from hypothesis import given, settings

from pizzabar.event_patterns.explanation import Verdict, explain
from pizzabar.event_patterns.pattern import read_pattern
from tests.event_patterns.patterns import events, patterns


def test_each_field_has_a_verdict() -> None:
    pattern = read_pattern({"source": ["pizza"], "detail": {"table": [{"numeric": [">", 3]}]}})

    explanation = explain(pattern, {"source": "pizza", "detail": {"table": [1, 2]}})

    assert not explanation.is_match
    assert explanation.conjunctions[0].verdicts == (
        Verdict("detail.table", [{"numeric": [">", 3]}], (1, 2), is_met=False),
        Verdict("source", ["pizza"], ("pizza",), is_met=True, places=("source",)),
    )


def test_fields_that_are_met_in_different_elements_are_not_consistent() -> None:
    pattern = read_pattern({"items": {"a": [1], "b": [4]}})

    explanation = explain(pattern, {"items": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]})

    assert [verdict.is_met for verdict in explanation.conjunctions[0].verdicts] == [True, True]
    assert not explanation.conjunctions[0].is_consistent
    assert [verdict.places for verdict in explanation.conjunctions[0].verdicts] == [("items[0].a",), ("items[1].b",)]


def test_each_alternative_has_an_explanation() -> None:
    pattern = read_pattern({"$or": [{"a": [1]}, {"b": [2]}], "c": [3]})

    explanation = explain(pattern, {"b": 2, "c": 3})

    assert explanation.is_match
    assert [[verdict.field for verdict in each.verdicts] for each in explanation.conjunctions] == [
        ["a", "c"],
        ["b", "c"],
    ]
    assert [each.is_match for each in explanation.conjunctions] == [False, True]


def test_what_is_absent_from_the_element_that_matches_is_met() -> None:
    pattern = read_pattern({"items": {"a": [1], "b": [{"exists": False}]}})

    [conjunction] = explain(pattern, {"items": [{"a": 1}, {"b": 2}]}).conjunctions

    assert conjunction.is_match
    assert [(verdict.found, verdict.is_met) for verdict in conjunction.verdicts] == [((1,), True), ((2,), True)]


def test_leaves_have_the_places_that_they_are_written_at() -> None:
    pattern = read_pattern({"a": {"b": [{"exists": True}]}})

    [conjunction] = explain(pattern, {"a.b": 1, "a": [{"b": [[2], 3]}]}).conjunctions

    assert conjunction.verdicts[0].places == ("a.b", "a[0].b[0][0]", "a[0].b[1]")


def test_nothing_but_an_object_is_an_event() -> None:
    assert not explain(read_pattern({"a": [{"exists": False}]}), [1]).is_match


@settings(max_examples=300, deadline=None)
@given(document=patterns, event=events)
def test_the_verdict_is_that_of_the_matcher(document: dict[str, Any], event: dict[str, Any]) -> None:
    pattern = read_pattern(document)

    explanation = explain(pattern, event)

    assert explanation.is_match == pattern.matches(event)
    for conjunction, each in zip(pattern.conjunctions, explanation.conjunctions, strict=True):
        assert each.is_match == conjunction.matches(event)
        assert each.is_match == (all(verdict.is_met for verdict in each.verdicts) and each.is_consistent)
        for field, verdict in zip(conjunction.fields, each.verdicts, strict=True):
            assert sorted(map(repr, verdict.found)) == sorted(repr(value) for value, _ in field.path.leaves(event))


def test_an_explanation_is_rendered() -> None:
    assert explain(read_pattern({"a": [{"exists": False}]}), {"b": 1}).as_json() == {
        "matches": True,
        "conjunctions": [
            {
                "matches": True,
                "consistent": True,
                "fields": [{"field": "a", "wanted": [{"exists": False}], "found": [], "met": True, "places": []}],
            }
        ],
    }
