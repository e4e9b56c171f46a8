"""Strategies that draw event patterns and events of few keys and few values, so that they often match."""

from typing import Any

from hypothesis import strategies as st

VALUES: list[Any] = [
    *("", "x", "X", "xy", "yx", "xyx", "Xy", "é", "É", "10.0.0.1", "10.0.9.9", "::1", "0:0:0:0:0:0:0:2"),
    *(0, 1, 1.0, 2, 2.5, -1, 300, True, False, None),
]

ELEMENTS: list[Any] = [
    *("x", "xy", "", "é", 1, 1.0, 2.5, 300, True, False, None),
    *({"prefix": text} for text in ("", "x", "xy", "10.0.")),
    *({"suffix": text} for text in ("", "x", "yx", "É")),
    *({"prefix": {"equals-ignore-case": text}} for text in ("", "x", "XY", "É")),
    *({"suffix": {"equals-ignore-case": text}} for text in ("", "Y", "yX", "é")),
    *({"equals-ignore-case": text} for text in ("", "x", "XY", "é", "XYX")),
    *({"wildcard": text} for text in ("*", "x*", "*x", "x*x", "*y*", "", "xy", "10.*.*.1", "é*")),
    *({"numeric": [operator, 1]} for operator in ("=", "<", "<=", ">", ">=")),
    *({"numeric": [low, 0, high, 2.5]} for low in (">", ">=") for high in ("<", "<=")),
    *({"cidr": block} for block in ("10.0.0.0/8", "10.0.0.77/24", "::/64", "0.0.0.0/0")),
    *({"exists": wanted} for wanted in (True, False, False)),
    *({"anything-but": value} for value in ("x", 1, ["x", "xy"], [1, 2.5], "é")),
    *({"anything-but": {"prefix": value}} for value in ("x", ["xy", "10."])),
    *({"anything-but": {"suffix": value}} for value in ("x", ["y", "1"])),
    *({"anything-but": {"equals-ignore-case": value}} for value in ("X", ["xy", "É"])),
    *({"anything-but": {"wildcard": value}} for value in ("x*", ["*y*", "*x"])),
]

keys = st.sampled_from(["a", "b", "a.b"])
values = st.sampled_from(VALUES)
fields = st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=3)
objects = st.dictionaries(keys, fields, min_size=1, max_size=2)
nested = st.dictionaries(keys, st.one_of(fields, objects), min_size=1, max_size=2)
alternatives = st.fixed_dictionaries({"$or": st.lists(st.one_of(objects, nested), min_size=2, max_size=3)})
patterns: st.SearchStrategy[dict[str, Any]] = st.one_of(
    objects,
    nested,
    alternatives,
    st.builds(lambda one, other: {**one, **other}, objects, alternatives),
    st.builds(lambda one, other: {**other, **one}, objects, alternatives),
    st.fixed_dictionaries({"a": alternatives}),
)

inner = st.dictionaries(keys, st.one_of(values, st.lists(values, max_size=3)), max_size=2)
held = st.one_of(
    values,
    inner,
    st.lists(st.one_of(inner, inner, values), max_size=3),
    st.lists(st.lists(inner, max_size=2), max_size=2),
)
events: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, held, min_size=2, max_size=3)
