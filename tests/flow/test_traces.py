"""An order's trace, over real sockets and virtual time: one from its frame to its last push, wherever it is read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pizzabar.cli import main
from pizzabar.settings import Settings
from pizzabar.trace_header import read_trace_header
from tests.flow.serving import ORDER, PizzaBar, open_pizza_bar, receive, statuses
from tests.flow.test_boto3 import Aws

SEEN: list[str] = []
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Metadata: {pizzabar: {InProcess: tests.flow.test_traces:hello}}
    Properties: {Handler: any, Runtime: python3.12, InlineCode: any, Tracing: TRACING}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Tracing: {Enabled: ENABLED}
      Definition:
        StartAt: Hello
        States:
          Hello:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Parameters: {FunctionName: !Ref Hello}
            End: true
"""


async def hello(event: Any, context: Any) -> str:
    """Keep the header that it was handed."""
    SEEN.append(context.trace_header)
    return "hello"


@asynccontextmanager
async def ordered(seconds: float = 25) -> AsyncIterator[PizzaBar]:
    """Open the pizza bar for a guest who orders and is told of six statuses."""
    async with open_pizza_bar() as bar, bar.connect() as guest:
        await guest.send(ORDER)
        frames = await receive(guest, 1)
        await bar.pass_time(seconds)
        assert len(statuses(frames + await receive(guest, int(seconds // 5)))) == 1 + seconds // 5
        yield bar


async def run(bar: PizzaBar, *arguments: str) -> str:
    """Give what a command writes, while the server goes on."""
    asked = [*arguments, "--port", str(bar.port)]
    result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "120"}).invoke, main, asked)
    assert result.exit_code == 0, result.output
    return result.output


async def test_the_waterfall_of_an_order_is_printed() -> None:
    async with ordered() as bar:
        printed = (await run(bar, "trace")).splitlines()
        trace = json.loads(await run(bar, "trace", "--json"))
        listed = await run(bar, "trace", "--list")

    assert printed[0].startswith(f"trace {trace['id']}  ")
    assert " hops, 25.0" in printed[0]
    assert trace["id"] in listed
    rows = [line[12:].strip(" ├└│").partition("  ")[0] for line in printed[1:]]
    assert rows[0] == f"$default {trace['connection']}"
    assert [row.split()[0] for row in rows].count("PutEvents") == 6
    assert rows.count(f"PostToConnection {trace['connection']}") == 6
    # Five waits, in none of which a bar is drawn.
    folds = [line.strip() for line in printed if "without a hop" in line]
    # What a busy machine waits for in between is milliseconds.
    assert len([fold for fold in folds if fold.startswith(("┊ 4.9", "┊ 5.000")) and " ms " not in fold]) == 5
    assert all("█" in line for line in printed[1:] if "without a hop" not in line)
    # Each status begins five seconds after the one before.
    first, *starts = [span["start"] for span in trace["spans"] if span["operation"] == "PutEvents"]
    assert (0 < first < 5, starts) == (True, [5, 10, 15, 20, 25])


async def test_a_failed_hop_is_told() -> None:
    async with open_pizza_bar() as bar, bar.connect() as guest:
        machine, _manual = bar.emulator.state_machines
        await bar.emulator.call("stepfunctions", "DeleteStateMachine", {"stateMachineArn": machine.arn})
        await guest.send(ORDER)
        await receive(guest, 1)

        printed = await run(bar, "trace")

    assert "StateMachineDoesNotExist" in printed
    assert ", 2 failed, " in printed or ", 1 failed, " in printed


@pytest.mark.parametrize(
    ("enabled", "tracing", "services"),
    [
        ("true", "PassThrough", ["pizzabar-Flow", "pizzabar-Hello"]),
        ("false", "Active", ["pizzabar-Hello"]),
        ("false", "PassThrough", []),
    ],
)
async def test_what_a_template_has_traced(tmp_path: Path, enabled: str, tracing: str, services: list[str]) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE.replace("ENABLED", enabled).replace("TRACING", tracing))
    SEEN.clear()
    async with open_pizza_bar(Settings(template=file, state=None, clock="virtual")) as bar:
        aws = Aws(bar)
        [machine] = (await aws("stepfunctions", "ListStateMachines"))["stateMachines"]
        arn = machine["stateMachineArn"]
        started = await aws("stepfunctions", "StartExecution", stateMachineArn=arn)
        await bar.emulator.settled()
        described = await aws("stepfunctions", "DescribeExecution", executionArn=started["executionArn"])
        tells = await aws("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
        function = await aws("lambda", "GetFunctionConfiguration", FunctionName="pizzabar-Hello")

        [seen] = SEEN
        header = read_trace_header(seen)
        assert header is not None
        assert described["traceHeader"].startswith(f"Root={header.root};")
        assert header.sampled is bool(services)
        traces = (await aws("xray", "BatchGetTraces", TraceIds=[header.root]))["Traces"]

    names = [json.loads(segment["Document"])["name"] for trace in traces for segment in trace["Segments"]]
    assert names == services
    assert tells["tracingConfiguration"] == {"enabled": enabled == "true"}
    assert function["TracingConfig"] == {"Mode": tracing}
    # The segment that the function names as its parent is its own invocation's.
    if services:
        assert json.loads(traces[0]["Segments"][-1]["Document"])["id"] == header.parent
