"""
Segment documents that are sent: what one has to have.

Pure. https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import re
from collections.abc import Mapping

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import PizzabarError
from pizzabar.trace_header import is_segment_id, is_trace_id

MAX_BYTES = 64 << 10
MAX_DEPTH = 50
"""Ours: what is deeper could not be put together."""
END_OF_TIME = 253_402_300_800
"""The year 10000: what comes after cannot be told as a date."""
_NAMESPACES = ("aws", "remote")
_is_name = re.compile(r"[\w\s.:/%&#=+\-@\\,]{1,200}").fullmatch


class BadDocument(PizzabarError):
    """Raised for a document that is not taken.

    The codes are not listed by AWS: these are the ones that its daemon is seen to log, or are made alike.
    """

    def __init__(self, code: str, message: str, id: str | None = None) -> None:
        self.code = code
        self.message = message
        self.id = id
        super().__init__(f"{code}: {message}")


def read_document(text: str) -> dict[str, JSON]:
    """Read a segment, or a subsegment that is sent by itself. Raise ``BadDocument``."""
    if len(text.encode()) > MAX_BYTES:
        raise BadDocument("DocumentTooLarge", f"a segment document may have at most {MAX_BYTES} bytes")
    try:
        document = documents.parse(text)
    except NotJSON as error:
        raise BadDocument("ParseError", str(error)) from None
    if not isinstance(document, dict):
        raise BadDocument("ParseError", "a segment document is a JSON object")
    waiting: list[tuple[dict[str, JSON], str | None, int]] = [(document, None, 0)]
    while waiting:
        each, owner, depth = waiting.pop()
        id = _check(each, owner)
        if depth == MAX_DEPTH:
            raise BadDocument("InvalidSubsegments", f"subsegments are nested {MAX_DEPTH} deep at most", id)
        waiting += [(inner, id, depth + 1) for inner in each.get("subsegments") or ()]
    trace_id = document.get("trace_id")
    if trace_id is None:
        raise BadDocument("MissingTraceId", "trace_id is missing", document["id"])
    if not isinstance(trace_id, str) or not is_trace_id(trace_id.lower()):
        raise BadDocument("InvalidTraceId", f"trace_id has not the form 1-8hex-24hex: {trace_id}", document["id"])
    if document.get("type") not in (None, "subsegment"):
        raise BadDocument("InvalidType", "type is subsegment, or is left out", document["id"])
    if document.get("type") == "subsegment" and document.get("parent_id") is None:
        raise BadDocument("MissingParentId", "a subsegment sent by itself has a parent_id", document["id"])
    return document


def _check(document: Mapping[str, JSON], owner: str | None) -> str:
    """Check a segment, or a subsegment of an ``owner``, without its own subsegments; give its id."""
    id = document.get("id")
    known = id if isinstance(id, str) else owner
    if id is None:
        raise BadDocument("MissingId", "id is missing", known)
    if not isinstance(id, str) or not is_segment_id(id):
        raise BadDocument("InvalidId", "id is 16 hexadecimal digits in lower case", known)
    name = document.get("name")
    if name is None:
        raise BadDocument("MissingName", "name is missing", known)
    if not isinstance(name, str) or not _is_name(name):
        raise BadDocument(
            "InvalidName", "name has 1 to 200 characters: letters, digits, space and _.:/%&#=+\\-@", known
        )
    parent = document.get("parent_id")
    if parent is not None and not (isinstance(parent, str) and is_segment_id(parent)):
        raise BadDocument("InvalidId", "parent_id is 16 hexadecimal digits in lower case", known)
    if parent == id:
        raise BadDocument("InvalidId", "parent_id is the id of another segment", known)
    _check_times(document, known)
    for kind in ("error", "fault", "throttle"):
        if not isinstance(document.get(kind, False), bool):
            raise BadDocument("InvalidType", f"{kind} is true or false", known)
    if document.get("namespace", "aws") not in _NAMESPACES and owner is not None:
        raise BadDocument("InvalidNamespace", "namespace is aws or remote", known)
    _check_annotations(document.get("annotations"), known)
    _check_http(document.get("http", {}), known)
    if not isinstance(document.get("aws", {}), dict):
        raise BadDocument("InvalidAws", "aws is an object", known)
    subsegments = document.get("subsegments") or []
    if not isinstance(subsegments, list) or not all(isinstance(each, dict) for each in subsegments):
        raise BadDocument("InvalidSubsegments", "subsegments is a list of objects", known)
    return id


def _check_http(http: JSON, id: str | None) -> None:
    if not isinstance(http, dict) or not all(isinstance(part, dict) for part in http.values()):
        raise BadDocument("InvalidHttp", "http has a request and a response, both of them objects", id)
    if not isinstance(http.get("response", {}).get("status", 0), int):
        raise BadDocument("InvalidHttp", "the status of a response is an integer", id)


def _check_times(document: Mapping[str, JSON], id: str | None) -> None:
    start, end = document.get("start_time"), document.get("end_time")
    if not _is_number(start):
        raise BadDocument("MissingTimestamp", "start_time is seconds since 1970", id)
    if end is None and document.get("in_progress") is not True:
        raise BadDocument("MissingTimestamp", "either end_time or in_progress is there", id)
    if end is not None and not _is_number(end):
        raise BadDocument("InvalidTimestamp", "end_time is seconds since 1970", id)
    for name, time in (("start_time", start), ("end_time", end)):
        if time is not None and not 0 <= time < END_OF_TIME:
            raise BadDocument("InvalidTimestamp", f"{name} is seconds since 1970", id)


def _check_annotations(annotations: JSON, id: str | None) -> None:
    """Annotations are indexed: names of letters, digits and _, and texts, numbers or booleans."""
    if annotations is None:
        return
    if not isinstance(annotations, dict):
        raise BadDocument("InvalidAnnotation", "annotations is an object", id)
    for name, value in annotations.items():
        if not re.fullmatch(r"[A-Za-z0-9_.]+", name) or not isinstance(value, str | int | float | bool):
            raise BadDocument("InvalidAnnotation", f"the annotation {name} is no text, number or boolean", id)


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
