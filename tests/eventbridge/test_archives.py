"""
Archives and replays.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from pizzabar.documents import JSON
from pizzabar.errors import ServiceError
from pizzabar.faults import FaultRule, Faults
from tests.eventbridge.service import FUNCTION, ROLE, STATE_MACHINE, EventBridge, eventbridge, order
from tests.world import NOON

DEFAULT = "arn:aws:events:us-east-1:123456789012:event-bus/default"
ARCHIVE = "arn:aws:events:us-east-1:123456789012:archive/all"
RULE = "arn:aws:events:us-east-1:123456789012:rule"


async def archive(ask: EventBridge, name: str = "all", **more: JSON) -> JSON:
    return await ask("CreateArchive", ArchiveName=name, **{"EventSourceArn": DEFAULT, **more})


async def put(ask: EventBridge, *numbers: int, **more: JSON) -> None:
    """Put events with a number each, a minute apart."""
    for number in numbers:
        await ask.put(json.dumps({"number": number}), **more)
        await ask.world.advance(minutes=1)
    ask.invoked.clear()


async def replay(ask: EventBridge, name: str = "again", *, rules: list[str] | None = None, **more: JSON) -> JSON:
    """Replay what was archived since noon."""
    given = {
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": NOON.timestamp(),
        "EventEndTime": (NOON + timedelta(days=1)).timestamp(),
        "Destination": {"Arn": DEFAULT} | ({} if rules is None else {"FilterArns": rules}),
    }
    return await ask("StartReplay", **{**given, **more})


def numbers(ask: EventBridge) -> list[int]:
    return [json.loads(payload)["detail"]["number"] for payload in ask.payloads]


async def test_what_an_archive_is() -> None:
    async with eventbridge() as ask:
        made = await archive(ask, Description="d", EventPattern='{"source":["pizza"]}', RetentionDays=2)

        assert made == {"ArchiveArn": ARCHIVE, "State": "ENABLED", "CreationTime": NOON.timestamp()}
        listed = {
            "ArchiveName": "all",
            "EventSourceArn": DEFAULT,
            "State": "ENABLED",
            "RetentionDays": 2,
            "SizeBytes": 0,
            "EventCount": 0,
            "CreationTime": NOON.timestamp(),
        }
        assert await ask("ListArchives") == {"Archives": [listed]}
        of_itself = {"ArchiveArn": ARCHIVE, "Description": "d", "EventPattern": '{"source":["pizza"]}'}
        assert await ask("DescribeArchive", ArchiveName="all") == listed | of_itself


async def test_an_archive_holds_what_its_pattern_wants() -> None:
    async with eventbridge() as ask:
        await archive(ask, EventPattern='{"detail":{"number":[{"numeric":[">",1]}]}}')
        await put(ask, 1, 2, 3)

        described = await ask("DescribeArchive", ArchiveName="all")
        assert described["EventCount"] == 2
        assert described["SizeBytes"] > 300

        await ask("UpdateArchive", ArchiveName="all", EventPattern='{"detail":{"number":[1]}}', Description="ones")
        await put(ask, 1, 2, 3)
        described = await ask("DescribeArchive", ArchiveName="all")
        assert (described["EventCount"], described["Description"]) == (3, "ones")


async def test_a_replay_puts_events_again_as_they_were_but_for_its_name() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await ask.rule("tell")
        await ask.put('{"number":1}')
        [first] = map(json.loads, ask.payloads)
        ask.invoked.clear()

        started = await replay(ask)
        assert started == {
            "ReplayArn": "arn:aws:events:us-east-1:123456789012:replay/again",
            "State": "STARTING",
            "ReplayStartTime": NOON.timestamp(),
        }
        await ask.world.settled()

        [again] = map(json.loads, ask.payloads)
        assert list(again) == [
            *("version", "id", "detail-type", "source", "account", "time", "region", "replay-name"),
            *("resources", "detail"),
        ]
        assert again == first | {"replay-name": "again"}
        # What is replayed is not archived once more.
        assert (await ask("DescribeArchive", ArchiveName="all"))["EventCount"] == 1
        [hop] = [
            hop for hop in ask.world.hops("events", "PutEvents") if hop.notes and again["id"] in hop.notes["matched"]
        ][-1:]
        assert hop.notes is not None
        assert hop.notes["matched"] == {again["id"]: ["tell"]}


async def test_a_replay_goes_by_when_events_occurred() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await ask.rule("tell")
        await put(ask, *range(25))
        await put(ask, 99, Time=(NOON + timedelta(minutes=3, seconds=30)).timestamp())

        span: dict[str, Any] = {
            "EventStartTime": (NOON + timedelta(minutes=2)).timestamp(),
            "EventEndTime": (NOON + timedelta(minutes=20)).timestamp(),
        }
        await replay(ask, **span)
        await ask.world.settled()

        assert numbers(ask) == [2, 3, 99, *range(4, 21)]
        replayed = await ask("DescribeReplay", ReplayName="again")
        assert replayed == {
            "ReplayArn": "arn:aws:events:us-east-1:123456789012:replay/again",
            "ReplayName": "again",
            "Destination": {"Arn": DEFAULT},
            "EventSourceArn": ARCHIVE,
            "State": "COMPLETED",
            **span,
            "EventLastReplayedTime": span["EventEndTime"],
            "ReplayStartTime": (NOON + timedelta(minutes=26)).timestamp(),
            "ReplayEndTime": (NOON + timedelta(minutes=26)).timestamp(),
        }


async def test_a_replay_can_be_for_some_rules() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await ask.rule("one")
        await ask.rule("other")
        await put(ask, 1)

        await replay(ask, rules=[f"{RULE}/other"])
        await ask.world.settled()

        [hop] = ask.world.hops("events", "PutEvents")[-1:]
        assert hop.notes is not None
        assert list(hop.notes["matched"].values()) == [["other"]]
        assert numbers(ask) == [1]
        described = await ask("DescribeReplay", ReplayName="again")
        assert described["Destination"] == {"Arn": DEFAULT, "FilterArns": [f"{RULE}/other"]}


async def test_rules_can_want_replayed_events_or_not() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        for name, wanted in (("again", [{"exists": True}]), ("first", [{"exists": False}])):
            pattern = json.dumps({"replay-name": wanted, "source": ["pizza"]})
            await ask("PutRule", Name=name, EventPattern=pattern)
            await ask("PutTargets", Rule=name, Targets=[{"Id": "t", "Arn": FUNCTION, "Input": json.dumps(name)}])
        await ask.put('{"number":1}')
        assert ask.payloads == ['"first"']

        await replay(ask)
        await ask.world.settled()
        assert ask.payloads == ['"first"', '"again"']


async def test_replays_are_new_work_for_their_targets() -> None:
    async with eventbridge() as ask:
        started = ask.world.answer("stepfunctions", "StartExecution")
        await archive(ask)
        await ask.rule("bake", STATE_MACHINE, RoleArn=ROLE)
        await put(ask, 1)
        for name in ("first", "second"):
            await replay(ask, name)
            await ask.world.settled()

        assert len({asked["name"] for asked in started}) == 3


async def test_a_replay_is_cancelled() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await ask.rule("tell")
        await put(ask, *range(100))

        await replay(ask)
        cancelled = await ask("CancelReplay", ReplayName="again")
        assert cancelled == {
            "ReplayArn": "arn:aws:events:us-east-1:123456789012:replay/again",
            "State": "CANCELLING",
        }
        await ask.world.settled()

        assert (await ask("DescribeReplay", ReplayName="again"))["State"] == "CANCELLED"
        assert len(numbers(ask)) < 100
        assert await ask.fails("CancelReplay", ReplayName="again") == (
            "IllegalStatusException: Replay again is not in a valid state for this operation."
        )


async def test_a_replay_goes_on_where_it_was() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await ask.rule("tell")
        await put(ask, *range(35))
        await replay(ask)
        await ask.world.settled()
        assert numbers(ask) == [*range(35)]
        under_way = next(each for each in ask.kept_archives if each["replays"][0]["position"] is not None)
        at = under_way["replays"][0]
        assert at["state"] == "RUNNING"

        ask.invoked.clear()
        ask.archives.restore(json.loads(json.dumps(under_way)), ())
        await ask.archives.open()
        await ask.world.settled()

        assert numbers(ask) == [*range(10, 35)]
        assert (await ask("DescribeReplay", ReplayName="again"))["State"] == "COMPLETED"


async def test_events_are_let_go_when_they_are_too_old() -> None:
    async with eventbridge() as ask:
        await archive(ask, RetentionDays=1)
        await archive(ask, "longer")
        await put(ask, 1)
        await ask.world.advance(hours=12)
        await put(ask, 2)

        counts = []
        for _ in range(3):
            counts.append([each["EventCount"] for each in (await ask("ListArchives"))["Archives"]])
            await ask.world.advance(hours=12, minutes=1)
            await ask.world.settled()
        assert counts == [[2, 2], [1, 2], [0, 2]]

        await ask("UpdateArchive", ArchiveName="longer", RetentionDays=1)
        assert (await ask("DescribeArchive", ArchiveName="longer"))["EventCount"] == 0


async def test_the_rule_of_an_archive_is_a_services() -> None:
    async with eventbridge() as ask:
        await archive(ask, EventPattern='{"source":["pizza"]}')

        [rule] = (await ask("ListRules"))["Rules"]
        assert rule == {
            "Name": "Events-Archive-all",
            "Arn": f"{RULE}/Events-Archive-all",
            "EventPattern": '{"source":["pizza"],"replay-name":[{"exists":false}]}',
            "State": "ENABLED",
            "EventBusName": "default",
            "ManagedBy": "prod.vhs.events.aws.internal",
        }
        changes: tuple[tuple[str, dict[str, Any]], ...] = (
            ("DisableRule", {}),
            ("DeleteRule", {}),
            ("PutRule", {"EventPattern": "{}"}),
        )
        for operation, more in changes:
            assert (await ask.fails(operation, Name="Events-Archive-all", **more)).startswith(
                "ManagedRuleException: "
            )
        targets: dict[str, dict[str, Any]] = {
            "PutTargets": {"Targets": [{"Id": "t", "Arn": FUNCTION}]},
            "RemoveTargets": {"Ids": ["all"]},
        }
        for operation, more in targets.items():
            assert (await ask.fails(operation, Rule="Events-Archive-all", **more)).startswith(
                "ManagedRuleException: "
            )

        await ask("RemoveTargets", Rule="Events-Archive-all", Ids=["all"], Force=True)
        await ask("DeleteRule", Name="Events-Archive-all", Force=True)
        assert (await ask("DescribeArchive", ArchiveName="all"))["State"] == "DISABLED"
        await ask("DeleteArchive", ArchiveName="all")
        assert await ask("ListArchives") == {"Archives": []}


async def test_a_deleted_archive_leaves_nothing() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await put(ask, 1)
        await ask("DeleteArchive", ArchiveName="all")
        assert await ask("ListRules") == {"Rules": []}

        await archive(ask)
        assert (await ask("DescribeArchive", ArchiveName="all"))["EventCount"] == 0


async def test_lists_are_of_one_thing() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        kitchen = DEFAULT.replace("default", "kitchen")
        await archive(ask)
        await archive(ask, "kitchen", EventSourceArn=kitchen)

        async def found(**by: str) -> list[str]:
            return [each["ArchiveName"] for each in (await ask("ListArchives", **by))["Archives"]]

        assert await found(NamePrefix="k") == ["kitchen"]
        assert await found(EventSourceArn=kitchen) == ["kitchen"]
        assert await found(State="ENABLED") == ["all", "kitchen"]
        assert await found(State="DISABLED") == []
        page = await ask("ListArchives", Limit=1)
        assert [each["ArchiveName"] for each in page["Archives"]] == ["all"]
        rest = await ask("ListArchives", Limit=1, NextToken=page["NextToken"])
        assert [each["ArchiveName"] for each in rest["Archives"]] == ["kitchen"]

        await replay(ask, "one")
        await replay(ask, "two")
        await ask.world.settled()
        names = [each["ReplayName"] for each in (await ask("ListReplays", EventSourceArn=ARCHIVE))["Replays"]]
        assert names == ["one", "two"]
        assert [each["ReplayName"] for each in (await ask("ListReplays", NamePrefix="t"))["Replays"]] == ["two"]
        assert (await ask("ListReplays", State="FAILED")) == {"Replays": []}
        # Nothing was replayed: there was nothing.
        assert "EventLastReplayedTime" not in (await ask("ListReplays"))["Replays"][0]


async def test_replays_are_known_for_90_days() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        await replay(ask)
        await ask.world.advance(days=91)

        assert await ask("ListReplays") == {"Replays": []}
        assert await ask.fails("DescribeReplay", ReplayName="again") == (
            "ResourceNotFoundException: Replay again does not exist."
        )


REFUSED: list[tuple[str, dict[str, JSON], str]] = [
    (
        "CreateArchive",
        {"ArchiveName": "a", "EventSourceArn": DEFAULT.replace("default", "none")},
        "ResourceNotFoundException: Event bus none does not exist.",
    ),
    (
        "CreateArchive",
        {"ArchiveName": "all", "EventSourceArn": DEFAULT},
        "ResourceAlreadyExistsException: Archive all already exists.",
    ),
    (
        "CreateArchive",
        {"ArchiveName": "a" * 49, "EventSourceArn": DEFAULT, "RetentionDays": -1},
        f"ValidationException: 2 validation errors detected: Value '{'a' * 49}' at 'archiveName' failed to satisfy "
        "constraint: Member must have length less than or equal to 48; Value '-1' at 'retentionDays' failed to "
        "satisfy constraint: Member must have value greater than or equal to 0",
    ),
    (
        "CreateArchive",
        {"ArchiveName": "b", "EventSourceArn": DEFAULT, "KmsKeyIdentifier": "k"},
        "ValidationException: KmsKeyIdentifier is not supported",
    ),
    ("DescribeArchive", {"ArchiveName": "none"}, "ResourceNotFoundException: Archive none does not exist."),
    ("DeleteArchive", {"ArchiveName": "none"}, "ResourceNotFoundException: Archive none does not exist."),
    ("UpdateArchive", {"ArchiveName": "none"}, "ResourceNotFoundException: Archive none does not exist."),
    (
        "ListArchives",
        {"EventSourceArn": DEFAULT.replace("default", "none")},
        "ResourceNotFoundException: Event bus none does not exist.",
    ),
    (
        "ListArchives",
        {"NamePrefix": "a", "State": "ENABLED"},
        "ValidationException: At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or "
        "NamePrefix.",
    ),
    ("CancelReplay", {"ReplayName": "none"}, "ResourceNotFoundException: Replay none does not exist."),
]


@pytest.mark.parametrize(("operation", "asked", "told"), REFUSED)
async def test_what_is_refused(operation: str, asked: dict[str, JSON], told: str) -> None:
    async with eventbridge() as ask:
        await archive(ask)

        assert await ask.fails(operation, **asked) == told


async def test_a_pattern_that_is_none_is_refused_and_changes_nothing() -> None:
    async with eventbridge() as ask:
        assert (
            await ask.fails("CreateArchive", ArchiveName="all", EventSourceArn=DEFAULT, EventPattern='{"a":1}')
        ).startswith("InvalidEventPatternException: ")
        assert await ask("ListArchives") == {"Archives": []}
        await archive(ask)
        assert (await ask.fails("UpdateArchive", ArchiveName="all", EventPattern="{")).startswith(
            "InvalidEventPatternException: "
        )
        assert "EventPattern" not in await ask("DescribeArchive", ArchiveName="all")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"Destination": {"Arn": DEFAULT.replace("default", "none")}},
            "ResourceNotFoundException: Event bus none does not exist.",
        ),
        (
            {"Destination": {"Arn": DEFAULT.replace("default", "kitchen")}},
            "ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not "
            "permitted.",
        ),
        (
            {"Destination": {}},
            "ValidationException: 1 validation error detected: Value null at 'destination.arn' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            {"EventSourceArn": ARCHIVE.replace("all", "none")},
            "ValidationException: Parameter EventSourceArn is not valid. Reason: Archive none does not exist.",
        ),
        (
            {"EventEndTime": NOON.timestamp()},
            "ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
            "EventEndTime.",
        ),
        ({"EventEndTime": "late"}, "SerializationException: EventEndTime is to be a timestamp, not 'late'"),
        ({"ReplayName": "known"}, "ResourceAlreadyExistsException: Replay known already exists."),
        (
            {"Destination": {"Arn": DEFAULT, "FilterArns": [f"{RULE}/none"]}},
            f"ResourceNotFoundException: Rule {RULE}/none does not exist on EventBus default.",
        ),
    ],
)
async def test_a_replay_that_cannot_be(given: dict[str, JSON], told: str) -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        await archive(ask)
        await replay(ask, "known")

        with pytest.raises(ServiceError) as raised:
            await replay(ask, **given)
        assert str(raised.value) == told


async def test_ten_replays_go_on_at_once() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        for number in range(10):
            await replay(ask, f"r{number}")
        with pytest.raises(ServiceError, match="LimitExceededException"):
            await replay(ask, "eleventh")
        await ask.world.settled()
        await replay(ask, "eleventh")


async def test_events_that_came_from_another_bus_are_archived_as_they_came() -> None:
    async with eventbridge() as ask:
        await ask("CreateEventBus", Name="kitchen")
        kitchen = DEFAULT.replace("default", "kitchen")
        await archive(ask, EventSourceArn=kitchen)
        await ask.rule("on", kitchen, RoleArn=ROLE, Input='{"source":"pizza"}')
        await ask.rule("tell", bus="kitchen")
        await ask("PutEvents", Entries=[order()])
        await ask.world.settled()
        ask.invoked.clear()

        await replay(ask, Destination={"Arn": kitchen})
        await ask.world.settled()
        assert [json.loads(each) for each in ask.payloads] == [{"source": "pizza", "replay-name": "again"}]


async def test_a_replay_that_is_refused_has_failed() -> None:
    async with eventbridge() as ask:
        faults = Faults(ask.world.clock, ask.world.call.journal, _nobody)
        ask.world.call.break_by(faults.rules, faults.around)
        await archive(ask)
        await put(ask, 1)
        faults.add(FaultRule("throttle", "events", "PutEvents"))
        await replay(ask)
        await ask.world.settled()

        failed = await ask("DescribeReplay", ReplayName="again")
        assert (failed["State"], failed["StateReason"]) == ("FAILED", "ThrottlingException: Rate exceeded")


async def _nobody(connection: str) -> None:
    raise AssertionError(connection)


async def test_a_bus_that_is_made_again_is_archived_again() -> None:
    async with eventbridge() as ask:
        kitchen = DEFAULT.replace("default", "kitchen")
        await ask("CreateEventBus", Name="kitchen")
        await archive(ask, EventSourceArn=kitchen)
        await ask("DeleteEventBus", Name="kitchen")
        assert (await ask("DescribeArchive", ArchiveName="all"))["State"] == "DISABLED"
        await ask("CreateEventBus", Name="kitchen")
        await put(ask, 1, EventBusName="kitchen")
        described = await ask("DescribeArchive", ArchiveName="all")
        assert (described["State"], described["EventCount"]) == ("ENABLED", 1)


async def test_a_rule_of_ones_own_is_not_overwritten() -> None:
    async with eventbridge() as ask:
        await ask.rule("Events-Archive-all")
        assert await ask.fails("CreateArchive", ArchiveName="all", EventSourceArn=DEFAULT) == (
            "ResourceAlreadyExistsException: Rule Events-Archive-all already exists."
        )


async def test_an_archive_that_is_declared_again_lets_go_of_what_is_too_old() -> None:
    async with eventbridge() as ask:
        given: dict[str, Any] = {"pattern": None, "description": None}
        ask.archives.declare("all", DEFAULT, **given, retention_days=0)
        await put(ask, 1)
        await ask.world.advance(hours=36)
        ask.archives.declare("all", DEFAULT, **given, retention_days=1)
        await ask.world.settled()
        assert (await ask("DescribeArchive", ArchiveName="all"))["EventCount"] == 0


async def test_a_pattern_has_what_follows_it_as_rules_do() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        followed = {"EventPattern": '{"source":["x"]}} and more'}

        await ask("UpdateArchive", ArchiveName="all", **followed)
        await ask("PutRule", Name="x", **followed)

        assert await ask("DescribeArchive", ArchiveName="all") | followed == await ask(
            "DescribeArchive", ArchiveName="all"
        )
        rule = await ask("DescribeRule", Name="Events-Archive-all")
        assert rule["EventPattern"] == '{"source":["x"],"replay-name":[{"exists":false}]}'


async def test_a_faulty_pattern_changes_nothing() -> None:
    async with eventbridge() as ask:
        await archive(ask)
        faulty = {"EventPattern": '{"source":["x"]'}

        for operation, parameters in (
            ("CreateArchive", {"ArchiveName": "bad", "EventSourceArn": DEFAULT}),
            ("UpdateArchive", {"ArchiveName": "all"}),
            ("PutRule", {"Name": "bad"}),
        ):
            assert "Event pattern is not valid." in await ask.fails(operation, **parameters, **faulty)

        assert [each["ArchiveName"] for each in (await ask("ListArchives"))["Archives"]] == ["all"]
        assert "EventPattern" not in await ask("DescribeArchive", ArchiveName="all")
        assert [each["Name"] for each in (await ask("ListRules"))["Rules"]] == ["Events-Archive-all"]


@pytest.mark.parametrize("pattern", ['{"a":["\\ud800"]}', '{"source":["pizza"],"replay-name":["x"]}\n'])
async def test_a_pattern_is_that_of_the_rule_as_it_was_written(pattern: str) -> None:
    async with eventbridge() as ask:
        await archive(ask, EventPattern=pattern)

        rule = await ask("DescribeRule", Name="Events-Archive-all")
        assert rule["EventPattern"] == pattern.rstrip("}\n") + ',"replay-name":[{"exists":false}]}'


async def test_what_is_kept_beyond_the_end_of_time_is_kept() -> None:
    """Python's years end with 9999."""
    async with eventbridge() as ask:
        await archive(ask, RetentionDays=3_000_000)

        await put(ask, 1)

        assert (await ask("DescribeArchive", ArchiveName="all"))["EventCount"] == 1


async def test_a_faulty_pattern_that_was_kept_is_left_out_and_told() -> None:
    async with eventbridge() as ask:
        await archive(ask, EventPattern='{"source":["x"]}')
        await ask.rule("pizzas")
        archives, buses = ask.archives.to_keep(), ask.buses.to_keep()
    archives["archives"][0]["pattern"] = "{"
    buses["rules"][0]["pattern"] = "{"

    async with eventbridge() as later:
        told = later.buses.restore(buses, ()) + later.archives.restore(archives, ())
        await later.archives.open()

        assert [each.split(": ")[0] for each in told] == [
            "the rule pizzas is left out",
            "the archive all is left out",
        ]
        assert (await later("ListArchives"))["Archives"] == []
        assert (await later("ListRules"))["Rules"] == []
