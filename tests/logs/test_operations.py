"""
The operations of CloudWatch Logs.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from typing import Any

import botocore.session
import pytest

from pizzabar.errors import ServiceError
from pizzabar.logs.groups import LogGroups
from pizzabar.logs.operations import OPERATIONS
from pizzabar.logs.parameters import CONSTRAINTS
from tests.logs.rooms import NOON, NOON_MS, log_groups

PIZZA = {"logGroupName": "pizza"}
OVEN = {**PIZZA, "logStreamName": "oven"}
NO_GROUP = "ResourceNotFoundException: The specified log group does not exist."
NO_STREAM = "ResourceNotFoundException: The specified log stream does not exist."
DAY = 86_400_000


async def ask(groups: LogGroups, operation: str, **parameters: Any) -> Any:
    return await OPERATIONS[operation](groups, parameters)


async def refusal(groups: LogGroups, operation: str, **parameters: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        await ask(groups, operation, **parameters)
    return str(caught.value)


async def make_oven(groups: LogGroups, *messages: str) -> None:
    await ask(groups, "CreateLogGroup", **PIZZA)
    await ask(groups, "CreateLogStream", **OVEN)
    if messages:
        events = [{"timestamp": NOON_MS + place, "message": message} for place, message in enumerate(messages)]
        await ask(groups, "PutLogEvents", **OVEN, logEvents=events)


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


async def test_events_are_put_and_got() -> None:
    async with log_groups() as groups:
        await make_oven(groups)

        put = await ask(groups, "PutLogEvents", **OVEN, logEvents=[{"timestamp": NOON_MS - 5, "message": "hot"}])
        got = await ask(groups, "GetLogEvents", **OVEN)

        assert "rejectedLogEventsInfo" not in put
        assert got["events"] == [{"timestamp": NOON_MS - 5, "message": "hot", "ingestionTime": NOON_MS}]


async def test_a_stream_is_read_from_its_end_and_on_to_what_is_new() -> None:
    async with log_groups() as groups:
        await make_oven(groups, "1", "2", "3", "4", "5")

        last = await ask(groups, "GetLogEvents", **OVEN, limit=2)
        earlier = await ask(groups, "GetLogEvents", **OVEN, limit=2, nextToken=last["nextBackwardToken"])
        first = await ask(groups, "GetLogEvents", **OVEN, limit=2, nextToken=earlier["nextBackwardToken"])
        none = await ask(groups, "GetLogEvents", **OVEN, nextToken=first["nextBackwardToken"])
        again = await ask(groups, "GetLogEvents", **OVEN, nextToken=none["nextForwardToken"])
        end = await ask(groups, "GetLogEvents", **OVEN, nextToken=again["nextForwardToken"])
        groups.append("pizza", "oven", ["6"], NOON.replace(second=1))
        more = await ask(groups, "GetLogEvents", **OVEN, nextToken=end["nextForwardToken"])

        assert [texts(page) for page in (last, earlier, first, none)] == [["4", "5"], ["2", "3"], ["1"], []]
        assert texts(again) == ["1", "2", "3", "4", "5"]
        assert end["nextForwardToken"] == again["nextForwardToken"]
        assert texts(more) == ["6"]


async def test_a_stream_is_read_from_its_head() -> None:
    async with log_groups() as groups:
        await make_oven(groups, "1", "2", "3")

        first = await ask(groups, "GetLogEvents", **OVEN, limit=2, startFromHead=True)
        rest = await ask(groups, "GetLogEvents", **OVEN, limit=2, nextToken=first["nextForwardToken"])

        assert (texts(first), texts(rest)) == (["1", "2"], ["3"])


async def test_the_end_is_part_of_a_filter_and_not_of_a_stream() -> None:
    async with log_groups() as groups:
        await make_oven(groups, "1", "2", "3")
        times = {"startTime": NOON_MS + 1, "endTime": NOON_MS + 2}

        assert texts(await ask(groups, "GetLogEvents", **OVEN, **times)) == ["2"]
        assert texts(await ask(groups, "FilterLogEvents", **PIZZA, **times)) == ["2", "3"]
        latest = {"startTime": NOON_MS + 1, "endTime": (1 << 63) - 1}
        assert texts(await ask(groups, "FilterLogEvents", **PIZZA, **latest)) == ["2", "3"]
        assert texts(await ask(groups, "GetLogEvents", **OVEN, **latest)) == ["2", "3"]


async def test_an_answer_holds_a_megabyte() -> None:
    async with log_groups() as groups:
        await make_oven(groups)
        for letter in "abc":
            event = {"timestamp": NOON_MS, "message": letter * 500_000}
            await ask(groups, "PutLogEvents", **OVEN, logEvents=[event])

        assert len(texts(await ask(groups, "GetLogEvents", **OVEN))) == 2


async def test_the_streams_of_a_group_are_filtered() -> None:
    async with log_groups() as groups:
        for stream in ("oven-1", "oven-2", "door"):
            groups.append("pizza", stream, [stream], NOON)

        assert texts(await ask(groups, "FilterLogEvents", **PIZZA, logStreamNamePrefix="oven")) == [
            "oven-1",
            "oven-2",
        ]
        assert texts(await ask(groups, "FilterLogEvents", **PIZZA, logStreamNames=["door"])) == ["door"]
        assert texts(await ask(groups, "FilterLogEvents", **PIZZA, filterPattern="oven -2")) == ["oven-1"]
        first = await ask(groups, "FilterLogEvents", logGroupIdentifier=groups.arn("pizza"), limit=2)
        rest = await ask(groups, "FilterLogEvents", **PIZZA, nextToken=first["nextToken"])
        assert texts(rest) == ["door"]
        assert "nextToken" not in rest
        assert first["events"][0]["logStreamName"] == "oven-1"
        assert len({event["eventId"] for event in first["events"] + rest["events"]}) == 3
        assert await refusal(groups, "FilterLogEvents", **PIZZA, logStreamNames=["window"]) == NO_STREAM


async def test_groups_are_described_by_name() -> None:
    async with log_groups() as groups:
        for name in ("pizza", "pasta", "salad"):
            await ask(groups, "CreateLogGroup", logGroupName=name)

        first = await ask(groups, "DescribeLogGroups", limit=2)
        rest = await ask(groups, "DescribeLogGroups", nextToken=first["nextToken"])
        found = await ask(groups, "DescribeLogGroups", logGroupNamePrefix="pi")

        assert [group["logGroupName"] for group in first["logGroups"] + rest["logGroups"]] == [
            "pasta",
            "pizza",
            "salad",
        ]
        assert "nextToken" not in rest
        assert found["logGroups"] == [
            {
                "logGroupName": "pizza",
                "creationTime": NOON_MS,
                "metricFilterCount": 0,
                "arn": "arn:aws:logs:us-east-1:123456789012:log-group:pizza:*",
                "storedBytes": 0,
                "logGroupClass": "STANDARD",
                "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:pizza",
            }
        ]


async def test_streams_are_described_by_name_or_by_time() -> None:
    async with log_groups() as groups:
        for place, stream in enumerate("cab"):
            groups.append("pizza", stream, ["x"], NOON.replace(second=place))

        async def names(**parameters: Any) -> list[str]:
            answer = await ask(groups, "DescribeLogStreams", **PIZZA, **parameters)
            return [stream["logStreamName"] for stream in answer["logStreams"]]

        assert await names() == ["a", "b", "c"]
        assert await names(descending=True, orderBy="LastEventTime") == ["b", "a", "c"]
        assert await names(limit=1, nextToken="a") == ["b"]
        (stream,) = (await ask(groups, "DescribeLogStreams", **PIZZA, logStreamNamePrefix="c"))["logStreams"]
        assert stream["arn"] == "arn:aws:logs:us-east-1:123456789012:log-group:pizza:log-stream:c"
        assert (stream["firstEventTimestamp"], stream["lastIngestionTime"]) == (NOON_MS, NOON_MS)


async def test_events_out_of_time_are_rejected_and_the_others_kept() -> None:
    async with log_groups() as groups:
        await make_oven(groups)
        too_old, in_time, too_new = NOON_MS - 14 * DAY - 1, NOON_MS - 14 * DAY, NOON_MS + DAY // 12 + 1

        old = await ask(
            groups,
            "PutLogEvents",
            **OVEN,
            logEvents=[{"timestamp": too_old, "message": "old"}, {"timestamp": in_time, "message": "kept"}],
        )
        new = await ask(groups, "PutLogEvents", **OVEN, logEvents=[{"timestamp": too_new, "message": "new"}])

        assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
        assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
        assert texts(await ask(groups, "GetLogEvents", **OVEN)) == ["kept"]


async def test_a_deleted_group_is_gone() -> None:
    async with log_groups() as groups:
        await make_oven(groups, "hot")

        await ask(groups, "DeleteLogGroup", **PIZZA)

        assert await refusal(groups, "GetLogEvents", **OVEN) == NO_GROUP
        await make_oven(groups)
        assert texts(await ask(groups, "GetLogEvents", **OVEN)) == []


def event(timestamp: Any, message: Any) -> dict[str, Any]:
    return {"timestamp": timestamp, "message": message}


@pytest.mark.parametrize(
    ("operation", "parameters", "error"),
    [
        ("CreateLogGroup", PIZZA, "ResourceAlreadyExistsException: The specified log group already exists"),
        (
            "CreateLogGroup",
            {**PIZZA, "logGroupClass": "STANDARD"},
            "ResourceAlreadyExistsException: The specified log group already exists",
        ),
        (
            "CreateLogGroup",
            {"logGroupName": "x", "logGroupClass": "DELIVERY"},
            "InvalidParameterException: logGroupClass DELIVERY is not supported",
        ),
        (
            "GetLogEvents",
            {**OVEN, "startTime": 1 << 63},
            "SerializationException: startTime must be a Long",
        ),
        ("CreateLogStream", OVEN, "ResourceAlreadyExistsException: The specified log stream already exists"),
        ("CreateLogStream", {"logGroupName": "x", "logStreamName": "y"}, NO_GROUP),
        ("DeleteLogGroup", {"logGroupName": "x"}, NO_GROUP),
        ("DescribeLogStreams", {"logGroupName": "x"}, NO_GROUP),
        ("GetLogEvents", {"logGroupName": "x", "logStreamName": "y"}, NO_GROUP),
        ("GetLogEvents", {**PIZZA, "logStreamName": "y"}, NO_STREAM),
        ("FilterLogEvents", {"logGroupName": "x"}, NO_GROUP),
        ("PutLogEvents", {**PIZZA, "logStreamName": "y", "logEvents": [event(1, "x")]}, NO_STREAM),
        (
            "CreateLogGroup",
            {},
            "InvalidParameterException: 1 validation error detected: Value null at 'logGroupName' failed to satisfy"
            " constraint: Member must not be null",
        ),
        (
            "CreateLogStream",
            {"logGroupName": "a b", "logStreamName": ""},
            "InvalidParameterException: 2 validation errors detected: Value 'a b' at 'logGroupName' failed to satisfy"
            r" constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+; Value '' at"
            " 'logStreamName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "GetLogEvents",
            {**OVEN, "limit": 10_001},
            "InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy"
            " constraint: Member must have value less than or equal to 10000",
        ),
        (
            "PutLogEvents",
            {**OVEN, "logEvents": [event(1, "")]},
            "InvalidParameterException: 1 validation error detected: Value '' at 'logEvents.1.member.message' failed"
            " to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "PutLogEvents",
            {**OVEN, "logEvents": [event(NOON_MS, "x"), event(NOON_MS - 1, "y")]},
            "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            "PutLogEvents",
            {**OVEN, "logEvents": [event(NOON_MS - DAY - 1, "x"), event(NOON_MS, "y")]},
            "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more"
            " than 24 hours.",
        ),
        (
            "PutLogEvents",
            {**OVEN, "logEvents": [event(NOON_MS, "x" * 1_048_551)]},
            "InvalidParameterException: Upload too large: 1048577 bytes exceeds limit of 1048576",
        ),
        (
            "DescribeLogStreams",
            {**PIZZA, "logStreamNamePrefix": "x", "orderBy": "LastEventTime"},
            "InvalidParameterException: Cannot order by LastEventTime with a logStreamNamePrefix.",
        ),
        (
            "GetLogEvents",
            {**OVEN, "nextToken": "x"},
            "InvalidParameterException: The specified nextToken is invalid.",
        ),
        (
            "FilterLogEvents",
            {**PIZZA, "filterPattern": "{ $.level"},
            "InvalidParameterException: Invalid filter pattern",
        ),
        ("CreateLogGroup", {**PIZZA, "kmsKeyId": "k"}, "InvalidParameterException: kmsKeyId is not supported"),
        ("CreateLogGroup", {"logGroupName": 1}, "SerializationException: logGroupName must be a String"),
        (
            "CreateLogGroup",
            {"logGroupName": "aws/lambda/x"},
            "InvalidParameterException: Log groups starting with AWS/ are reserved for AWS.",
        ),
        (
            "FilterLogEvents",
            {"logGroupName": "pizza", "logStreamNames": [{}]},
            "SerializationException: Unexpected field type",
        ),
    ],
)
async def test_an_operation_is_refused(operation: str, parameters: dict[str, Any], error: str) -> None:
    async with log_groups() as groups:
        await make_oven(groups)

        assert await refusal(groups, operation, **parameters) == error


def test_constraints_are_those_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("logs")
    for operation in OPERATIONS:
        for name, shape in model.operation_model(operation).input_shape.members.items():
            if name in CONSTRAINTS:
                constraint = CONSTRAINTS[name]
                metadata = shape.metadata
                assert (constraint.least, constraint.most) == (metadata.get("min"), metadata.get("max")), name
                assert (constraint.pattern, constraint.choices) == (
                    metadata.get("pattern"),
                    tuple(metadata.get("enum", ())),
                ), name
