"""Events and rules, through the control plane."""

import json
from datetime import timedelta

from pizzabar.emulator import Emulator
from tests.wire.asgi import server
from tests.wire.control.asking import client_of, control

BUS = "pizzabar-PizzaBar"


async def put(emulator: Emulator, source: str, detail_type: str, bus: str) -> None:
    entry = {"Source": source, "DetailType": detail_type, "EventBusName": bus, "Detail": json.dumps({"a": 1})}
    await emulator.call("events", "PutEvents", {"Entries": [entry]})
    await emulator.settled()


async def test_events_are_told_with_the_rules_that_matched() -> None:
    async with control() as (client, emulator):
        bus = next(bus.name for bus in emulator.buses if bus.name != "default")
        await put(emulator, "kitchen", "Baked", bus)
        await put(emulator, "kitchen", "Baked", "default")
        await put(emulator, "kitchen", "Baked", "nowhere")

        nowhere, default, own = (await client.get("/events")).json()

        assert nowhere["dropped"] == "there is no event bus nowhere"
        assert (default["bus"], default["matched"]) == ("default", [])
        assert (own["bus"], own["source"], own["detail"]) == (bus, "kitchen", '{"a":1}'.replace(":", ": "))
        assert len(own["matched"]) == 1
        rules = (await client.get("/rules")).json()
        assert own["matched"][0] in [rule["name"] for rule in rules]
        assert all(rule["targets"] for rule in rules)
        assert [each["id"] for each in (await client.get("/events", params={"bus": bus})).json()] == [own["id"]]
        assert (await client.get("/events", params={"source": "nobody"})).json() == []
        assert len((await client.get("/events", params={"limit": 1})).json()) == 1


async def test_why_a_rule_does_not_match() -> None:
    async with control() as (client, emulator):
        bus = next(bus for bus in emulator.buses if bus.name != "default")
        event = {"source": "WebsocketEvent", "detail-type": "Something else", "detail": {}}

        explained = (await client.post("/events/explain", json={"event": event, "bus": bus.name})).json()

        assert {each["rule"] for each in explained} == set(bus.rules)
        refused = next(each for each in explained if not each["matches"])
        fields = {field["field"]: field["met"] for field in refused["conjunctions"][0]["fields"]}
        assert fields["source"]
        assert not fields["detail-type"]


async def test_the_rules_that_came_closest_are_told_with_an_event_that_none_matched() -> None:
    async with control() as (client, emulator):
        for name, pattern in (
            ("near", {"source": ["kitchen"], "detail-type": ["Burnt"]}),
            ("far", {"source": ["bar"], "detail-type": ["Burnt"]}),
            ("apart", {"detail": {"items": {"name": ["a"], "size": [2]}}}),
        ):
            await emulator.call("events", "PutRule", {"Name": name, "EventPattern": json.dumps(pattern)})
        await put(emulator, "kitchen", "Baked", "default")
        items = [{"name": "a", "size": 1}, {"name": "b", "size": 2}]
        entry = {"Source": "bar", "DetailType": "Bought", "Detail": json.dumps({"items": items})}
        await emulator.call("events", "PutEvents", {"Entries": [entry]})

        [bought] = (await client.get("/events", params={"source": "bar"})).json()
        [baked] = (await client.get("/events", params={"source": "kitchen"})).json()

        assert (await client.get(f"/events/{baked['id']}")).json()["nearest"] == baked["nearest"]
        [near] = baked["nearest"]
        assert near["rule"] == "near"
        [missed] = near["missed"]
        assert (missed["field"], missed["wanted"], missed["found"]) == ("detail-type", ["Burnt"], ["Baked"])
        assert [(each["rule"], len(each["missed"])) for each in bought["nearest"]] == [("far", 1), ("apart", 0)]


async def test_why_an_event_that_was_put_did_not_match() -> None:
    async with control() as (client, emulator):
        bus = next(bus for bus in emulator.buses if bus.name != "default")
        await put(emulator, "kitchen", "Baked", bus.arn)
        [event] = (await client.get("/events", params={"bus": bus.arn})).json()
        [name] = set(bus.rules) - set(event["matched"])

        asked = {"id": event["id"], "rule": name}
        [explained] = (await client.post("/events/explain", json=asked)).json()

        assert (event["bus"], explained["rule"], explained["matches"]) == (bus.name, name, False)
        [source] = [each for each in explained["conjunctions"][0]["fields"] if each["field"] == "source"]
        assert (source["found"], source["met"]) == (["kitchen"], False)
        assert len((await client.post("/events/explain", json={"id": event["id"]})).json()) == len(bus.rules)
        for wrong, status in (
            ({"id": "nobody"}, 404),
            (asked | {"rule": "nobody"}, 404),
            (asked | {"event": {}}, 422),
            ({}, 422),
        ):
            assert (await client.post("/events/explain", json=wrong)).status_code == status


async def test_why_a_pattern_does() -> None:
    async with control() as (client, _emulator):
        asked = {"event": {"a": [1, 2]}, "pattern": {"a": [{"numeric": [">", 1]}]}}
        [explained] = (await client.post("/events/explain", json=asked)).json()
        assert (explained["rule"], explained["matches"]) == (None, True)

        for wrong in ({"event": {}, "pattern": {"a": "b"}}, {"event": {}, "bus": "nowhere"}, {"event": 5}, {}):
            assert (await client.post("/events/explain", json=wrong)).status_code in (400, 404, 422)


async def test_events_are_put_and_put_again() -> None:
    async with control() as (client, emulator):
        bus = next(bus.name for bus in emulator.buses if bus.name != "default")
        given = {"source": "oven", "detail_type": "Hot", "detail": {"degrees": 480}, "bus": bus, "resources": ["a"]}

        put = (await client.post("/events", json=given)).json()
        again = (await client.post("/events", json={"id": put["id"], "detail": {"degrees": 20}})).json()

        assert (put["bus"], put["source"], put["detail_type"], put["detail"]) == (
            bus,
            "oven",
            "Hot",
            '{"degrees":480}',
        )
        assert again["id"] != put["id"]
        seen = (await client.get(f"/events/{again['id']}")).json()
        assert (seen["bus"], seen["matched"]) == (bus, again["matched"])
        assert (seen["event"]["resources"], seen["event"]["detail"]) == (["a"], {"degrees": 20})
        assert (await client.get("/events/nobody")).status_code == 404
        assert (await client.post("/events", json={"id": "nobody"})).status_code == 404
        refused = (await client.post("/events", json={"source": "oven"})).json()
        assert (refused["id"], refused["dropped"]) == (
            None,
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        )


async def test_events_are_chosen_by_a_pattern_and_replayed_in_order() -> None:
    async with control() as (client, _):
        for number in range(25):
            given = {"source": "oven", "detail_type": "Tick", "detail": {"number": number}}
            await client.post("/events", json=given)
        wanted = {"detail": {"number": [{"numeric": [">=", 10]}]}}

        listed = (await client.get("/events", params={"pattern": json.dumps(wanted)})).json()
        again = (await client.post("/events/replay", json={"pattern": wanted, "bus": "nowhere", "limit": 12})).json()

        assert [json.loads(each["detail"])["number"] for each in listed] == list(range(24, 9, -1))
        assert [json.loads(each["detail"])["number"] for each in again] == list(range(13, 25))
        assert {each["dropped"] for each in again} == {"there is no event bus nowhere"}
        assert (await client.get("/events", params={"pattern": "{}"})).status_code == 400


async def test_what_is_put_is_told_however_short_the_journal_is() -> None:
    async with server(journal_size=1) as (app, _), client_of(app) as client:
        put = (await client.post("/events", json={"source": "oven", "detail_type": "Hot", "detail": {}})).json()
        assert (put["source"], put["matched"], put["dropped"]) == ("oven", [], None)


async def test_what_a_service_or_a_schedule_puts_is_told() -> None:
    async with control() as (client, emulator):
        rule = {"Name": "tick", "ScheduleExpression": "rate(1 minute)"}
        await emulator.call("events", "PutRule", rule)
        target = {"Id": "t", "Arn": "arn:aws:logs:us-east-1:123456789012:log-group:ticks"}
        await emulator.call("events", "PutTargets", {"Rule": "tick", "Targets": [target]})

        await emulator.advance(timedelta(minutes=1))

        [told] = (await client.get("/events", params={"source": "aws.events"})).json()
        assert (told["detail_type"], told["matched"]) == ("Scheduled Event", ["tick"])
        explained = await client.post(
            "/events/explain", json={"id": told["id"], "pattern": {"source": ["aws.events"]}}
        )
        assert explained.json()[0]["matches"]


async def test_only_what_came_from_outside_is_replayed() -> None:
    async with control() as (client, emulator):
        await emulator.call("events", "CreateEventBus", {"Name": "other"})
        await emulator.call("events", "PutRule", {"Name": "on", "EventPattern": '{"source":["a"]}'})
        target = {"Id": "t", "Arn": "arn:aws:events:us-east-1:123456789012:event-bus/other"}
        await emulator.call("events", "PutTargets", {"Rule": "on", "Targets": [target]})
        await put(emulator, "a", "b", "default")
        assert len((await client.get("/events")).json()) == 2

        [again] = (await client.post("/events/replay", json={})).json()
        await emulator.settled()
        assert again["bus"] == "default"
        assert len((await client.get("/events")).json()) == 4


async def test_what_no_json_holds_is_refused_with_its_place() -> None:
    async with control() as (client, _):
        kind = {"content-type": "application/json"}
        half = await client.post("/events", content=b'{"source": "a\\ud83c", "detail_type": "x"}', headers=kind)
        assert (half.status_code, half.json()["detail"][0]["loc"]) == (422, ["body"])
        far = await client.post("/clock/advance", json={"seconds": 10**30})
        assert (far.status_code, far.json()["detail"][0]["input"]) == (422, str(10**30))
        assert (await client.get("/executions", params={"start": 10**20 - 1})).status_code == 422
