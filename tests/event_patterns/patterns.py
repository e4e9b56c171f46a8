"""Strategies that draw event patterns and events of few keys and few values, so that they often match."""

from typing import Any

from hypothesis import strategies as st

VALUES: list[Any] = [
    *(
        "",
        "x",
        "X",
        "xy",
        "yx",
        "xyx",
        "Xy",
        "é",
        "É",
        "e\u0301",
        "ß",
        "SS",
        "ss",
        "SSx",
        "xß",
        "i\u0307",
        "İ",
        "🍕",
        "??",
    ),
    *("10.0.0.1", "10.0.9.9", "010.0.0.001", "::ffff:a00:1", "::1", "0:0:0:0:0:0:0:2", "*", "x*", "a\nb", "\\", "1"),
    *(
        0,
        -0.0,
        1,
        1.0,
        2,
        2.5,
        -1,
        300,
        5e-324,
        2**53,
        2**53 + 1,
        float(2**53),
        2**63,
        0.1,
        0.30000000000000004,
        1e300,
    ),
    *(True, False, None),
]

ELEMENTS: list[Any] = [
    *("x", "xy", "", "é", "10.0.0.1", "::1", 1, 1.0, 2.5, 300, 0, 2**53 + 1, 2**63, 0.1, 1e300, True, False, None),
    *({"exactly": text} for text in ("x", "10.0.0.1", "🍕")),
    *({"prefix": text} for text in ("", "x", "xy", "10.0.")),
    *({"suffix": text} for text in ("", "x", "yx", "É")),
    *({"prefix": {"equals-ignore-case": text}} for text in ("", "x", "XY", "É", "ß", "🍕")),
    *({"suffix": {"equals-ignore-case": text}} for text in ("", "Y", "yX", "é", "ß", "SS")),
    *({"equals-ignore-case": text} for text in ("", "x", "XY", "é", "XYX", "ß", "ss", "İ", "🍕")),
    *(
        {"wildcard": text}
        for text in ("*", "x*", "*x", "x*x", "*y*", "", "xy", "10.*.*.1", "é*", "a*b", r"\*", r"*\**", r"\\")
    ),
    *({"numeric": [operator, 1]} for operator in ("=", "<", "<=", ">", ">=")),
    *({"numeric": [operator, bound]} for operator in ("<", ">=") for bound in (0, 2**53, 0.1, -1e300, 5e-324)),
    *({"numeric": [low, 0, high, 2.5]} for low in (">", ">=") for high in ("<", "<=")),
    *({"numeric": [">", 0.1, "<=", 1e300]}, {"numeric": [">=", -1, "<", 300]}),
    *({"cidr": block} for block in ("10.0.0.0/8", "10.0.0.77/24", "::/64", "0.0.0.0/0", "10.0.0.0/31", "::/127")),
    *({"exists": wanted} for wanted in (True, False, False)),
    *({"anything-but": value} for value in ("x", 1, ["x", "xy"], [1, 2.5], "é", "10.0.0.1", [0, 300])),
    *({"anything-but": {"prefix": value}} for value in ("x", ["xy", "10."])),
    *({"anything-but": {"suffix": value}} for value in ("x", ["y", "1"])),
    *({"anything-but": {"equals-ignore-case": value}} for value in ("X", ["xy", "É"], ["ß", ""])),
    *({"anything-but": {"wildcard": value}} for value in ("x*", ["*y*", "*x"], "")),
]

# Names that are beginnings of others, that hold dots, or that are those of operators, so that paths meet.
keys = st.sampled_from(["a", "b", "a.b", "b.a", "", "prefix"])
inside_or = st.sampled_from(["a", "b", "a.b", "b.a", ""])
values = st.sampled_from(VALUES)
fields = st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=3)


def _objects(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    flat = st.dictionaries(names, fields, min_size=1, max_size=2)
    return st.one_of(flat, st.dictionaries(names, st.one_of(fields, flat), min_size=1, max_size=2))


alternatives = st.recursive(
    st.fixed_dictionaries({"$or": st.lists(_objects(inside_or), min_size=2, max_size=3)}),
    lambda inner: st.fixed_dictionaries(
        {
            "$or": st.lists(
                st.one_of(
                    _objects(inside_or),
                    inner,
                    st.builds(lambda one, other: {**one, **other}, _objects(inside_or), inner),
                    st.dictionaries(inside_or, inner, min_size=1, max_size=1),
                ),
                min_size=2,
                max_size=2,
            )
        }
    ),
    max_leaves=2,
)
patterns: st.SearchStrategy[dict[str, Any]] = st.one_of(
    _objects(keys),
    alternatives,
    st.builds(lambda one, other: {**one, **other}, _objects(keys), alternatives),
    st.builds(lambda one, other: {**other, **one}, _objects(keys), alternatives),
    st.dictionaries(keys, alternatives, min_size=1, max_size=2),
)

inner = st.dictionaries(keys, st.one_of(values, st.lists(values, max_size=3)), max_size=2)
held = st.one_of(
    values,
    inner,
    st.lists(st.one_of(inner, inner, values), max_size=3),
    st.lists(st.lists(st.one_of(inner, values), max_size=2), max_size=2),
    st.dictionaries(keys, st.lists(inner, max_size=2), max_size=2),
)
events: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, held, min_size=1, max_size=3)
