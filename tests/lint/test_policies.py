"""Stages that policies name literally, and roles that nothing uses."""

from collections.abc import Callable

import pytest

from tests.lint.stacks import API, ROLE, function, line_of, template

Codes = Callable[..., list[str]]
HEAD = "Parameters:\n  Name:\n    Type: String\n    Default: api\n"
COMPUTED = API.replace("StageName: api", "StageName: !Ref Name")
FILES = {"code/index.py": ""}


def allowed(resource: str) -> str:
    statement = f"{{Effect: Allow, Action: 'execute-api:ManageConnections', Resource: {resource}}}"
    return function("python3.14", more=f"Policies: [Statement: [{statement}]]")


LITERAL = "!Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/api/POST/@connections/*'"


@pytest.mark.parametrize(
    "resource",
    [
        LITERAL,
        "[!Sub ['arn:aws:execute-api:${AWS::Region}:1:${Id}/api/*', {Id: !Ref Api}]]",
        "!Join [':', ['arn:aws:execute-api', !Ref AWS::Region, !Ref AWS::AccountId, !Sub '${Api}/api/*']]",
        "arn:aws:execute-api:*:*:*/api/POST/*",
    ],
)
def test_a_literal_stage_where_the_stage_has_a_parameter_for_its_name(codes: Codes, resource: str) -> None:
    text = template(COMPUTED, allowed(resource), head=HEAD)

    assert codes(text, FILES) == [f"template.yaml:{line_of(text, 'Policies')} PB701"]


@pytest.mark.parametrize(
    "resource",
    [
        LITERAL.replace("/api/", "/${Name}/"),
        LITERAL.replace("/api/", "/${Stage}/"),
        LITERAL.replace("/api/", "/*/"),
        "'*'",
        "!Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*'",
    ],
)
def test_a_stage_by_its_own_name(codes: Codes, resource: str) -> None:
    assert codes(template(COMPUTED, allowed(resource), head=HEAD), FILES) == []


def test_a_literal_stage_of_a_literal_name(codes: Codes) -> None:
    assert codes(template(API, allowed(LITERAL)), FILES) == []


def test_a_literal_stage_that_is_not_there(codes: Codes) -> None:
    text = template(API, allowed(LITERAL.replace("/api/", "/prod/")))

    assert codes(text, FILES) == [f"template.yaml:{line_of(text, 'Policies')} PB701"]


def test_a_role_that_nothing_uses(codes: Codes) -> None:
    text = template(API, ROLE % "")

    assert codes(text) == [f"template.yaml:{line_of(text, 'Role:')} PB702"]


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (ROLE % "", function("python3.14", more="Role: !GetAtt Role.Arn")),
        # It may be for somebody outside.
        (ROLE % "\n    RoleName: for-others", ""),
    ],
)
def test_a_role_that_something_uses_or_may_use(codes: Codes, role: str, more: str) -> None:
    assert codes(template(API, role, more), FILES) == []


def test_an_output_uses_a_role(codes: Codes) -> None:
    text = template(API, ROLE % "") + "Outputs:\n  Arn:\n    Value: !GetAtt Role.Arn\n"

    assert codes(text) == []


def test_what_must_have_a_role_and_has_none(codes: Codes) -> None:
    bare = """
Oven:
  Type: AWS::Lambda::Function
  Properties: {Runtime: python3.14, Handler: index.handler, Code: {ZipFile: "def handler(event, context): pass"}}
Flow:
  Type: AWS::StepFunctions::StateMachine
  Properties: {DefinitionString: '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'}
"""
    text = template(API, bare)

    assert codes(text) == [f"template.yaml:{line_of(text, name)} PB703" for name in ("Oven:", "Flow:")]
