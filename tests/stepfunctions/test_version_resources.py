"""
Versions and aliases of state machines in templates.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.stepfunctions.service import StepFunctions, step_functions

ROLE = "arn:aws:iam::123456789012:role/any"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:baker"
VERSION, REVISION = {"Ref": "Version"}, {"Fn::GetAtt": ["Baker", "StateMachineRevisionId"]}


def baker(result: int) -> dict[str, Any]:
    """A state machine that gives a result."""
    definition = {"StartAt": "Bake", "States": {"Bake": {"Type": "Pass", "Result": result, "End": True}}}
    properties = {"StateMachineName": "baker", "RoleArn": ROLE, "Definition": definition}
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}


def version(**properties: Any) -> dict[str, Any]:
    given = {"StateMachineArn": {"Ref": "Baker"}, "StateMachineRevisionId": REVISION, **properties}
    return {"Type": "AWS::StepFunctions::StateMachineVersion", "Properties": given}


def alias(**properties: Any) -> dict[str, Any]:
    given = {"Name": "live"} | (properties or {"RoutingConfiguration": to(VERSION)})
    return {"Type": "AWS::StepFunctions::StateMachineAlias", "Properties": given}


def to(arn: Any, weight: int = 100) -> list[Any]:
    return [{"StateMachineVersionArn": arn, "Weight": weight}]


def settings_of(folder: Path, **resources: Any) -> Settings:
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    return Settings(state=folder / "state.db", clock="virtual", template=folder / "template.json")


@asynccontextmanager
async def opened(folder: Path, **resources: Any) -> AsyncIterator[StepFunctions]:
    """Open a Step Functions with the resources of a template."""
    settings = settings_of(folder, **resources)
    async with step_functions(settings.state, template=settings.template) as ask:
        yield ask


async def edit(ask: StepFunctions, folder: Path, **resources: Any) -> None:
    """Have a template say something else, as a reload does."""
    settings_of(folder, **resources)
    await ask.emulator.redeploy(load_stack(ask.emulator.settings, None, ask.emulator.numbers()))


async def output(ask: StepFunctions, arn: str) -> Any:
    return json.loads((await ask.ended(await ask.start(arn)))["output"])


async def test_a_template_publishes_a_version_and_leads_an_alias_there(tmp_path: Path) -> None:
    async with opened(tmp_path, Baker=baker(1), Version=version(Description="first"), Live=alias()) as ask:
        identities = {each.logical_id: each.identity for each in ask.emulator.stack.resources}
        assert identities["Version"].ref == identities["Version"].attributes["Arn"] == f"{MACHINE}:1"
        assert identities["Live"].ref == identities["Live"].attributes["Arn"] == f"{MACHINE}:live"
        described = await ask("DescribeStateMachine", stateMachineArn=MACHINE)
        assert described["revisionId"] == identities["Baker"].attributes["StateMachineRevisionId"]

        await ask("UpdateStateMachine", stateMachineArn=MACHINE, definition=json.dumps(definition_of(2)))
        assert (await output(ask, MACHINE), await output(ask, f"{MACHINE}:live")) == (2, 1)
        listed = (await ask("ListStateMachineVersions", stateMachineArn=MACHINE))["stateMachineVersions"]
        assert [each["stateMachineVersionArn"] for each in listed] == [f"{MACHINE}:1"]


def definition_of(result: int) -> Any:
    return baker(result)["Properties"]["Definition"]


async def test_an_alias_may_be_deployed(tmp_path: Path) -> None:
    preference = {"Type": "LINEAR", "Interval": 1, "Percentage": 20, "StateMachineVersionArn": VERSION}
    live = alias(DeploymentPreference=preference)
    async with opened(tmp_path, Baker=baker(1), Version=version(), Live=live) as ask:
        assert await output(ask, f"{MACHINE}:live") == 1
        told = {place.rpartition(": ")[2]: why for place, why in ask.emulator.stack.without_effect}
        all_at_once = "an update leads all executions to the new version at once"
        assert {place.rpartition(".")[2]: why for place, why in told.items()} == {
            "Interval": all_at_once,
            "Percentage": all_at_once,
            "Type": all_at_once,
        }


async def test_a_reload_publishes_what_is_new(tmp_path: Path) -> None:
    async with opened(tmp_path, Baker=baker(1), Version=version(), Live=alias()) as ask:
        await edit(ask, tmp_path, Baker=baker(2), Version=version(), Live=alias())
        assert [await output(ask, f"{MACHINE}:{each}") for each in ("live", 1, 2)] == [2, 1, 2]

        # What it was before is another version of it.
        await edit(ask, tmp_path, Baker=baker(1), Version=version(), Live=alias())
        assert await output(ask, f"{MACHINE}:live") == 1
        described = await ask("DescribeStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:live")
        assert described["routingConfiguration"] == [{"stateMachineVersionArn": f"{MACHINE}:3", "weight": 100}]

        # What has been published already is not published again.
        await edit(ask, tmp_path, Baker=baker(4), Live=alias(RoutingConfiguration=to(f"{MACHINE}:3")))
        await ask("PublishStateMachineVersion", stateMachineArn=MACHINE)
        await edit(ask, tmp_path, Baker=baker(4), Version=version(), Live=alias())
        assert ask.emulator.stack.resources[1].identity.ref == f"{MACHINE}:4"

        await edit(ask, tmp_path, Baker=baker(1))
        assert (await ask("ListStateMachineAliases", stateMachineArn=MACHINE))["stateMachineAliases"] == []


async def test_a_version_of_no_revision_stays_what_it_is(tmp_path: Path) -> None:
    once = version()
    del once["Properties"]["StateMachineRevisionId"]
    async with opened(tmp_path, Baker=baker(1), Version=once, Live=alias()) as ask:
        await edit(ask, tmp_path, Baker=baker(2), Version=once, Live=alias())
        assert [await output(ask, arn) for arn in (MACHINE, f"{MACHINE}:live")] == [2, 1]
        await edit(ask, tmp_path, Baker=baker(2), Version=once)
        await ask("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:1")

    async with opened(tmp_path, Baker=baker(2), Version=once) as ask:
        assert ask.emulator.changed_back == ["version 1 of the state machine baker is the template's again"]
        assert await output(ask, f"{MACHINE}:1") == 2


async def test_at_a_start_the_template_counts_and_what_calls_have_made_is_there(tmp_path: Path) -> None:
    async with opened(tmp_path, Baker=baker(1), Version=version(), Live=alias()) as ask:
        await ask(
            "UpdateStateMachine", stateMachineArn=MACHINE, definition=json.dumps(definition_of(2)), publish=True
        )
        second = [{"stateMachineVersionArn": f"{MACHINE}:2", "weight": 100}]
        await ask("CreateStateMachineAlias", name="next", routingConfiguration=second)
        await ask("UpdateStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:live", routingConfiguration=second)

    async with opened(tmp_path, Baker=baker(3), Version=version(), Live=alias()) as ask:
        assert sorted(ask.emulator.changed_back) == [
            "the alias live of the state machine baker is the template's again",
            "the state machine baker is the template's again",
        ]
        assert [await output(ask, f"{MACHINE}:{each}") for each in ("live", 1, "next", 2)] == [3, 3, 2, 2]
        await ask("DeleteStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:live")

    async with opened(tmp_path, Baker=baker(3), Version=version(), Live=alias()) as ask:
        assert ask.emulator.changed_back == ["the alias live of the state machine baker is the template's again"]
        assert await output(ask, f"{MACHINE}:live") == 3

    # An alias of a call's that the template has taken over is the template's.
    live = alias(Name="next", RoutingConfiguration=to(VERSION))
    async with opened(tmp_path, Baker=baker(4), Version=version(), Live=live) as ask:
        assert ask.emulator.changed_back == ["the alias next of the state machine baker is the template's again"]
        assert await output(ask, f"{MACHINE}:next") == 4
        assert (await ask.fails("DescribeStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:live")).startswith(
            "ResourceNotFound"
        )


@pytest.mark.parametrize(
    ("resources", "fault"),
    [
        (
            {"Live": alias(Description="d")},
            "Live: an alias needs one of DeploymentPreference and RoutingConfiguration",
        ),
        (
            {"Live": alias(Name="7", RoutingConfiguration=to(VERSION))},
            "Live: /Name: Invalid alias name: '7'",
        ),
        (
            {"Live": alias(RoutingConfiguration=to(VERSION, 50))},
            "Live: /RoutingConfiguration: The weights of a routing configuration must add up to 100.",
        ),
        (
            {"Live": alias(RoutingConfiguration=to(VERSION), StateMachineArn=f"{MACHINE}2")},
            "Live: The versions of a routing configuration must be of one state machine.",
        ),
        (
            {"Other": version(StateMachineArn=f"{MACHINE}2")},
            f"Other: /StateMachineArn: {MACHINE}2 is not the ID of an AWS::StepFunctions::StateMachine of this",
        ),
    ],
)
def test_faults_are_told(tmp_path: Path, resources: dict[str, Any], fault: str) -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(settings_of(tmp_path, Baker=baker(1), Version=version(), **resources))

    [found] = faulty.value.faults
    assert found.message.startswith(fault)
