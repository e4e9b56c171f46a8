"""
``kill -9`` of a server, again and again, while events are put: each reaches every target, or its dead-letter queue.

A server dies at a statement of SQL, or when so many requests have been answered; the next one goes on with its state
and its socket, which is the test's. Half of the events are put by requests, each a lane of its own; the others by
executions, whose lanes have an order. What became of them is counted at the end.

``EVENTS=100000 SEED=1 python -m pytest -s tests/flow/test_kill_with_events.py`` puts as many as you
like, and kills at other points.
"""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.local.runtime import LocalRuntime
from pizzabar.logs.operations import OPERATIONS as LOGS_OPERATIONS
from pizzabar.settings import Settings
from pizzabar.wire.http import Server

EVENTS = int(os.environ.get("EVENTS", "1000"))
SEED = int(os.environ.get("SEED", "2022"))
KILLS = max(40, EVENTS // 250)
IN_A_LANE = 20
CLIENTS = 6
HOME = "us-east-1:123456789012"

FUNCTION = """
  {name}:
    Type: AWS::Lambda::Function
    Metadata: {{pizzabar: {{InProcess: "tests.flow.test_kill_with_events:{handler}"}}}}
    Properties: {{FunctionName: {name}, Timeout: 900, Environment: {{Variables: {{ARRIVALS: "{folder}/{name}"}}}}}}
"""
TEMPLATE = """
Resources:
  Kitchen: {Type: AWS::Events::EventBus, Properties: {Name: kitchen}}
  Hall: {Type: AWS::Events::EventBus, Properties: {Name: hall}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  CleanGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: clean}}
  FlakyGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: flaky}}
  BrokenGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: broken}}
  HallGroup: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: hall}}
  All:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Kitchen
      EventPattern: {source: [kitchen]}
      Targets:
        - {Id: clean, Arn: !GetAtt CleanGroup.Arn}
        - {Id: flaky, Arn: !GetAtt FlakyGroup.Arn}
        - Id: broken
          Arn: !GetAtt BrokenGroup.Arn
          RetryPolicy: {MaximumRetryAttempts: 2}
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
        - {Id: quick, Arn: !GetAtt quick.Arn}
        - {Id: slow, Arn: !GetAtt slow.Arn}
  Others:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Kitchen
      EventPattern: {detail: {number: [{numeric: [">=", 0]}]}}
      Targets:
        - Id: missing
          Arn: !Sub arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:missing
          DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
        - {Id: hall, Arn: !GetAtt Hall.Arn}
  InTheHall:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Hall
      EventPattern: {source: [kitchen]}
      Targets: [{Id: hall, Arn: !GetAtt HallGroup.Arn}]
"""
TARGETS = {"clean", "flaky", "broken", "quick", "slow", "missing", "hall"}
IN_ORDER = TARGETS - {"broken", "missing"}
"""Those that get the events of a lane in order; a queue that is not FIFO has none."""


class ThrottlingException(ServiceError):
    """Raised when a log group takes nothing just now."""


# The server, in a process of its own.


def arrived(event: Any, context: Any) -> None:
    """Note that an event has reached a function: whatever kills the process, the note is there."""
    file = os.open(context.environment["ARRIVALS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{json.dumps(event)}\n".encode())
    os.close(file)


async def quick(event: Any, context: Any) -> None:
    arrived(event, context)


async def slow(event: Any, context: Any) -> None:
    await asyncio.sleep(0.005)
    arrived(event, context)
    await asyncio.sleep(0.005)


def _live(state: Path, listening: socket.socket, seed: int, dies_at: int) -> None:
    asyncio.run(_serve(state, listening, seed, dies_at))


async def _serve(state: Path, listening: socket.socket, seed: int, dies_at: int) -> None:
    """Serve until killed, or until a statement of SQL; log groups have a temper."""
    chance = random.Random(seed)
    put_log_events = LOGS_OPERATIONS["PutLogEvents"]

    async def put(groups: Any, parameters: Any) -> Any:
        group = parameters["logGroupName"]
        if group == "broken" or (group == "flaky" and chance.random() < 0.3):
            raise ThrottlingException("Rate exceeded")
        return await put_log_events(groups, parameters)

    LOGS_OPERATIONS["PutLogEvents"] = put
    template = state.with_name("template.yaml")
    emulator = await Emulator.open(Settings(template=template, state=state, speed=500, iam="off"))
    assert isinstance(emulator.runtime, LocalRuntime)
    statements = 0

    def count(statement: str) -> None:
        nonlocal statements
        statements += 1
        if statements == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    emulator.runtime.database._raw.set_trace_callback(count)
    app = Server(lambda: emulator.settings, emulator)
    await uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical")).serve([listening])


# What the test does with it.


@dataclass
class Kitchen:
    """Servers, one after another, on one state and one socket; and who puts events."""

    folder: Path
    chance: random.Random
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=128))
    answered: int = 0
    kills: int = 0
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The lane and the number of each event that PutEvents has acknowledged, by its id."""
    executions: list[str] = field(default_factory=list)
    """The lanes of executions whose start was acknowledged."""
    process: Any = None
    """The server of the day."""
    _waiting: tuple[int, asyncio.Event] | None = None

    def start(self, dies_at: int = 0) -> Any:
        """Start a server."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        seed = self.chance.getrandbits(32)
        process = context.Process(target=_live, args=(self.folder / "state.db", self.listening, seed, dies_at))
        process.start()
        self.process = process
        return process

    def close(self) -> None:
        """End the last server as the others have ended, and the socket."""
        self.process.kill()
        self.process.join()
        self.listening.close()

    async def kill(self, putting: asyncio.Task[None]) -> None:
        """Have a server die, now and then of its own accord, while events are put."""
        between = len(self.work) / KILLS
        is_by_statement = self.chance.random() < 0.5
        process = self.start(self.chance.randint(1, int(between * 600)) if is_by_statement else 0)
        is_dead, is_due = asyncio.Event(), asyncio.Event()
        if not is_by_statement:
            self._waiting = self.answered + self.chance.randint(0, int(between * 1.2)), is_due
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, is_dead.set)
        ends = [asyncio.create_task(event.wait()) for event in (is_dead, is_due)]
        await asyncio.wait([*ends, putting], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        loop.remove_reader(process.sentinel)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        self.kills += 1

    async def put_all(self) -> None:
        """Put every event, and ask again for whatever was not answered."""
        waiting = iter(self.work)
        async with self.client() as client, asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._put(client, waiting))

    @property
    def work(self) -> list[tuple[str, int]]:
        """The lanes, each of an execution or of ten events put by one request, and how many events are in each."""
        by_requests = [(f"request-{number}", 10) for number in range(EVENTS // 20)]
        by_executions = [(f"execution-{number}", IN_A_LANE) for number in range(EVENTS // 2 // IN_A_LANE)]
        return random.Random(SEED).sample(by_requests + by_executions, len(by_requests) + len(by_executions))

    async def _put(self, client: httpx.AsyncClient, work: Iterator[tuple[str, int]]) -> None:
        for lane, count in work:
            if lane.startswith("execution"):
                arn = f"arn:aws:states:{HOME}:stateMachine:Cook"
                asked = {"stateMachineArn": arn, "name": lane, "input": "{}"}
                await self.ask(client, "AWSStepFunctions.StartExecution", asked)
                self.executions.append(lane)
            else:
                entries = [entry({"lane": lane, "number": number}) for number in range(count)]
                answer = await self.ask(client, "AWSEvents.PutEvents", {"Entries": entries})
                assert answer["FailedEntryCount"] == 0
                for number, result in enumerate(answer["Entries"]):
                    self.acknowledged[result["EventId"]] = lane, number

    async def ask(self, client: httpx.AsyncClient, target: str, parameters: Any, path: str = "/") -> Any:
        """Ask until it is answered: whoever is asked may be killed before."""
        while True:
            headers = {"X-Amz-Target": target} if target else {}
            headers["Content-Type"] = "application/x-amz-json-1.0" if target else "application/json"
            try:
                response = await client.post(path, headers=headers, content=json.dumps(parameters))
            except httpx.TransportError:
                continue
            self.answered += 1
            if self._waiting is not None and self.answered >= self._waiting[0]:
                self._waiting[1].set()
            # It was started before, and has ended by now: who was killed did not come to say so.
            assert response.is_success or "ExecutionAlreadyExists" in response.text, response.text
            return response.json()

    def client(self) -> httpx.AsyncClient:
        """Give a client that has time."""
        address = f"http://localhost:{self.listening.getsockname()[1]}"
        return httpx.AsyncClient(base_url=address, timeout=None, trust_env=False)


def entry(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "Source": "kitchen",
        "DetailType": "Baked",
        "EventBusName": "kitchen",
        "Detail": json.dumps(detail),
    }


def cook() -> dict[str, Any]:
    """Give a state machine that puts the events of a lane, two by two."""
    states: dict[str, Any] = {}
    for number in range(0, IN_A_LANE, 2):
        details = [{"lane.$": "$$.Execution.Name", "number": number + each} for each in range(2)]
        states[f"Put{number}"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::events:putEvents",
            "Parameters": {"Entries": [{**entry({}), "Detail": detail} for detail in details]},
            "Next": f"Put{number + 2}",
        }
    last = states[f"Put{IN_A_LANE - 2}"]
    del last["Next"]
    last["End"] = True
    return {"StartAt": "Put0", "States": states}


async def arrivals(kitchen: Kitchen, client: httpx.AsyncClient) -> dict[str, list[dict[str, Any]]]:
    """Give the events that each target has got, or its dead-letter queue for it, in order."""
    found: dict[str, list[dict[str, Any]]] = {target: [] for target in TARGETS}
    for function in ("quick", "slow"):
        lines = (kitchen.folder / function).read_text().splitlines()
        found[function] = [json.loads(line) for line in lines]
    for group in ("clean", "flaky", "hall", "broken"):
        asked = {"logGroupName": group}
        while True:
            page = await kitchen.ask(client, "Logs_20140328.FilterLogEvents", asked)
            found[group] += [json.loads(each["message"]) for each in page["events"]]
            if "nextToken" not in page:
                break
            asked["nextToken"] = page["nextToken"]
    assert found["broken"] == []
    queue = {"QueueUrl": f"http://localhost/{HOME.partition(':')[2]}/dead"}
    asked_queue = {**queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["TARGET_ARN"]}
    while messages := (await kitchen.ask(client, "AmazonSQS.ReceiveMessage", asked_queue)).get("Messages"):
        for message in messages:
            target = message["MessageAttributes"]["TARGET_ARN"]["StringValue"].split(":", 5)[5]
            found["missing" if target == "missing" else "broken"].append(json.loads(message["Body"]))
        receipts = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
        await kitchen.ask(client, "AmazonSQS.DeleteMessageBatch", {**queue, "Entries": receipts})
    return found


def check(kitchen: Kitchen, found: dict[str, list[dict[str, Any]]]) -> None:
    """See that nothing is lost, and that each lane is in order where that is promised."""
    lanes = {(lane, number) for lane in kitchen.executions for number in range(IN_A_LANE)}
    for target, events in found.items():
        first = {event["id"]: (event["detail"]["lane"], event["detail"]["number"]) for event in events}
        lost = kitchen.acknowledged.keys() - first.keys()
        assert not lost, f"{target}: {len(lost)} events are lost; SEED={SEED}"
        lost_of_lanes = lanes - set(first.values())
        assert not lost_of_lanes, f"{target}: {len(lost_of_lanes)} events of executions are lost; SEED={SEED}"
        # The event of a state has one id, however often the state was begun.
        of_lanes = [place for place in first.values() if place[0].startswith("execution")]
        assert len(of_lanes) == len(set(of_lanes))
        print(f"{target}: {len(first)} events, and {len(events) - len(first)} times again")  # noqa: T201
        if target in IN_ORDER:
            numbers: dict[str, list[int]] = {}
            for lane, number in of_lanes:
                numbers.setdefault(lane, []).append(number)
            torn = [lane for lane, order in numbers.items() if order != list(range(IN_A_LANE))]
            assert not torn, f"{target}: {len(torn)} lanes are not in order; SEED={SEED}"


def write_template(folder: Path) -> None:
    functions = (FUNCTION.format(name=name, handler=name, folder=folder) for name in ("quick", "slow"))
    role = "arn:aws:iam::123456789012:role/any"
    properties = {"StateMachineName": "Cook", "RoleArn": role, "Definition": cook()}
    machine = json.dumps({"Type": "AWS::StepFunctions::StateMachine", "Properties": properties})
    (folder / "template.yaml").write_text("".join((TEMPLATE, *functions, f"  Cook: {machine}\n")))


async def _run(kitchen: Kitchen) -> None:
    began = time.perf_counter()
    putting = asyncio.create_task(kitchen.put_all())
    while kitchen.kills < KILLS and not putting.done():
        await kitchen.kill(putting)
    kitchen.start()
    await putting
    async with kitchen.client() as client:
        # No wait is worth waiting for any more.
        await kitchen.ask(client, "", {"mode": "auto"}, "/_pizzabar/clock")
        await kitchen.ask(client, "", {}, "/_pizzabar/settled")
        seconds = time.perf_counter() - began
        found = await arrivals(kitchen, client)
    print(f"{EVENTS} events, {kitchen.kills} kills, {seconds:.0f} s; SEED={SEED}")  # noqa: T201
    check(kitchen, found)


def test_no_event_is_lost_or_overtaken(tmp_path: Path) -> None:
    write_template(tmp_path)
    kitchen = Kitchen(tmp_path, random.Random(SEED))
    try:
        asyncio.run(_run(kitchen))
    finally:
        kitchen.close()

    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
