"""
The operations of EventBridge Scheduler.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

import botocore.session
import pytest

from pizzabar.documents import JSON
from pizzabar.scheduler.operations import OPERATIONS
from tests.scheduler.service import FUNCTION, OFF, ROLE, TICK, schedule, scheduler

GROUPS = "arn:aws:scheduler:us-east-1:123456789012:schedule-group"
NOON = 1772366400.0
RATE = "rate(1 hour)"


def test_it_has_every_operation_of_the_model() -> None:
    model = botocore.session.get_session().get_service_model("scheduler")

    assert set(OPERATIONS) == set(model.operation_names)


async def test_a_schedule_is_made_read_changed_and_deleted() -> None:
    async with scheduler() as ask:
        assert await ask("CreateSchedule", **schedule(RATE)) == {"ScheduleArn": TICK}
        target = {
            "Arn": FUNCTION,
            "RoleArn": ROLE,
            "Input": '"<aws.scheduler.scheduled-time>"',
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        }
        told = {
            "Arn": TICK,
            "Name": "tick",
            "GroupName": "default",
            "ScheduleExpression": RATE,
            "ScheduleExpressionTimezone": "UTC",
            "State": "ENABLED",
            "FlexibleTimeWindow": OFF,
            "ActionAfterCompletion": "NONE",
            "Target": target,
            "CreationDate": NOON,
            "LastModificationDate": NOON,
        }
        assert await ask("GetSchedule", Name="tick") == told

        await ask.pass_time(seconds=30)
        more: JSON = {"Description": "d", "State": "DISABLED", "EndDate": NOON + 7200, "KmsKeyArn": KEY}
        assert await ask("UpdateSchedule", **schedule(RATE, **more)) == {"ScheduleArn": TICK}
        assert await ask("GetSchedule", Name="tick") == told | more | {"LastModificationDate": NOON + 30}

        # What is not given again is as if it had never been.
        await ask("UpdateSchedule", **schedule(RATE))
        assert await ask("GetSchedule", Name="tick") == told | {"LastModificationDate": NOON + 30}

        assert await ask("DeleteSchedule", Name="tick") == {}
        gone = "ResourceNotFoundException: Schedule tick does not exist."
        assert await ask.fails("GetSchedule", Name="tick") == gone
        assert await ask.fails("DeleteSchedule", Name="tick") == gone
        assert await ask.fails("UpdateSchedule", **schedule(RATE)) == gone


KEY = "arn:aws:kms:us-east-1:123456789012:key/a"


async def test_schedules_are_listed() -> None:
    async with scheduler() as ask:
        await ask("CreateScheduleGroup", Name="kitchen")
        for name in ("a1", "a2", "b1"):
            await ask.create(RATE, name)
        await ask.create(RATE, "a3", GroupName="kitchen", State="DISABLED")

        async def names(**asked: JSON) -> list[str]:
            return [each["Name"] for each in (await ask("ListSchedules", **asked))["Schedules"]]

        assert await names() == ["a1", "a2", "b1", "a3"]
        assert await names(GroupName="kitchen") == ["a3"]
        assert await names(NamePrefix="a") == ["a1", "a2", "a3"]
        assert await names(State="ENABLED", NamePrefix="a") == ["a1", "a2"]
        [kitchen] = (await ask("ListSchedules", GroupName="kitchen"))["Schedules"]
        assert kitchen == {
            "Arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/kitchen/a3",
            "Name": "a3",
            "GroupName": "kitchen",
            "State": "DISABLED",
            "Target": {"Arn": FUNCTION},
            "CreationDate": NOON,
            "LastModificationDate": NOON,
        }
        pages = await ask("ListSchedules", MaxResults=3)
        assert [each["Name"] for each in pages["Schedules"]] == ["a1", "a2", "b1"]
        rest = await ask("ListSchedules", MaxResults="3", NextToken=pages["NextToken"])
        assert [each["Name"] for each in rest["Schedules"]] == ["a3"]
        assert "NextToken" not in rest
        assert await ask.fails("ListSchedules", NextToken="é") == "ValidationException: Invalid NextToken provided."
        for most in ("x", "9" * 25):
            assert await ask.fails("ListSchedules", MaxResults=most) == (
                f"ValidationException: MaxResults is not a number: {most}"
            )
        assert await ask.fails("ListSchedules", GroupName="bar") == (
            "ResourceNotFoundException: Schedule group bar does not exist."
        )


async def test_groups() -> None:
    async with scheduler() as ask:
        made = await ask("CreateScheduleGroup", Name="kitchen", Tags=[{"Key": "a", "Value": "b"}])
        arn = f"{GROUPS}/kitchen"
        assert made == {"ScheduleGroupArn": arn}
        kitchen = {
            "Arn": arn,
            "Name": "kitchen",
            "State": "ACTIVE",
            "CreationDate": NOON,
            "LastModificationDate": NOON,
        }
        assert await ask("GetScheduleGroup", Name="kitchen") == kitchen
        default = kitchen | {"Arn": f"{GROUPS}/default", "Name": "default"}
        assert await ask("ListScheduleGroups") == {"ScheduleGroups": [default, kitchen]}
        assert await ask("ListScheduleGroups", NamePrefix="k") == {"ScheduleGroups": [kitchen]}
        assert await ask.fails("CreateScheduleGroup", Name="kitchen") == (
            "ConflictException: Schedule group kitchen already exists."
        )

        # The same name in another group is another schedule.
        await ask.create(RATE)
        await ask.create(RATE, GroupName="kitchen")
        await ask("DeleteScheduleGroup", Name="kitchen")
        assert [each.group for each in ask.schedules] == ["default"]
        gone = "ResourceNotFoundException: Schedule group kitchen does not exist."
        assert await ask.fails("GetScheduleGroup", Name="kitchen") == gone
        assert await ask.fails("DeleteScheduleGroup", Name="kitchen") == gone
        assert await ask.fails("CreateSchedule", **schedule(RATE, GroupName="kitchen")) == gone
        assert await ask.fails("UpdateSchedule", **schedule(RATE, GroupName="kitchen")) == gone
        assert await ask.fails("DeleteScheduleGroup", Name="default") == (
            "ValidationException: The default schedule group cannot be deleted."
        )


async def test_tags_of_groups() -> None:
    async with scheduler() as ask:
        arn = (await ask("CreateScheduleGroup", Name="kitchen"))["ScheduleGroupArn"]
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        assert await ask("TagResource", ResourceArn=arn, Tags=tags) == {}
        assert await ask("TagResource", ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}]) == {}
        assert await ask("UntagResource", ResourceArn=arn, TagKeys=["b", "c"]) == {}
        assert await ask("ListTagsForResource", ResourceArn=arn) == {"Tags": [{"Key": "a", "Value": "3"}]}

        many = [{"Key": str(number), "Value": "v"} for number in range(50)]
        assert (
            await ask.fails("TagResource", ResourceArn=arn, Tags=many)
            == "ValidationException: A resource has at most 50 tags."
        )
        # Schedules themselves have none.
        refused = await ask.fails("ListTagsForResource", ResourceArn=TICK)
        assert "failed to satisfy constraint: Member must satisfy regular expression pattern" in refused
        assert await ask.fails("TagResource", ResourceArn=f"{GROUPS}/bar", Tags=[]) == (
            "ResourceNotFoundException: Schedule group bar does not exist."
        )


async def test_a_client_token_makes_a_request_that_is_repeated_the_same() -> None:
    async with scheduler() as ask:
        asked = schedule(RATE, ClientToken="t")
        assert await ask("CreateSchedule", **asked) == await ask("CreateSchedule", **asked)
        exists = "ConflictException: Schedule tick already exists."
        assert await ask.fails("CreateSchedule", **schedule(RATE, ClientToken="u")) == exists
        assert await ask.fails("CreateSchedule", **schedule(RATE)) == exists
        assert await ask.fails("CreateSchedule", **schedule("rate(2 hours)", ClientToken="t")) == exists

        await ask.pass_time(seconds=5)
        changed = schedule("rate(2 hours)", ClientToken="v")
        await ask("UpdateSchedule", **changed)
        await ask.pass_time(seconds=5)
        await ask("UpdateSchedule", **changed)
        assert (await ask("GetSchedule", Name="tick"))["LastModificationDate"] == NOON + 5

        await ask("DeleteSchedule", Name="tick", ClientToken="w")
        await ask("DeleteSchedule", Name="tick", ClientToken="w")
        assert await ask.fails("DeleteSchedule", Name="tick", ClientToken="x") == (
            "ResourceNotFoundException: Schedule tick does not exist."
        )

        group = {"Name": "kitchen", "ClientToken": "y"}
        assert await ask("CreateScheduleGroup", **group) == await ask("CreateScheduleGroup", **group)
        await ask("DeleteScheduleGroup", Name="kitchen", ClientToken="z")
        await ask("DeleteScheduleGroup", Name="kitchen", ClientToken="z")
        # It is not known for ever.
        await ask.pass_time(hours=9)
        await ask("CreateScheduleGroup", Name="bar")
        await ask("DeleteScheduleGroup", Name="bar", ClientToken="1")
        assert (await ask.fails("DeleteScheduleGroup", Name="kitchen", ClientToken="z")).startswith(
            "ResourceNotFoundException"
        )


@pytest.mark.parametrize(
    "expression",
    [
        # As AWS was seen to refuse.
        *("cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron(0 dummy ? * MON-FRI *)"),
        *("cron(71 8 1 * ? *)", "cron()", "rate(10 seconds)", "rate(10 years)", "rate()", "rate(10)"),
        *("rate(10 minutess)", "rate(foo minutes)", "rate(-10 minutes)", "rate( 10 minutes )", " rate(10 minutes)"),
        *("at(2021-12-31T23:59:59Z)", "at(2021-12-31)", "at(2026-09-08T03:54:26.439)"),
        # After these.
        *("rate(0 minutes)", "at(2026-02-30T00:00:00)", "at(2026-03-01T24:00:01)", "every minute"),
        *("at(9999-12-31T23:59:59)", "cron(0 0 ? * 3#1,6#3 *)"),
    ],
)
async def test_what_no_expression_is(expression: str) -> None:
    async with scheduler() as ask:
        zone = "America/Los_Angeles"
        refused = await ask.fails("CreateSchedule", **schedule(expression, ScheduleExpressionTimezone=zone))

        assert refused == f"ValidationException: Invalid Schedule Expression {expression}."


@pytest.mark.parametrize("expression", ["rate(1 minutes)", "rate(5 minute)", "rate(1 days)", "cron(0 12 * * ?)"])
async def test_what_is_one_all_the_same(expression: str) -> None:
    """Rules of EventBridge are stricter; the user guide of Scheduler writes ``rate(1 days)``."""
    async with scheduler() as ask:
        await ask.create(expression)


def broken(name: str, value: str, constraint: str) -> str:
    return f"1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: {constraint}"


PATTERN = "Member must satisfy regular expression pattern: "


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"Name": "a b"}, broken("name", "'a b'", f"{PATTERN}[0-9a-zA-Z-_.]+")),
        ({"Name": "n" * 65}, broken("name", f"'{'n' * 65}'", "Member must have length less than or equal to 64")),
        ({"State": "ON"}, broken("state", "'ON'", "Member must satisfy enum value set: [ENABLED, DISABLED]")),
        ({"FlexibleTimeWindow": None}, broken("flexibleTimeWindow", "null", "Member must not be null")),
        (
            {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}},
            broken(
                "flexibleTimeWindow.maximumWindowInMinutes",
                "'1441'",
                "Member must have value less than or equal to 1440",
            ),
        ),
        (
            {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
            "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE.",
        ),
        (
            {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
            "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF.",
        ),
        (
            {"Target": {"Arn": FUNCTION}},
            broken("target.roleArn", "null", "Member must not be null"),
        ),
        (
            {"Target": {"Arn": FUNCTION, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": f"{FUNCTION}"}}},
            broken(
                "target.deadLetterConfig.arn",
                f"'{FUNCTION}'",
                PATTERN + r"arn:aws[a-z-]*:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+",
            ),
        ),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid Schedule Expression Timezone Mars/Olympus."),
        ({"ScheduleExpressionTimezone": "localtime"}, "Invalid Schedule Expression Timezone localtime."),
        ({"ScheduleExpressionTimezone": "../etc"}, "Invalid Schedule Expression Timezone ../etc."),
        ({"StartDate": NOON + 10, "EndDate": NOON + 10}, "The StartDate you specify must come before the EndDate."),
        ({"StartDate": NOON - 301}, "The StartDate you specify cannot be earlier than 5 minutes ago."),
        ({"StartDate": "soon"}, "StartDate is not a date."),
        ({"StartDate": "9999-12-31T23:59:59-12:00"}, "StartDate is not a date."),
        ({"EndDate": "9999-12-31T23:59:59-12:00"}, "EndDate is not a date."),
        ({"EndDate": 1e300}, "EndDate is not a date."),
        ({"EndDate": True}, "EndDate is not a date."),
    ],
)
async def test_what_is_refused(more: JSON, fault: str) -> None:
    async with scheduler() as ask:
        asked = {**schedule(RATE), **more}

        assert await ask.fails("CreateSchedule", **asked) == f"ValidationException: {fault}"


async def test_all_that_is_wrong_is_told() -> None:
    async with scheduler() as ask:
        refused = await ask.fails("CreateSchedule", Name="a b")

        assert refused.startswith("ValidationException: 4 validation errors detected: Value null at")


async def test_a_start_that_has_passed_since_stays() -> None:
    """Whether AWS lets it be changed with the schedule is not documented; here what was right stays right."""
    async with scheduler() as ask:
        await ask.create(RATE, StartDate=NOON)
        await ask.pass_time(hours=5)

        await ask("UpdateSchedule", **schedule(RATE, StartDate=NOON, Description="d"))
        await ask("UpdateSchedule", **schedule("at(2026-03-01T20:00:00)", StartDate=NOON - 9999))
