"""
Versions and aliases of functions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

import json
from collections import Counter
from pathlib import Path

import botocore.session
import pytest

from pizzabar.documents import JSON
from pizzabar.journal import Hop
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.function import Context
from pizzabar.lambda_.permission_operations import OPERATIONS as PERMISSION_OPERATIONS
from pizzabar.lambda_.version_operations import OPERATIONS
from tests.lambda_.service import ARN, Lambda, lambda_

TELL = {"FunctionName": "Tell"}


async def tell(event: JSON, context: Context) -> JSON:
    """Tell by what and as what it was invoked."""
    return [context.function_version, context.invoked_function_arn, context.environment.get("MOOD")]


async def other(event: JSON, context: Context) -> JSON:
    """Tell that it is another."""
    return "other"


async def fail(event: JSON, context: Context) -> JSON:
    """Fail, and tell which version did."""
    context.log(f"failed as {context.function_version}")
    raise ValueError(event)


def invocations(ask: Lambda) -> list[Hop]:
    """Give the runs of functions."""
    return list(ask.world.hops("lambda", "Invocation"))


async def two_versions(ask: Lambda) -> None:
    """Publish version 1, whose mood is good, and version 2, whose mood is bad."""
    ask.create(tell, environment={"MOOD": "good"}, description="d")
    await ask("PublishVersion", **TELL)
    ask.functions.change("Tell", environment={"MOOD": "bad"})
    await ask("PublishVersion", **TELL, Description="second")


def test_the_operations_have_boto3s_names() -> None:
    model = botocore.session.get_session().get_service_model("lambda")

    assert OPERATIONS.keys() | PERMISSION_OPERATIONS.keys() <= set(model.operation_names)


async def test_a_version_keeps_the_configuration_that_was_published() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        ask.functions.change("Tell", environment={"MOOD": "odd"}, timeout=9)

        first = await ask("GetFunctionConfiguration", **TELL, Qualifier="1")
        assert (first["FunctionArn"], first["Version"], first["Description"]) == (f"{ARN}:1", "1", "d")
        assert (first["Environment"], first["Timeout"]) == ({"Variables": {"MOOD": "good"}}, 3)
        listed = (await ask("ListVersionsByFunction", **TELL))["Versions"]
        assert [(each["FunctionArn"], each["Version"], each["Description"]) for each in listed] == [
            (f"{ARN}:$LATEST", "$LATEST", "d"),
            (f"{ARN}:1", "1", "d"),
            (f"{ARN}:2", "2", "second"),
        ]
        everything = (await ask("ListFunctions", FunctionVersion="ALL"))["Functions"]
        assert everything == listed
        [alone] = (await ask("ListFunctions"))["Functions"]
        assert alone["FunctionArn"] == ARN


async def test_nothing_is_published_twice() -> None:
    async with lambda_() as ask:
        await two_versions(ask)

        again = await ask("PublishVersion", **TELL, Description="third")
        assert (again["Version"], again["Description"]) == ("2", "second")
        await ask("UpdateFunctionConfiguration", **TELL, Description="new")
        assert (await ask("PublishVersion", **TELL))["Version"] == "3"


@pytest.mark.parametrize(
    ("name", "qualifier", "version", "arn", "mood"),
    [
        ("Tell", None, "$LATEST", ARN, "bad"),
        ("Tell", "$LATEST", "$LATEST", f"{ARN}:$LATEST", "bad"),
        ("Tell", "1", "1", f"{ARN}:1", "good"),
        ("Tell:1", None, "1", f"{ARN}:1", "good"),
        (f"{ARN}:2", None, "2", f"{ARN}:2", "bad"),
        ("Tell", "live", "1", f"{ARN}:live", "good"),
        ("123456789012:function:Tell:live", None, "1", f"{ARN}:live", "good"),
        (f"{ARN}:live", "live", "1", f"{ARN}:live", "good"),
    ],
)
async def test_a_function_is_invoked_by_a_qualifier(
    name: str, qualifier: str | None, version: str, arn: str, mood: str
) -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1")

        asked = {"FunctionName": name} | ({} if qualifier is None else {"Qualifier": qualifier})
        answer = await ask("Invoke", **asked)
        assert answer["ExecutedVersion"] == version
        assert json.loads(answer["Payload"]) == [version, arn, mood]
        assert ask.streams == [version]
        [start, *_] = ask.logged["/aws/lambda/Tell"]
        assert start.endswith(f" Version: {version}")
        assert (await ask("GetFunction", **asked))["Configuration"]["FunctionArn"] == arn
        assert await ask("Invoke", **asked, InvocationType="DryRun") == {"StatusCode": 204, "Payload": b""}


async def test_what_a_qualifier_does_not_mean() -> None:
    async with lambda_() as ask:
        await two_versions(ask)

        not_found = f"ResourceNotFoundException: Function not found: {ARN}"
        assert await ask.fails("Invoke", **TELL, Qualifier="live") == f"{not_found}:live"
        assert await ask.fails("Invoke", FunctionName="Tell:3") == f"{not_found}:3"
        assert await ask.fails("GetFunction", FunctionName=f"{ARN}:3") == f"{not_found}:3"
        assert await ask.fails("Invoke", FunctionName="Tell:1", Qualifier="2") == (
            "InvalidParameterValueException: The derived qualifier from the function name does not match the "
            "specified qualifier."
        )
        fault = await ask.fails("UpdateFunctionConfiguration", FunctionName="Tell:1", Timeout=5)
        assert fault.startswith("InvalidParameterValueException: Tell:1 is a version or an alias")
        assert (await ask.fails("PublishVersion", **TELL, RevisionId="r")).startswith("PreconditionFailedException: ")
        assert (await ask.fails("PublishVersion", **TELL, CodeSha256="c")).startswith("InvalidParameterValueExc")


async def test_an_alias_is_moved_to_another_version() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        made = await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1", Description="open")
        alias = {"AliasArn": f"{ARN}:live", "Name": "live", "FunctionVersion": "1", "Description": "open"}
        assert made == alias | {"RevisionId": made["RevisionId"]}

        moved = await ask("UpdateAlias", **TELL, Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])

        assert moved["RevisionId"] != made["RevisionId"]
        assert await ask("GetAlias", **TELL, Name="live") == moved
        assert (moved["FunctionVersion"], moved["Description"]) == ("2", "open")
        assert (await ask("Invoke", FunctionName="Tell:live"))["ExecutedVersion"] == "2"
        stale = await ask.fails("UpdateAlias", **TELL, Name="live", RevisionId=made["RevisionId"])
        assert stale.startswith("PreconditionFailedException: The Revision Id provided does not match")
        await ask("DeleteAlias", **TELL, Name="live")
        await ask("DeleteAlias", **TELL, Name="live")
        assert await ask.fails("GetAlias", **TELL, Name="live") == (
            f"ResourceNotFoundException: Cannot find alias arn: {ARN}:live"
        )


async def test_an_alias_may_lead_to_what_is_not_published() -> None:
    async with lambda_() as ask:
        ask.create(tell)
        await ask("CreateAlias", **TELL, Name="dev", FunctionVersion="$LATEST")
        ask.functions.change("Tell", environment={"MOOD": "new"})

        answer = await ask("Invoke", FunctionName="Tell:dev")

        assert json.loads(answer["Payload"]) == ["$LATEST", f"{ARN}:dev", "new"]


async def test_aliases_are_listed() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        for name, version in (("next", "2"), ("live", "1")):
            await ask("CreateAlias", **TELL, Name=name, FunctionVersion=version)

        async def names(**parameters: JSON) -> list[str]:
            return [each["Name"] for each in (await ask("ListAliases", **TELL, **parameters))["Aliases"]]

        assert await names() == ["live", "next"]
        assert await names(FunctionVersion="2") == ["next"]
        assert await names(MaxItems="1") == ["live"]
        assert await names(MaxItems="1", Marker="1") == ["next"]


async def test_a_weight_decides_for_each_event_and_decides_the_same_again() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        ask.functions.change("Tell", handler=fail)
        await ask("PublishVersion", **TELL)
        some = {"AdditionalVersionWeights": {"2": 0.25}}
        made = await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1", RoutingConfig=some)
        assert made["RoutingConfig"] == some

        versions = Counter([(await ask("Invoke", FunctionName="Tell:live"))["ExecutedVersion"] for _ in range(200)])
        assert versions.keys() == {"1", "2"}
        assert versions["1"] > versions["2"]
        function = ask.functions.get("Tell:live")
        ids = ["3fffffff-0000-4000-8000-000000000000", "40000000-0000-4000-8000-000000000000"]
        assert [ask.functions.versions.route(function, each).version for each in ids] == ["2", "1"]

        await ask("UpdateAlias", **TELL, Name="live", FunctionVersion="3", RoutingConfig={})
        assert "RoutingConfig" not in await ask("GetAlias", **TELL, Name="live")
        told = {(hop.parameters["Qualifier"], hop.parameters["Version"]) for hop in invocations(ask)}
        assert told == {("live", "1"), ("live", "2")}


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"Name": "live"}, f"ResourceConflictException: Alias already exists: {ARN}:live"),
        ({"Name": "7"}, "ValidationException: 1 validation error detected: Value '7' at 'name' failed to satisfy"),
        ({"Name": None}, "ValidationException: 1 validation error detected: Value null at 'name'"),
        ({"FunctionVersion": "9"}, f"ResourceNotFoundException: Function not found: {ARN}:9"),
        ({"FunctionVersion": "live"}, "ValidationException: 1 validation error detected: Value 'live' at 'functionV"),
        ({"FunctionName": "Nobody"}, "ResourceNotFoundException: Function not found: "),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}},
            "InvalidParameterValueException: Invalid function version 1. Function version 1 is already included in",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}}},
            "ValidationException: 1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersion",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"9": 0.5}}},
            f"ResourceNotFoundException: Function not found: {ARN}:9",
        ),
        (
            {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1, "1": 0.1}}},
            "InvalidParameterValueException: Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            {"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}},
            "InvalidParameterValueException: $LATEST is not supported for an alias pointing to more than 1 version",
        ),
    ],
)
async def test_faults_of_aliases_are_told(parameters: JSON, fault: str) -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1")

        given = {**TELL, "Name": "next", "FunctionVersion": "1"} | parameters
        assert (await ask.fails("CreateAlias", **given)).startswith(fault)


async def test_a_version_is_deleted_when_no_alias_leads_there() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="2")
        weights = {"AdditionalVersionWeights": {"1": 0.5}}
        await ask("CreateAlias", **TELL, Name="next", FunctionVersion="2", RoutingConfig=weights)

        assert await ask.fails("DeleteFunction", **TELL, Qualifier="1") == (
            "ResourceConflictException: Unable to delete version because the following aliases reference it: [next]"
        )
        await ask("DeleteAlias", **TELL, Name="next")
        await ask("DeleteFunction", **TELL, Qualifier="1")
        assert (await ask.fails("Invoke", FunctionName="Tell:1")).endswith(f"{ARN}:1")
        fault = await ask.fails("DeleteFunction", **TELL, Qualifier="live")
        assert fault == "InvalidParameterValueException: Deletion of aliases is not currently supported."
        fault = await ask.fails("DeleteFunction", **TELL, Qualifier="$LATEST")
        assert fault.startswith("InvalidParameterValueException: $LATEST version cannot be deleted without")
        ask.functions.change("Tell", timeout=4)
        assert (await ask("PublishVersion", **TELL))["Version"] == "3"


async def test_a_function_is_deleted_with_all_that_is_its() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="2")
        rule = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
        await ask("AddPermission", **TELL, Qualifier="live", **rule)

        await ask("DeleteFunction", **TELL)

        assert await ask.fails("GetFunction", **TELL) == f"ResourceNotFoundException: Function not found: {ARN}"
        ask.create(tell)
        assert (await ask("ListAliases", **TELL))["Aliases"] == []
        assert len((await ask("ListVersionsByFunction", **TELL))["Versions"]) == 1
        assert ask.functions.policies.of(f"{ARN}:live") is None
        assert (await ask("PublishVersion", **TELL))["Version"] == "1"


async def test_an_event_for_an_alias_is_tried_again_with_the_same_version() -> None:
    async with lambda_() as ask:
        ask.create(fail)
        for timeout in (4, 5):
            ask.functions.change("Tell", timeout=timeout)
            await ask("PublishVersion", **TELL)
        half = {"AdditionalVersionWeights": {"2": 0.5}}
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1", RoutingConfig=half)

        await ask("Invoke", FunctionName="Tell:live", InvocationType="Event", Payload=b"1")
        await ask.world.virtual.advance(ask.world.clock.now().replace(minute=10) - ask.world.clock.now())

        told = [line for line in ask.logged["/aws/lambda/Tell"] if line.startswith("failed as")]
        assert len(told) == 3
        assert len(set(told)) == 1


async def test_reserved_concurrency_is_the_functions() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        ask.functions.change("Tell", reserved_concurrency=0)

        assert (await ask.fails("Invoke", FunctionName="Tell:1")).startswith("TooManyRequestsException: ")


async def test_a_handler_in_process_is_the_one_that_is_there_now() -> None:
    async with lambda_() as ask:
        await two_versions(ask)

        # As a reload does, when the module has been edited.
        ask.create(other)
        assert (await ask("Invoke", FunctionName="Tell:1"))["Payload"] == b'"other"'
        # Which handler it is, is configuration.
        ask.functions.change("Tell", handler=tell)
        assert (await ask("Invoke", FunctionName="Tell:1"))["Payload"] == b'"other"'


# Permissions ------------------------------------------------------------------------------------------------


RULE = {
    "StatementId": "rule",
    "Action": "lambda:InvokeFunction",
    "Principal": "events.amazonaws.com",
    "SourceArn": "arn:aws:events:us-east-1:123456789012:rule/r",
}


async def test_each_has_a_policy_of_its_own() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1")

        added = await ask("AddPermission", **TELL, **RULE, Qualifier="live")
        await ask("AddPermission", FunctionName="Tell:2", **RULE)

        statement = {
            "Sid": "rule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": f"{ARN}:live",
            "Condition": {"ArnLike": {"AWS:SourceArn": RULE["SourceArn"]}},
        }
        assert json.loads(added["Statement"]) == statement
        policy = await ask("GetPolicy", **TELL, Qualifier="live")
        assert json.loads(policy["Policy"])["Statement"] == [statement]
        other = await ask("GetPolicy", FunctionName="Tell:2")
        assert json.loads(other["Policy"])["Statement"] == [statement | {"Resource": f"{ARN}:2"}]
        assert await ask.fails("GetPolicy", **TELL) == (
            "ResourceNotFoundException: The resource you requested does not exist."
        )
        gone = {**TELL, "StatementId": "rule", "Qualifier": "live"}
        stale = await ask.fails("RemovePermission", **gone, RevisionId=other["RevisionId"])
        assert stale.startswith("PreconditionFailedException: The RevisionId provided does not match")
        await ask("RemovePermission", **gone, RevisionId=policy["RevisionId"])
        assert (await ask.fails("GetPolicy", **TELL, Qualifier="live")).startswith("ResourceNotFoundException")


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({}, "ResourceConflictException: The statement id (rule) provided already exists. Please provide a new"),
        ({"Qualifier": "$LATEST"}, "InvalidParameterValueException: We currently do not support adding policies for"),
        ({"Qualifier": "next"}, f"ResourceNotFoundException: Cannot find alias arn: {ARN}:next"),
        ({"Qualifier": "9"}, f"ResourceNotFoundException: Function not found: {ARN}:9"),
        ({"Principal": None}, "ValidationException: 1 validation error detected: Value null at 'principal'"),
        ({"Action": "s3:Get"}, "ValidationException: 1 validation error detected: Value 's3:Get' at 'action'"),
    ],
)
async def test_faults_of_permissions_are_told(parameters: JSON, fault: str) -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        await ask("AddPermission", **TELL, **RULE)

        assert (await ask.fails("AddPermission", **{**TELL, **RULE, **parameters})).startswith(fault)
        missing = await ask.fails("RemovePermission", **TELL, StatementId="x")
        assert missing == "ResourceNotFoundException: Statement x is not found in resource policy."


# What is kept -----------------------------------------------------------------------------------------------


async def test_what_calls_have_made_is_there_after_a_restart() -> None:
    async with lambda_() as ask:
        await two_versions(ask)
        some = {"AdditionalVersionWeights": {"2": 0.25}}
        made = await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1", RoutingConfig=some)
        await ask("AddPermission", **TELL, **RULE, Qualifier="live")
        await ask("UpdateFunctionConfiguration", **TELL, Timeout=8)
        kept = json.loads(json.dumps(ask.functions.to_keep()))

    async with lambda_() as ask:
        ask.create(tell, environment={"MOOD": "fresh"})
        assert ask.functions.restore(kept, {"Tell"}) == ["the function Tell is the template's again"]

        assert await ask("GetAlias", **TELL, Name="live") == made
        versions = (await ask("ListVersionsByFunction", **TELL))["Versions"]
        assert [each["Environment"]["Variables"]["MOOD"] for each in versions] == ["fresh", "good", "bad"]
        assert json.loads((await ask("Invoke", FunctionName="Tell:2"))["Payload"])[0] == "2"
        assert len(json.loads((await ask("GetPolicy", FunctionName="Tell:live"))["Policy"])["Statement"]) == 1
        assert (await ask("PublishVersion", **TELL))["Version"] == "3"
        kept["changed"] = []
        assert ask.functions.to_keep()["policies"] == kept["policies"]


async def test_what_the_template_declares_counts_after_a_restart() -> None:
    async with lambda_() as ask:
        ask.create(tell, environment={"MOOD": "good"})
        await ask("PublishVersion", **TELL)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="1")
        await ask("AddPermission", **TELL, **RULE)
        kept = ask.functions.to_keep()

    async with lambda_() as ask:
        ask.create(tell, environment={"MOOD": "edited"})
        function = ask.functions.get("Tell")
        ask.functions.versions.declare(function, "1", "V", None)
        ask.functions.versions.declare_alias(function, "live", "1", {}, "")
        ask.functions.policies.permit(ARN, {"Sid": "rule"})

        assert ask.functions.restore(kept, {"Tell"}) == [
            "version 1 of the function Tell is the template's again",
            "the alias live of the function Tell is the template's again",
            f"the permission rule on {ARN} is the template's again",
        ]
        assert json.loads((await ask("Invoke", FunctionName="Tell:live"))["Payload"])[2] == "edited"
        # It is told once.
        again = ask.functions.to_keep()
        assert ask.functions.restore(again, {"Tell"}) == []


async def test_what_calls_have_deleted_of_the_template_is_there_again() -> None:
    async with lambda_() as ask:
        ask.create(tell)
        for _ in range(2):
            function = ask.functions.get("Tell")
            ask.functions.versions.declare(function, "1", "V", None)
            ask.functions.versions.declare_alias(function, "live", "1", {}, "")
            ask.functions.policies.permit(f"{ARN}:live", {"Sid": "rule"})
            if function.timeout == 4:
                break
            await ask("RemovePermission", **TELL, StatementId="rule", Qualifier="live")
            await ask("DeleteAlias", **TELL, Name="live")
            await ask("DeleteFunction", **TELL, Qualifier="1")
            kept = ask.functions.to_keep()
            ask.functions.change("Tell", timeout=4)

        assert ask.functions.restore(kept, {"Tell"}) == [
            "version 1 of the function Tell is there again, as the template has it",
            "the alias live of the function Tell is there again, as the template has it",
            f"the permission rule on {ARN}:live is there again, as the template has it",
        ]


async def test_an_alias_whose_version_is_gone_is_told() -> None:
    async with lambda_() as ask:
        ask.create(tell)
        ask.functions.versions.declare(ask.functions.get("Tell"), "2", "V", None)
        await ask("CreateAlias", **TELL, Name="live", FunctionVersion="2")
        kept = ask.functions.to_keep()

    async with lambda_() as ask:
        ask.create(tell)
        assert ask.functions.restore(kept, {"Tell"}) == [
            "the alias live of the function Tell is gone: its version is no more"
        ]
        assert ask.functions.restore(["Tell"], {"Tell"}) == ["the function Tell is the template's again"]
        ask.functions.remove("Tell")
        assert ask.functions.restore(kept, set()) == []


async def test_a_version_of_code_keeps_what_its_handler_is_found_by(tmp_path: Path) -> None:
    async with lambda_() as ask:
        ask.functions.create("Tell", Code("python3.12", "one.handler", tmp_path))
        await ask("PublishVersion", **TELL)
        kept = json.loads(json.dumps(ask.functions.to_keep()))

    async with lambda_() as ask:
        ask.functions.create("Tell", Code("python3.13", "two.handler", tmp_path / "moved"))
        ask.functions.restore(kept, {"Tell"})

        configuration = await ask("GetFunctionConfiguration", FunctionName="Tell:1")
        assert (configuration["Runtime"], configuration["Handler"]) == ("python3.12", "one.handler")
        code = ask.functions.get("Tell:1").handler
        assert isinstance(code, Code)
        assert code.folder == tmp_path / "moved"
