"""
The tracing header.

https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.trace_header import TraceHeader, read_trace_header

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
hexadecimal = st.text("0123456789abcdef", min_size=8, max_size=8)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        (f"Root={ROOT};Sampled=1", TraceHeader(ROOT, None, True)),
        (f"Root={ROOT};Parent={PARENT};Sampled=1", TraceHeader(ROOT, PARENT, True)),
        (f"Root={ROOT};Parent={PARENT};Sampled=0", TraceHeader(ROOT, PARENT, False)),
        (f"Root={ROOT}", TraceHeader(ROOT)),
        # Spaces and the case of names are those of whoever writes it.
        (f"sampled=1; parent={PARENT.upper()}; root={ROOT.upper()}", TraceHeader(ROOT, PARENT, True)),
        # The decision is asked for.
        (f"Root={ROOT};Sampled=?", TraceHeader(ROOT)),
        (f"Root={ROOT};Parent=53995c3f", TraceHeader(ROOT)),
        # A load balancer's own.
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT}", TraceHeader(ROOT)),
        (f"Root={ROOT};Lineage=1:a87bd80c:1|68fd508a:5;shop=7", TraceHeader(
            ROOT, others=(("Lineage", "1:a87bd80c:1|68fd508a:5"), ("shop", "7"))
        )),
        ("", None),
        ("Sampled=1", None),
        (ROOT, None),
        ("Root=2-5759e988-bd862e3fe1be46a994272793", None),
        ("Root=1-5759e988-bd862e3fe1be46a99427279", None),
        (f"Root={ROOT};note=a\r\nb", None),
        (f"Root={ROOT};note=é", None),
        (f"Root={ROOT};note={'x' * 500}", None),
    ],
)  # fmt: skip
def test_a_header_is_read(text: str, header: TraceHeader | None) -> None:
    assert read_trace_header(text) == header


@given(
    st.builds(
        TraceHeader,
        st.builds(lambda *parts: f"1-{parts[0]}-{''.join(parts[1:])}", *[hexadecimal] * 4),
        st.none() | st.builds(lambda *parts: "".join(parts), *[hexadecimal] * 2),
        st.none() | st.booleans(),
        st.just(()) | st.just((("Lineage", "1:a87bd80c:0"),)),
    )
)
def test_what_is_written_is_read_again(header: TraceHeader) -> None:
    assert read_trace_header(str(header)) == header
