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
