"""The AWS SDK for JavaScript against a running server, where Node is and its packages are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import running

FOLDER = Path(__file__).parent / "javascript"


def test_the_order_flow_by_the_sdk() -> None:
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        message = "Node is needed, and npm install in tests/flow/javascript"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(message)
        pytest.skip(message)
    with running() as port:
        command = [node, "orders.mjs", str(port)]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)

    assert done.stdout == "done\n", done.stderr
