"""Why a pattern does not want an event, field by field."""

from pizzabar.eventbridge.explanation import Verdict, explain
from pizzabar.eventbridge.pattern import read_pattern


def test_each_field_has_a_verdict() -> None:
    pattern = read_pattern({"source": ["pizza"], "detail": {"table": [{"numeric": [">", 3]}]}})

    explanation = explain(pattern, {"source": "pizza", "detail": {"table": [1, 2]}})

    assert not explanation.is_match
    assert explanation.conjunctions[0].verdicts == (
        Verdict("detail.table", [{"numeric": [">", 3]}], (1, 2), is_met=False),
        Verdict("source", ["pizza"], ("pizza",), is_met=True),
    )


def test_fields_that_are_met_in_different_elements_are_not_consistent() -> None:
    pattern = read_pattern({"items": {"a": [1], "b": [4]}})

    explanation = explain(pattern, {"items": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]})

    assert [verdict.is_met for verdict in explanation.conjunctions[0].verdicts] == [True, True]
    assert not explanation.conjunctions[0].is_consistent


def test_an_explanation_is_rendered() -> None:
    assert explain(read_pattern({"a": [{"exists": False}]}), {"b": 1}).as_json() == {
        "matches": True,
        "conjunctions": [
            {
                "matches": True,
                "consistent": True,
                "fields": [{"field": "a", "wanted": [{"exists": False}], "found": [], "met": True}],
            }
        ],
    }
