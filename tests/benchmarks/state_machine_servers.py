"""
State machines on this server and others: how many of these each runs as AWS documents it, and how fast.

Each is asked by the same boto3 client, one after the other. Run with

    python -m tests.benchmarks.state_machine_servers [--moto BIN] [--ministack BIN]

where BIN is the folder of the commands ``moto_server`` and ``ministack``: ``pip install 'moto[server]' ministack`` in
an environment of its own.
"""

# ruff: noqa: E501

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import psutil
from botocore.config import Config

from tests.running import free_port, wait_for

ROLE = "arn:aws:iam::123456789012:role/any"
ENDS = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def jsonata(**state: Any) -> dict[str, Any]:
    """Give a machine of one JSONata state."""
    return {"QueryLanguage": "JSONata", **one(**state)}


def one(**state: Any) -> dict[str, Any]:
    """Give a machine of one state."""
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, **state}}}


def inner(**states: Any) -> dict[str, Any]:
    """Give the states of a branch."""
    return {"StartAt": next(iter(states)), "States": states}


CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("a path", one(Parameters={"a.$": "$.x.y"}), {"x": {"y": 1}}, {"a": 1}),
    ("a filter", one(Parameters={"a.$": "$.i[?(@.p > 1)].n"}), {"i": [{"p": 1}, {"p": 2, "n": "b"}]}, {"a": ["b"]}),
    ("no hits", one(Parameters={"a.$": "$.i[?(@.p > 9)]"}), {"i": [{"p": 1}]}, {"a": []}),
    ("a missing path", one(Parameters={"a.$": "$.x"}), {}, "States.Runtime"),
    ("ResultPath into the raw input", one(InputPath="$.a", ResultPath="$.b"), {"a": 1}, {"a": 1, "b": 1}),
    ("InputPath null", one(InputPath=None), {"a": 1}, {}),
    ("Format", one(Parameters={"a.$": "States.Format('{}-{}', $.n, $.s)"}), {"n": 1, "s": "x"}, {"a": "1-x"}),
    ("ArrayRange", one(Parameters={"a.$": "States.ArrayRange(1, 9, 4)"}), {}, {"a": [1, 5, 9]}),
    ("Hash", one(Parameters={"a.$": "States.Hash('a', 'MD5')"}), {}, {"a": "0cc175b9c0f1b6a831c399e269772661"}),
    ("StringSplit", one(Parameters={"a.$": "States.StringSplit('1,2;3', ',;')"}), {}, {"a": ["1", "2", "3"]}),
    (
        "a typed comparison",
        inner(
            A={"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}], "Default": "C"},
            B={"Type": "Fail"},
            C={"Type": "Succeed"},
        ),
        {"n": "1"},
        {"n": "1"},
    ),
    (
        "no choice",
        inner(
            A={"Type": "Choice", "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "B"}]},
            B={"Type": "Succeed"},
        ),
        {"n": 1},
        "States.Runtime",
    ),
    ("Fail", one(Type="Fail", Error="Burnt", Cause="too hot") | {}, {}, "Burnt"),
    ("a map", one(Type="Map", ItemProcessor=inner(I=PASS), ItemSelector={"v.$": "$$.Map.Item.Value"}), [1, 2], [{"v": 1}, {"v": 2}]),
    ("a map of 100 items", one(Type="Map", ItemProcessor=inner(I=PASS)), list(range(100)), list(range(100))),
    ("parallel", one(Type="Parallel", Branches=[inner(L=PASS), inner(R={**PASS, "Result": 2})]), 1, [1, 2]),
    (
        "a caught error",
        inner(
            A={
                "Type": "Parallel",
                "Branches": [inner(F={"Type": "Fail", "Error": "X", "Cause": "c"})],
                "Catch": [{"ErrorEquals": ["X"], "ResultPath": "$.e", "Next": "B"}],
                "End": True,
            },
            B={"Type": "Succeed"},
        ),
        {"a": 1},
        {"a": 1, "e": {"Error": "X", "Cause": "c"}},
    ),
    ("JSONata", jsonata(Output={"t": "{% $sum($states.input.i.p) %}"}), {"i": [{"p": 1}, {"p": 2}]}, {"t": 3}),
    ("a singleton", jsonata(Output="{% $states.input.i[p > 1].n %}"), {"i": [{"p": 1}, {"p": 2, "n": "b"}]}, "b!"),
    ("nothing", jsonata(Output="{% $states.input.x %}"), {}, "States.QueryEvaluationError"),
    ("a type error", jsonata(Output="{% 'a' + 1 %}"), {}, "States.QueryEvaluationError"),
    ("$partition", jsonata(Output="{% $partition([1,2,3], 2) %}"), {}, [[1, 2], [3]]),
    ("$range", jsonata(Output="{% $range(0, 10, 5) %}"), {}, [0, 5, 10]),
    (
        "variables that are swapped",
        {
            "QueryLanguage": "JSONata",
            **inner(
                A={"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "B"},
                B={"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "C"},
                C={"Type": "Pass", "Output": ["{% $a %}", "{% $b %}"], "End": True},
            ),
        },
        {},
        [2, 1],
    ),
    (
        "a variable in JSONPath",
        inner(
            A={"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"},
            B={"Type": "Pass", "Parameters": {"y.$": "$x"}, "End": True},
        ),
        {"n": 7},
        {"y": 7},
    ),
    (
        "a distributed map in batches",
        one(
            Type="Map",
            ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **inner(I=PASS)},
            ItemBatcher={"MaxItemsPerBatch": 2},
        ),
        [1, 2, 3],
        [{"Items": [1, 2]}, {"Items": [3]}],
    ),
]  # fmt: skip
"""What it is about, the machine, its input, and its output; or the error, where that is a text."""

THREE = inner(
    Look={"Type": "Pass", "Next": "Choose"},
    Choose={
        "Type": "Choice",
        "Choices": [{"Variable": "$.size", "StringEquals": "L", "Next": "Large"}],
        "Default": "Large",
    },
    Large=PASS,
)
EXECUTIONS = 300


@contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while it is measured."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(process, port)
        yield process
    finally:
        process.terminate()
        process.wait()


def measure(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    """Print how many machines a server runs as AWS does, and what an execution takes."""
    client = boto3.client(
        "stepfunctions",
        endpoint_url=f"http://localhost:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(inject_host_prefix=False, retries={"max_attempts": 0}, read_timeout=20),
    )
    failed = [case[0] for number, case in enumerate(CASES) if not _runs(client, number, *case[1:])]
    print(f"{name}: {len(CASES) - len(failed)} of {len(CASES)} machines as AWS documents them")
    for each in failed:
        print(f"    not {each}")
    machine = client.create_state_machine(name="three", definition=json.dumps(THREE), roleArn=ROLE)["stateMachineArn"]
    times = psutil.Process(process.pid).cpu_times
    before, began = times(), time.perf_counter()
    for _ in range(EXECUTIONS):
        _end(client, machine, '{"size": "L"}')
    seconds, after = time.perf_counter() - began, times()
    cpu = after.user + after.system - before.user - before.system
    print(
        f"    an execution of three states, from StartExecution to SUCCEEDED: {seconds / EXECUTIONS * 1e3:.1f} ms,"
        f" {cpu / EXECUTIONS * 1e3:.2f} ms of the server's CPU"
    )


def _end(client: Any, machine: str, given: str) -> Any:
    arn = client.start_execution(stateMachineArn=machine, name=uuid4().hex, input=given)["executionArn"]
    deadline = time.monotonic() + 10
    while (described := client.describe_execution(executionArn=arn))["status"] not in ENDS:
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    return described


def _runs(client: Any, number: int, definition: dict[str, Any], given: Any, wanted: Any) -> bool:
    if definition["States"].get("A", {}).get("Type") == "Fail":
        definition["States"]["A"].pop("End", None)
    try:
        made = client.create_state_machine(name=f"case-{number}", definition=json.dumps(definition), roleArn=ROLE)
        described = _end(client, made["stateMachineArn"], json.dumps(given))
    except Exception:
        # Whatever a server does instead of answering, it has not run the machine.
        return False
    if isinstance(wanted, str) and not wanted.endswith("!"):
        return bool(described["status"] == "FAILED" and described.get("error") == wanted)
    wanted = wanted.removesuffix("!") if isinstance(wanted, str) else wanted
    return bool(described["status"] == "SUCCEEDED" and json.loads(described["output"]) == wanted)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moto", type=Path)
    parser.add_argument("--ministack", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = str(Path(sys.executable).parent / "pizzabar")
        own = [command, "up", "--port", str(port), "--state", f"{folder}/state.db"]
        with serving(own, port) as process:
            measure("pizzabar, durable", process, port)
        if options.moto is not None:
            port = free_port()
            with serving([str(options.moto / "moto_server"), "-p", str(port)], port) as process:
                # Without this it tells of every execution what a setting says.
                executing = {"stepfunctions": {"execute_state_machine": True}}
                httpx.post(f"http://localhost:{port}/moto-api/config", json=executing).raise_for_status()
                measure("moto", process, port)
        if options.ministack is not None:
            port = free_port()
            with serving([str(options.ministack / "ministack")], port, GATEWAY_PORT=str(port)) as process:
                measure("MiniStack", process, port)


if __name__ == "__main__":
    main()
