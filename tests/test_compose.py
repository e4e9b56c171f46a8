"""The compose file: its steps name what is there."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pizzabar.cli import main
from pizzabar.settings import Settings

ROOT = Path(__file__).parent.parent


def service() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert document.keys() == {"services", "volumes"}
    [only] = document["services"].values()
    assert isinstance(only, dict)
    return only


def steps(instruction: str) -> list[str]:
    """Give what the steps of one instruction say, in order."""
    lines = service()["build"]["dockerfile_inline"].splitlines()
    return [line.removeprefix(f"{instruction} ") for line in lines if line.startswith(f"{instruction} ")]


@pytest.mark.parametrize(
    ("written", "instead", "is_valid"), [("ports:", "ports:", True), ("ports:", "portz:", False)]
)
def test_it_is_valid_by_the_compose_specification(tmp_path: Path, written: str, instead: str, is_valid: bool) -> None:
    """https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json"""
    file = tmp_path / "docker-compose.yml"
    file.write_text((ROOT / "docker-compose.yml").read_text().replace("ports:", instead))
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]

    done = subprocess.run(check, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == (0 if is_valid else 1), done.stderr
    assert is_valid or "'portz' was unexpected" in done.stdout


def test_the_health_check_asks_what_is_there() -> None:
    [path] = re.findall(r"localhost:8000(/\S+)'\)", service()["healthcheck"]["test"][-1])

    assert path == "/_pizzabar/ready"


def test_what_is_copied_is_there_and_is_what_an_installation_needs() -> None:
    copied = [source for step in steps("COPY") if "--from" not in step for source in step.split()[:-1]]

    assert all((ROOT / source).exists() for source in copied)
    assert set(copied) == {"pyproject.toml", "README.md", "LICENSE", "pizzabar"}


def test_the_server_runs_as_nobody_special_and_by_a_command_that_exists() -> None:
    [user] = steps("USER")
    [command] = steps("CMD")
    program, *arguments = json.loads(command)

    assert user not in ("root", "0")
    assert program == "pizzabar"
    assert CliRunner().invoke(main, [*arguments, "--help"]).exit_code == 0


def test_the_environment_gives_settings_that_are_read() -> None:
    """What is not given outside is empty, which stands for the default."""
    environment = {
        name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(text)) for name, text in service()["environment"].items()
    }

    settings = Settings.from_environment(environment)

    assert (settings.host, settings.template, settings.speed) == ("0.0.0.0", None, 1.0)
    assert settings.state is not None
    mounts = [volume.split(":")[1] for volume in service()["volumes"] if volume.startswith("state:")]
    assert [str(settings.state.parent)] == mounts


def test_the_ports_are_open_to_this_machine_alone() -> None:
    assert service()["ports"] == ["127.0.0.1:8000:8000", "127.0.0.1:8443:8443"]
