"""
Lookups: which of very many comparisons match a leaf, without trying each.

Pure. A comparison is entered with a bit (an int with one bit set), and a leaf finds the bits of those that match it.
Equal comparisons share an entry. Each kind of comparison has a part of its own:

- exact values are keys of a dictionary;
- prefixes and suffixes too, with one look-up for each length that any of them has;
- what ignores case is entered under its folded text, and confirmed;
- a wildcard is entered under one of its literals, the one that fewest others are entered under, and confirmed;
- numeric ranges are cut at their bounds into intervals that are found by bisection;
- address blocks are keys of a dictionary for each number of bits.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from math import inf
from typing import Any, Protocol

from pizzabar.documents import JSON
from pizzabar.event_patterns.cidr import WIDTHS, Cidr, read_address
from pizzabar.event_patterns.comparison import (
    Comparison,
    EqualsIgnoreCase,
    Literal,
    Number,
    Numeric,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Text,
    fold,
)
from pizzabar.event_patterns.numbers import Comparable, comparable
from pizzabar.event_patterns.wildcard import Wildcard

GRAM = 3
"""The length of the piece of a wildcard's inner literal that it is entered under."""


class Lookup:
    """Comparisons by what they match. ``Exists`` and ``AnythingBut`` have no place here: they match by absence."""

    __slots__ = ("_literals", "_number_finders", "_numbers", "_parts", "_text_finders", "_texts")

    def __init__(self) -> None:
        self._texts: dict[str, int] = {}
        self._numbers: dict[Comparable, int] = {}
        self._literals: dict[bool | None, int] = {}
        self._parts: dict[type[Any], _Part] = {}
        self._text_finders: tuple[Callable[[str], int], ...] = ()
        self._number_finders: tuple[Callable[[int | float], int], ...] = ()

    def find(self, leaf: JSON) -> int:
        """Give the bits of every comparison that matches a leaf."""
        kind = type(leaf)
        if kind is str:
            bits = self._texts.get(leaf, 0)
            for find_text in self._text_finders:
                bits |= find_text(leaf)
        elif kind is bool or leaf is None:
            bits = self._literals.get(leaf, 0)
        else:
            number = comparable(leaf)
            bits = self._numbers.get(number, 0)
            if not isinstance(number, str):
                for find_number in self._number_finders:
                    bits |= find_number(number)
        return bits

    def add(self, comparison: Comparison, bit: int) -> None:
        """Enter a comparison."""
        match comparison:
            case Text(text) | Wildcard((text,)):
                _set(self._texts, text, bit)
            case Number(number):
                _set(self._numbers, number, bit)
            case Literal(literal):
                _set(self._literals, literal, bit)
            case _:
                kind = type(comparison)
                if kind not in self._parts:
                    self._parts[kind] = _PARTS[kind]()
                    self._arrange()
                self._parts[kind].add(comparison, bit)

    def remove(self, comparison: Comparison, bit: int) -> None:
        """Take back what ``add`` entered."""
        match comparison:
            case Text(text) | Wildcard((text,)):
                _clear(self._texts, text, bit)
            case Number(number):
                _clear(self._numbers, number, bit)
            case Literal(literal):
                _clear(self._literals, literal, bit)
            case _:
                kind = type(comparison)
                self._parts[kind].remove(comparison, bit)
                if self._parts[kind].is_empty():
                    del self._parts[kind]
                    self._arrange()

    def _arrange(self) -> None:
        self._text_finders = tuple(part.find for kind, part in self._parts.items() if kind is not Numeric)
        self._number_finders = tuple(part.find for kind, part in self._parts.items() if kind is Numeric)


def _set(table: dict[Any, int], key: object, bit: int) -> None:
    table[key] = table.get(key, 0) | bit


def _clear(table: dict[Any, int], key: object, bit: int) -> None:
    bits = table.get(key, 0) & ~bit
    if bits:
        table[key] = bits
    else:
        table.pop(key, None)


class _Part(Protocol):
    """The comparisons of one kind."""

    def add(self, comparison: Any, bit: int) -> None: ...

    def remove(self, comparison: Any, bit: int) -> None: ...

    def find(self, leaf: Any) -> int: ...

    def is_empty(self) -> bool: ...


Cut = Callable[[str, Iterable[int]], list[str]]


def _beginnings(text: str, lengths: Iterable[int]) -> list[str]:
    return [text[:length] for length in lengths if length <= len(text)]


def _ends(text: str, lengths: Iterable[int]) -> list[str]:
    size = len(text)
    return [text[size - length :] for length in lengths if length <= size]


def _whole(text: str, lengths: Iterable[int]) -> list[str]:
    return [text]


class _Lengths:
    """The distinct lengths of a set of texts that comes and goes."""

    __slots__ = ("_counts", "all")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.all: tuple[int, ...] = ()

    def add(self, length: int) -> None:
        self._counts[length] = self._counts.get(length, 0) + 1
        self.all = tuple(self._counts)

    def remove(self, length: int) -> None:
        self._counts[length] -= 1
        if not self._counts[length]:
            del self._counts[length]
        self.all = tuple(self._counts)


class _Affixes:
    """Prefixes, or suffixes, by their texts."""

    __slots__ = ("_cut", "_lengths", "_table")

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._table: dict[str, int] = {}
        self._lengths = _Lengths()

    def add(self, comparison: Prefix | Suffix, bit: int) -> None:
        if comparison.text not in self._table:
            self._lengths.add(len(comparison.text))
        _set(self._table, comparison.text, bit)

    def remove(self, comparison: Prefix | Suffix, bit: int) -> None:
        _clear(self._table, comparison.text, bit)
        if comparison.text not in self._table:
            self._lengths.remove(len(comparison.text))

    def find(self, leaf: str) -> int:
        bits = 0
        for key in self._cut(leaf, self._lengths.all):
            bits |= self._table.get(key, 0)
        return bits

    def is_empty(self) -> bool:
        return not self._table


class _Confirmed:
    """Comparisons by a text that every leaf they match must have at one place; the rest is confirmed."""

    __slots__ = ("_cut", "_lengths", "_table")

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._table: dict[str, dict[Any, int]] = {}
        self._lengths = _Lengths()

    def add(self, key: str, comparison: Comparison, bit: int) -> None:
        if key not in self._table:
            self._table[key] = {}
            self._lengths.add(len(key))
        _set(self._table[key], comparison, bit)

    def remove(self, key: str, comparison: Comparison, bit: int) -> None:
        _clear(self._table[key], comparison, bit)
        if not self._table[key]:
            del self._table[key]
            self._lengths.remove(len(key))

    def find(self, text: str, leaf: str) -> int:
        bits = 0
        for key in self._cut(text, self._lengths.all):
            for comparison, entered in self._table.get(key, {}).items():
                if comparison.matches(leaf):
                    bits |= entered
        return bits

    def has(self, key: str, comparison: Comparison) -> bool:
        return comparison in self._table.get(key, {})

    def crowd(self, key: str) -> int:
        """Tell how many comparisons are entered under a text."""
        return len(self._table.get(key, {}))

    def is_empty(self) -> bool:
        return not self._table


class _IgnoringCase:
    """Texts, prefixes or suffixes that ignore case, by their folded texts."""

    __slots__ = ("_entries",)

    def __init__(self, cut: Cut) -> None:
        self._entries = _Confirmed(cut)

    def add(self, comparison: EqualsIgnoreCase | PrefixIgnoreCase | SuffixIgnoreCase, bit: int) -> None:
        self._entries.add(fold(comparison.text), comparison, bit)

    def remove(self, comparison: EqualsIgnoreCase | PrefixIgnoreCase | SuffixIgnoreCase, bit: int) -> None:
        self._entries.remove(fold(comparison.text), comparison, bit)

    def find(self, leaf: str) -> int:
        return self._entries.find(fold(leaf), leaf)

    def is_empty(self) -> bool:
        return self._entries.is_empty()


def _grams(text: str, lengths: Iterable[int]) -> list[str]:
    return list({text[at : at + length] for length in lengths for at in range(len(text) - length + 1)})


class _Wildcards:
    """Wildcards, each by its beginning, by its end, or by a piece from its inside."""

    __slots__ = ("_at_beginning", "_at_end", "_inside", "_places")

    def __init__(self) -> None:
        self._at_beginning = _Confirmed(_beginnings)
        self._at_end = _Confirmed(_ends)
        self._inside = _Confirmed(_grams)
        self._places: dict[Wildcard, tuple[_Confirmed, str]] = {}

    def add(self, comparison: Wildcard, bit: int) -> None:
        if comparison not in self._places:
            self._places[comparison] = self._choose(comparison)
        entries, key = self._places[comparison]
        entries.add(key, comparison, bit)

    def remove(self, comparison: Wildcard, bit: int) -> None:
        entries, key = self._places[comparison]
        entries.remove(key, comparison, bit)
        if not entries.has(key, comparison):
            del self._places[comparison]

    def find(self, leaf: str) -> int:
        bits = 0
        for entries in (self._at_beginning, self._at_end, self._inside):
            if not entries.is_empty():
                bits |= entries.find(leaf, leaf)
        return bits

    def is_empty(self) -> bool:
        return not self._places

    def _choose(self, wildcard: Wildcard) -> tuple[_Confirmed, str]:
        first, *middle, last = wildcard.parts
        places = [(self._at_beginning, first), (self._at_end, last)]
        places += [(self._inside, gram) for part in middle for gram in _grams(part, [min(GRAM, len(part))])]
        literal = [(entries, key) for entries, key in places if key]
        return min(literal, key=lambda place: place[0].crowd(place[1])) if literal else places[0]


class _Ranges:
    """Numeric ranges, cut at their bounds; the intervals are made when a leaf first asks after a change."""

    __slots__ = ("_bounds", "_intervals", "_is_stale", "_overlapping", "_table")

    def __init__(self) -> None:
        self._table: dict[Numeric, int] = {}
        self._bounds: list[int | float] = []
        self._intervals: list[int] = []
        self._overlapping: list[tuple[Numeric, int]] = []
        self._is_stale = False

    def add(self, comparison: Numeric, bit: int) -> None:
        _set(self._table, comparison, bit)
        self._is_stale = True

    def remove(self, comparison: Numeric, bit: int) -> None:
        _clear(self._table, comparison, bit)
        self._is_stale = True

    def find(self, leaf: int | float) -> int:
        if self._is_stale:
            self._cut()
        place = bisect_left(self._bounds, leaf)
        # The intervals are: below the first bound, that bound itself, between it and the second, and so on.
        is_bound = place < len(self._bounds) and self._bounds[place] == leaf
        bits = self._intervals[2 * place + is_bound]
        for comparison, entered in self._overlapping:
            if comparison.matches(leaf):
                bits |= entered
        return bits

    def is_empty(self) -> bool:
        return not self._table

    def _cut(self) -> None:
        bounds = {bound for each in self._table for bound in (each.low, each.high)} - {inf, -inf}
        self._bounds = sorted(bounds)
        places = {bound: 2 * number + 1 for number, bound in enumerate(self._bounds)}
        begins = [0] * (2 * len(bounds) + 2)
        ends = [0] * (2 * len(bounds) + 2)
        self._overlapping, seen = [], 0
        for each, bits in self._table.items():
            # Bits that two ranges have in common could not be told apart when one of the ranges ends.
            if seen & bits:
                self._overlapping.append((each, bits))
                continue
            seen |= bits
            begins[0 if each.low == -inf else places[each.low] + (not each.includes_low)] |= bits
            ends[-1 if each.high == inf else places[each.high] + each.includes_high] |= bits
        self._intervals, current = [], 0
        for beginning, ending in zip(begins, ends, strict=True):
            current = (current ^ ending) | beginning
            self._intervals.append(current)
        self._is_stale = False


class _Blocks:
    """Address blocks, by version, number of bits and network."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: dict[tuple[int, int], dict[int, int]] = {}

    def add(self, comparison: Cidr, bit: int) -> None:
        _set(self._tables.setdefault((comparison.version, comparison.bits), {}), comparison.network, bit)

    def remove(self, comparison: Cidr, bit: int) -> None:
        table = self._tables[comparison.version, comparison.bits]
        _clear(table, comparison.network, bit)
        if not table:
            del self._tables[comparison.version, comparison.bits]

    def find(self, leaf: str) -> int:
        address = read_address(leaf)
        if address is None:
            return 0
        bits = 0
        for (version, size), table in self._tables.items():
            if version == address.version:
                bits |= table.get(address.number >> (WIDTHS[version] - size), 0)
        return bits

    def is_empty(self) -> bool:
        return not self._tables


_PARTS: dict[type[Any], Callable[[], _Part]] = {
    Prefix: lambda: _Affixes(_beginnings),
    Suffix: lambda: _Affixes(_ends),
    EqualsIgnoreCase: lambda: _IgnoringCase(_whole),
    PrefixIgnoreCase: lambda: _IgnoringCase(_beginnings),
    SuffixIgnoreCase: lambda: _IgnoringCase(_ends),
    Wildcard: _Wildcards,
    Numeric: _Ranges,
    Cidr: _Blocks,
}
