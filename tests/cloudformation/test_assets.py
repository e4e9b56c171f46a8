"""
Templates as ``cdk synth`` writes them.

https://docs.aws.amazon.com/cdk/v2/guide/assets.html
"""

import json
from typing import Any

import pytest

from pizzabar.cloudformation.assets import Assets
from pizzabar.cloudformation.node import FaultyTemplate, Position, node_of, plain
from tests.cloudformation.kitchen import load, resources_of

BUCKET = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
BOOTSTRAP = """
Parameters:
  BootstrapVersion: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /cdk-bootstrap/hnb659fds/version}
Rules:
  CheckBootstrapVersion: {Assertions: [{Assert: !Not [{'Fn::Contains': [['1'], !Ref BootstrapVersion]}]}]}
"""
OVEN = "Resources:\n  Oven: {Type: AWS::Kitchen::Oven, Properties: {Name: %s}}\n"
MANIFEST = json.dumps(
    {
        "version": "55.0.0",
        "files": {
            "77": {
                "source": {"path": "asset.77.json", "packaging": "file"},
                "destinations": {"here": {"bucketName": "cdk-assets", "objectKey": "77.json"}},
            }
        },
    }
)


def located(type: str, properties: Any, metadata: Any = None, files: dict[str, str] | None = None) -> Any:
    """Give the properties of a resource of ``Bar.template.json`` with what its assets are."""

    def read_file(name: str) -> str:
        try:
            return (files or {})[name]
        except KeyError:
            raise FileNotFoundError(name) from None

    resource = node_of({"Type": type, "Properties": properties, "Metadata": metadata or {}}, Position("a", 1, 1))
    made: Any = plain(Assets("cdk.out/Bar.template.json", read_file).located(resource))
    return made["Properties"]


@pytest.mark.parametrize(
    ("type", "property"), [("AWS::Lambda::Function", "Code"), ("AWS::Lambda::LayerVersion", "Content")]
)
def test_code_is_the_asset_that_the_metadata_name(type: str, property: str) -> None:
    metadata = {"aws:cdk:path": "Bar/F", "aws:asset:path": "asset.12", "aws:asset:property": property}

    made = located(type, {property: {"S3Bucket": BUCKET, "S3Key": "12.zip"}, "Description": "d"}, metadata)

    assert made == {property: "asset.12", "Description": "d"}


def test_a_definition_is_the_asset_that_the_manifest_has_of_its_key() -> None:
    given = {"DefinitionS3Location": {"Bucket": BUCKET, "Key": "77.json"}}

    made = located("AWS::StepFunctions::StateMachine", given, files={"Bar.assets.json": MANIFEST})

    assert made == {"DefinitionS3Location": "asset.77.json"}


@pytest.mark.parametrize("manifest", [None, "[]", "no JSON", '{"files": {"77": {}}}'])
def test_what_is_no_asset_stays_in_its_bucket(manifest: str | None) -> None:
    code = {"Code": {"S3Bucket": "shelf", "S3Key": "77.json"}}
    files = {} if manifest is None else {"Bar.assets.json": manifest}

    assert located("AWS::Lambda::Function", code, files=files) == code
    assert located("AWS::Kitchen::Oven", code, {"aws:asset:path": "asset.1", "aws:asset:property": "Code"}) == code


def test_a_version_of_the_bootstrap_needs_no_value() -> None:
    """Only a rule asks for it, and rules have no effect here."""
    stack = load(BOOTSTRAP + OVEN % "a")

    assert stack.parameters == {"BootstrapVersion": "/cdk-bootstrap/hnb659fds/version"}
    assert [told for told in stack.without_effect if "Rules" in told[0]] == [
        ("template.yaml:5:3: Rules.CheckBootstrapVersion", "parameters are not held to rules")
    ]


@pytest.mark.parametrize("use", ["!Ref Size", "!Sub 'a-${Size}'"])
def test_a_parameter_of_ssm_that_is_used_needs_its_value(use: str) -> None:
    text = "Parameters:\n  Size: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /oven/size}\n" + OVEN % use

    with pytest.raises(FaultyTemplate) as refused:
        load(text)

    assert [str(fault) for fault in refused.value.faults] == [
        "template.yaml:2:10: Size: a parameter of SSM, which is not here: give its value, --parameter Size=…"
    ]
    [oven] = load(text, parameters={"Size": "L"}).resources
    assert oven.properties["Name"].endswith("L")


def test_lists_and_names_of_ssm() -> None:
    stack = load(
        """
Parameters:
  Racks: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /racks, AllowedPattern: /.*}
  Name: {Type: AWS::SSM::Parameter::Name, Default: /oven/name}
Resources:
  Oven: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref Name, Racks: !Ref Racks}}
""",
        parameters={"Racks": "a, b"},
    )

    assert stack.resources[0].properties == {"Name": "/oven/name", "Racks": ["a", "b"]}


def test_the_metadata_of_the_cdk_have_no_effect() -> None:
    stack = load(
        """
Conditions: {CDKMetadataAvailable: !Equals [!Ref AWS::Region, us-east-1]}
Resources:
  CDKMetadata: {Type: AWS::CDK::Metadata, Condition: CDKMetadataAvailable, Properties: {Analytics: v2}}
"""
    )

    assert list(resources_of(stack)) == ["CDKMetadata"]
    assert [why for _, why in stack.without_effect] == ["nobody is told of how the template was made"]
