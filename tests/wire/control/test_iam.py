"""IAM, through the control plane: what was used, refused and never used."""

from pathlib import Path

from pizzabar.emulator import Emulator
from pizzabar.settings import Settings
from pizzabar.wire.http import Server
from tests.wire.control.asking import client_of

TEMPLATE = """
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: Flow
      RoleArn: !GetAtt Role.Arn
      Definition:
        StartAt: Put
        States:
          Put:
            Type: Task
            Resource: arn:aws:states:::events:putEvents
            Parameters: {Entries: [{Source: a, DetailType: b, Detail: {}, EventBusName: kitchen}]}
            End: true
  Kitchen: {Type: AWS::Events::EventBus, Properties: {Name: kitchen}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: Flow
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: 'sts:AssumeRole'}
      Policies:
        - PolicyName: Put
          PolicyDocument:
            Statement: {Sid: Default, Effect: Allow, Action: 'events:PutEvents', Resource: '*',
              Condition: {StringEquals: {'events:source': other}}}
  Other:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: 'sts:AssumeRole'}
"""


async def test_what_a_role_was_refused_and_what_would_be_enough(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    settings = Settings(state=None, clock="virtual", template=tmp_path / "template.yaml")
    emulator = await Emulator.open(settings)
    try:
        [machine] = emulator.state_machines
        for _ in range(2):
            await emulator.call("stepfunctions", "StartExecution", {"stateMachineArn": machine.arn})
        await emulator.settled()
        async with client_of(Server(lambda: settings, emulator)) as client:
            answer = (await client.get("/iam")).json()
            one = (await client.get("/iam", params={"role": "Role"})).json()
            none = await client.get("/iam", params={"role": "Nobody"})
    finally:
        await emulator.close()

    bus = "arn:aws:events:us-east-1:123456789012:event-bus/kitchen"
    why = (
        "no identity-based policy allows it; the nearest is Put, statement Default, whose Condition does not cover it"
    )
    put = {"action": "events:PutEvents", "resource": bus, "count": 2, "decision": "implicitDeny", "why": why}
    flow, other = answer["roles"]
    assert flow == {
        "name": "Flow",
        "logical_id": "Role",
        "arn": "arn:aws:iam::123456789012:role/Flow",
        "used": [],
        "refused": [put],
        "never_used": [
            {"policy": "Put", "statement": "Default", "actions": ["events:PutEvents"], "resources": ["*"]}
        ],
        "smallest_policy": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}],
        },
    }
    assert (other["used"], other["smallest_policy"]) == ([], None)
    session = "arn:aws:sts::123456789012:assumed-role/Flow/Flow"
    assert answer["findings"] == [
        {"principal": session, "actions": ["events:PutEvents"], "resource": bus, "why": why}
    ]
    assert one["roles"] == [flow]
    assert none.status_code == 404
