"""Every trap of the workshop's own template is found, where it is."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pizzabar.cli import main
from pizzabar.linting import lint_template
from pizzabar.settings import Settings
from tests.lint.conftest import TODAY

README = Path(__file__).parents[2] / "README.md"
TRAPS = """\
template.yaml:10 PB401
template.yaml:42 PB701
template.yaml:77 PB702
template.yaml:111 PB501
template.yaml:127 PB202
template.yaml:175 PB201
template.yaml:216 PB101
template.yaml:230 PB301
template.yaml:233 PB301
template.yaml:381 PB603
handlers/common.js:3 PB403
handlers/common.js:19 PB404
handlers/lambda-target-example.js:24 PB102
"""


def test_the_traps_are_found(workshop: Path) -> None:
    found = lint_template(Settings(template=workshop / "template.yaml"), TODAY)

    places = [(Path(each.position.file).relative_to(workshop), each.position.line, each.code.code) for each in found]
    assert "".join(f"{file}:{line} {code}\n" for file, line, code in places) == TRAPS


def test_the_readme_shows_what_is_told(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [shown] = re.findall(r"```console\n\$ pizzabar lint template.yaml\n(.*?)```", README.read_text(), re.DOTALL)
    monkeypatch.chdir(workshop)

    told = CliRunner().invoke(main, ["lint", "template.yaml"]).stdout.splitlines()

    assert [line for line in shown.splitlines() if line != "…"] == [told[0], told[1], *told[12:14], told[-1]]


def test_they_are_told_as_json(workshop: Path) -> None:
    done = CliRunner().invoke(main, ["lint", str(workshop / "template.yaml"), "--json"])

    assert done.exit_code == 1
    assert {each["code"] for each in json.loads(done.stdout)} == {line.split()[1] for line in TRAPS.splitlines()}
