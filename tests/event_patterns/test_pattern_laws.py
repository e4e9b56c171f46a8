"""Pattern and rule index agree with the plain reference matcher, whatever the pattern and the event."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pizzabar import documents
from pizzabar.event_patterns.errors import InvalidEventPatternException
from pizzabar.event_patterns.index import RuleIndex
from pizzabar.event_patterns.pattern import read_pattern
from tests.event_patterns import naive
from tests.event_patterns.patterns import events, patterns


@settings(max_examples=300, deadline=None)
@given(pattern=patterns, event=events)
def test_a_pattern_matches_as_the_reference_does(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    read = read_pattern(documents.write(pattern))

    assert read.matches(event) == naive.matches(pattern, event)


@settings(max_examples=150, deadline=None)
@given(rules=st.lists(patterns, min_size=1, max_size=6), some=st.lists(events, max_size=3), data=st.data())
def test_an_index_gives_the_rules_that_the_reference_does(
    rules: list[dict[str, Any]], some: list[dict[str, Any]], data: st.DataObject
) -> None:
    index: RuleIndex[int] = RuleIndex()
    for key, pattern in enumerate(rules):
        index.add(key, read_pattern(pattern))
    present = list(range(len(rules)))

    def assert_agrees() -> None:
        for event in some:
            assert index.match(event) == [key for key in present if naive.matches(rules[key], event)]

    assert_agrees()
    for key in data.draw(st.sets(st.sampled_from(present))):
        index.remove(key)
        present.remove(key)
    assert_agrees()
    for key in data.draw(st.sets(st.sampled_from(range(len(rules))))):
        rules[key] = data.draw(patterns)
        index.add(key, read_pattern(rules[key]))
        if key not in present:
            present.append(key)
    assert_agrees()


REFUSAL = "Event pattern is not valid. Reason: "

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["a", "$or", "prefix", "suffix", "numeric", "cidr", "exists", "anything-but", "wildcard", ">", ""]
            ),
            inner,
            max_size=3,
        ),
    ),
)


def reason(pattern: Any) -> str | None:
    """Tell why a pattern is refused, or None when it is not."""
    try:
        read_pattern(pattern).matches({"a": 1})
    except InvalidEventPatternException as refusal:
        return refusal.message
    return None


@settings(max_examples=300, deadline=None)
@given(document=anything)
def test_any_document_is_a_pattern_or_is_refused_with_a_reason(document: Any) -> None:
    assert (reason(document) or REFUSAL).startswith(REFUSAL)


@given(text=st.text(alphabet='{}[]",:a1\\ ', max_size=20))
def test_any_text_is_a_pattern_or_is_refused_with_a_reason(text: str) -> None:
    assert (reason(text) or REFUSAL).startswith(REFUSAL)
