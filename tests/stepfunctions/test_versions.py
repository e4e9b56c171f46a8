"""
Versions and aliases of state machines.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

import json
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from tests.stepfunctions.service import ROLE, StepFunctions, step_functions

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:baker"


def gives(result: JSON) -> JSON:
    return {"Bake": {"Type": "Pass", "Result": result, "End": True}}


def text(result: JSON) -> str:
    return json.dumps({"StartAt": "Bake", "States": gives(result)})


async def two_versions(ask: StepFunctions) -> None:
    """Make a machine that has given 1, then 2, and gives 3 now."""
    await ask.machine("baker", gives(1), publish=True, versionDescription="first")
    await ask("UpdateStateMachine", stateMachineArn=MACHINE, definition=text(2), publish=True)
    await ask("UpdateStateMachine", stateMachineArn=MACHINE, definition=text(3))


async def run(ask: StepFunctions, arn: str) -> JSON:
    return await ask.ended(await ask.start(arn))


def to(*weights: int) -> JSON:
    return [
        {"stateMachineVersionArn": f"{MACHINE}:{number}", "weight": weight}
        for number, weight in enumerate(weights, 1)
        if weight is not None
    ]


async def test_a_version_stays_what_it_was() -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        for arn, output in ((MACHINE, "3"), (f"{MACHINE}:1", "1"), (f"{MACHINE}:2", "2")):
            ended = await run(ask, arn)
            assert ended["output"] == output
            assert ended["stateMachineArn"] == MACHINE
            assert ended.get("stateMachineVersionArn", MACHINE) == arn
            machine = await ask("DescribeStateMachineForExecution", executionArn=ended["executionArn"])
            assert (machine["stateMachineArn"], machine["definition"]) == (arn, text(int(output)))
            listed = (await ask("ListExecutions", stateMachineArn=arn))["executions"]
            assert ended["executionArn"] in [each["executionArn"] for each in listed]
            assert len(listed) == 1 or arn == MACHINE
        described = await ask("DescribeStateMachine", stateMachineArn=f"{MACHINE}:1")
        assert (described["description"], described["definition"]) == ("first", text(1))
        assert described["stateMachineArn"] == f"{MACHINE}:1"


async def test_versions_are_published_listed_and_deleted() -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        revision = (await ask("DescribeStateMachine", stateMachineArn=MACHINE))["revisionId"]
        third = await ask("PublishStateMachineVersion", stateMachineArn=MACHINE, revisionId=revision)
        assert third["stateMachineVersionArn"] == f"{MACHINE}:3"
        assert await ask("PublishStateMachineVersion", stateMachineArn=MACHINE) == third
        other = {"stateMachineArn": MACHINE, "description": "other"}
        assert (await ask.fails("PublishStateMachineVersion", **other)).startswith("ConflictException: ")
        old = {"stateMachineArn": MACHINE, "revisionId": "old"}
        assert (await ask.fails("PublishStateMachineVersion", **old)).startswith("ConflictException: ")
        listed = await ask("ListStateMachineVersions", stateMachineArn=MACHINE, maxResults=2)
        arns = [each["stateMachineVersionArn"] for each in listed["stateMachineVersions"]]
        assert arns == [f"{MACHINE}:3", f"{MACHINE}:2"]
        await ask("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:3")
        await ask("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:3")
        assert (await ask.fails("StartExecution", stateMachineArn=f"{MACHINE}:3")).startswith(
            "StateMachineDoesNotExist: "
        )
        again = await ask("PublishStateMachineVersion", stateMachineArn=MACHINE)
        assert again["stateMachineVersionArn"] == f"{MACHINE}:4"
        fault = await ask.fails(
            "CreateStateMachine", name="x", definition=text(1), roleArn=ROLE, versionDescription="d"
        )
        assert fault == "ValidationException: Version description can only be set when publish is true"


async def test_an_alias_leads_to_versions_by_their_weights() -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        made = await ask("CreateStateMachineAlias", name="live", routingConfiguration=to(100), description="d")
        alias = made["stateMachineAliasArn"]
        assert alias == f"{MACHINE}:live"
        ended = await run(ask, alias)
        assert ended["output"] == "1"
        assert (ended["stateMachineAliasArn"], ended["stateMachineVersionArn"]) == (alias, f"{MACHINE}:1")
        await ask("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=to(0, 100))
        assert (await run(ask, alias))["output"] == "2"
        await ask("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=to(50, 50))
        outputs = {(await run(ask, alias))["output"] for _ in range(50)}
        assert outputs == {"1", "2"}
        assert len((await ask("ListExecutions", stateMachineArn=alias, maxResults=1000))["executions"]) == 52
        described = await ask("DescribeStateMachineAlias", stateMachineAliasArn=alias)
        assert (described["name"], described["description"]) == ("live", "d")
        assert described["routingConfiguration"] == to(50, 50)


async def test_aliases_are_listed_and_deleted() -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        for name, routes in (("live", to(100)), ("next", to(0, 100))):
            made = await ask("CreateStateMachineAlias", name=name, routingConfiguration=routes)
            assert await ask("CreateStateMachineAlias", name=name, routingConfiguration=routes) == made

        async def names(arn: str) -> list[str]:
            listed = (await ask("ListStateMachineAliases", stateMachineArn=arn))["stateMachineAliases"]
            return [each["stateMachineAliasArn"].rpartition(":")[2] for each in listed]

        assert await names(MACHINE) == ["live", "next"]
        assert await names(f"{MACHINE}:1") == ["live", "next"]
        assert await names(f"{MACHINE}:2") == ["next"]
        fault = await ask.fails("DeleteStateMachineVersion", stateMachineVersionArn=f"{MACHINE}:2")
        assert fault.startswith("ConflictException: Version to be deleted must not be referenced by an alias")
        assert fault.endswith("[next]")
        await ask("DeleteStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:next")
        assert await names(MACHINE) == ["live"]
        gone = await ask.fails("DeleteStateMachineAlias", stateMachineAliasArn=f"{MACHINE}:next")
        assert gone.startswith("ResourceNotFound: ")
        await ask("DeleteStateMachine", stateMachineArn=MACHINE)
        await ask.machine("baker", gives(5))
        assert await names(MACHINE) == []


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"name": "1"}, "ValidationException: Invalid alias name: '1'"),
        ({"routingConfiguration": to(50)}, "ValidationException: The weights of a routing configuration"),
        ({"routingConfiguration": []}, "ValidationException: An alias has a routing configuration of one or two"),
        ({"routingConfiguration": to(100) + to(0)}, "ValidationException: An alias has a routing configuration"),
        ({"routingConfiguration": to(0, 0, 100)}, "ValidationException: An alias has a routing configuration"),
        ({"routingConfiguration": None}, "ValidationException: routingConfiguration is a list"),
        ({"routingConfiguration": [{"weight": 100}]}, "ValidationException: 1 validation error detected"),
        ({"routingConfiguration": [{"stateMachineVersionArn": "a"}]}, "ValidationException: Each version"),
        (
            {"routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:9", "weight": 100}]},
            "ResourceNotFound: Request references a resource that does not exist",
        ),
        ({"routingConfiguration": to(0, 100)}, "ConflictException: Failed to create alias"),
    ],
)
async def test_faults_of_aliases_are_told(parameters: JSON, fault: str) -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        given = {"name": "live", "routingConfiguration": to(100)}
        await ask("CreateStateMachineAlias", **given)
        assert (await ask.fails("CreateStateMachineAlias", **given | parameters)).startswith(fault)


async def test_versions_and_aliases_are_there_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with step_functions(state) as ask:
        await two_versions(ask)
        await ask("CreateStateMachineAlias", name="live", routingConfiguration=to(100))
        await ask.machine("quick", gives(1), type="EXPRESS", publish=True)
        before = [await ask("DescribeStateMachine", stateMachineArn=f"{MACHINE}:{each}") for each in (1, 2)]
    async with step_functions(state) as ask:
        assert [await ask("DescribeStateMachine", stateMachineArn=f"{MACHINE}:{each}") for each in (1, 2)] == before
        assert (await run(ask, f"{MACHINE}:live"))["output"] == "1"
        published = await ask("PublishStateMachineVersion", stateMachineArn=MACHINE)
        assert published["stateMachineVersionArn"] == f"{MACHINE}:3"
        quick = f"{MACHINE.removesuffix('baker')}quick:1"
        assert (await ask("StartSyncExecution", stateMachineArn=quick))["output"] == "1"


LONG = "a" * 257
TOO_LONG = "have length less than or equal to 256"
AN_ALIAS: JSON = {"name": "live", "routingConfiguration": [{"stateMachineVersionArn": f"{MACHINE}:1", "weight": 100}]}
A_MACHINE: JSON = {"name": "b", "definition": text(1), "roleArn": ROLE}


@pytest.mark.parametrize(
    ("operation", "given", "told"),
    [
        ("CreateStateMachine", {**A_MACHINE, "versionDescription": LONG, "publish": True}, TOO_LONG),
        ("CreateStateMachine", {**A_MACHINE, "type": "SLOW"}, "'type' failed to satisfy constraint"),
        ("CreateStateMachine", {**A_MACHINE, "roleArn": ROLE + LONG}, TOO_LONG),
        ("CreateStateMachine", {**A_MACHINE, "roleArn": ""}, "have length greater than or equal to 1"),
        ("CreateStateMachine", {**A_MACHINE, "roleArn": "cook"}, "InvalidArn: Invalid Role Arn: 'cook'"),
        ("UpdateStateMachine", {"stateMachineArn": MACHINE, "roleArn": "cook"}, "InvalidArn: "),
        (
            "TestState",
            {"definition": '{"Type":"Pass","End":true}', "roleArn": "cook"},
            "InvalidArn: Invalid Role Arn",
        ),
        ("PublishStateMachineVersion", {"stateMachineArn": MACHINE, "description": LONG}, TOO_LONG),
        ("CreateStateMachineAlias", {**AN_ALIAS, "description": LONG}, TOO_LONG),
        ("UpdateStateMachineAlias", {"stateMachineAliasArn": f"{MACHINE}:live", "description": LONG}, TOO_LONG),
        ("ValidateStateMachineDefinition", {"definition": text(1), "type": "SLOW"}, "[STANDARD, EXPRESS]"),
        ("ValidateStateMachineDefinition", {"definition": text(1), "severity": "INFO"}, "[ERROR, WARNING]"),
        ("ValidateStateMachineDefinition", {"definition": text(1), "maxResults": 101}, "less than or equal to 100"),
        ("ValidateStateMachineDefinition", {"definition": text(1), "maxResults": -1}, "greater than or equal to 0"),
        ("DescribeStateMachine", {"stateMachineArn": MACHINE, "includedData": "SOME"}, "[ALL_DATA, METADATA_ONLY]"),
        ("ListExecutions", {"stateMachineArn": MACHINE, "redriveFilter": "ALL"}, "[REDRIVEN, NOT_REDRIVEN]"),
    ],
)
async def test_parameters_are_what_the_model_says(operation: str, given: JSON, told: str) -> None:
    async with step_functions() as ask:
        await two_versions(ask)
        before = len((await ask("ListStateMachines"))["stateMachines"])

        assert told in await ask.fails(operation, **given)

        assert len((await ask("ListStateMachines"))["stateMachines"]) == before
