"""
Parameter mappings.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-mapping.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pizzabar.apigateway.json_path import MISSING
from pizzabar.apigateway.parameter_mapping import (
    FaultyMapping,
    compile_request_parameter,
    compile_response_parameter,
    faults_in,
    mapped,
)
from pizzabar.apigateway.selection import SelectionValues

VALUES = SelectionValues(
    {"table": 7, "guest": {"name": "Jo"}, "tags": ["a", "b"]},
    headers={"X-Kind": "gold"},
    querystring={"table": "8"},
    multivalue_request_headers={"X-Kind": ["silver", "gold"]},
    multivalue_querystring={"table": ["7", "8"]},
    context={"connectionId": "c", "identity": {"sourceIp": "1.2.3.4"}},
    stage_variables={"oven": "hot"},
    status_code=201,
    integration_headers={"ETag": "1"},
    multivalue_headers={"ETag": ["0", "1"]},
    integration_body={"id": "x"},
    text='{"table": 7}',
)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("route.request.header.X-Kind", ["gold"]),
        ("route.request.header.x-kind", ["gold"]),
        ("route.request.multivalueheader.x-kind", ["silver", "gold"]),
        ("route.request.querystring.table", ["8"]),
        ("route.request.multivaluequerystring.table", ["7", "8"]),
        ("route.request.body.table", ["7"]),
        ("route.request.body.guest.name", ["Jo"]),
        ("route.request.body.tags[0]", ["a"]),
        ("route.request.body.tags", ["[a, b]"]),
        ("route.request.body", ['{"table": 7}']),
        ("stageVariables.oven", ["hot"]),
        ("context.connectionId", ["c"]),
        ("context.identity.sourceIp", ["1.2.3.4"]),
        ("'static'", ["static"]),
        ("''", [""]),
        ("route.request.header.Other", []),
        ("route.request.multivalueheader.Other", []),
        ("route.request.multivaluequerystring.other", []),
        ("route.request.body.other", []),
        ("stageVariables.other", []),
    ],
)
def test_what_a_request_parameter_is(source: str, values: list[str]) -> None:
    assert compile_request_parameter("integration.request.header.X", source).values(VALUES) == values


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("integration.response.header.etag", ["1"]),
        ("integration.response.body.id", ["x"]),
        ("integration.response.body", ["{id=x}"]),
        ("context.connectionId", ["c"]),
        ("stageVariables.oven", ["hot"]),
        ("'chat'", ["chat"]),
        ("integration.response.header.Other", []),
    ],
)
def test_what_a_response_parameter_is(source: str, values: list[str]) -> None:
    assert compile_response_parameter("route.response.header.X", source).values(VALUES) == values


@pytest.mark.parametrize(
    ("target", "place", "name"),
    [
        ("integration.request.header.X-Kind", "header", "X-Kind"),
        ("integration.request.querystring.q", "querystring", "q"),
        ("integration.request.path.id", "path", "id"),
    ],
)
def test_where_a_request_parameter_goes(target: str, place: str, name: str) -> None:
    mapping = compile_request_parameter(target, "'x'")

    assert (mapping.place, mapping.name) == (place, name)


@pytest.mark.parametrize(
    ("target", "source"),
    [
        ("integration.request.header.X", "static"),
        ("integration.request.header.X", ""),
        ("integration.request.header.X", "'"),
        ("integration.request.header.X", "route.request.header."),
        ("integration.request.header.X", "route.request.path.id"),
        ("integration.request.header.X", "integration.response.header.X"),
        ("integration.request.header.X", "method.request.header.X"),
        ("integration.request.header.X", "stageVariables."),
        ("integration.request.header.", "'x'"),
        ("integration.request.cookie.X", "'x'"),
        ("route.response.header.X", "'x'"),
        ("X", "'x'"),
    ],
)
def test_what_is_no_request_parameter(target: str, source: str) -> None:
    with pytest.raises(FaultyMapping, match="Invalid mapping expression specified"):
        compile_request_parameter(target, source)


def test_what_is_no_response_parameter() -> None:
    for target, source in (
        ("integration.request.header.X", "'x'"),
        ("route.response.header.X", "route.request.header.X"),
        ("route.response.body", "'x'"),
    ):
        with pytest.raises(FaultyMapping):
            compile_response_parameter(target, source)


def test_every_fault_is_told_with_its_place() -> None:
    given = {"integration.request.header.A": "nothing", "B": "'x'", "integration.request.header.C": "'x'"}

    faults = faults_in(given, compile_request_parameter, "RequestParameters")

    assert [fault.path for fault in faults] == [
        ("RequestParameters", "integration.request.header.A"),
        ("RequestParameters", "B"),
    ]


def test_what_goes_to_a_place() -> None:
    mappings = (
        compile_request_parameter("integration.request.header.A", "'1'"),
        compile_request_parameter("integration.request.querystring.b", "'2'"),
        compile_request_parameter("integration.request.header.C", "route.request.multivalueheader.X-Kind"),
    )

    assert mapped(mappings, VALUES, "header") == [("A", "1"), ("C", "silver"), ("C", "gold")]
    assert mapped(mappings, VALUES, "querystring") == [("b", "2")]
    assert mapped(mappings, VALUES, "path") == []


@given(st.text(), st.sampled_from(["route.request.body", "context.", "stageVariables.", "route.request.header.", ""]))
def test_any_text_is_a_parameter_or_a_fault(text: str, prefix: str) -> None:
    try:
        mapping = compile_request_parameter("integration.request.header.X", prefix + text)
    except FaultyMapping:
        return
    assert all(isinstance(value, str) for value in mapping.values(VALUES))
    assert all(isinstance(value, str) for value in mapping.values(SelectionValues(MISSING)))
