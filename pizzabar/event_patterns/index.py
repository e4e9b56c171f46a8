"""
The rule index: which rules of a bus want an event, at a cost that hardly grows with their number.

Pure. Each conjunction of each rule has a bit. The fields that rules name make a tree; an event is walked along that
tree, not through all of itself, and each leaf found there is looked up once for all rules. Then:

- the top fields (source, detail-type …) are judged first, and what no rule still in question names is not visited;
- a conjunction is a candidate when its gate is there, which is the one of its fields that fewest others wait for,
  or when it has no field that must be there;
- a candidate is out when a field that is there does not match, or when one that must be there is not;
- arrays of several elements let leaves of different elements meet. Only conjunctions with two fields in such an array
  are judged again, one by one: by what was found in each element, or, where arrays are nested, where two lie at one
  place, or where absence counts, by the event itself.

Adding or removing a rule touches its own entries alone.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, KeysView
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Generic, TypeVar

from pizzabar.documents import JSON
from pizzabar.event_patterns.comparison import AnythingBut, Comparison, Exists
from pizzabar.event_patterns.conjunction import Conjunction, Field
from pizzabar.event_patterns.leaves import KEY_SEGMENTS
from pizzabar.event_patterns.lookup import Lookup
from pizzabar.event_patterns.pattern import Pattern
from pizzabar.record import record

K = TypeVar("K", bound=Hashable)
_CONTAINERS = frozenset({dict, list})


class RuleIndex(Generic[K]):
    """The patterns of a bus's rules, by key."""

    def __init__(self) -> None:
        self._rules: dict[K, _Rule[K]] = {}
        self._entries: list[_Entry[K] | None] = []
        self._free: list[int] = []
        self._nodes: dict[str, _Node] = {}
        self._root: dict[str, _Node] = {}
        self._all = 0
        self._ungated = 0
        self._count = 0

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, key: object) -> bool:
        return key in self._rules

    def keys(self) -> KeysView[K]:
        """Give the keys of the rules."""
        return self._rules.keys()

    def add(self, key: K, pattern: Pattern) -> None:
        """Enter a rule. One that is there keeps its place in the order and gets the new pattern."""
        order = self._rules[key].order if key in self._rules else self._count
        self.remove(key)
        self._count += 1
        rule = self._rules[key] = _Rule(key, order)
        for conjunction in pattern.conjunctions:
            number = self._free.pop() if self._free else len(self._entries)
            if number == len(self._entries):
                self._entries.append(None)
            rule.numbers.append(number)
            self._entries[number] = self._enter(rule, conjunction, 1 << number)

    def remove(self, key: K) -> None:
        """Take a rule out, if it is there."""
        rule = self._rules.pop(key, None)
        for number in rule.numbers if rule is not None else ():
            entry = self._entries[number]
            assert entry is not None
            self._withdraw(entry, 1 << number)
            self._entries[number] = None
            self._free.append(number)

    def match(self, event: JSON) -> list[K]:
        """Give the keys of the rules that want an event, in the order in which they were added."""
        if not isinstance(event, dict):
            return []
        alive, hits, waiting = self._judge_top_fields(event)
        if not alive:
            return []
        arrays: list[_Array] = []
        shared = _walk(waiting, alive, hits, arrays)
        outside = hits
        if arrays:
            hits = dict(hits)
            for array in arrays:
                for found in array.elements:
                    for index, bits in found.items():
                        hits[index] = hits.get(index, 0) | bits
        candidates = self._ungated
        for index, bits in hits.items():
            candidates |= index.gated
            misses = index.constrained ^ bits
            if shared and index.absence:
                # A field that may be absent may still be absent from the elements that the others are met in.
                misses ^= misses & index.absence & shared
            alive ^= alive & misses
        candidates &= alive
        if shared and (questioned := candidates & shared):
            candidates ^= self._inconsistent(questioned, event, _Consistent(arrays, outside))
        if not candidates:
            return []
        # Several conjunctions of a rule may match; it is named once.
        matched: dict[int, K] = {}
        entries = self._entries
        for number in _numbers(candidates):
            entry = entries[number]
            assert entry is not None
            for index in entry.required:
                if index not in hits:
                    break
            else:
                matched[entry.rule.order] = entry.rule.key
        return [matched[order] for order in sorted(matched)] if len(matched) > 1 else list(matched.values())

    def _inconsistent(self, bits: int, event: JSON, consistent: "_Consistent") -> int:
        """Give those of some conjunctions that do not have their fields met in one element of each array."""
        out = 0
        for number in _numbers(bits):
            entry = self._entries[number]
            assert entry is not None
            if entry.is_judged_by_event or not consistent.is_plain:
                is_met = entry.together.matches(event)
            else:
                is_met = bool(consistent.find(entry.shape) >> number & 1)
            if not is_met:
                out |= 1 << number
        return out

    def _judge_top_fields(
        self, event: dict[str, JSON]
    ) -> "tuple[int, dict[_FieldIndex, int], list[tuple[_Node, JSON]]]":
        """Give the bits of the conjunctions that are still in question, what was found, and what is to be walked.

        A top field whose name has no dot holds one value at most, so a leaf there is final.
        """
        alive, root = self._all, self._root
        hits: dict[_FieldIndex, int] = {}
        waiting: list[tuple[_Node, JSON]] = []
        for key in root if len(root) <= len(event) else event:
            if key not in root or key not in event:
                continue
            node, found = root[key], event[key]
            if node.is_nested or type(found) in _CONTAINERS:
                waiting.append((node, found))
            elif (field := node.field) is not None:
                bits = field.find(found)
                alive ^= alive & (field.constrained ^ bits)
                if not alive:
                    break
                hits[field] = bits
        return alive, hits, waiting

    def _enter(self, rule: "_Rule[K]", conjunction: Conjunction, bit: int) -> "_Entry[K]":
        self._all |= bit
        indexes: list[tuple[Field, _FieldIndex]] = []
        passed: Counter[str] = Counter()
        for each in conjunction.fields:
            names = list(_prefixes(each.path.name))
            passed.update(names)
            for name in names:
                node = self._node(name)
                node.uses += 1
                node.below |= bit
            node = self._nodes[each.path.name]
            node.field = node.field or _FieldIndex(each.path.name)
            node.field.add(each, bit)
            indexes.append((each, node.field))
        for name, count in passed.items():
            if count > 1:
                self._nodes[name].shared |= bit
        required = [index for each, index in indexes if not each.accepts_absence]
        gate = min(required, key=lambda index: index.constrained.bit_count(), default=None)
        if gate is None:
            self._ungated |= bit
        else:
            gate.gated |= bit
        others = tuple(index for index in required if index is not gate)
        together = _together(conjunction)
        shape = tuple(index for each, index in indexes if each in together.fields)
        accepts_absence = any(each.accepts_absence for each in conjunction.fields)
        return _Entry(rule, conjunction, gate, others, together, shape, accepts_absence)

    def _withdraw(self, entry: "_Entry[K]", bit: int) -> None:
        self._all &= ~bit
        self._ungated &= ~bit
        if entry.gate is not None:
            entry.gate.gated &= ~bit
        for each in entry.conjunction.fields:
            node = self._nodes[each.path.name]
            assert node.field is not None
            node.field.remove(each, bit)
            if not node.field.constrained:
                node.field = None
            for name in _prefixes(each.path.name):
                node = self._nodes[name]
                node.shared &= ~bit
                node.below &= ~bit
                node.uses -= 1
                if not node.uses:
                    self._forget(name)

    def _node(self, name: str) -> "_Node":
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = _Node(name, "." in name)
            for parent, key in self._parents(name):
                parent[key] = node
        return node

    def _forget(self, name: str) -> None:
        for parent, key in self._parents(name):
            del parent[key]
        del self._nodes[name]

    def _parents(self, name: str) -> Iterator[tuple[dict[str, "_Node"], str]]:
        """Give each place that a node is in, with the key, of one or more segments, that leads on from there."""
        segments = name.split(".")
        for size in range(1, min(len(segments), KEY_SEGMENTS) + 1):
            above, key = segments[: len(segments) - size], ".".join(segments[len(segments) - size :])
            if not above:
                yield self._root, key
            elif (parent := self._nodes.get(".".join(above))) is not None:
                yield parent.nodes, key


@dataclass(slots=True)
class _Rule(Generic[K]):
    key: K
    order: int
    numbers: list[int] = field(default_factory=list)


@record
class _Entry(Generic[K]):
    """A conjunction in the index.

    ``required`` are the fields beside its gate that must be there, ``together`` those that are not judged by bits
    alone when arrays are about, and ``shape`` their indexes. Where absence counts, the event itself is looked at.
    """

    rule: _Rule[K]
    conjunction: Conjunction
    gate: "_FieldIndex | None"
    required: "tuple[_FieldIndex, ...]"
    together: Conjunction
    shape: "tuple[_FieldIndex, ...]"
    is_judged_by_event: bool


@dataclass(slots=True, eq=False)
class _Node:
    """A place in the tree of fields.

    ``below`` has the bits of conjunctions with a field at or below it, ``shared`` of those with two.
    """

    name: str
    is_nested: bool
    nodes: dict[str, "_Node"] = field(default_factory=dict)
    field: "_FieldIndex | None" = None
    below: int = 0
    shared: int = 0
    uses: int = 0


class _FieldIndex:
    """What the conjunctions want of the field of a name.

    ``constrained`` has the bits of those that name it, ``gated`` of those that wait for it, ``absence`` of those that
    accept its absence, ``presence`` of those that accept any leaf.
    """

    __slots__ = ("_but", "_excluded", "_several", "_wanted", "absence", "constrained", "gated", "name", "presence")

    def __init__(self, name: str) -> None:
        self.name = name
        self.constrained = 0
        self.gated = 0
        self.absence = 0
        self.presence = 0
        self._wanted = Lookup()
        self._excluded = Lookup()
        self._but = 0
        self._several: dict[int, tuple[AnythingBut, ...]] = {}

    def find(self, leaf: JSON) -> int:
        """Give the bits of the conjunctions that accept a leaf."""
        bits = self._wanted.find(leaf) | self.presence
        if self._but:
            bits |= self._but ^ self._excluded.find(leaf)
        if self._several:
            for bit, alternatives in self._several.items():
                if any(comparison.matches(leaf) for comparison in alternatives):
                    bits |= bit
        return bits

    def add(self, each: Field, bit: int) -> None:
        self.constrained |= bit
        for comparison in self._sort(each, bit):
            self._wanted.add(comparison, bit)
        if bit & self._but:
            for comparison in _excluded(each):
                self._excluded.add(comparison, bit)

    def remove(self, each: Field, bit: int) -> None:
        for comparison in self._sort(each, bit):
            self._wanted.remove(comparison, bit)
        if bit & self._but:
            for comparison in _excluded(each):
                self._excluded.remove(comparison, bit)
        self._several.pop(bit, None)
        for name in ("constrained", "presence", "absence", "_but"):
            setattr(self, name, getattr(self, name) & ~bit)

    def _sort(self, each: Field, bit: int) -> list[Comparison]:
        """Mark what is no matter of a look-up, and give the rest."""
        buts: list[AnythingBut] = []
        rest: list[Comparison] = []
        for comparison in each.comparisons:
            match comparison:
                case Exists(is_wanted=True):
                    self.presence |= bit
                case Exists():
                    self.absence |= bit
                case AnythingBut():
                    buts.append(comparison)
                case _:
                    rest.append(comparison)
        if len(buts) == 1:
            self._but |= bit
        elif buts:
            # One of them matching is enough, and a bit cannot tell which of them excludes a leaf.
            self._several[bit] = tuple(buts)
        return rest


def _excluded(each: Field) -> tuple[Comparison, ...]:
    """Give what the one anything-but of a field excludes."""
    return next(comparison.excluded for comparison in each.comparisons if isinstance(comparison, AnythingBut))


@dataclass(slots=True)
class _Array:
    """An array of several elements, and what was found in each that is an object or an array itself.

    ``is_plain`` tells that no such array lies in another, or at a place where another has been.
    """

    node: _Node
    elements: list[dict[_FieldIndex, int]]
    is_plain: bool


class _Consistent:
    """Which conjunctions have their fields met in one element of each array that several of them are in.

    That can be told when the arrays are plain and none lies at a place in another.
    """

    __slots__ = ("_arrays", "_found", "_outside", "is_plain")

    def __init__(self, arrays: list[_Array], outside: dict[_FieldIndex, int]) -> None:
        names = sorted(f"{array.node.name}." for array in arrays) if len(arrays) > 1 else ()
        self.is_plain = all(array.is_plain for array in arrays) and not any(
            following.startswith(name) for name, following in pairwise(names)
        )
        self._arrays = arrays
        self._outside = outside
        self._found: dict[tuple[_FieldIndex, ...], int] = {}

    def find(self, shape: tuple[_FieldIndex, ...]) -> int:
        """Give the bits of those among the conjunctions with some fields."""
        bits = self._found.get(shape)
        if bits is None:
            bits = self._found[shape] = self._judge(shape)
        return bits

    def _judge(self, shape: tuple[_FieldIndex, ...]) -> int:
        bits = -1
        for array in self._arrays:
            here, below = array.node.name, f"{array.node.name}."
            inside = [each for each in shape if each.name == here or each.name.startswith(below)]
            if len(inside) > 1:
                # What is met outside the array goes with any of its elements.
                outside = [self._outside.get(each, 0) for each in inside]
                met = reduce(and_, outside)
                for found in array.elements:
                    met |= reduce(and_, [found.get(each, 0) | bit for each, bit in zip(inside, outside, strict=True)])
                bits &= met
        return bits


def _walk(waiting: list[tuple[_Node, JSON]], alive: int, hits: dict[_FieldIndex, int], arrays: list[_Array]) -> int:
    """Look up the leaves that conjunctions still in question name, and add the bits found to ``hits``.

    What is in an array that several fields of a conjunction are in goes to ``arrays`` instead. The answer has the
    bits of those conjunctions.
    """
    shared = 0
    while waiting:
        node, value = waiting.pop()
        if not node.below & alive:
            continue
        kind = type(value)
        if kind is dict:
            nodes = node.nodes
            for key in nodes if len(nodes) <= len(value) else value:
                if key in value and key in nodes:
                    waiting.append((nodes[key], value[key]))
        elif kind is list:
            if len(value) == 1 or not node.shared & alive:
                for element in value:
                    waiting.append((node, element))
                continue
            shared |= node.shared
            array = _Array(node, [], True)
            arrays.append(array)
            for element in value:
                if type(element) not in _CONTAINERS:
                    waiting.append((node, element))
                    continue
                found: dict[_FieldIndex, int] = {}
                inner: list[_Array] = []
                shared |= _walk([(node, element)], alive, found, inner)
                if inner:
                    array.is_plain = False
                    arrays += inner
                if found:
                    array.elements.append(found)
        elif (index := node.field) is not None:
            # The field may be there already, by another element or another writing of its path.
            hits[index] = hits[index] | index.find(value) if index in hits else index.find(value)
    return shared


def _together(conjunction: Conjunction) -> Conjunction:
    """Give the fields that may be in one array with another, for they begin alike, and those that may be absent."""
    begins = Counter(each.path.name.partition(".")[0] for each in conjunction.fields)
    return Conjunction(
        tuple(
            each
            for each in conjunction.fields
            if each.accepts_absence or begins[each.path.name.partition(".")[0]] > 1
        )
    )


def _prefixes(name: str) -> Iterator[str]:
    """Give the names of the places that the path of a field passes, itself the last."""
    at = name.find(".")
    while at >= 0:
        yield name[:at]
        at = name.find(".", at + 1)
    yield name


def _numbers(bits: int) -> list[int]:
    """Give the numbers of the bits that are set."""
    if bits.bit_count() < 4:
        numbers = []
        while bits:
            lowest = bits & -bits
            numbers.append(lowest.bit_length() - 1)
            bits ^= lowest
        return numbers
    digits = bin(bits)
    last = len(digits) - 1
    return [last - match.start() for match in _ONE.finditer(digits)]


_ONE = re.compile("1")
