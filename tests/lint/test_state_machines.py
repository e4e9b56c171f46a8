"""States, rules and substitutions that nothing comes to, and sizes."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pizzabar.linting import CannotBeLoaded
from tests.lint.stacks import function, line_of, template

Codes = Callable[..., list[str]]
STACK = template(
    """
Flow:
  Type: AWS::Serverless::StateMachine
  Properties:
    DefinitionUri: flow.json
    DefinitionSubstitutions:
      Name: pizza
"""
)


def flow(**states: Any) -> dict[str, str]:
    return {"flow.json": json.dumps({"StartAt": next(iter(states)), "States": states}, indent=1)}


DONE: dict[str, Any] = {"Type": "Succeed", "Comment": "${Name}"}


def test_a_state_that_nothing_leads_to_is_a_fault_at_load(codes: Codes) -> None:
    with pytest.raises(CannotBeLoaded) as raised:
        codes(STACK, flow(One=DONE, Lost={"Type": "Succeed"}))

    [finding] = raised.value.findings
    assert (finding.code.code, finding.resource, finding.position.line) == ("PB601", "Flow", 8)


def test_any_other_fault_of_the_template(codes: Codes) -> None:
    with pytest.raises(CannotBeLoaded) as raised:
        codes(template("\nTopic:\n  Type: AWS::SNS::Topic\n"))

    assert [each.code.code for each in raised.value.findings] == ["PB001"]
    assert "AWS::SNS::Topic is not supported" in raised.value.findings[0].why


def rule(variable: str, target: str) -> dict[str, Any]:
    return {"Variable": variable, "StringEquals": "x", "Next": target}


def test_a_rule_that_is_never_taken(codes: Codes) -> None:
    choice = {"Type": "Choice", "Choices": [rule("$.a", "Done"), rule("$.b", "Done"), rule("$.a", "Other")]}
    files = flow(Pick=choice, Done=DONE, Other={"Type": "Succeed"})
    last = files["flow.json"].splitlines().index('     "Next": "Other"')

    # The third rule begins three lines before its last.
    assert codes(STACK, files) == [f"flow.json:{last - 2} PB602"]


def test_rules_that_all_may_be_taken(codes: Codes) -> None:
    choice = {"Type": "Choice", "Choices": [rule("$.a", "Done"), rule("$.b", "Done")]}

    assert codes(STACK, flow(Pick=choice, Done=DONE)) == []


def test_a_substitution_that_nothing_uses(codes: Codes) -> None:
    assert codes(STACK, flow(One={"Type": "Succeed"})) == [f"template.yaml:{line_of(STACK, 'Name: pizza')} PB603"]


def test_a_placeholder_that_nothing_is_put_in_for(codes: Codes) -> None:
    files = flow(One={"Type": "Pass", "Result": "${Nmae} ${Name}", "End": True})

    assert codes(STACK, files) == [f"flow.json:{line_of(files['flow.json'], 'Nmae')} PB604"]


@pytest.mark.parametrize(("size", "found"), [(262_000, []), (262_143, ["PB803"])])
def test_a_payload_that_no_state_can_have(codes: Codes, size: int, found: list[str]) -> None:
    files = flow(One={"Type": "Pass", "Result": "${Name}" + "x" * (size - 5), "End": True})

    assert [each.split()[1] for each in codes(STACK, files)] == found


def test_a_definition_that_is_too_large(codes: Codes) -> None:
    states = {f"S{n}": {"Type": "Pass", "Comment": "x" * 200_000, "Next": f"S{n + 1}"} for n in range(6)}

    assert [each.split()[1] for each in codes(STACK, flow(**states, S6=DONE))] == ["PB802"]


@pytest.mark.parametrize(("size", "found"), [(4000, []), (4100, ["PB801"])])
def test_an_environment(codes: Codes, size: int, found: list[str]) -> None:
    stack = template(function("python3.14").replace("ORDERS: orders", f"ORDERS: {'x' * size}"))

    assert [each.split()[1] for each in codes(stack, {"code/index.py": ""})] == found


@pytest.mark.parametrize(("count", "found"), [(100, []), (300, ["PB804"])])
def test_a_pattern(codes: Codes, count: int, found: list[str]) -> None:
    values = ", ".join(f"'{number:06}'" for number in range(count))
    rule = f"\nRule:\n  Type: AWS::Events::Rule\n  Properties: {{EventPattern: {{source: [{values}]}}}}\n"

    assert [each.split()[1] for each in codes(template(rule))] == found
