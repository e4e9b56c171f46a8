"""The rule index: rules come and go, and each event finds those that want it."""

from typing import Any

import pytest

from pizzabar.event_patterns.index import RuleIndex
from pizzabar.event_patterns.pattern import read_pattern


def index_of(**rules: dict[str, Any]) -> RuleIndex[str]:
    index: RuleIndex[str] = RuleIndex()
    for name, pattern in rules.items():
        index.add(name, read_pattern(pattern))
    return index


def test_rules_are_given_in_the_order_in_which_they_were_added() -> None:
    index = index_of(
        zeta={"a": [1]}, alpha={"a": [{"exists": True}]}, other={"a": [2]}, last={"b": [{"exists": False}]}
    )

    assert index.match({"a": 1}) == ["zeta", "alpha", "last"]


def test_a_rule_is_given_once_whatever_number_of_its_alternatives_match() -> None:
    index = index_of(rule={"$or": [{"a": [1]}, {"b": [2]}]})

    assert index.match({"a": 1, "b": 2}) == ["rule"]


def test_a_rule_that_was_removed_is_not_given() -> None:
    index = index_of(first={"a": [1]}, second={"a": [1]})

    index.remove("first")

    assert index.match({"a": 1}) == ["second"]
    assert list(index.keys()) == ["second"]


def test_removing_what_is_not_there_changes_nothing() -> None:
    index = index_of(rule={"a": [1]})

    index.remove("other")

    assert len(index) == 1
    assert "rule" in index


def test_a_rule_that_is_added_again_keeps_its_place() -> None:
    index = index_of(first={"a": [1]}, second={"b": [2]})

    index.add("first", read_pattern({"b": [2]}))

    assert index.match({"b": 2}) == ["first", "second"]
    assert index.match({"a": 1}) == []


def test_a_rule_comes_after_those_whose_removal_made_room_for_it() -> None:
    index = index_of(first={"a": [1]}, second={"a": [1]})

    index.remove("first")
    index.add("third", read_pattern({"a": [1]}))

    assert index.match({"a": 1}) == ["second", "third"]


def test_an_index_without_rules_gives_none() -> None:
    assert index_of().match({"a": 1}) == []


def test_nothing_but_an_object_is_an_event() -> None:
    assert index_of(rule={"a": [{"exists": False}]}).match(["a"]) == []


@pytest.mark.parametrize(
    "element",
    [
        *("x", 1, True, None, {"prefix": "x"}, {"suffix": "x"}, {"equals-ignore-case": "X"}),
        *({"wildcard": "x*"}, {"wildcard": "*x"}, {"wildcard": "*x*"}, {"wildcard": "x"}),
        *({"numeric": ["<", 2]}, {"cidr": "10.0.0.0/8"}, {"exists": True}, {"exists": False}),
        *({"anything-but": "y"}, {"anything-but": {"prefix": "y"}}),
        *({"prefix": {"equals-ignore-case": "X"}}, {"suffix": {"equals-ignore-case": "X"}}),
    ],
)
def test_what_two_rules_share_stays_when_one_of_them_goes(element: Any) -> None:
    pattern = read_pattern({"a": {"b": [element]}})
    events: list[dict[str, Any]] = [{"a": {"b": leaf}} for leaf in ("x", 1, True, None, "10.1.1.1")]
    events += [{"c": 1}, {"a": {"b": 1}}]
    index = index_of(rule={"c": [2]})
    index.add("first", pattern)
    index.add("second", pattern)

    index.remove("first")

    assert [index.match(event) for event in events] == [
        ["second"] if pattern.matches(event) else [] for event in events
    ]
    index.remove("second")
    assert not any(index.match(event) for event in events)
    assert index.match({"c": 2}) == ["rule"]


def test_many_rules_are_found_among_very_many() -> None:
    index: RuleIndex[int] = RuleIndex()
    for number in range(2_000):
        index.add(number, read_pattern({"a": [number % 100], f"field-{number}": [{"exists": False}]}))

    assert index.match({"a": 7, "field-107": 1}) == [*range(7, 107, 100), *range(207, 2_000, 100)]


def test_ranges_are_told_apart_at_their_bounds() -> None:
    index: RuleIndex[int] = RuleIndex()
    for low in range(50):
        index.add(low, read_pattern({"a": [{"numeric": [">=", low, "<", low + 2]}]}))

    assert index.match({"a": 10}) == [9, 10]
    assert index.match({"a": 10.5}) == [9, 10]
    assert index.match({"a": 50.5}) == [49]
    assert index.match({"a": 51}) == []


def test_overlapping_ranges_of_one_rule_are_alternatives() -> None:
    index = index_of(rule={"a": [{"numeric": [">", 0, "<", 5]}, {"numeric": [">", 3, "<", 9]}]})

    assert [bool(index.match({"a": number})) for number in (0, 1, 4, 6, 9)] == [False, True, True, True, False]
