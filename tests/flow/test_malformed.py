"""
Whatever an operation is asked, its answer is a result or an AWS error: never a fault of pizzabar's own.

Parameters are made after botocore's models of the services: mostly of the right shape, with names of what is there,
and now and then of any other.
"""

import asyncio
import os
import random
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pizzabar.documents import JSON
from pizzabar.emulator import Emulator
from pizzabar.errors import InternalFailure, ServiceError
from pizzabar.services import SERVICES
from pizzabar.settings import Settings

ASKS_EACH = 12
STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/Music/stream/2026-03-01T12:00:00.000"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:pizzabar-OrderFlow"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:a"
QUEUE_URLS = tuple(f"http://localhost:8000/123456789012/{name}" for name in ("a", "a.fifo"))
DEFINITION = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
TEXTS = (
    *(
        "",
        "a",
        "Music",
        "pizzabar-Orders",
        "pizzabar-Sessions",
        "pizzabar-StatusFunction",
        "orderId",
        "id",
        "pizzabar",
    ),
    *("api", "default", "pizzabar-EventBus", "$default", STREAM, MACHINE, f"{MACHINE}:1", DEFINITION, "STANDARD"),
    *("{}", "[]", "null", '{"source":["a"]}', "{ $.a = 1 }", "SELECT * FROM Music WHERE id = ?", "a = :a", "#a.b[0]"),
    *("SET a = :a", "KEYS_ONLY", "HASH", "S", "N", "1", "-1.5", "x" * 300, "é😀", "2026-03-01T12:00:00Z"),
    *(QUEUE, *QUEUE_URLS, "a.fifo", "All", "VisibilityTimeout", "true"),
    *("arn:aws:states:us-east-1:123456789012:activity:a", "arn:aws:lambda:us-east-1:123456789012:function:a", "AAAA"),
)
WRONG: tuple[JSON, ...] = (
    None,
    True,
    0,
    -1,
    1 << 70,
    1.5,
    "",
    "a",
    [],
    [None],
    {},
    {"a": None},
    {"S": 1},
    [[]],
    b"a",
)
LEFT_OUT = {("stepfunctions", "GetActivityTask")}
"""What waits for something that does not come."""


def value_of(shape: Shape, chance: random.Random, depth: int = 0) -> JSON:
    """Make a value for a shape of a model."""
    if chance.random() < 0.06:
        return chance.choice(WRONG)
    match shape.type_name:
        case "structure":
            if depth > 5:
                return {}
            members: dict[str, Shape] = shape.members
            required = set(shape.required_members)
            if shape.name == "AttributeValue":
                name = chance.choice([*members])
                return {name: value_of(members[name], chance, depth + 1)}
            return {
                name: value_of(member, chance, depth + 1)
                for name, member in members.items()
                if chance.random() < (0.9 if name in required else 0.3)
            }
        case "list":
            count = 0 if depth > 5 else chance.randrange(3)
            return [value_of(shape.member, chance, depth + 1) for _ in range(count)]
        case "map":
            count = 0 if depth > 5 else chance.randrange(3)
            keys = [chance.choice(("id", "orderId", ":a", "#a", "Music", "a")) for _ in range(count)]
            return {key: value_of(shape.value, chance, depth + 1) for key in keys}
        case "string":
            choices = shape.enum
            return chance.choice(choices if choices and chance.random() < 0.8 else TEXTS)
        case "integer" | "long":
            return chance.choice((0, 1, 2, 10, 100, 1000, 1 << 31, -5))
        case "float" | "double":
            return chance.choice((0.0, 1.5, -1.0))
        case "boolean":
            return chance.random() < 0.5
        case "timestamp":
            return chance.choice((0, 1_772_366_400, 1.5))
        case "blob":
            return chance.choice(("AP8=", "", "!"))
        case other:
            raise AssertionError(other)


def every_operation() -> list[tuple[str, str]]:
    found = {(service, operation) for service, operations, _ in SERVICES for operation in operations}
    return sorted(found - LEFT_OUT)


async def prepare(emulator: Emulator) -> None:
    """Make some things that requests may name."""
    call = emulator.call
    table = {
        "TableName": "Music",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    await call("dynamodb", "CreateTable", table)
    await call("dynamodb", "PutItem", {"TableName": "Music", "Item": {"id": {"S": "a"}}})
    await call("stepfunctions", "PublishStateMachineVersion", {"stateMachineArn": MACHINE})
    await call("stepfunctions", "CreateActivity", {"name": "a"})
    await call("sqs", "CreateQueue", {"QueueName": "a"})
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    await call("sqs", "CreateQueue", {"QueueName": "a.fifo", "Attributes": fifo})
    # Nobody waits for a message.
    emulator.queues.close()


@pytest.mark.parametrize("service", sorted({service for service, _ in every_operation()}))
@settings(max_examples=int(os.environ.get("PIZZABAR_FUZZ", "4")), deadline=None, phases=(Phase.generate,))
@given(seed=st.integers(0, 1 << 32))
def test_an_operation_answers_or_refuses(service: str, seed: int) -> None:
    chance = random.Random(seed)
    model = botocore.session.get_session().get_service_model(service)

    async def story() -> None:
        emulator = await Emulator.open(Settings(state=None, clock="virtual"))
        try:
            await prepare(emulator)
            for each, operation in every_operation():
                shape = model.operation_model(operation).input_shape if each == service else None
                for _ in range(ASKS_EACH if shape is not None else 0):
                    parameters: Any = value_of(shape, chance) if shape is not None else {}
                    await ask(emulator, service, operation, parameters if isinstance(parameters, dict) else {})
            await emulator.settled()
        finally:
            await emulator.close()

    asyncio.run(story())


async def ask(emulator: Emulator, service: str, operation: str, parameters: JSON) -> None:
    try:
        async with asyncio.timeout(10):
            await emulator.call(service, operation, parameters)
    except InternalFailure as error:
        raise AssertionError(f"{service} {operation} {parameters!r}: {error}") from error
    except ServiceError as error:
        if not error.code:
            raise
