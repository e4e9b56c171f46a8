"""
Queues among the other services: functions that are handed their messages, and state machines that send some.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.loading import load_stack
from pizzabar.settings import Settings
from tests.world import turns

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
URL = "http://localhost:8000/123456789012/{}"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Orders:
    Type: AWS::SQS::Queue
    Properties: {QueueName: orders, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}}
  Groups:
    Type: AWS::SQS::Queue
    Properties: {QueueName: groups.fifo, FifoQueue: true, ContentBasedDeduplication: true}
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: "tests.flow.test_queues:handle"}}
    Properties:
      FunctionName: bake
EVENTS
"""
EVENT = """
      Events:
        Ordered:
          Type: SQS
          Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 2, FunctionResponseTypes: [ReportBatchItemFailures]}
"""

handed: list[list[JSON]] = []
"""The batches that the function was handed."""
answers: list[Callable[[], JSON]] = []
"""What it does with them, one after another; with the others it does nothing."""


def handle(event: JSON, context: object) -> JSON:
    handed.append(event["Records"])
    return answers.pop(0)() if answers else None


def fail() -> JSON:
    raise RuntimeError("not now")


def failing(*indices: int) -> Callable[[], JSON]:
    """Be done with a batch but for some of it."""
    return lambda: {"batchItemFailures": [{"itemIdentifier": handed[-1][index]["messageId"]} for index in indices]}


@pytest.fixture(autouse=True)
def _clean() -> None:
    handed.clear()
    answers.clear()


@asynccontextmanager
async def opened(folder: Path, events: str = "", **settings: Any) -> AsyncIterator[Emulator]:
    (folder / "template.yaml").write_text(TEMPLATE.replace("EVENTS", events))
    given: dict[str, Any] = {"state": None, "template": folder / "template.yaml", "clock": "virtual"}
    emulator = await Emulator.open(Settings(**(given | settings)))
    try:
        yield emulator
    finally:
        await emulator.close()


async def send(emulator: Emulator, *bodies: str, queue: str = "orders", **more: JSON) -> None:
    for body in bodies:
        await emulator.call("sqs", "SendMessage", {"QueueUrl": URL.format(queue), "MessageBody": body, **more})


async def map_queue(emulator: Emulator, **more: JSON) -> JSON:
    given = {"EventSourceArn": ARN, "FunctionName": "bake"}
    return await emulator.call("lambda", "CreateEventSourceMapping", given | more)


async def counts(emulator: Emulator, queue: str = "orders") -> tuple[int, int, int]:
    found = await emulator.queues.messages.count(queue)
    return found.visible, found.in_flight, found.delayed


def bodies() -> list[list[str]]:
    return [[record["body"] for record in batch] for batch in handed]


async def test_a_function_is_handed_the_messages_of_a_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        attribute = {"kind": {"DataType": "String", "StringValue": "pizza"}}
        await send(emulator, "a", MessageAttributes=attribute)
        await emulator.settled()
        [[record]] = handed
        assert record == {
            "messageId": record["messageId"],
            "receiptHandle": record["receiptHandle"],
            "body": "a",
            "attributes": record["attributes"],
            "messageAttributes": {
                "kind": {
                    "stringValue": "pizza",
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                }
            },
            "md5OfBody": "0cc175b9c0f1b6a831c399e269772661",
            "md5OfMessageAttributes": record["md5OfMessageAttributes"],
            "eventSource": "aws:sqs",
            "eventSourceARN": ARN,
            "awsRegion": "us-east-1",
        }
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert await counts(emulator) == (0, 0, 0)
        role = await emulator.call("iam", "ListAttachedRolePolicies", {"RoleName": "pizzabar-BakeRole"})
        assert [each["PolicyName"] for each in role["AttachedPolicies"]] == [
            "AWSLambdaBasicExecutionRole",
            "AWSLambdaSQSQueueExecutionRole",
        ]


async def test_a_batch_that_fails_comes_back_and_is_buried_at_last(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT) as emulator:
        answers.extend([fail] * 3)
        await send(emulator, "a")
        for _ in range(3):
            await emulator.settled()
            assert await counts(emulator) == (0, 1, 0)
            await emulator.advance(timedelta(seconds=30))
        assert [batch[0]["attributes"]["ApproximateReceiveCount"] for batch in handed] == ["1", "2", "3"]
        assert (await counts(emulator), await counts(emulator, "dead")) == ((0, 0, 0), (1, 0, 0))


async def test_a_clock_that_moves_by_itself_goes_on_to_the_retries(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT, clock="auto") as emulator:
        began = emulator.clock.now()
        answers.extend([fail] * 2)
        await send(emulator, "a")
        await emulator.settled()
        assert (bodies(), await counts(emulator)) == ([["a"]] * 3, (0, 0, 0))
        assert emulator.clock.now() - began == timedelta(seconds=60)


async def test_speed_shortens_the_wait_for_a_retry(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT, clock="real", speed=10_000.0) as emulator:
        loop, is_again = asyncio.get_running_loop(), asyncio.Event()
        answers.extend([fail, lambda: loop.call_soon_threadsafe(is_again.set) and None])
        await send(emulator, "a")
        await is_again.wait()
        await emulator.settled()
        assert (bodies(), await counts(emulator)) == ([["a"]] * 2, (0, 0, 0))


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (lambda: None, 0),
        (dict, 0),
        (lambda: {"batchItemFailures": []}, 0),
        (failing(1), 1),
        (failing(0, 1), 2),
        (lambda: {"batchItemFailures": [{"itemIdentifier": "other"}]}, 2),
        (lambda: {"batchItemFailures": [{"itemIdentifier": ""}]}, 2),
        (lambda: {"batchItemFailures": [{"other": "a"}]}, 2),
        (lambda: "done", 2),
    ],
)
async def test_a_function_tells_what_it_is_not_done_with(
    tmp_path: Path, answer: Callable[[], JSON], left: int
) -> None:
    async with opened(tmp_path) as emulator:
        await send(emulator, "a", "b")
        answers.append(answer)
        await map_queue(emulator, FunctionResponseTypes=["ReportBatchItemFailures"])
        await emulator.settled()
        assert (bodies(), await counts(emulator)) == ([["a", "b"]], (0, left, 0))


async def test_what_no_filter_matches_is_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        filters = [{"Pattern": '{"body":{"pizza":["funghi"]}}'}, {"Pattern": '{"body":["plain"]}'}]
        await map_queue(emulator, FilterCriteria={"Filters": filters})
        await send(emulator, '{"pizza":"funghi"}', '{"pizza":"diavola"}', "plain", "other")
        await emulator.settled()
        assert bodies() == [['{"pizza":"funghi"}'], ["plain"]]
        assert await counts(emulator) == (0, 0, 0)


async def test_a_window_gathers_a_batch(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await map_queue(emulator, MaximumBatchingWindowInSeconds=10, BatchSize=3)
        await send(emulator, "a")
        await emulator.advance(timedelta(seconds=5))
        await send(emulator, "b")
        await emulator.settled()
        assert handed == []
        await emulator.advance(timedelta(seconds=5))
        assert bodies() == [["a", "b"]]
        await send(emulator, "c", "d", "e")
        await emulator.settled()
        assert bodies()[1:] == [["c", "d", "e"]]


async def test_a_batch_is_gathered_by_several_receipts(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await send(emulator, *map(str, range(25)))
        await map_queue(emulator, MaximumBatchingWindowInSeconds=1, BatchSize=20)
        await emulator.advance(timedelta(seconds=1))
        assert sorted(map(len, handed)) == [5, 20]
        assert await counts(emulator) == (0, 0, 0)


async def test_what_is_too_large_for_one_invocation_goes_into_several(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await send(emulator, *(letter * 1_000_000 for letter in "abcdefgh"))
        await map_queue(emulator)
        await emulator.settled()
        assert sorted(body[0] for batch in bodies() for body in batch) == list("abcdefgh")
        assert len(handed) == 2


async def test_each_group_is_handed_over_in_its_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        answers.append(fail)
        await map_queue(emulator, EventSourceArn="arn:aws:sqs:us-east-1:123456789012:groups.fifo", BatchSize=1)
        for body in ("a1", "a2", "b1"):
            await send(emulator, body, queue="groups.fifo", MessageGroupId=body[0])
        await emulator.settled()
        assert bodies() == [["a1"], ["b1"]]
        await emulator.advance(timedelta(seconds=30))
        assert bodies() == [["a1"], ["b1"], ["a1"], ["a2"]]


@pytest.mark.parametrize(("scaling", "most"), [({"ScalingConfig": {"MaximumConcurrency": 2}}, 2), ({}, 5)])
async def test_so_many_batches_are_handed_over_at_once(tmp_path: Path, scaling: dict[str, JSON], most: int) -> None:
    gate, under_way, peaks = asyncio.Event(), [0], [0]

    async def wait(event: JSON, context: object) -> None:
        under_way[0] += 1
        peaks.append(under_way[0])
        await gate.wait()
        under_way[0] -= 1

    async with opened(tmp_path, functions={"Bake": wait}) as emulator:
        await map_queue(emulator, BatchSize=1, **scaling)
        await send(emulator, *map(str, range(8)))
        await turns()
        assert max(peaks) == most
        gate.set()
        await emulator.settled()
        assert (max(peaks), len(peaks) - 1, await counts(emulator)) == (most, 8, (0, 0, 0))


async def test_a_mapping_is_described_changed_and_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        made = await map_queue(emulator, ScalingConfig={"MaximumConcurrency": 2})
        uuid = {"UUID": made["UUID"]}
        assert made == {
            "UUID": made["UUID"],
            "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{made['UUID']}",
            "EventSourceArn": ARN,
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:bake",
            "State": "Enabled",
            "StateTransitionReason": "USER_INITIATED",
            "LastModified": made["LastModified"],
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            "ScalingConfig": {"MaximumConcurrency": 2},
        }
        await emulator.call("lambda", "UpdateEventSourceMapping", {**uuid, "Enabled": False})
        await send(emulator, "a")
        await emulator.settled()
        assert handed == []
        await emulator.call("lambda", "UpdateEventSourceMapping", {**uuid, "Enabled": True})
        await emulator.settled()
        assert bodies() == [["a"]]
        await emulator.call("lambda", "DeleteEventSourceMapping", uuid)
        await send(emulator, "b")
        await emulator.settled()
        assert bodies() == [["a"]]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (
            {"EventSourceArn": f"{ARN}-other"},
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            "Message: The specified queue does not exist.",
        ),
        ({"StartingPosition": "LATEST"}, "StartingPosition is not valid for SQS event sources."),
        (
            {"BatchSize": 11},
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater",
        ),
        ({"ParallelizationFactor": 2}, "ParallelizationFactor is not supported by pizzabar"),
        ({"ScalingConfig": {"MaximumConcurrency": 1}}, "greater than or equal to 2"),
        (
            {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:groups.fifo", "MaximumBatchingWindowInSeconds": 1},
            "Batching window is not supported for FIFO queues",
        ),
    ],
)
async def test_faults_of_a_mapping(tmp_path: Path, more: dict[str, Any], error: str) -> None:
    async with opened(tmp_path) as emulator:
        with pytest.raises(ServiceError) as raised:
            await map_queue(emulator, **more)
        assert raised.value.code == "InvalidParameterValueException"
        assert error in raised.value.message


async def test_a_message_must_stay_in_flight_for_as_long_as_the_function_runs(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        change = {"QueueUrl": URL.format("orders"), "Attributes": {"VisibilityTimeout": "2"}}
        await emulator.call("sqs", "SetQueueAttributes", change)
        with pytest.raises(
            ServiceError, match="Queue visibility timeout: 2 seconds is less than Function timeout: 3"
        ):
            await map_queue(emulator)


async def test_a_mapping_goes_on_after_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    async with opened(tmp_path, state=state) as emulator:
        answers.append(fail)
        await map_queue(emulator)
        await send(emulator, "a")
        await emulator.settled()
        await emulator.call("sqs", "SendMessage", {"QueueUrl": URL.format("dead"), "MessageBody": "other"})
    async with opened(tmp_path, state=state) as emulator:
        await emulator.settled()
        assert bodies() == [["a"]]
        await emulator.advance(timedelta(seconds=31))
        assert bodies() == [["a"], ["a"]]


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ("{BatchSize: 2}", "an event source of this type needs a Queue."),
        ("{Queue: !GetAtt Orders.Arn, Stream: a}", "property Stream not defined for event Ordered"),
        ("{Queue: !GetAtt Orders.Arn, BatchSize: 20}", "Maximum batch window in seconds must be greater than 0"),
        ("{Queue: !GetAtt Orders.Arn, ProvisionedPollerConfig: {}}", "ProvisionedPollerConfig"),
    ],
)
def test_faults_of_an_event_source(tmp_path: Path, properties: str, fault: str) -> None:
    event = f"      Events:\n        Ordered:\n          Type: SQS\n          Properties: {properties}\n"
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("EVENTS", event))
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(Settings(state=None, template=tmp_path / "template.yaml"))
    assert fault in str(faulty.value)


# State machines.


async def run(emulator: Emulator, states: JSON, given: JSON) -> JSON:
    """Run a state machine, and describe the execution once nothing is left to happen now."""
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    asked = {"name": "flow", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/any"}
    machine = (await emulator.call("stepfunctions", "CreateStateMachine", asked))["stateMachineArn"]
    start = {"stateMachineArn": machine, "input": json.dumps(given)}
    started = await emulator.call("stepfunctions", "StartExecution", start)
    await emulator.settled()
    return await emulator.call("stepfunctions", "DescribeExecution", {"executionArn": started["executionArn"]})


async def received(emulator: Emulator) -> list[str]:
    asked = {"QueueUrl": URL.format("orders"), "MaxNumberOfMessages": 10}
    answer = await emulator.call("sqs", "ReceiveMessage", asked)
    return [message["Body"] for message in answer.get("Messages", [])]


def sending(resource: str, **parameters: JSON) -> JSON:
    given = {"QueueUrl": URL.format("orders"), **parameters}
    return {"Send": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": given, "End": True}}


async def test_a_state_machine_sends_a_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        states = sending("sqs:sendMessage", **{"MessageBody.$": "$", "MessageSystemAttribute": {"a": "b"}})
        ended = await run(emulator, states, {"pizza": "funghi"})
        output = json.loads(ended["output"])
        assert (ended["status"], output["SdkHttpMetadata"]["HttpStatusCode"]) == ("SUCCEEDED", 200)
        assert output.keys() == {"MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"}
        assert await received(emulator) == ['{"pizza":"funghi"}']


async def test_a_state_machine_waits_for_who_receives_its_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        body = {"token.$": "$$.Task.Token"}
        running = await run(emulator, sending("sqs:sendMessage.waitForTaskToken", MessageBody=body), {})
        assert running["status"] == "RUNNING"
        [message] = await received(emulator)
        answer = {"taskToken": json.loads(message)["token"], "output": '"baked"'}
        await emulator.call("stepfunctions", "SendTaskSuccess", answer)
        await emulator.settled()
        asked = {"executionArn": running["executionArn"]}
        ended = await emulator.call("stepfunctions", "DescribeExecution", asked)
        assert (ended["status"], ended["output"]) == ("SUCCEEDED", '"baked"')


@pytest.mark.parametrize(
    ("resource", "parameters", "error", "cause"),
    [
        (
            "sqs:sendMessage",
            {},
            "SQS.AmazonSQSException",
            "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: "
            "MissingParameter)",
        ),
        (
            "sqs:sendMessage",
            {"QueueUrl": URL.format("none"), "MessageBody": "a"},
            "SQS.QueueDoesNotExistException",
            "The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: "
            "AWS.SimpleQueueService.NonExistentQueue)",
        ),
        (
            "aws-sdk:sqs:sendMessage",
            {"QueueUrl": URL.format("none"), "MessageBody": "a"},
            "Sqs.QueueDoesNotExistException",
            "The specified queue does not exist. (Service: Sqs, Status Code: 400)",
        ),
        (
            "aws-sdk:sqs:sendMessage",
            {},
            "Sqs.SqsException",
            "The request must contain the parameter MessageBody. (Service: Sqs, Status Code: 400)",
        ),
    ],
)
async def test_a_message_that_is_not_taken(
    tmp_path: Path, resource: str, parameters: dict[str, Any], error: str, cause: str
) -> None:
    async with opened(tmp_path) as emulator:
        ended = await run(emulator, sending(resource, **parameters), {})
        assert (ended["error"], ended["cause"]) == (error, cause)


async def test_every_operation_is_there_by_the_sdk(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        await send(emulator, "a")
        ended = await run(emulator, sending("aws-sdk:sqs:receiveMessage", WaitTimeSeconds=20), {})
        assert json.loads(ended["output"])["Messages"][0]["Body"] == "a"


async def test_a_state_machine_that_waits_for_a_message_holds_up_nobody(tmp_path: Path) -> None:
    async with opened(tmp_path) as emulator:
        running = await run(emulator, sending("aws-sdk:sqs:receiveMessage", WaitTimeSeconds=20), {})
        assert running["status"] == "RUNNING"
        await emulator.advance(timedelta(seconds=20))
        asked = {"executionArn": running["executionArn"]}
        ended = await emulator.call("stepfunctions", "DescribeExecution", asked)
        assert (ended["status"], ended["output"]) == ("SUCCEEDED", "{}")


# Rules.


async def test_a_rule_sends_to_a_queue_and_buries_in_another(tmp_path: Path) -> None:
    rules = """
  ToOrders:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [oven]}
      Targets: [{Id: q, Arn: !GetAtt Orders.Arn, InputPath: $.detail}]
  ToNobody:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [oven]}
      Targets:
        - Id: q
          Arn: arn:aws:sqs:us-east-1:123456789012:none
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
"""
    async with opened(tmp_path, rules) as emulator:
        entry = {"Source": "oven", "DetailType": "Baked", "Detail": '{"pizza":"funghi"}'}
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()
        assert await received(emulator) == ['{"pizza":"funghi"}']
        asked = {"QueueUrl": URL.format("dead"), "MessageAttributeNames": ["All"]}
        [dead] = (await emulator.call("sqs", "ReceiveMessage", asked))["Messages"]
        assert json.loads(dead["Body"])["detail"] == {"pizza": "funghi"}
        assert "TARGET_ARN" in dead["MessageAttributes"]


# Roles.


async def test_a_queue_lets_in_whom_its_policy_names(tmp_path: Path) -> None:
    policy = """
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Orders]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {AWS: !GetAtt FlowRole.Arn}
            Action: SQS:SendMessage
            Resource: !GetAtt Orders.Arn
  FlowRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: flow
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]
"""
    async with opened(tmp_path, policy, iam="enforce") as emulator:
        definition = json.dumps({"StartAt": "Send", "States": sending("sqs:sendMessage", MessageBody="a")})
        for queue, status in (("orders", "SUCCEEDED"), ("dead", "FAILED")):
            role = "arn:aws:iam::123456789012:role/flow"
            asked = {"name": queue, "definition": definition.replace("/orders", f"/{queue}"), "roleArn": role}
            machine = (await emulator.call("stepfunctions", "CreateStateMachine", asked))["stateMachineArn"]
            start = {"stateMachineArn": machine}
            started = await emulator.call("stepfunctions", "StartExecution", start)
            await emulator.settled()
            by_arn = {"executionArn": started["executionArn"]}
            ended = await emulator.call("stepfunctions", "DescribeExecution", by_arn)
            assert ended["status"] == status
        assert ended["error"] == "SQS.AmazonSQSException"
        [message] = (
            await emulator.call(
                "sqs", "ReceiveMessage", {"QueueUrl": URL.format("orders"), "AttributeNames": ["All"]}
            )
        )["Messages"]
        assert message["Attributes"]["SenderId"].startswith("AROA")


async def test_the_role_that_sam_makes_may_read_its_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, EVENT, iam="enforce") as emulator:
        await send(emulator, "a")
        await emulator.settled()
        assert (bodies(), await counts(emulator)) == ([["a"]], (0, 0, 0))
        assert emulator.authorization.findings() == []


async def test_sam_makes_dead_letter_queues_of_rules_and_schedules(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("""
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}
      Events:
        Ordered:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [pizza]}
            DeadLetterConfig: {Type: SQS, QueueLogicalId: Late}
        Daily:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 day)
            DeadLetterConfig: {Type: SQS}
""")
    emulator = await Emulator.open(Settings(state=None, clock="virtual", template=template, iam="enforce"))
    try:
        made = {each.logical_id: each for each in emulator.stack.resources}
        assert made["Late"].type == made["MachineDailyQueue"].type == "AWS::SQS::Queue"
        assert made["MachineOrderedQueuePolicy"].type == "AWS::SQS::QueuePolicy"
        for machine in list(emulator.state_machines):
            await emulator.call("stepfunctions", "DeleteStateMachine", {"stateMachineArn": machine.arn})
        entry = {"Source": "pizza", "DetailType": "Order", "Detail": "{}"}
        await emulator.call("events", "PutEvents", {"Entries": [entry]})
        await emulator.settled()
        await emulator.advance(timedelta(minutes=1))

        assert await counts(emulator, made["Late"].identity.attributes["QueueName"]) == (1, 0, 0)
        [letter] = await emulator.buses.transport.dead_letters()
        assert letter.error_code == "NO_RESOURCE"
        assert (await counts(emulator, made["MachineDailyQueue"].identity.attributes["QueueName"]))[0] == 1
    finally:
        await emulator.close()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{}", "No 'Arn' or 'Type' property provided for DeadLetterConfig"),
        ("{Arn: a, Type: SQS}", "You can either define 'Arn' or 'Type' property of DeadLetterConfig"),
        ("{Type: SNS}", "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'"),
    ],
)
async def test_a_dead_letter_queue_that_sam_cannot_make(tmp_path: Path, config: str, told: str) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {{StartAt: A, States: {{A: {{Type: Pass, End: true}}}}}}
      Events:
        Ordered:
          Type: EventBridgeRule
          Properties: {{Pattern: {{source: [pizza]}}, DeadLetterConfig: {config}}}
""")
    with pytest.raises(FaultyTemplate, match=re.escape(told)):
        await Emulator.open(Settings(state=None, clock="virtual", template=template))
