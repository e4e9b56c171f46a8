"""A stack as ``cdk synth`` leaves it in ``cdk.out``, without any option."""

import json
from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings

BUCKET = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
DEFINITION = '{"StartAt": "Bake", "States": {"Bake": {"Type": "Pass", "Result": {"baked": "${Pizza}"}, "End": true}}}'


def role(service: str) -> dict[str, object]:
    trust = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": service}}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


TEMPLATE = {
    "Resources": {
        "TellServiceRole1A": role("lambda.amazonaws.com"),
        "Tell2B": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": BUCKET, "S3Key": "12.zip"},
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["TellServiceRole1A", "Arn"]},
                "Runtime": "python3.12",
            },
            "DependsOn": ["TellServiceRole1A"],
            "Metadata": {
                "aws:cdk:path": "Bar/Tell/Resource",
                "aws:asset:path": "asset.12",
                "aws:asset:is-bundled": False,
                "aws:asset:property": "Code",
            },
        },
        "FlowRole3C": role("states.amazonaws.com"),
        "Flow4D": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "DefinitionS3Location": {"Bucket": BUCKET, "Key": "34.json"},
                "DefinitionSubstitutions": {"Pizza": "funghi"},
                "RoleArn": {"Fn::GetAtt": ["FlowRole3C", "Arn"]},
            },
            "UpdateReplacePolicy": "Delete",
            "DeletionPolicy": "Delete",
            "Metadata": {"aws:cdk:path": "Bar/Flow/Resource"},
        },
        "CDKMetadata": {
            "Type": "AWS::CDK::Metadata",
            "Properties": {"Analytics": "v2:deflate64:H4s"},
            "Metadata": {"aws:cdk:path": "Bar/CDKMetadata/Default"},
            "Condition": "CDKMetadataAvailable",
        },
    },
    "Conditions": {"CDKMetadataAvailable": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}},
    "Parameters": {
        "BootstrapVersion": {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        }
    },
    "Rules": {
        "CheckBootstrapVersion": {
            "Assertions": [
                {"Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "BootstrapVersion"}]}]}},
            ]
        }
    },
}
MANIFEST = {
    "files": {
        "34": {
            "source": {"path": "asset.34.json", "packaging": "file"},
            "destinations": {"here": {"bucketName": "cdk-assets", "objectKey": "34.json"}},
        }
    }
}


async def test_a_synthesized_stack_runs_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "asset.12").mkdir()
    (tmp_path / "asset.12" / "index.py").write_text("def handler(event, context): return {'told': event}\n")
    (tmp_path / "asset.34.json").write_text(DEFINITION)
    (tmp_path / "Bar.assets.json").write_text(json.dumps(MANIFEST))
    template = tmp_path / "Bar.template.json"
    template.write_text(json.dumps(TEMPLATE))

    emulator = await Emulator.open(
        Settings(template=template, state=None, clock="virtual", port=0, cache=tmp_path / "cache")
    )
    try:
        answer = await emulator.call("lambda", "Invoke", {"FunctionName": "pizzabar-Tell2B", "Payload": "1"})
        assert json.loads(answer["Payload"]) == {"told": 1}
        [machine] = emulator.state_machines
        started = await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": machine.arn})
        await emulator.settled()
        ended = await emulator.call("stepfunctions", "DescribeExecution", {"executionArn": started["executionArn"]})
        assert ended["output"] == '{"baked":"funghi"}'
    finally:
        await emulator.close()
