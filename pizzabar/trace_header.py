"""
The tracing header, ``X-Amzn-Trace-Id``: which trace a request belongs to, who asked, and whether it is sampled.

Pure. https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

import re

from pizzabar.record import record

NAME = b"x-amzn-trace-id"
"""The header's name in lower case."""
LONGEST = 500
"""What PutEvents takes; AWS names no other bound.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
"""
is_trace_id = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}").fullmatch
is_segment_id = re.compile(r"[0-9a-f]{16}").fullmatch
_SAMPLED = {"0": False, "1": True}


@record
class TraceHeader:
    """A trace by its ``root``, the segment that asks, and the decision to sample, if one was made.

    ``others`` are the members that are passed on as they are: ``Lineage``, which Lambda counts, and a caller's own.
    """

    root: str
    parent: str | None = None
    sampled: bool | None = None
    others: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [("Root", self.root)]
        if self.parent is not None:
            parts.append(("Parent", self.parent))
        if self.sampled is not None:
            parts.append(("Sampled", str(int(self.sampled))))
        return ";".join(f"{name}={value}" for name, value in (*parts, *self.others))


def read_trace_header(text: str) -> TraceHeader | None:
    """Read a header; None for one that names no trace.

    A parent that has not the form of one is left out, and so is ``Sampled=?``, by which a caller asks for a decision.
    """
    if len(text) > LONGEST or not (text.isascii() and text.isprintable()):
        return None
    root = parent = None
    sampled: bool | None = None
    others = []
    for part in text.split(";"):
        name, equals, value = part.strip().partition("=")
        match name.lower():
            case "root":
                root = value.lower()
            case "parent":
                parent = value.lower()
            case "sampled":
                sampled = _SAMPLED.get(value)
            # That of a load balancer, which says who it is to itself alone.
            case "self":
                pass
            case _ if equals:
                others.append((name, value))
    if root is None or not is_trace_id(root):
        return None
    return TraceHeader(root, parent if parent is not None and is_segment_id(parent) else None, sampled, tuple(others))
