"""Which rules an event came closest to, and what it lacked."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar.event_patterns.explanation import explain
from pizzabar.event_patterns.nearest import nearest
from pizzabar.event_patterns.pattern import Pattern, read_pattern
from tests.event_patterns.patterns import events, patterns

ORDER = {"source": "pizza", "detail": {"status": "ready", "items": [{"name": "napoli"}, {"size": 26}]}}


def rules(**documents: dict[str, Any]) -> list[tuple[str, Pattern]]:
    return [(name, read_pattern(document)) for name, document in documents.items()]


def found(event: Any, **documents: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Give the names of the nearest rules, each with the fields that failed."""
    return [(near.key, [verdict.field for verdict in near.failed]) for near in nearest(rules(**documents), event)]


def test_the_rules_that_failed_in_the_fewest_fields_are_given_in_their_order() -> None:
    assert found(
        ORDER,
        far={"source": ["pasta"], "detail": {"status": ["placed"]}},
        zeta={"source": ["pizza"], "detail": {"status": ["placed"]}},
        alpha={"source": ["pasta"], "detail": {"status": ["ready"]}},
    ) == [("zeta", ["detail.status"]), ("alpha", ["source"])]


def test_a_rule_that_matches_is_not_among_them() -> None:
    assert found(ORDER, matching={"source": ["pizza"]}, other={"source": ["pasta"]}) == [("other", ["source"])]
    assert found(ORDER, matching={"source": ["pizza"]}) == []


def test_a_rule_with_alternatives_is_as_near_as_the_nearest_of_them() -> None:
    alternatives = {"$or": [{"a": [1], "b": [2]}, {"c": [3]}], "source": ["pizza"]}

    assert found(ORDER, rule=alternatives, other={"a": [1], "b": [1]}) == [("rule", ["c"])]


def test_of_alternatives_that_are_as_near_the_first_is_told() -> None:
    assert found(ORDER, rule={"$or": [{"b": [2]}, {"a": [1]}]}) == [("rule", ["b"])]


def test_fields_that_are_met_in_different_elements_fail_as_one_field() -> None:
    apart = {"detail": {"items": {"name": ["napoli"], "size": [26]}}}

    [near, other] = nearest(rules(apart=apart, other={"source": ["pasta"]}), ORDER)

    assert (near.key, near.failed, near.explanation.is_consistent) == ("apart", (), False)
    assert [verdict.places for verdict in near.explanation.verdicts] == [
        ("detail.items[0].name",),
        ("detail.items[1].size",),
    ]
    assert other.key == "other"


def test_what_failed_is_told_with_what_was_wanted_and_what_was_there() -> None:
    [near] = nearest(rules(rule={"detail": {"status": [{"prefix": "x"}]}}), ORDER)

    [verdict] = near.failed
    assert (verdict.wanted, verdict.found) == ([{"prefix": "x"}], ("ready",))


def test_a_pattern_of_very_many_alternatives_is_judged_quickly() -> None:
    wide = {name: {"$or": [{str(number): [1]} for number in range(10)]} for name in "abc"}

    assert len(nearest([(number, read_pattern(wide)) for number in range(20)], ORDER)) == 20


def test_no_rule_is_near_to_what_is_no_event() -> None:
    assert found([ORDER], rule={"source": ["pizza"]}) == []


@settings(max_examples=200, deadline=None)
@given(documents=st.lists(patterns, max_size=6), event=events)
def test_the_nearest_are_those_whose_explanations_have_the_fewest_failures(
    documents: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    read = [(number, read_pattern(document)) for number, document in enumerate(documents)]
    counts: dict[int, int] = {}
    for number, pattern in read:
        explanation = explain(pattern, event)
        if not explanation.is_match:
            counts[number] = min(
                sum(not verdict.is_met for verdict in each.verdicts) or 1 for each in explanation.conjunctions
            )

    near = nearest(read, event)

    assert [each.key for each in near] == [key for key, count in counts.items() if count == min(counts.values())]
    for each in near:
        assert (len(each.failed) or 1) == counts[each.key]
        assert each.explanation in explain(read[each.key][1], event).conjunctions
