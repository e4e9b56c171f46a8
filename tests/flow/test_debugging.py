"""
Functions that are debugged: a debugger finds their process, and they have no time-out.

https://nodejs.org/en/learn/getting-started/debugging
https://microsoft.github.io/debug-adapter-protocol/overview
"""

import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest

from pizzabar.emulator import DebuggedFunctionMissing, Emulator
from pizzabar.settings import Settings
from tests.flow.stacks import stack
from tests.running import free_port

SLOW_NODE = """
export const handler = async (event) => {
  await new Promise((go) => setTimeout(go, 1100));
  return process.pid;
};
"""
SLOW_PYTHON = """
import os, time
def handler(event, context):
    time.sleep(1.1)
    return os.getpid()
"""


async def test_node_listens_for_a_debugger_and_has_no_time_out(tmp_path: Path) -> None:
    port = free_port()
    async with stack(tmp_path, {"app.mjs": SLOW_NODE}, runtime="nodejs20.x", timeout=1, debug=f"Tell:{port}") as tell:
        one, other = await asyncio.gather(tell.invoke(), tell.invoke())

        # The debugger has one process to look at.
        assert one == other
        async with httpx.AsyncClient() as client:
            [target] = (await client.get(f"http://127.0.0.1:{port}/json/list")).json()
        assert target["url"].endswith("/bootstrap/node.mjs")


async def test_python_listens_for_a_debugger_and_has_no_time_out(tmp_path: Path) -> None:
    port = free_port()
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    async with stack(tmp_path, {"app.py": SLOW_PYTHON}, runtime=runtime, timeout=1, debug=f"Tell:{port}") as tell:
        one, other = await asyncio.gather(tell.invoke(), tell.invoke())

        assert one == other
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = json.dumps({"seq": 1, "type": "request", "command": "initialize", "arguments": {"adapterID": "x"}})
        writer.write(f"Content-Length: {len(request)}\r\n\r\n{request}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        message = json.loads(await reader.readexactly(int(head.split(b":")[1])))
        assert message["type"] in ("event", "response")
        writer.close()


async def test_a_function_that_is_not_there_cannot_be_debugged(tmp_path: Path) -> None:
    with pytest.raises(DebuggedFunctionMissing, match="there is no function Nobody"):
        async with stack(tmp_path, {"app.mjs": SLOW_NODE}, runtime="nodejs20.x", debug="Nobody"):
            pass


async def test_a_function_in_process_cannot_be_debugged() -> None:
    with pytest.raises(DebuggedFunctionMissing, match="pizzabar-StatusFunction runs in this process"):
        await Emulator.open(Settings(state=None, debug="StatusFunction"))
