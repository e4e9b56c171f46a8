"""The CloudFormation types of SQS."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.sqs.service import arn, url

TEMPLATE = """
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: orders
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
      Tags: [{Key: team, Value: kitchen}]
  Ordered: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true, ContentBasedDeduplication: true}}
  Plain: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sqs:SendMessage, Resource: '*'}
Outputs:
  Url: {Value: !Ref Orders}
  Arn: {Value: !GetAtt Orders.Arn}
  Name: {Value: !GetAtt Ordered.QueueName}
"""


@asynccontextmanager
async def opened(folder: Path, text: str = TEMPLATE, state: Path | None = None) -> AsyncIterator[Emulator]:
    (folder / "template.yaml").write_text(text)
    emulator = await Emulator.open(Settings(state=state, template=folder / "template.yaml", clock="virtual"))
    try:
        yield emulator
    finally:
        await emulator.close()


async def attributes(emulator: Emulator, name: str) -> dict[str, str]:
    asked = {"QueueUrl": url(name), "AttributeNames": ["All"]}
    found: dict[str, str] = (await emulator.call("sqs", "GetQueueAttributes", asked))["Attributes"]
    return found


async def test_queues_of_a_template(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        outputs = {name: output.value for name, output in emulator.stack.outputs.items()}
        assert outputs == {"Url": url("orders"), "Arn": arn("orders"), "Name": "pizzabar-Ordered.fifo"}
        orders = await attributes(emulator, "orders")
        assert orders["VisibilityTimeout"] == "60"
        assert orders["RedrivePolicy"] == f'{{"deadLetterTargetArn":"{arn("dead")}","maxReceiveCount":3}}'
        assert "events.amazonaws.com" in orders["Policy"]
        tags = await emulator.call("sqs", "ListQueueTags", {"QueueUrl": url("orders")})
        assert tags == {"Tags": {"team": "kitchen"}}
        assert (await attributes(emulator, "pizzabar-Ordered.fifo"))["ContentBasedDeduplication"] == "true"
        assert "FifoQueue" not in await attributes(emulator, "pizzabar-Plain")


async def test_messages_stay_and_attributes_are_the_templates_at_the_next_start(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with opened(tmp_path, state=state) as emulator:
        await emulator.call("sqs", "SendMessage", {"QueueUrl": url("orders"), "MessageBody": "a"})
        change = {"QueueUrl": url("orders"), "Attributes": {"VisibilityTimeout": "5"}}
        await emulator.call("sqs", "SetQueueAttributes", change)
        await emulator.call("sqs", "CreateQueue", {"QueueName": "own", "Attributes": {"DelaySeconds": "7"}})
        assert (await attributes(emulator, "orders"))["VisibilityTimeout"] == "5"
    for told in (["the queue orders is the template's again"], []):
        async with opened(tmp_path, state=state) as emulator:
            assert emulator.changed_back == told
            orders = await attributes(emulator, "orders")
            assert (orders["VisibilityTimeout"], orders["ApproximateNumberOfMessages"]) == ("60", "1")
            assert "events.amazonaws.com" in orders["Policy"]
            assert (await attributes(emulator, "own"))["DelaySeconds"] == "7"


async def test_a_template_that_is_edited(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        for name in ("orders", "dead"):
            await emulator.call("sqs", "SendMessage", {"QueueUrl": url(name), "MessageBody": "a"})
        edited = TEMPLATE.replace("VisibilityTimeout: 60", "VisibilityTimeout: 90").replace("sqs:Send", "sqs:Purge")
        edited = edited.replace("  Plain: {Type: AWS::SQS::Queue, Properties: {FifoQueue: false}}\n", "")
        (tmp_path / "template.yaml").write_text(edited)
        await emulator.redeploy(load_stack(emulator.settings))
        orders = await attributes(emulator, "orders")
        assert (orders["VisibilityTimeout"], orders["ApproximateNumberOfMessages"]) == ("90", "1")
        assert "sqs:Purge" in orders["Policy"]
        assert "pizzabar-Plain" not in emulator.queues
        # What has messages is left: data.
        without, _, _ = edited.partition("  Ordered:")
        (tmp_path / "template.yaml").write_text(without.partition("  Orders:")[0])
        await emulator.redeploy(load_stack(emulator.settings))
        assert [queue.name for queue in emulator.queues] == ["dead", "orders"]
        assert "Policy" not in await attributes(emulator, "orders")


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ("{QueueName: a b}", "Can only include alphanumeric characters"),
        ("{QueueName: a.fifo}", "Can only include alphanumeric characters"),
        ("{QueueName: a, FifoQueue: true}", "must end with .fifo suffix"),
        ("{ContentBasedDeduplication: true}", "Unknown Attribute ContentBasedDeduplication."),
        ("{DelaySeconds: 901}", "901"),
        ("{RedrivePolicy: {maxReceiveCount: 3}}", "mandatory attribute: deadLetterTargetArn"),
        ("{Colour: red}", "extraneous key [Colour] is not permitted"),
    ],
)
def test_faults_of_a_template(tmp_path: Path, properties: str, fault: str) -> None:
    text = f"Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {properties}}}}}\n"
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(Settings(state=None, template=tmp_path / "template.yaml"))
    assert fault in str(faulty.value)


async def test_a_policy_is_one_of_a_queue(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="The specified queue does not exist"):
        async with opened(tmp_path, TEMPLATE.replace("!Ref Orders", "http://any/123456789012/other")):
            pass


def test_a_policy_is_held_to_its_language(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("Effect: Allow", "Effect: Perhaps"))
    with pytest.raises(FaultyTemplate, match="the Effect of a statement is Allow or Deny"):
        load_stack(Settings(state=None, template=tmp_path / "template.yaml"))
