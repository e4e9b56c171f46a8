"""The shipped template as others see it."""

import subprocess
import sys
from pathlib import Path

import pizzabar.pizzeria

TEMPLATE = Path(pizzabar.pizzeria.__file__).parent / "template.yaml"


def test_cfn_lint_finds_nothing() -> None:
    """https://github.com/aws-cloudformation/cfn-lint"""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "cfn-lint"), str(TEMPLATE)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
