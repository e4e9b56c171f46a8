"""Archives of templates and of API calls, over restarts and edits."""

from pathlib import Path

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.loading import load_stack
from pizzabar.settings import Settings

DEFAULT = "arn:aws:events:us-east-1:123456789012:event-bus/default"
TEMPLATE = """
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: kitchen}}
  Archive:
    Type: AWS::Events::Archive
    Properties:
      ArchiveName: baked
      SourceArn: !GetAtt Bus.Arn
      Description: what was baked
      EventPattern: {source: [oven]}
      RetentionDays: 7
Outputs:
  Name: {Value: !Ref Archive}
  Arn: {Value: !GetAtt Archive.Arn}
"""


def settings(folder: Path, text: str = TEMPLATE) -> Settings:
    template = folder / "template.yaml"
    template.write_text(text)
    return Settings(state=folder / "state.db", template=template, clock="virtual")


async def put(emulator: Emulator, bus: str, source: str = "oven") -> None:
    entry = {"Source": source, "DetailType": "Baked", "Detail": "{}", "EventBusName": bus}
    await emulator.call("events", "PutEvents", {"Entries": [entry]})
    await emulator.settled()


async def counts(emulator: Emulator) -> dict[str, JSON]:
    listed = (await emulator.call("events", "ListArchives", {}))["Archives"]
    return {each["ArchiveName"]: each["EventCount"] for each in listed}


async def test_archives_are_there_after_a_restart(tmp_path: Path) -> None:
    emulator = await Emulator.open(settings(tmp_path))
    try:
        assert {name: output.value for name, output in emulator.stack.outputs.items()} == {
            "Name": "baked",
            "Arn": "arn:aws:events:us-east-1:123456789012:archive/baked",
        }
        described = await emulator.call("events", "DescribeArchive", {"ArchiveName": "baked"})
        assert described["Description"] == "what was baked"
        assert described["EventPattern"] == '{"source":["oven"]}'
        assert described["RetentionDays"] == 7
        bus = {"EventSourceArn": DEFAULT.replace("default", "own")}
        await emulator.call("events", "CreateEventBus", {"Name": "own"})
        await emulator.call("events", "CreateArchive", {"ArchiveName": "all", **bus})
        await emulator.call("events", "UpdateArchive", {"ArchiveName": "baked", "RetentionDays": 1})
        await put(emulator, "kitchen")
        await put(emulator, "kitchen", "other")
        await put(emulator, "own")
    finally:
        await emulator.close()

    emulator = await Emulator.open(settings(tmp_path))
    try:
        assert emulator.changed_back == ["the archive baked is the template's again"]
        await put(emulator, "kitchen")
        await put(emulator, "own")
        assert await counts(emulator) == {"all": 2, "baked": 2}
        described = await emulator.call("events", "DescribeArchive", {"ArchiveName": "baked"})
        assert described["RetentionDays"] == 7
    finally:
        await emulator.close()


async def test_an_edited_template_changes_its_archive(tmp_path: Path) -> None:
    emulator = await Emulator.open(settings(tmp_path))
    try:
        await put(emulator, "kitchen")
        await emulator.redeploy(load_stack(settings(tmp_path, TEMPLATE.replace("[oven]", "[fridge]"))))
        await put(emulator, "kitchen")
        await put(emulator, "kitchen", "fridge")
        assert await counts(emulator) == {"baked": 2}

        without = "\n".join(TEMPLATE.split("\n")[:3])
        await emulator.redeploy(load_stack(settings(tmp_path, without)))
        assert await counts(emulator) == {}
        await put(emulator, "kitchen")
        # What it held is there when it comes again.
        await emulator.redeploy(load_stack(settings(tmp_path)))
        assert await counts(emulator) == {"baked": 2}
    finally:
        await emulator.close()
