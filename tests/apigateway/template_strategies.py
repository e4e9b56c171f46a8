"""Templates as hypothesis makes them: of fragments that belong together, broken and put together anew."""

from hypothesis import strategies as st

BODY = '{"a": [1, "b", {"c": null}], "n": 1.5, "s": "it\'s"}'

_SCRAPS = [
    *["$", "#", "{", "}", "(", ")", "[", "]", ".", ",", ":", "!", "\\", "'", '"', "\n", " ", "|", "é", "😀"],
    *["1", "-1", "1.5", "9" * 30, "+", "-", "*", "/", "%", "==", "&&", " or ", "not", " in ", "null", "true", "$x"],
    *["${x}", "$!x", "$x.y", "$x[0]", "$input.path('$.a')", "$input.json('$')", "$context.a", "$util.parseJson("],
    *["#set(", "#set($x=1)", "#if(", "#if($x)", "#else", "#elseif(", "#end", "#foreach(", "#foreach($i in [1..3])"],
    *["#break", "#stop", "#macro(", "#m(", "#define(", "##", "#*", "*#", "#[[", "]]#", ".size()", ".get("],
    *[".substring(1)", "#break($foreach)", "#evaluate('x')", "${x|'d'}", "#@m()", "\\u0041", "$velocityCount"],
]

_VALUES = st.sampled_from(
    [
        *[
            "$x",
            "$y.z",
            "$i",
            "$input.body",
            "$input.path('$.a')",
            "$input.path('$')",
            "$input.json('$.n')",
            "1",
            "'q'",
        ],
        *["1.5", "[1, 2]", "[1..3]", "{'k': $x}", '"$x!"', '"#if($x)a#end"', "$x + 1", "$x / 0", "$x == $y", "!$x"],
        *["$x.replaceAll('(.)', '$1$1')", "$x.split(',')", "$y.put('a', $x)", "$util.base64Encode($x)", "$foreach"],
        *["$x.substring(2)", "$y.get(0)", "$x.toString().length()", "$util.parseJson($x)", "$nope", "null", "-$x"],
        *[
            "[2147483647 * 2]",
            "1.0 / 3",
            "$y.entrySet()",
            "$x.keySet()",
            "$x && $y || $i",
            "'é'",
            "$x.format('%d', 1)",
        ],
    ]
)


def _blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bodies = st.lists(inner, max_size=4).map("".join)
    return st.one_of(
        st.builds("#if({}){}#else {}#end".format, _VALUES, bodies, bodies),
        st.builds("#if({}){}#elseif({}){}#end\n".format, _VALUES, bodies, _VALUES, bodies),
        st.builds("#foreach($i in {}){}#end".format, _VALUES, bodies),
        st.builds("#macro(m $x){}#end#m({})".format, bodies, _VALUES),
        st.builds("#define($y){}#end$y".format, bodies),
    )


_SOUND = st.lists(
    st.recursive(
        st.one_of(
            _VALUES.map("#set($x = {})".format),
            _VALUES.map("#set($y = {})\n".format),
            st.sampled_from(
                ["$x", "$y", "${x}", "$!y", " text ", "\n", "$i,", "$foreach.count", "#break", "\\$x", "#m(1)"]
            ),
            st.sampled_from(_SCRAPS),
        ),
        _blocks,
        max_leaves=12,
    ),
    max_size=8,
).map("".join)


@st.composite
def _broken(draw: st.DrawFn) -> str:
    """A sound template with a stretch taken out, or put in at another place."""
    template = draw(_SOUND)
    begin, end, at = (draw(st.integers(0, len(template))) for _ in range(3))
    stretch = template[begin:end]
    rest = template[:begin] + template[max(begin, end) :]
    return rest[:at] + draw(st.sampled_from(["", stretch, *_SCRAPS])) + rest[at:]


templates = st.one_of(
    _SOUND,
    _broken(),
    st.lists(st.sampled_from(_SCRAPS), max_size=25).map("".join),
    st.text(max_size=60),
)
"""Templates of every sort: most of them can be read, many fail."""
