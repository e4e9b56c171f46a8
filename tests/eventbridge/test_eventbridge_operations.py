"""
The operations of EventBridge.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

import botocore.session
import pytest

from pizzabar.documents import JSON
from pizzabar.eventbridge.operations import OPERATIONS
from tests.eventbridge.service import FUNCTION, eventbridge, order

PATTERN = '{"source": ["pizza"]}'
BUS = "arn:aws:events:us-east-1:123456789012:event-bus"
RULE = "arn:aws:events:us-east-1:123456789012:rule"


def test_the_operations_have_boto3s_names() -> None:
    model = botocore.session.get_session().get_service_model("events")

    assert set(OPERATIONS) <= set(model.operation_names)


async def test_an_entry_fails_alone() -> None:
    """Recorded on AWS."""
    async with eventbridge() as ask:
        await ask.rule("Tell", InputPath="$.detail.number")
        entries = [
            order('{"number":0}'),
            order(""),
            order("[]"),
            order(Source="aws.pizza"),
            {"Detail": "{}"},
            order('{"number":5}'),
        ]

        answer = await ask("PutEvents", Entries=entries)
        await ask.world.settled()

        first, *failed, last = answer["Entries"]
        assert answer["FailedEntryCount"] == 4
        assert (list(first), list(last)) == (["EventId"], ["EventId"])
        assert failed == [
            {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": "Parameter Detail is not valid. Reason: Detail is a required argument.",
            },
            {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
            {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": "Not authorized for the source.",
            },
            {
                "ErrorCode": "InvalidArgument",
                "ErrorMessage": "Parameter Source is not valid. Reason: Source is a required argument.",
            },
        ]
        assert sorted(ask.payloads) == ["0", "5"]


@pytest.mark.parametrize(
    ("count", "constraint"),
    [(0, "greater than or equal to 1"), (11, "less than or equal to 10")],
)
async def test_one_to_ten_entries_go_into_a_request(count: int, constraint: str) -> None:
    async with eventbridge() as ask:
        error = await ask.fails("PutEvents", Entries=[order()] * count)

        assert error.startswith("ValidationException: 1 validation error detected: Value '[")
        assert error.endswith(f"' at 'entries' failed to satisfy constraint: Member must have length {constraint}")


async def test_a_request_may_hold_a_megabyte() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html"""
    async with eventbridge() as ask:
        await ask.rule("Tell")
        rest = len("pizza" + "Order" + '{"a":""}')
        half = '{"a":"%s"}' % ("x" * ((1 << 19) - rest))

        assert (await ask("PutEvents", Entries=[order(half), order(half)]))["FailedEntryCount"] == 0
        error = await ask.fails("PutEvents", Entries=[order(half), order(half, Resources=["x"])])

        assert error == "ValidationException: Total size of the entries in the request is over the limit."
        await ask.world.settled()
        assert len(ask.invoked) == 2


async def test_a_request_of_another_type_is_refused() -> None:
    async with eventbridge() as ask:
        assert (await ask.fails("PutEvents", Entries=[order(), {"Source": 5}])).startswith("SerializationException: ")


async def test_buses_are_made_read_and_listed() -> None:
    async with eventbridge() as ask:
        made = await ask("CreateEventBus", Name="orders", Description="d")
        assert made == {"EventBusArn": f"{BUS}/orders", "Description": "d"}

        noon = ask.world.clock.now().timestamp()
        times = {"CreationTime": noon, "LastModifiedTime": noon}
        default = {"Name": "default", "Arn": f"{BUS}/default", **times}
        orders = {"Name": "orders", "Arn": f"{BUS}/orders", "Description": "d", **times}
        assert await ask("DescribeEventBus") == default
        assert await ask("DescribeEventBus", Name="orders") == orders
        assert await ask("DescribeEventBus", Name=f"{BUS}/orders") == orders
        assert await ask("ListEventBuses") == {"EventBuses": [default, orders]}
        assert await ask("ListEventBuses", NamePrefix="ord") == {"EventBuses": [orders]}


async def test_a_bus_is_changed() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="orders", Description="d")
        await ask.world.advance(minutes=1)

        changed = await ask("UpdateEventBus", Name="orders", Description="other")

        assert changed == {"Name": "orders", "Arn": f"{BUS}/orders", "Description": "other"}
        described = await ask("DescribeEventBus", Name="orders")
        assert described["Description"] == "other"
        assert described["LastModifiedTime"] - described["CreationTime"] == 60


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("CreateEventBus", {"Name": "a", "EventSourceName": "aws.partner/a/b"}, "EventSourceName is not supported"),
        ("CreateEventBus", {"Name": "a", "DeadLetterConfig": {}}, "DeadLetterConfig is not supported"),
        ("CreateEventBus", {"Name": "a/b"}, "Event bus name a/b is not valid: it contains /"),
        ("UpdateEventBus", {"DeadLetterConfig": {}}, "DeadLetterConfig is not supported"),
        ("PutEvents", {"Entries": [order()], "EndpointId": "a.b"}, "EndpointId is not supported"),
        (
            "PutRule",
            {"Name": "a b", "State": "OFF", "EventPattern": PATTERN},
            "2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy"
            r" regular expression pattern: [\.\-_A-Za-z0-9]+; Value 'OFF' at 'state' failed to satisfy constraint:"
            " Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]",
        ),
        (
            "PutEvents",
            {"Entries": [order()] * 11},
            "1 validation error detected: Value '[PutEventsRequestEntry(time=null, source=pizza, resources=null,"
            " detailType=Order, detail={}, eventBusName=null, traceHeader=null, kmsKeyIdentifier=null,"
            " internalMetadata=null), ",
        ),
    ],
)
async def test_what_cannot_be_is_refused(operation: str, parameters: JSON, message: str) -> None:
    """The form of the last one recorded on AWS."""
    async with eventbridge() as ask:
        assert (await ask.fails(operation, **parameters)).startswith(f"ValidationException: {message}")


async def test_what_is_wrong_with_a_bus() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="orders")

        taken = await ask.fails("CreateEventBus", Name="orders")
        missing = await ask.fails("DescribeEventBus", Name="nowhere")

        assert taken == "ResourceAlreadyExistsException: Event bus orders already exists."
        assert missing == "ResourceNotFoundException: Event bus nowhere does not exist."


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("PutRule", {"Name": "r", "EventPattern": PATTERN}),
        ("DescribeRule", {"Name": "r"}),
        ("ListRules", {}),
        ("PutTargets", {"Rule": "r", "Targets": [{"Id": "t", "Arn": FUNCTION}]}),
        ("ListTargetsByRule", {"Rule": "r"}),
    ],
)
async def test_other_operations_miss_a_bus_that_is_not_there(operation: str, parameters: JSON) -> None:
    async with eventbridge() as ask:
        error = await ask.fails(operation, EventBusName="nowhere", **parameters)

        assert error == "ResourceNotFoundException: Event bus nowhere does not exist."


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("DescribeRule", {"Name": "r"}),
        ("PutTargets", {"Rule": "r", "Targets": [{"Id": "t", "Arn": FUNCTION}]}),
        ("ListTargetsByRule", {"Rule": "r"}),
    ],
)
async def test_a_rule_that_is_not_there(operation: str, parameters: JSON) -> None:
    async with eventbridge() as ask:
        error = await ask.fails(operation, **parameters)

        assert error == "ResourceNotFoundException: Rule r does not exist on EventBus default."


async def test_rules_are_made_read_and_listed() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="orders")
        made = await ask("PutRule", Name="Tell", EventPattern=PATTERN, Description="d", State="DISABLED")
        on_bus = await ask("PutRule", Name="Tell", EventPattern=PATTERN, EventBusName="orders")

        assert made == {"RuleArn": f"{RULE}/Tell"}
        assert on_bus == {"RuleArn": f"{RULE}/orders/Tell"}
        rule = {
            "Name": "Tell",
            "Arn": f"{RULE}/Tell",
            "EventPattern": PATTERN,
            "State": "DISABLED",
            "EventBusName": "default",
            "Description": "d",
        }
        assert await ask("DescribeRule", Name="Tell") == rule | {"CreatedBy": "123456789012"}
        assert await ask("ListRules") == {"Rules": [rule]}
        assert await ask("ListRules", NamePrefix="x") == {"Rules": []}
        [other] = (await ask("ListRules", EventBusName="orders"))["Rules"]
        assert (other["State"], other["EventBusName"]) == ("ENABLED", "orders")


async def test_a_rule_that_is_put_again_is_reset() -> None:
    async with eventbridge() as ask:
        await ask("PutRule", Name="Tell", EventPattern=PATTERN, Description="d", State="DISABLED")

        await ask("PutRule", Name="Tell", EventPattern='{"source":["pasta"]}')

        rule = await ask("DescribeRule", Name="Tell")
        assert rule["State"] == "ENABLED"
        assert rule["EventPattern"] == '{"source":["pasta"]}'
        assert "Description" not in rule


async def test_what_is_wrong_with_a_rule() -> None:
    async with eventbridge() as ask:
        nothing = await ask.fails("PutRule", Name="Tell")
        schedule = await ask.fails("PutRule", Name="Tell", ScheduleExpression="every minute")
        faulty = await ask.fails("PutRule", Name="Tell", EventPattern='{"source": "pizza"}')

        assert nothing == ("ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.")
        assert schedule == "ValidationException: Parameter ScheduleExpression is not valid."
        assert faulty.startswith("InvalidEventPatternException: Event pattern is not valid. Reason: ")
        assert await ask("ListRules") == {"Rules": []}


@pytest.mark.parametrize(
    ("operation", "constraints"),
    [
        ("CreateEventBus", ["name"]),
        ("PutRule", ["name"]),
        ("DescribeRule", ["name"]),
        ("ListTargetsByRule", ["rule"]),
        ("PutTargets", ["rule", "targets"]),
    ],
)
async def test_what_is_missing_from_a_request(operation: str, constraints: list[str]) -> None:
    async with eventbridge() as ask:
        error = await ask.fails(operation)

        count = "1 validation error" if len(constraints) == 1 else f"{len(constraints)} validation errors"
        told = "; ".join(
            f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in constraints
        )
        assert error == f"ValidationException: {count} detected: {told}"


async def test_targets_are_put_and_listed() -> None:
    async with eventbridge() as ask:
        await ask("PutRule", Name="Tell", EventPattern=PATTERN)
        first, second = {"Id": "a", "Arn": FUNCTION}, {"Id": "b", "Arn": FUNCTION, "Input": "{}"}

        assert await ask("PutTargets", Rule="Tell", Targets=[first]) == {"FailedEntryCount": 0, "FailedEntries": []}
        await ask("PutTargets", Rule="Tell", Targets=[second])

        assert await ask("ListTargetsByRule", Rule="Tell") == {"Targets": [first, second]}


async def test_targets_are_put_all_or_none() -> None:
    """Recorded on AWS: a target that is not valid fails the request."""
    async with eventbridge() as ask:
        await ask("PutRule", Name="Tell", EventPattern=PATTERN)

        error = await ask.fails(
            "PutTargets",
            Rule="Tell",
            Targets=[{"Id": "a", "Arn": FUNCTION}, {"Id": "b", "Arn": FUNCTION, "Input": "{}", "InputPath": "$"}],
        )

        assert error == (
            "ValidationException: Only one of Input, InputPath, or InputTransformer must be provided for target b."
        )
        assert await ask("ListTargetsByRule", Rule="Tell") == {"Targets": []}


async def test_a_rule_has_at_most_five_targets() -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
    async with eventbridge() as ask:
        await ask("PutRule", Name="Tell", EventPattern=PATTERN)
        targets = [{"Id": str(number), "Arn": FUNCTION} for number in range(5)]
        await ask("PutTargets", Rule="Tell", Targets=targets)

        await ask("PutTargets", Rule="Tell", Targets=targets)
        error = await ask.fails("PutTargets", Rule="Tell", Targets=[{"Id": "5", "Arn": FUNCTION}])

        assert error == "LimitExceededException: The requested resource exceeds the maximum number allowed."
        assert await ask("ListTargetsByRule", Rule="Tell") == {"Targets": targets}


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([{"Key": "a"}], "Value null at 'tags.1.member.value' failed"),
        ([{"Key": str(number), "Value": ""} for number in range(51)], "A resource has at most 50 tags."),
        ([{"Key": "a" * 129, "Value": ""}], "at 'tags.1.member.key' failed"),
        ([{"Key": "a", "Value": "b" * 257}], "at 'tags.1.member.value' failed"),
    ],
)
async def test_nothing_is_made_whose_tags_are_refused(tags: JSON, told: str) -> None:
    async with eventbridge() as ask:
        assert told in await ask.fails("CreateEventBus", Name="kitchen", Tags=tags)
        assert told in await ask.fails("PutRule", Name="orders", EventPattern='{"source":["pizza"]}', Tags=tags)

        assert [each["Name"] for each in (await ask("ListEventBuses"))["EventBuses"]] == ["default"]
        assert (await ask("ListRules"))["Rules"] == []


@pytest.mark.parametrize("token", ["x", "-1", "\u00b2", "9" * 1_000])
async def test_a_token_is_one_that_was_given(token: str) -> None:
    async with eventbridge() as ask:
        told = await ask.fails("ListRules", NextToken=token)

        assert told == "ValidationException: Parameter NextToken is not valid."


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"Resources": ["a", "b" * 2049]}, "'entries.2.member.resources.2.member' failed to satisfy constraint"),
        ({"TraceHeader": "a" * 501}, "'entries.2.member.traceHeader' failed to satisfy constraint"),
        ({"TraceHeader": ""}, "'entries.2.member.traceHeader' failed to satisfy constraint"),
    ],
)
async def test_no_event_is_put_when_a_text_is_too_long(more: JSON, told: str) -> None:
    async with eventbridge() as ask:
        await ask.rule("pizzas")

        assert told in await ask.fails("PutEvents", Entries=[order(), order(**more)])

        await ask.world.settled()
        assert ask.invoked == []


async def test_a_message_group_of_a_target_has_at_most_a_hundred_characters() -> None:
    async with eventbridge() as ask:
        await ask("PutRule", Name="pizzas", EventPattern='{"source":["pizza"]}')
        queue = "arn:aws:sqs:us-east-1:123456789012:orders.fifo"
        target = {"Id": "t", "Arn": queue, "SqsParameters": {"MessageGroupId": "a" * 101}}

        told = await ask.fails("PutTargets", Rule="pizzas", Targets=[target])

        assert "at 'targets.1.member.sqsParameters.messageGroupId' failed" in told
