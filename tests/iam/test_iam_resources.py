"""The CloudFormation types of IAM, and policies in other types: what comes of them, and faults with their places."""

from pathlib import Path

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.emulator import Emulator
from pizzabar.iam.managed_policies import ACTIONS, managed_policy
from pizzabar.loading import load_stack
from pizzabar.settings import Settings

TRUST = "AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: '*', Action: 'sts:AssumeRole'}}"
DOCUMENT = "PolicyDocument: {Statement: {Effect: Allow, Action: 'lambda:*', Resource: '*'}}"


def settings(folder: Path, text: str) -> Settings:
    """Settings for a template of these resources."""
    (folder / "template.yaml").write_text("Resources:\n" + text)
    return Settings(state=None, clock="virtual", template=folder / "template.yaml")


def faults(folder: Path, text: str) -> list[str]:
    """Give the faults of resources, without the folder."""
    with pytest.raises(FaultyTemplate) as faulty:
        load_stack(settings(folder, text))
    return [str(fault).removeprefix(f"{folder}/") for fault in faulty.value.faults]


async def test_policies_come_to_a_role_from_everywhere(tmp_path: Path) -> None:
    emulator = await Emulator.open(
        settings(
            tmp_path,
            f"""
  Cook:
    Type: AWS::IAM::Role
    Properties:
      {TRUST}
      Policies: [{{PolicyName: Inline, {DOCUMENT}}}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AWSLambda_FullAccess', !Ref Managed]
      PermissionsBoundary: !Ref Boundary
      Tags: [{{Key: team, Value: bakers}}]
  Attached: {{Type: AWS::IAM::Policy, Properties: {{PolicyName: Attached, Roles: [!Ref Cook], {DOCUMENT}}}}}
  Put: {{Type: AWS::IAM::RolePolicy, Properties: {{PolicyName: Put, RoleName: !Ref Cook, {DOCUMENT}}}}}
  Managed: {{Type: AWS::IAM::ManagedPolicy, Properties: {{{DOCUMENT}}}}}
  Boundary: {{Type: AWS::IAM::ManagedPolicy, Properties: {{{DOCUMENT}}}}}
  Outside: {{Type: AWS::IAM::ManagedPolicy, Properties: {{ManagedPolicyName: Late, Roles: [!Ref Cook], {DOCUMENT}}}}}
""",
        )
    )
    [role] = emulator.roles
    permissions = emulator.roles.permissions_of(role)
    assert [policy.name for policy in permissions.policies] == [
        *("Inline", "Attached", "Put", "AWSLambda_FullAccess", "pizzabar-Managed", "Late")
    ]
    assert permissions.boundary is not None
    assert permissions.boundary.name == "pizzabar-Boundary"
    assert permissions.unknown == ()
    assert role.tags == {"team": "bakers"}
    assert emulator.stack.without_effect == ()
    await emulator.close()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            """  Cook:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Services: x}
            Action: sts:AssumeRole
""",
            "template.yaml:8:13: Cook: /AssumeRolePolicyDocument/Statement[0]/Principal: Principal is * or names by "
            "AWS, Service, Federated, CanonicalUser",
        ),
        (
            f"""  Cook:
    Type: AWS::IAM::Role
    Properties:
      {TRUST}
      Policies:
        - PolicyName: Bake
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: dynamodb.PutItem
                Resource: '*'
""",
            "template.yaml:11:17: Cook: /Policies[0]/PolicyDocument/Statement[0]/Action: dynamodb.PutItem is no "
            "action",
        ),
        (
            f"  Cook: {{Type: AWS::IAM::Role, Properties: {{{TRUST}, Policies: [{{PolicyName: x}}]}}}}\n",
            "template.yaml:2:154: Cook: /Policies[0]: a policy has a PolicyDocument",
        ),
        (
            """  P:
    Type: AWS::Logs::ResourcePolicy
    Properties:
      PolicyName: p
      PolicyDocument: '{"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}'
""",
            "template.yaml:6:7: P: /PolicyDocument: a statement has either Principal or NotPrincipal",
        ),
        (
            """  P:
    Type: AWS::Events::EventBusPolicy
    Properties:
      StatementId: p
      Statement: {Effect: allow, Principal: '*', Action: 'events:PutEvents', Resource: '*'}
""",
            "template.yaml:6:7: P: /Statement: the Effect of a statement is Allow or Deny",
        ),
        (
            """  P:
    Type: AWS::Events::EventBusPolicy
    Properties: {StatementId: p, Action: 'events:PutRule', Principal: '*'}
""",
            "template.yaml:4:5: P: Provided value in parameter 'action' is not supported.",
        ),
        (
            """  P:
    Type: AWS::Lambda::Permission
    Properties:
      Action: InvokeFunction
      FunctionName: f
      Principal: '*'
""",
            "template.yaml:5:7: P: /Action: InvokeFunction is no action of Lambda",
        ),
    ],
)
def test_a_fault_in_a_policy_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, text) == [fault]


def test_managed_policies_are_known_by_their_arns() -> None:
    for name in ACTIONS:
        for path in ("", "service-role/"):
            policy = managed_policy(f"arn:aws:iam::aws:policy/{path}{name}")
            assert policy is not None
            assert policy.statements[0].actions == ACTIONS[name]
    assert managed_policy("arn:aws:iam::aws:policy/SomethingNew") is None
    assert managed_policy("arn:aws:iam::123456789012:policy/AdministratorAccess") is None


LEFT_OUT = """
  Thing: {Type: AWS::Nobody::KnowsIt}
  Cook:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
      Policies:
        - PolicyName: Use
          PolicyDocument: {Statement: {Effect: Allow, Action: 'nobody:Use', Resource: !GetAtt Thing.Arn}}
"""


def test_a_policy_may_be_about_what_a_lenient_reading_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources:" + LEFT_OUT)
    stack = load_stack(Settings(template=tmp_path / "template.yaml", lenient=True))

    assert [resource.logical_id for resource in stack.resources] == ["Cook"]
    assert [str(fault).rpartition(": ")[2] for fault in stack.ignored] == ["AWS::Nobody::KnowsIt is not supported"]
