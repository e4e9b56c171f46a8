"""
Segment documents that are sent.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
from typing import Any

import pytest

from pizzabar.xray.document import MAX_DEPTH, BadDocument, read_document

SEGMENT: dict[str, Any] = {
    "name": "oven",
    "id": "70de5b6f19ff9a0a",
    "trace_id": "1-581cf771-a006649127e371903a2de979",
    "start_time": 1.478293361271e9,
    "end_time": 1.478293361449e9,
}


def test_a_segment_is_read() -> None:
    assert read_document(json.dumps(SEGMENT)) == SEGMENT


def test_a_subsegment_by_itself_is_read() -> None:
    subsegment = SEGMENT | {"type": "subsegment", "parent_id": "53995c3f42cd8ad8", "namespace": "remote"}
    assert read_document(json.dumps(subsegment)) == subsegment


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "MissingId"),
        ({"id": "70DE5B6F19FF9A0A"}, "InvalidId"),
        ({"parent_id": 7}, "InvalidId"),
        ({"parent_id": SEGMENT["id"]}, "InvalidId"),
        ({"start_time": 1e18}, "InvalidTimestamp"),
        ({"end_time": 1e300}, "InvalidTimestamp"),
        ({"end_time": -1}, "InvalidTimestamp"),
        ({"name": None}, "MissingName"),
        ({"name": "oven!"}, "InvalidName"),
        ({"name": "x" * 201}, "InvalidName"),
        ({"trace_id": None}, "MissingTraceId"),
        ({"trace_id": "1-581cf771"}, "InvalidTraceId"),
        ({"start_time": None}, "MissingTimestamp"),
        ({"start_time": "noon"}, "MissingTimestamp"),
        ({"end_time": None}, "MissingTimestamp"),
        ({"end_time": True}, "InvalidTimestamp"),
        ({"type": "segment"}, "InvalidType"),
        ({"type": "subsegment"}, "MissingParentId"),
        ({"fault": "yes"}, "InvalidType"),
        ({"http": []}, "InvalidHttp"),
        ({"http": {"response": 200}}, "InvalidHttp"),
        ({"http": {"response": {"status": "200"}}}, "InvalidHttp"),
        ({"aws": "all"}, "InvalidAws"),
        ({"annotations": {"size of": "L"}}, "InvalidAnnotation"),
        ({"annotations": {"sizes": ["L"]}}, "InvalidAnnotation"),
        ({"annotations": ["L"]}, "InvalidAnnotation"),
        ({"subsegments": {"1": {}}}, "InvalidSubsegments"),
        ({"subsegments": [{"id": "53995c3f42cd8ad8"}]}, "MissingName"),
        ({"subsegments": [SEGMENT | {"namespace": "local"}]}, "InvalidNamespace"),
        ({"metadata": {"note": "x" * 65_536}}, "DocumentTooLarge"),
    ],
)
def test_what_is_wrong_in_a_document_is_told(change: dict[str, Any], code: str) -> None:
    document = {name: value for name, value in (SEGMENT | change).items() if value is not None}

    with pytest.raises(BadDocument) as raised:
        read_document(json.dumps(document))

    assert raised.value.code == code


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"'])
def test_what_is_no_object_is_no_document(text: str) -> None:
    with pytest.raises(BadDocument, match="ParseError"):
        read_document(text)


def test_a_document_that_goes_too_deep_is_refused() -> None:
    document: dict[str, Any] = SEGMENT
    for _ in range(MAX_DEPTH):
        document = SEGMENT | {"subsegments": [document]}

    with pytest.raises(BadDocument, match="nested"):
        read_document(json.dumps(document))
