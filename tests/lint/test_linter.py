"""All checks together: the shipped pizzeria, what is spared, and the order of what is found."""

from collections.abc import Callable

from pizzabar.lint.finding import Finding
from pizzabar.linting import lint_template
from pizzabar.settings import Settings
from tests.lint.conftest import TODAY
from tests.lint.stacks import API, CONNECTIONS, connect, function, template

ITEM = """\
{"TableName": "connections", "Item": {"connectionId": {"S": "$context.connectionId"},
 "headers": {"S": "$input.params().header"}, "expires": {"N": "$context.requestTimeEpoch"}}}
"""


def test_nothing_is_found_in_the_pizzeria() -> None:
    assert lint_template(Settings(), TODAY) == ()


def test_a_resource_may_be_spared_codes(codes: Callable[..., list[str]]) -> None:
    text = template(API, CONNECTIONS, connect(ITEM))
    spared = text.replace("  Connect:\n", "  Connect:\n    Metadata: {pizzabar: {Lint: {Ignore: [PB101]}}}\n")

    assert [each.split()[1] for each in codes(text)] == ["PB301", "PB101"]
    assert [each.split()[1] for each in codes(spared)] == ["PB301"]


def test_what_several_functions_run_is_told_once(look: Callable[..., list[Finding]]) -> None:
    two = function("python3.14") + function("python3.14").replace("Handler:\n  Type", "Second:\n  Type")

    [finding] = look(template(two), {"code/index.py": "import requests"})

    assert finding.as_json() == {
        "code": "PB402",
        "severity": "error",
        "file": "code/index.py",
        "line": 1,
        "column": 1,
        "resource": "Handler",
        "why": "requests is neither built in nor in requirements.txt: the function fails as soon as it is loaded",
        "mend": finding.code.mend,
        "url": "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html",
    }
