"""The client for tests in JavaScript, and its types."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pizzabar.testing import World

CLIENT = Path(__file__).parents[2] / "pizzabar" / "console" / "assets" / "client.mjs"


def test_a_test_in_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("Node is needed")
        pytest.skip("Node is needed")
    packages = Path(__file__).parents[1] / "flow" / "javascript" / "node_modules"
    with World(is_served=True) as world:
        done = subprocess.run(
            [node, "--experimental-websocket", "client.mjs", world.url],
            cwd=Path(__file__).parent,
            env={**os.environ, "NODE_PATH": str(packages)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout == "done\n", done.stderr


def test_every_method_has_its_types() -> None:
    methods = re.findall(r"^  (\w+)\(.*\) \{$", CLIENT.read_text(), re.MULTILINE)
    types = CLIENT.with_name("client.d.mts").read_text()
    assert [name for name in methods if not re.search(rf"^  {name}\(", types, re.MULTILINE)] == []
