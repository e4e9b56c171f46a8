"""
The workshop's own project, byte for byte, with its handler in Node.js and the real AWS SDK; its dependencies
come from the npm registry.
"""

import asyncio
import json
import os
import shlex
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect

from pizzabar.cli import main
from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from tests.flow.serving import FRAMES, ORDER, STATUSES, PizzaBar, open_pizza_bar, receive
from tests.running import running

FUNCTION = "/aws/lambda/pizzabar-LambdaPizzaHandler"


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@asynccontextmanager
async def open_workshop(workshop: Path, cache: Path) -> AsyncIterator[PizzaBar]:
    """Open the workshop's stack."""
    settings = Settings(state=None, clock="virtual", port=0, template=workshop / "template.yaml", cache=cache)
    async with open_pizza_bar(settings) as bar:
        yield bar


async def test_an_order_is_told_of_six_statuses_by_the_workshops_own_handler(workshop: Path, cache: Path) -> None:
    async with open_workshop(workshop, cache) as bar, bar.connect() as guest:
        await guest.send(ORDER)
        answer, first = await receive(guest, 2)
        assert set(json.loads(answer)) == {"executionArn", "startDate"}
        assert first == FRAMES[0]
        for frame in FRAMES[1:]:
            await bar.pass_time(5)
            assert await receive(guest, 1) == [frame]

        [session], [order] = await bar.items("Sessions"), await bar.items("Orders")
        endpoints = bar.emulator.endpoints
        assert endpoints is not None
        # The handler has posted to https://{domainName}/{stage}.
        assert session["domainName"]["S"] == f"localhost:{endpoints.tls_port}"
        assert session["orderId"] == order["orderId"]
        assert {name: order[name]["S"] for name in ("type", "size", "status", "connectionId")} == {
            "type": "margherita",
            "size": "L",
            "status": STATUSES[-1],
            "connectionId": session["connectionId"]["S"],
        }
        events = [json.loads(line) for line in await bar.log_lines("/aws/events/pizzabar")]
        assert [event["detail"]["status"] for event in events] == STATUSES
        lines = await bar.log_lines(FUNCTION)
        assert [line.rpartition("\t")[2] for line in lines if line.endswith(" sent")] == [
            f"{status} sent" for status in STATUSES
        ]
        reports = [line for line in lines if line.startswith("REPORT")]
        assert ["Init Duration" in line for line in reports] == [True, *[False] * 5]


async def test_an_order_is_one_trace_from_frame_to_push(workshop: Path, cache: Path) -> None:
    async with open_workshop(workshop, cache) as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 2)
        await bar.emulator.settled()

        hops = {hop.id: hop for hop in bar.emulator.journal}
        [push] = [hop for hop in hops.values() if hop.operation == "PostToConnection"]
        line = [push]
        while line[-1].parent:
            line.append(hops[line[-1].parent])
        assert [hop.operation for hop in reversed(line)] == [
            "$default",
            "StartExecution",
            "PutEvents",
            "Invoke",
            "Invocation",
            "PostToConnection",
        ]
        assert {hop.trace_id for hop in line} == {push.trace_id}


async def test_the_address_is_good_for_others_with_the_authoritys_certificate(workshop: Path, cache: Path) -> None:
    async with open_workshop(workshop, cache) as bar:
        endpoints = bar.emulator.endpoints
        assert endpoints is not None
        assert endpoints.authority is not None
        address = f"localhost:{endpoints.tls_port}/api"
        trusting = ssl.create_default_context(cafile=str(endpoints.authority))
        async with connect(f"wss://{address}", ssl=trusting, compression=None) as guest:
            [session] = await bar.items("Sessions")

            def push() -> Any:
                client = boto3.client(
                    "apigatewaymanagementapi",
                    endpoint_url=f"https://{address}",
                    region_name="us-east-1",
                    aws_access_key_id="any",
                    aws_secret_access_key="any",
                    verify=str(endpoints.authority),
                )
                return client.post_to_connection(ConnectionId=session["connectionId"]["S"], Data=b"hello")

            await asyncio.to_thread(push)
            assert await guest.recv() == "hello"


async def test_a_guest_who_has_gone_is_no_error_to_lambda(workshop: Path, cache: Path) -> None:
    async with open_workshop(workshop, cache) as bar:
        async with bar.connect() as guest:
            await guest.send(ORDER)
            await receive(guest, 2)
        await bar.pass_time(5)

        # The session is gone; the handler catches what it throws, and Lambda sees a success.
        [*_, last] = [hop for hop in bar.emulator.journal if hop.operation == "Invocation"]
        assert last.error is None
        assert json.loads(last.result)["statusCode"] == 404


async def test_the_aws_cli_reads_all_of_it(workshop: Path, cache: Path, tmp_path: Path) -> None:
    async with open_workshop(workshop, cache) as bar, bar.connect() as guest:
        await guest.send(ORDER)
        await receive(guest, 2)
        await bar.pass_time(25)
        await receive(guest, 5)
        endpoints = bar.emulator.endpoints
        assert endpoints is not None

        async def aws(line: str) -> Any:
            given = {
                "AWS_ENDPOINT_URL": f"http://localhost:{bar.port}",
                "AWS_CA_BUNDLE": str(endpoints.authority),
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "any",
                "AWS_SECRET_ACCESS_KEY": "any",
                "AWS_PAGER": "",
                "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            }
            process = await asyncio.create_subprocess_exec(
                "aws", *shlex.split(line), env=given, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            output, fault = await process.communicate()
            assert process.returncode == 0, fault.decode()
            return json.loads(output or "null")

        [session] = (await aws("dynamodb scan --table-name pizzabar-Sessions"))["Items"]
        [order] = (await aws("dynamodb scan --table-name pizzabar-Orders"))["Items"]
        assert order["orderId"] == session["orderId"]
        machine = "arn:aws:states:us-east-1:123456789012:stateMachine:pizzabar-APIGatewayStepFuncState"
        [execution] = (await aws(f"stepfunctions list-executions --state-machine-arn {machine}"))["executions"]
        history = await aws(f"stepfunctions get-execution-history --execution-arn {execution['executionArn']}")
        assert history["events"][-1]["type"] == "ExecutionSucceeded"
        rules = await aws("events list-rules --event-bus-name pizzabar-EventBus")
        assert [rule["Name"] for rule in rules["Rules"]] == ["pizzabar-EventBusLogRule", "pizzabar-LambdaRule"]
        events = await aws("logs filter-log-events --log-group-name /aws/events/pizzabar")
        assert len(events["events"]) == len(STATUSES)
        sent = await aws(f"logs filter-log-events --log-group-name {FUNCTION} --filter-pattern delivered")
        assert sent["events"]
        function = await aws("lambda get-function-configuration --function-name pizzabar-LambdaPizzaHandler")
        assert (function["Runtime"], function["Handler"]) == ("nodejs18.x", "lambda-target-example.handler")
        address = f"https://localhost:{endpoints.tls_port}/api"
        connection = session["connectionId"]["S"]
        connected = f"--endpoint-url {address} --connection-id {connection}"
        assert "ConnectedAt" in await aws(f"apigatewaymanagementapi get-connection {connected}")
        now = int(bar.emulator.clock.now().timestamp())
        traces = (await aws(f"xray get-trace-summaries --start-time {now - 60} --end-time {now + 60}"))[
            "TraceSummaries"
        ]
        assert "pizzabar-APIGatewayStepFuncState" in str(traces)


def test_an_order_from_the_command_line(workshop: Path, cache: Path) -> None:
    with running(template=workshop / "template.yaml", cache=cache, tls_port=0) as port:
        result = CliRunner().invoke(main, ["order", "--port", str(port), '{"type":"margherita"}'])

    assert result.exit_code == 0, result.output
    answer, *progress = result.output.splitlines()
    assert set(json.loads(answer)) == {"executionArn", "startDate"}
    assert [line.partition("  ")[2].rpartition("  ")[0].strip() for line in progress] == STATUSES


async def test_a_port_of_tls_that_is_taken_is_told_with_its_setting(workshop: Path, cache: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(state=None, template=workshop / "template.yaml", cache=cache, tls_port=str(port))
        with pytest.raises(OSError, match=f"port {port} is wanted for https://.*PIZZABAR_TLS_PORT names another"):
            await Emulator.open(settings)
