"""
Functions in Python, in processes of their own.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

import asyncio
import json
import os
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.lambda_.sandboxes import BuildError
from pizzabar.local.sandboxes import LocalSandboxes
from pizzabar.settings import Settings
from tests.flow.stacks import stack

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ECHO = """
def handler(event, context):
    return {"event": event, "left": context.get_remaining_time_in_millis()}
"""


def python(folder: Path, app: str, **more: Any) -> Any:
    """Run a function of one file."""
    return stack(folder, {"app.py": app}, runtime=RUNTIME, **more)


async def test_a_handler_gets_the_event_and_its_result_is_the_payload(tmp_path: Path) -> None:
    async with python(tmp_path, ECHO) as tell:
        answer = await tell.invoke({"größe": "L", "pizzas": [1, 2.5, None]})

        assert answer["event"] == {"größe": "L", "pizzas": [1, 2.5, None]}
        assert 10_000 < answer["left"] <= 20_000


async def test_the_context_is_complete(tmp_path: Path) -> None:
    app = """
def handler(event, context):
    names = ("aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
             "log_group_name", "log_stream_name", "identity", "client_context")
    return {name: getattr(context, name) for name in names}
"""
    async with python(tmp_path, app) as tell:
        told = await tell.invoke()

        [start, *_] = await tell.lines()
        assert start == f"START RequestId: {told.pop('aws_request_id')} Version: $LATEST"
        assert told.pop("log_stream_name").split("/[$LATEST]")[0].count("/") == 2
        assert told == {
            "function_name": "Tell",
            "function_version": "$LATEST",
            "invoked_function_arn": "arn:aws:lambda:us-east-1:123456789012:function:Tell",
            "memory_limit_in_mb": "128",
            "log_group_name": "/aws/lambda/Tell",
            "identity": None,
            "client_context": None,
        }


COUNT = """
import os
count = 0

def handler(event, context):
    global count
    count += 1
    if event == "meet":
        with open("door", "a") as door:
            door.write("x")
        while len(open("door").read()) < 2:
            pass
    return [os.getpid(), count]
"""


async def test_a_process_is_kept_for_the_next_invocation(tmp_path: Path) -> None:
    async with python(tmp_path, COUNT) as tell:
        first, second = await tell.invoke(), await tell.invoke()

        assert second == [first[0], 2]
        reports = [line for line in await tell.lines() if line.startswith("REPORT")]
        assert ["Init Duration" in each for each in reports] == [True, False]
        assert all("Memory Size: 128 MB\tMax Memory Used: " in each for each in reports)


async def test_invocations_at_once_have_processes_of_their_own(tmp_path: Path) -> None:
    async with python(tmp_path, COUNT) as tell:
        # Each waits for the other.
        one, other = await asyncio.gather(tell.invoke("meet"), tell.invoke("meet"))

        assert one[0] != other[0]


async def test_beyond_the_sandboxes_that_may_be_there_an_invocation_waits(tmp_path: Path) -> None:
    async with python(tmp_path, COUNT, sandboxes=1) as tell:
        answers = await asyncio.gather(*(tell.invoke() for _ in range(5)))

        assert len({pid for pid, _ in answers}) == 1
        assert sorted(count for _, count in answers) == [1, 2, 3, 4, 5]


async def test_beyond_its_reserved_concurrency_a_function_is_throttled(tmp_path: Path) -> None:
    async with python(tmp_path, COUNT, more="      ReservedConcurrentExecutions: 1") as tell:
        answers = await asyncio.gather(tell.invoke(), tell.invoke(), return_exceptions=True)

        [refused] = [each for each in answers if isinstance(each, ServiceError)]
        assert refused.code == "TooManyRequestsException"


async def test_what_a_handler_raises(tmp_path: Path) -> None:
    app = """
def handler(event, context):
    bake(event)

def bake(pizza):
    raise ValueError(f"no {pizza}")
"""
    async with python(tmp_path, app) as tell:
        error = await tell.fails("dough")

        file = tmp_path / "src" / "app.py"
        assert error.pop("requestId")
        assert error == {
            "errorMessage": "no dough",
            "errorType": "ValueError",
            "stackTrace": [
                f'  File "{file}", line 3, in handler\n    bake(event)\n',
                f'  File "{file}", line 6, in bake\n    raise ValueError(f"no {{pizza}}")\n',
            ],
        }
        logged = "".join(error["stackTrace"]).rstrip("\n")
        assert f"[ERROR] ValueError: no dough\nTraceback (most recent call last):\n{logged}" in await tell.lines()
        # A handler that has failed is asked again in the same process.
        await tell.fails("cheese")
        assert sum("Init Duration" in line for line in await tell.lines()) == 1


async def test_what_is_written_comes_into_the_log_in_order(tmp_path: Path) -> None:
    app = """
import logging, os, sys
log = logging.getLogger("kitchen")
log.setLevel("INFO")
print("imported")

def handler(event, context):
    print("one")
    log.info("two\\nlines")
    print("three", file=sys.stderr)
    os.write(1, b"four")
"""
    async with python(tmp_path, app) as tell:
        await tell.invoke()

        lines = await tell.lines()
        start, end = lines[1], lines[-2]
        request_id = start.split()[2]
        assert [line.split(" ")[0] for line in (start, end)] == ["START", "END"]
        assert [lines[0], lines[2], lines[4], lines[5]] == ["imported", "one", "three", "four"]
        level, when, of, text = lines[3].split("\t")
        assert (level, len(when), of, text) == ("[INFO]", len("2026-01-31T12:00:00.000Z"), request_id, "two\nlines")


@pytest.mark.parametrize(
    ("app", "handler", "error", "message"),
    [
        ("import nowhere\n", "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module"),
        ("x = 1\n", "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        (
            "def f(:\n",
            "app.f",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, l",
        ),
        ("1 / 0\n", "app.f", "ZeroDivisionError", "division by zero"),
        ("", "app", "Runtime.MalformedHandlerName", "Bad handler 'app': not enough values to unpack"),
        (
            "import sys\nsys.exit(3)\n",
            "app.f",
            "Runtime.ExitError",
            " Error: Runtime exited with error: exit status 3",
        ),
    ],
)
async def test_a_handler_that_cannot_be_loaded(
    tmp_path: Path, app: str, handler: str, error: str, message: str
) -> None:
    async with python(tmp_path, app, handler=handler) as tell:
        for _ in range(2):
            told = await tell.fails()

            assert told["errorType"] == error
            assert message in told["errorMessage"]
        assert [line.split(" ")[0] for line in await tell.lines()].count("START") == 2


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("sys.exit()", "Runtime exited without providing a reason"),
        ("os._exit(4)", "Runtime exited with error: exit status 4"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
async def test_a_process_that_ends_is_an_error_and_the_next_one_is_new(tmp_path: Path, end: str, reason: str) -> None:
    app = f"""
import os, sys
def handler(event, context):
    if event == "end":
        print("now")
        {end}
    return os.getpid()
"""
    async with python(tmp_path, app) as tell:
        before = await tell.invoke()

        error = await tell.fails("end")

        assert error["errorType"] == "Runtime.ExitError"
        assert error["errorMessage"].endswith(f" Error: {reason}")
        lines = await tell.lines()
        assert any(line.endswith(reason) for line in lines)
        assert "now" in lines
        assert await tell.invoke() != before


async def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    app = """
import os, subprocess, sys
def handler(event, context):
    if event == "hang":
        child = subprocess.Popen(["sleep", "600"])
        print(child.pid)
        child.wait()
    return os.getpid()
"""
    async with python(tmp_path, app, timeout=1) as tell:
        before = await tell.invoke()

        error = await tell.fails("hang")

        assert error["errorType"] == "Sandbox.Timedout"
        assert error["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
        lines = await tell.lines()
        assert any(line.endswith(" Task timed out after 1.00 seconds") for line in lines)
        # With whatever it has started.
        [child] = [int(line) for line in lines if line.isdecimal()]
        assert not _runs(child)
        assert not _runs(before)
        assert await tell.invoke() != before


def _runs(pid: int) -> bool:
    """Tell whether a process is there and is no mere remainder."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_who_writes_without_end_holds_up_nobody(tmp_path: Path) -> None:
    app = """
import threading
def chatter():
    while True:
        print("and another thing " * 100)
def handler(event, context):
    threading.Thread(target=chatter, daemon=True).start()
    return "said"
"""
    async with python(tmp_path, app) as tell:
        assert await tell.invoke() == "said"


async def test_a_result_that_is_no_json(tmp_path: Path) -> None:
    async with python(tmp_path, "def handler(event, context): return {1, 2}\n") as tell:
        error = await tell.fails()

        assert error["errorType"] == "Runtime.MarshalError"
        assert error["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


async def test_a_result_that_is_too_large(tmp_path: Path) -> None:
    async with python(tmp_path, "def handler(event, context): return 'x' * event\n") as tell:
        assert len(await tell.invoke(6_000_000)) == 6_000_000

        error = await tell.fails(6_300_000)

        assert error["errorType"] == "Function.ResponseSizeTooLarge"


async def test_the_environment_is_lambdas_and_the_functions_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITCHEN_SECRET", "of this machine")
    app = """
import os
def handler(event, context):
    return {**os.environ, "cwd": os.getcwd()}
"""
    more = "      Environment: {Variables: {TABLE: Orders}}\n      MemorySize: 256"
    async with python(tmp_path, app, more=more) as tell:
        environment = await tell.invoke()

        code = str(tmp_path / "src")
        wanted = {
            "TABLE": "Orders",
            "cwd": code,
            "LAMBDA_TASK_ROOT": code,
            "_HANDLER": "app.handler",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
            "AWS_LAMBDA_FUNCTION_NAME": "Tell",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/Tell",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "TZ": ":UTC",
        }
        assert {name: environment.get(name) for name in wanted} == wanted
        assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")
        assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert "KITCHEN_SECRET" not in environment


async def test_boto3_is_there_and_speaks_to_this_emulator_alone(tmp_path: Path) -> None:
    app = """
import boto3, socket
names = boto3.client("dynamodb").list_tables()["TableNames"]

def handler(event, context):
    try:
        boto3.client("sqs", endpoint_url="https://sqs.us-east-1.amazonaws.com").list_queues()
    except Exception as error:
        return [names, str(error.__cause__ or error), str(error.__context__)]
"""
    more = """
  Orders:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: Orders}
"""
    async with python(tmp_path, app, more=more) as tell:
        names, *why = await tell.invoke()

        assert names == ["Orders"]
        assert "sqs.us-east-1.amazonaws.com is AWS, which pizzabar's functions do not reach" in "".join(why)
        assert "PIZZABAR_REACH_AWS=true" in "".join(why)
        [line] = [line for line in await tell.lines() if "is AWS" in line]
        assert line.startswith("[WARNING]\t")


async def test_what_is_installed_beside_pizzabar_is_not_there(tmp_path: Path) -> None:
    async with python(tmp_path, "import fastapi\n") as tell:
        assert "No module named 'fastapi'" in (await tell.fails())["errorMessage"]


async def test_what_a_function_does_is_part_of_its_trace(tmp_path: Path) -> None:
    app = """
import boto3
client = boto3.client("dynamodb")
def handler(event, context):
    client.list_tables()
"""
    async with python(tmp_path, app) as tell:
        await tell.invoke()

        hops = {hop.operation: hop for hop in tell.emulator.journal}
        assert hops["ListTables"].parent == hops["Invocation"].id
        assert hops["ListTables"].trace_id == hops["Invoke"].trace_id


async def test_memory_is_limited(tmp_path: Path) -> None:
    async with python(tmp_path, "def handler(event, context): return len(bytearray(event << 20))\n") as tell:
        assert await tell.invoke(64) == 64 << 20

        assert (await tell.fails(512))["errorType"] == "MemoryError"


async def test_requirements_are_installed_once_and_kept(tmp_path: Path) -> None:
    wheel = tmp_path / "src" / "dough-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("dough.py", "kind = 'sour'\n")
        archive.writestr("dough-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: dough\nVersion: 1.0\n")
        archive.writestr(
            "dough-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("dough-1.0.dist-info/RECORD", "")
    files = {
        "app.py": "import dough\ndef handler(event, context): return dough.kind\n",
        "requirements.txt": f"./{wheel.name}\n",
    }
    for _ in range(2):
        async with stack(tmp_path, files, runtime=RUNTIME) as tell:
            assert await tell.invoke() == "sour"
        # What is there now is all that the second run has.
        wheel.unlink(missing_ok=True)
    assert sorted(path.name for path in (tmp_path / "src").iterdir() if path.name != "__pycache__") == sorted(files)


async def test_what_cannot_be_installed_is_told_with_what_to_do(tmp_path: Path) -> None:
    files = {"app.py": ECHO, "requirements.txt": "./nowhere-1.0-py3-none-any.whl\n"}
    with pytest.raises(BuildError) as raised:
        async with stack(tmp_path, files, runtime=RUNTIME):
            pass

    told = str(raised.value)
    assert told.startswith("Tell: what it needs is not installed here, and could not be:\n")
    assert "nowhere-1.0-py3-none-any.whl" in told
    assert "`pizzabar build TEMPLATE`" in told


async def test_layers_are_looked_in_after_the_function(tmp_path: Path) -> None:
    layer = tmp_path / "layer" / "python"
    layer.mkdir(parents=True)
    (layer / "oven.py").write_text("degrees = 400\n")
    more = """      Layers: [!Ref Oven]
  Oven:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: ./layer}
"""
    async with python(tmp_path, "import oven\ndef handler(e, c): return oven.degrees\n", more=more) as tell:
        assert await tell.invoke() == 400


async def test_code_in_a_zip_file_and_inline(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("kitchen/app.py", "def handler(event, context): return 'zipped'\n")
    template = tmp_path / "template.json"
    function = {"Runtime": RUNTIME, "Role": "arn:aws:iam::123456789012:role/r"}
    zipped = {**function, "Code": "code.zip", "Handler": "kitchen/app.handler"}
    inline = {**function, "Code": {"ZipFile": "def handler(e, c): return 'inline'\n"}, "Handler": "index.handler"}
    resources = {
        name: {"Type": "AWS::Lambda::Function", "Properties": properties}
        for name, properties in {"Zipped": zipped, "Inline": inline}.items()
    }
    template.write_text(json.dumps({"Resources": resources}))
    emulator = await Emulator.open(Settings(state=None, port=0, template=template, cache=tmp_path / "cache"))
    try:
        for name in ("zipped", "inline"):
            answer = await emulator.call("lambda", "Invoke", {"FunctionName": f"pizzabar-{name.title()}"})
            assert answer["Payload"] == json.dumps(name).encode()
    finally:
        await emulator.close()


async def test_a_process_that_nobody_needs_any_more_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalSandboxes, "idle_seconds", 0.0)
    async with python(tmp_path, COUNT) as tell:
        pid, _ = await tell.invoke()
        with suppress(psutil.NoSuchProcess):
            await asyncio.to_thread(psutil.Process(pid).wait, 20)

        assert not _runs(pid)
        assert (await tell.invoke())[1] == 1


@pytest.mark.parametrize(("seconds", "error"), [(0.6, None), (30, "Sandbox.Timedout")])
async def test_what_takes_long_to_load_is_loaded_once_more_in_the_time_of_the_invocation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, error: str | None
) -> None:
    monkeypatch.setattr(LocalSandboxes, "init_seconds", 0.3)
    app = f"import time\ntime.sleep({seconds})\ndef handler(event, context): return 'ready'\n"
    async with python(tmp_path, app, timeout=2) as tell:
        if error is None:
            assert await tell.invoke() == "ready"
        else:
            assert (await tell.fails())["errorType"] == error

        lines = await tell.lines()
        reports = [line for line in lines if line.startswith("INIT_REPORT Init Duration: ")]
        assert len(reports) == (1 if error is None else 2)
        assert all(line.endswith("Phase: init\tStatus: timeout") for line in reports)
        assert [line.split(" ")[0] for line in lines if line[:3] in ("STA", "END", "REP")] == [
            "START",
            "END",
            "REPORT",
        ]


async def test_its_processes_end_with_the_emulator(tmp_path: Path) -> None:
    async with python(tmp_path, "import os\ndef handler(event, context): return os.getpid()\n") as tell:
        pid = await tell.invoke()
        assert _runs(pid)

    assert not _runs(pid)
    assert pid != os.getpid()


async def test_code_that_is_not_there_is_a_fault_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        async with stack(tmp_path, {}, runtime=RUNTIME):
            pass

    [fault] = faulty.value.faults
    assert str(fault) == f"{tmp_path / 'template.yaml'}:8:7: Tell: /Code: there is no file or folder ./src"


async def test_an_event_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with python(tmp_path, "def handler(event, context):\n    return event") as tell:
        event = {"id": (1 << 64) + 1, "least": -(1 << 70)}
        assert await tell.invoke(event) == event
