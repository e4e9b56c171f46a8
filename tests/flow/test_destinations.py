"""
What becomes of an event once its function has succeeded or failed: destinations and dead letters, from a rule on.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.lambda_.function import Context
from pizzabar.settings import Settings

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Handler: tests.flow.test_destinations.bake}
Resources:
  Ends: {Type: AWS::Events::EventBus, Properties: {Name: ends}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: "tests.flow.test_destinations:bake"}}
    Properties:
      FunctionName: bake
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig:
          OnFailure: {Type: SQS}
          OnSuccess: {Type: EventBridge, Destination: !GetAtt Ends.Arn}
      Events:
        Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [kitchen]}}}
  Serve:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: "tests.flow.test_destinations:serve"}}
    Properties:
      FunctionName: serve
      Events:
        Baked:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref Ends
            Pattern:
              source: [lambda]
              detail-type: [Lambda Function Invocation Result - Success]
              detail: {requestPayload: {detail: {pizza: [funghi]}}}
Outputs:
  Burnt: {Value: !Ref BakeEventInvokeConfigOnFailureQueue}
"""
ADDRESS = "https://sqs.us-east-1.amazonaws.com/123456789012/"

served: list[JSON] = []


def bake(event: JSON, context: Context) -> JSON:
    if event["detail"]["pizza"] == "hawaii":
        raise ValueError("no pineapple")
    return {"baked": event["detail"]["pizza"]}


def serve(event: JSON, context: Context) -> None:
    served.append(event["detail"]["responsePayload"])


@asynccontextmanager
async def opened(folder: Path, template: str = TEMPLATE, **settings: JSON) -> AsyncIterator[Emulator]:
    served.clear()
    (folder / "template.yaml").write_text(template)
    emulator = await Emulator.open(
        Settings(state=None, template=folder / "template.yaml", clock="virtual", **settings)
    )
    try:
        yield emulator
    finally:
        await emulator.close()


async def order(emulator: Emulator, pizza: str) -> None:
    entry = {"Source": "kitchen", "DetailType": "order", "Detail": json.dumps({"pizza": pizza})}
    await emulator.call("events", "PutEvents", {"Entries": [entry]})
    await emulator.advance(timedelta(minutes=2))


async def bodies(emulator: Emulator, queue: str) -> list[JSON]:
    asked = {"QueueUrl": ADDRESS + queue, "MaxNumberOfMessages": 10}
    answer = await emulator.call("sqs", "ReceiveMessage", asked)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


@pytest.mark.parametrize("iam", ["audit", "enforce"])
async def test_what_comes_of_an_event_is_told_on(tmp_path: Path, iam: str) -> None:
    async with opened(tmp_path, iam=iam) as emulator:
        await order(emulator, "funghi")
        await order(emulator, "hawaii")

        burnt = emulator.stack.outputs["Burnt"].value.rpartition("/")[2]
        [record] = await bodies(emulator, burnt)
        [dead] = await bodies(emulator, "dead")
        assert served == [{"baked": "funghi"}]
        assert record["requestContext"]["approximateInvokeCount"] == 2
        assert record["responsePayload"]["errorMessage"] == "no pineapple"
        assert record["requestPayload"] == dead
        assert dead["detail"] == {"pizza": "hawaii"}


async def test_a_role_that_may_not_tell_tells_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trust = (
        "{Version: 2012-10-17, Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: LAMBDA}}]}"
    )
    role = f"Poor: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {trust}}}}}\n  Ends:"
    template = TEMPLATE.replace("Ends:", role.replace("LAMBDA", "lambda.amazonaws.com"), 1)
    template = template.replace("FunctionName: bake", "FunctionName: bake\n      Role: !GetAtt Poor.Arn")
    async with opened(tmp_path, template, iam="enforce") as emulator:
        await order(emulator, "hawaii")

        assert await bodies(emulator, "dead") == []
        told = "nobody is told how an event for the function bake ended: AccessDenied"
        assert len([each for each in caplog.messages if each.startswith(told)]) == 2
