"""
The services of a trace: nodes, and edges between those that ask and those that are asked.

Pure. Segments are nodes; what a subsegment asks of a service that sends no segment is a node inferred from it.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-servicegraph
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from pizzabar.documents import JSON
from pizzabar.xray.segments import SERVICES, walk

Document = Mapping[str, JSON]
_TYPES = {name.lower(): kind for name, kind in SERVICES.values()}


class Node:
    """A service at work once: a segment, or a call that one is inferred from; ``parent`` is who asked."""

    def __init__(self, document: Document, parent: "Node | None", *, is_inferred: bool) -> None:
        self.document = document
        self.parent = parent
        self.is_inferred = is_inferred

    @cached_property
    def type(self) -> str:
        """What kind of thing it is, as ``origin`` names it."""
        if not self.is_inferred or "origin" in self.document:
            return str(self.document.get("origin", ""))
        if self.document.get("namespace") == "remote":
            return "remote"
        return _TYPES.get(str(self.document["name"]).lower(), f"AWS::{self.document['name']}")

    @cached_property
    def name(self) -> str:
        """Its name: of a table, the table's."""
        aws = self.document.get("aws")
        table = aws.get("table_name") if self.is_inferred and isinstance(aws, dict) else None
        return str(table or self.document["name"])

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from other services."""
        return self.name, self.type

    @property
    def start(self) -> float:
        """When it began, in seconds since 1970."""
        return float(self.document["start_time"])

    @property
    def end(self) -> float:
        """When it ended; of one in progress, the last that is known of it."""
        return max(float(each.get("end_time", each["start_time"])) for each in walk(self.document))

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.document.get("end_time", self.end)) - self.start

    def is_so(self, flag: str) -> bool:
        """Whether it is a ``fault``, an ``error``, a ``throttle``, or ``in_progress``."""
        return self.document.get(flag) is True

    @property
    def http(self) -> dict[str, JSON]:
        """What is told of its request and response, by the names of filter expressions."""
        http = self.document.get("http") or {}
        request, response = http.get("request") or {}, http.get("response") or {}
        told = {
            "http.url": request.get("url"),
            "http.method": request.get("method"),
            "http.useragent": request.get("user_agent"),
            "http.clientip": request.get("client_ip"),
            "http.status": response.get("status"),
        }
        return {name: value for name, value in told.items() if value is not None}

    @property
    def annotations(self) -> dict[str, JSON]:
        """The annotations of the segment and its subsegments; of an inferred node, the caller's are not its."""
        if self.is_inferred:
            return {}
        return {
            name: value for each in walk(self.document) for name, value in (each.get("annotations") or {}).items()
        }


def nodes_of(segments: Sequence[Document]) -> list[Node]:
    """Give the nodes of a trace, each after the one that asked it where both are there; roots are those without.

    Of segments that name each other as the one that asked, the first is a root.
    """
    callees: dict[str, list[Document]] = {}
    known = {str(each["id"]) for segment in segments for each in walk(segment)}
    roots = []
    for segment in segments:
        parent = segment.get("parent_id")
        if parent is None or parent not in known:
            roots.append(segment)
        else:
            callees.setdefault(str(parent), []).append(segment)
    nodes: list[Node] = []
    waiting: list[tuple[Document, Node | None, bool]] = [(each, None, True) for each in reversed((*roots, *segments))]
    seen: set[str] = set()
    while waiting:
        document, parent_node, is_segment = waiting.pop()
        if str(document["id"]) in seen:
            continue
        seen.add(str(document["id"]))
        called = callees.get(str(document["id"]), [])
        owner = parent_node
        if is_segment or (document.get("namespace") in ("aws", "remote") and not called):
            is_inferred = not is_segment or document.get("inferred") is True
            owner = Node(document, parent_node, is_inferred=is_inferred)
            nodes.append(owner)
        inner: Iterable[Document] = document.get("subsegments") or ()
        waiting += [(each, owner, False) for each in reversed([*inner])]
        waiting += [(each, owner, True) for each in reversed(called)]
    return nodes
