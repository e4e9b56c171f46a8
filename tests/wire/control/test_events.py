"""Events and rules, through the control plane."""

import json

from pizzabar.emulator import Emulator
from tests.wire.control.asking import control

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
