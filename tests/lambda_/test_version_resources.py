"""
Versions and aliases of templates.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack
from pizzabar.emulator import Emulator
from pizzabar.lambda_.function import Context
from pizzabar.loading import load_stack
from pizzabar.settings import Settings

ARN = "arn:aws:lambda:us-east-1:123456789012:function:Bake"
HANDLER = {"pizzabar": {"InProcess": "tests.lambda_.test_version_resources:tell"}}


async def tell(event: Any, context: Context) -> Any:
    """Tell by what it was invoked, and how long it may take."""
    return [context.invoked_function_arn, context.function_version, context.function.timeout]


def function(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Metadata": HANDLER,
        "Properties": {"FunctionName": "Bake", **properties},
    }


def version(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Bake"}, **properties}}


def alias(number: Any, **properties: Any) -> dict[str, Any]:
    given = {"FunctionName": {"Fn::GetAtt": ["Bake", "Arn"]}, "Name": "live", "FunctionVersion": number}
    return {"Type": "AWS::Lambda::Alias", "Properties": {**given, **properties}}


FIRST, SECOND = ({"Fn::GetAtt": [name, "Version"]} for name in ("First", "Second"))


def settings_of(folder: Path, **resources: Any) -> Settings:
    """Settings for a template of these resources."""
    (folder / "template.json").write_text(json.dumps({"Resources": resources}))
    return Settings(state=folder / "state.db", clock="virtual", template=folder / "template.json")


def stack_of(folder: Path, **resources: Any) -> Stack:
    return load_stack(settings_of(folder, **resources))


async def told(emulator: Emulator, name: str) -> Any:
    """Invoke a function, and give what it tells."""
    return json.loads((await emulator.call("lambda", "Invoke", {"FunctionName": name}))["Payload"])


def test_how_they_are_referred_to(tmp_path: Path) -> None:
    weights = {"AdditionalVersionWeights": [{"FunctionVersion": SECOND, "FunctionWeight": "0.1"}]}
    stack = stack_of(
        tmp_path,
        Bake=function(),
        First=version(),
        Second=version(Description="d"),
        Live=alias(FIRST, RoutingConfig=weights),
    )

    identities = {each.logical_id: (each.identity.ref, each.identity.attributes) for each in stack.resources}
    assert identities["First"] == (f"{ARN}:1", {"FunctionArn": f"{ARN}:1", "Version": "1"})
    assert identities["Second"] == (f"{ARN}:2", {"FunctionArn": f"{ARN}:2", "Version": "2"})
    assert identities["Live"] == (f"{ARN}:live", {"AliasArn": f"{ARN}:live"})


@pytest.mark.parametrize(
    ("resources", "fault"),
    [
        ({"Live": alias("1")}, "Live: /FunctionVersion: there is no AWS::Lambda::Version 1 in this template"),
        ({"First": version(FunctionName="Roast")}, "First: /FunctionName: Roast is not the ID of an AWS::Lambda::Fu"),
        ({"Live": alias("$LATEST"), "Other": alias("$LATEST")}, "Other: /Name: live already exists: Live has it"),
        (
            {
                "First": version(),
                "Live": alias(
                    FIRST,
                    RoutingConfig={"AdditionalVersionWeights": [{"FunctionVersion": "1", "FunctionWeight": 2}]},
                ),
            },
            "Live: /RoutingConfig/AdditionalVersionWeights[0]/FunctionWeight: a weight is a number from 0 to 1",
        ),
    ],
)
def test_faults_are_told(tmp_path: Path, resources: dict[str, Any], fault: str) -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        stack_of(tmp_path, Bake=function(), **resources)

    [found] = faulty.value.faults
    assert found.message.startswith(fault)


async def test_an_alias_leads_where_the_template_says(tmp_path: Path) -> None:
    resources = {"Bake": function(Timeout=5), "First": version(), "Live": alias(FIRST), "Dev": alias("$LATEST")}
    resources["Dev"]["Properties"]["Name"] = "dev"
    emulator = await Emulator.open(settings_of(tmp_path, **resources))

    assert await told(emulator, "Bake:live") == [f"{ARN}:live", "1", 5]
    assert await told(emulator, "Bake:dev") == [f"{ARN}:dev", "$LATEST", 5]
    await emulator.close()


async def test_a_reload_publishes_what_is_new_and_leaves_the_rest(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, Bake=function(Timeout=5), First=version(), Live=alias(FIRST))
    emulator = await Emulator.open(settings)

    async def edit(**resources: Any) -> None:
        settings_of(tmp_path, **resources)
        await emulator.redeploy(load_stack(settings, None, emulator.numbers()))

    # As on AWS, a version stays what it is.
    await edit(Bake=function(Timeout=6), First=version(), Live=alias(FIRST))
    assert await told(emulator, "Bake:live") == [f"{ARN}:live", "1", 5]
    assert await told(emulator, "Bake") == [ARN, "$LATEST", 6]

    await emulator.call("lambda", "PublishVersion", {"FunctionName": "Bake"})
    await edit(Bake=function(Timeout=7), Second=version(), Live=alias(SECOND))
    assert await told(emulator, "Bake:live") == [f"{ARN}:live", "3", 7]
    assert await told(emulator, "Bake:1") == [f"{ARN}:1", "1", 5]
    assert await told(emulator, "Bake:2") == [f"{ARN}:2", "2", 6]

    await edit(Bake=function(Timeout=7), Second=version(Description="again"), Live=alias(SECOND))
    assert (await told(emulator, "Bake:live"))[1] == "4"
    # What a template has called one version before is another one now.
    await edit(Bake=function(Timeout=8), First=version(), Live=alias(FIRST))
    assert await told(emulator, "Bake:live") == [f"{ARN}:live", "5", 8]

    await edit(Bake=function(Timeout=7))
    answer = await emulator.call("lambda", "ListAliases", {"FunctionName": "Bake"})
    assert answer["Aliases"] == []
    await emulator.close()

    # At a start the template is read anew; what calls have published keeps its number.
    emulator = await Emulator.open(settings_of(tmp_path, Bake=function(), First=version(), Live=alias(FIRST)))
    assert await told(emulator, "Bake:live") == [f"{ARN}:live", "1", 3]
    assert await told(emulator, "Bake:2") == [f"{ARN}:2", "2", 6]
    assert (await emulator.call("lambda", "PublishVersion", {"FunctionName": "Bake"}))["Version"] == "3"
    await emulator.close()
