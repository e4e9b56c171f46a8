"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html"""

import pytest

from pizzabar.dynamodb.reserved import RESERVED_WORDS


def test_there_are_573_reserved_words() -> None:
    assert len(RESERVED_WORDS) == 573


@pytest.mark.parametrize(
    "word", ["ABORT", "STATUS", "NAME", "TTL", "ITEMS", "USER", "DATE", "COUNT", "FLATTERN", "ZONE"]
)
def test_the_usual_traps_are_among_them(word: str) -> None:
    assert word in RESERVED_WORDS


@pytest.mark.parametrize("word", ["ORDERID", "PIZZA", "CONNECTIONID", "ID", "MESSAGE", "PK", "SK"])
def test_other_words_are_not(word: str) -> None:
    assert word not in RESERVED_WORDS
