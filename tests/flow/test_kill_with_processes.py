"""``kill -9`` of a server whose functions run in processes of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
from websockets.asyncio.client import connect

from tests.flow.serving import FRAMES, ORDER, receive
from tests.running import environment, free_port, wait_for


async def test_the_processes_of_functions_end_with_it(tmp_path: Path) -> None:
    port = free_port()
    given = environment(state=tmp_path / "state.db", port=port, tls_port=0, run_functions="child", speed=1_000_000)
    command = [sys.executable, "-m", "uvicorn", "pizzabar.app:app", "--port", str(port), "--log-level", "warning"]
    for _ in range(2):
        server = subprocess.Popen(command, env=given)
        try:
            wait_for(server, port)
            async with connect(f"ws://localhost:{port}/api", compression=None) as guest:
                await guest.send(ORDER)
                assert await receive(guest, 6) == FRAMES
            children = psutil.Process(server.pid).children(recursive=True)
            assert children
        finally:
            server.send_signal(signal.SIGKILL)
            server.wait()
        gone, alive = psutil.wait_procs(children, timeout=10)
        assert (len(gone), alive) == (len(children), [])
