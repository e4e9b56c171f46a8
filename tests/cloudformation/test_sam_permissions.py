"""Policy templates of SAM: those that are written out are sound for every set of parameters."""

import re

import pytest

from pizzabar.cloudformation.sam_permissions import TEMPLATES
from pizzabar.cloudformation.sam_policies import POLICY_TEMPLATES
from pizzabar.iam.policy import read_policy
from tests.cloudformation.kitchen import load, resources_of


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_becomes_a_policy(name: str) -> None:
    parameters = ", ".join(f"{each}: x-{each.lower()}" for each in POLICY_TEMPLATES[name])
    stack = load(
        f"""
Transform: AWS::Serverless-2016-10-31
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: ., Policies: [{{{name}: {{{parameters}}}}}]}}
"""
    )

    [policy] = resources_of(stack)["BakeRole"].properties["Policies"]
    statements = read_policy(name, policy["PolicyDocument"], "identity").statements
    resources = [resource for statement in statements for resource in statement.resources]
    assert len(statements) == len(TEMPLATES[name])
    assert all(re.fullmatch(r"arn:aws:[a-z]+:us-east-1:123456789012:[^$]+", resource) for resource in resources)
    for parameter in POLICY_TEMPLATES[name]:
        assert any(f"x-{parameter.lower()}" in resource for resource in resources)


CHOICE = """
Transform: AWS::Serverless-2016-10-31
Parameters: {{Flag: {{Type: String, Default: '{flag}'}}}}
Conditions: {{Wanted: !Equals [!Ref Flag, 'yes']}}
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: ., Policies: [!If [Wanted, {policy}, !Ref AWS::NoValue]]}}
"""


@pytest.mark.parametrize(
    "policy",
    [
        "{DynamoDBReadPolicy: {TableName: Orders}}",
        "{Statement: [{Effect: Allow, Action: 'dynamodb:GetItem', Resource: '*'}]}",
        "!If [Wanted, {DynamoDBReadPolicy: {TableName: Orders}}, !Ref AWS::NoValue]",
    ],
)
def test_a_policy_may_be_there_or_not(policy: str) -> None:
    role = resources_of(load(CHOICE.format(flag="yes", policy=policy)))["BakeRole"].properties
    assert [read_policy("it", each["PolicyDocument"], "identity").name for each in role["Policies"]] == ["it"]

    role = resources_of(load(CHOICE.format(flag="no", policy=policy)))["BakeRole"].properties
    assert not role.get("Policies")


@pytest.mark.parametrize(
    ("tracing", "is_traced"),
    [("Active", True), ("PassThrough", True), ("!Ref Trace", True), ("Disabled", False)],
)
def test_a_function_that_is_traced_may_send_segments(tracing: str, is_traced: bool) -> None:
    stack = load(
        f"""
Transform: AWS::Serverless-2016-10-31
Parameters: {{Trace: {{Type: String, Default: Active}}}}
Globals: {{Function: {{Tracing: {tracing}}}}}
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: .}}
"""
    )

    managed = resources_of(stack)["BakeRole"].properties["ManagedPolicyArns"]
    assert ("arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess" in managed) is is_traced
