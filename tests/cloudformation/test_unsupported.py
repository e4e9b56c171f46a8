"""Types that are read and refused by name."""

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.cloudformation.unsupported import UNSUPPORTED
from pizzabar.services import has_operation, resource_types
from tests.cloudformation.kitchen import NAMING

MINIMAL = {
    "AWS::DynamoDB::GlobalTable": "{AttributeDefinitions: [], KeySchema: [], Replicas: []}",
    "AWS::Lambda::Url": "{AuthType: NONE, TargetFunctionArn: a}",
    "AWS::Logs::LogStream": "{LogGroupName: a}",
    "AWS::Logs::MetricFilter": "{FilterPattern: a, LogGroupName: b, MetricTransformations: []}",
    "AWS::Logs::SubscriptionFilter": "{DestinationArn: a, FilterPattern: '', LogGroupName: b}",
}


def load(text: str, *, lenient: bool = False, takes_any_task: bool = False) -> Stack:
    """Read a template with every type and operation of pizzabar."""
    return read_template(
        text,
        file="t.yaml",
        read_file=lambda path: "",
        types=resource_types(),
        naming=NAMING,
        has_operation=has_operation,
        lenient=lenient,
        takes_any_task=takes_any_task,
    )


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyTemplate) as faulty:
        load(text)
    return [str(fault).removeprefix("t.yaml:") for fault in faulty.value.faults]


def test_every_type_is_in_the_table() -> None:
    assert MINIMAL.keys() == UNSUPPORTED.keys()


@pytest.mark.parametrize(("type", "properties"), MINIMAL.items())
def test_a_type_is_refused_by_name_and_by_nothing_else(type: str, properties: str) -> None:
    text = f"Resources:\n  A:\n    Type: {type}\n    Properties: {properties}\n"

    assert faults_of(text) == [f"3:11: A: {type} is not supported"]


@pytest.mark.parametrize(("type", "properties"), MINIMAL.items())
def test_a_property_that_the_type_has_not_is_told_as_well(type: str, properties: str) -> None:
    text = f"Resources:\n  A:\n    Type: {type}\n    Properties:\n      Colour: red\n"

    told = faults_of(text)

    assert f"3:11: A: {type} is not supported" in told
    assert any(fault.startswith("5:7: ") and "extraneous key [Colour] is not permitted" in fault for fault in told)


def test_a_lenient_reading_refers_to_them_as_aws_does() -> None:
    stack = load(
        """
Resources:
  Late: {Type: AWS::Logs::MetricFilter, Properties: {FilterName: live, FilterPattern: a, LogGroupName: b,
    MetricTransformations: []}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
Outputs:
  Name: {Value: !Ref Late}
  Arn: {Value: !GetAtt Late.Arn}
""",
        lenient=True,
    )

    assert {name: output.value for name, output in stack.outputs.items()} == {
        "Name": "live",
        "Arn": "arn:aws:logs:us-east-1:123456789012:metric-filter:live",
    }
    assert [str(fault) for fault in stack.ignored] == ["t.yaml:3:16: Late: AWS::Logs::MetricFilter is not supported"]


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        (
            "Type: AWS::Lambda::Function\n    Properties:\n      FileSystemConfigs: []",
            "5:7: A.FileSystemConfigs is not supported",
        ),
        (
            "Type: AWS::Events::Rule\n    Properties:\n      EventPattern: {source: [a]}\n      Targets:\n"
            "        - Id: a\n          Arn: arn:aws:lambda:us-east-1:123456789012:function:a\n"
            "          KinesisParameters: {PartitionKeyPath: a}",
            "9:11: A.Targets.0.KinesisParameters is not supported",
        ),
        (
            "Type: AWS::Events::Rule\n    Properties:\n      ScheduleExpression: rate(1 minutes)",
            "5:7: A: /ScheduleExpression: Parameter ScheduleExpression is not valid: a rate is of 1 minute, 1 hour "
            "or 1 day, or of so many minutes, hours or days",
        ),
        (
            "Type: AWS::Events::EventBus\n    Properties:\n      Name: a\n      DeadLetterConfig: {Arn: a}",
            "6:7: A.DeadLetterConfig is not supported",
        ),
        (
            "Type: AWS::StepFunctions::StateMachine\n    Properties:\n      StateMachineType: EXPRESS\n      "
            'DefinitionString: \'{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Resource": '
            '"arn:aws:states:us-east-1:123456789012:activity:a"}}}\'',
            "6:7: A: /DefinitionString/States/A/Resource: SCHEMA_VALIDATION_FAILED: Express state machine does not "
            "support Activity ARN",
        ),
        (
            "Type: AWS::Logs::LogGroup\n    Properties:\n      DataProtectionPolicy: {}",
            "5:7: A.DataProtectionPolicy is not supported",
        ),
        (
            "Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: [{AttributeName: a, KeyType: HASH}]\n"
            "      AttributeDefinitions: [{AttributeName: a, AttributeType: S}]\n      BillingMode: PAY_PER_REQUEST\n"
            "      KinesisStreamSpecification: {StreamArn: a}",
            "8:7: A.KinesisStreamSpecification is not supported",
        ),
        ("Type: AWS::SNS::Topic", "3:11: A: AWS::SNS::Topic is not supported"),
        ("Type: Custom::Thing", "3:11: A: Custom::Thing is not supported"),
        ("Type: AWS::CloudFormation::Stack", "3:11: A: AWS::CloudFormation::Stack is not supported"),
    ],
)
def test_what_is_not_supported_of_the_others_is_refused_by_name(resource: str, fault: str) -> None:
    assert fault in faults_of(f"Resources:\n  A:\n    {resource}\n")


MACHINE = """
Resources:
  A:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Definition: {StartAt: A, States: {A: {Type: Task, End: true, Resource: 'arn:aws:states:::RESOURCE'}}}
"""


@pytest.mark.parametrize(
    ("resource", "fault"),
    [
        ("sns:publish", "sns:publish is not supported"),
        ("ecs:runTask.waitForTaskToken", "ecs:runTask is not supported"),
        ("emr-serverless:startJobRun.sync", "emr-serverless:startJobRun is not supported"),
        ("aws-sdk:s3:getObject", "aws-sdk:s3:getObject is not supported"),
        ("aws-sdk:dynamodb:createBackup", "dynamodb:CreateBackup is not supported"),
    ],
)
def test_a_task_of_another_service_is_refused_by_name_where_nothing_answers_for_it(resource: str, fault: str) -> None:
    text = MACHINE.replace("RESOURCE", resource)
    found = load(text, lenient=True)

    assert faults_of(text) == [f"7:68: A: /Definition/States/A/Resource: {fault}"]
    assert [each.logical_id for each in found.resources] == ["A"]
    assert [each.message for each in found.ignored] == [f"A: /Definition/States/A/Resource: {fault}"]
    assert load(text, takes_any_task=True).ignored == ()


def test_a_task_that_is_none_is_not_gone_over() -> None:
    with pytest.raises(FaultyTemplate, match="The resource provided arn:aws:states:::sns:shout is not recognized"):
        load(MACHINE.replace("RESOURCE", "sns:shout"), lenient=True)


@pytest.mark.parametrize("resource", ["http:invoke", "apigateway:invoke", "apigateway:invoke.waitForTaskToken"])
def test_tasks_that_send_requests_are_supported(resource: str) -> None:
    assert load(MACHINE.replace("RESOURCE", resource)).ignored == ()


ELSEWHERE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Address: {Type: AWS::Lambda::Url, Properties: {AuthType: NONE, TargetFunctionArn: !Ref Bake}}
  Ordered:
    Type: AWS::Events::Rule
    Properties: {EventBusName: shared, EventPattern: {source: [kitchen]}}
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x
      Handler: index.handler
      Runtime: python3.13
      Layers: ['arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1']
      Policies: [{Statement: [{Effect: Allow, Action: 'sns:Publish', Resource: !Ref Topic}]}]
Outputs:
  Where: {Value: !GetAtt Address.FunctionUrl}
"""


def test_what_is_of_another_stack_is_refused_by_name_or_gone_over() -> None:
    refused = faults_of(ELSEWHERE)
    found = load(ELSEWHERE, lenient=True)

    layer = "arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1 is not of this template, and an "
    told = [
        "4:17: Topic: AWS::SNS::Topic is not supported",
        "5:19: Address: AWS::Lambda::Url is not supported",
        "8:18: Ordered: /EventBusName: there is no AWS::Events::EventBus shared in this template",
        f"15:16: Bake: /Layers[0]: {layer}AWS::Lambda::LayerVersion of another account or stack is not supported",
    ]
    # The function is not looked at whose role cannot be made.
    assert set(told[:3]) <= set(refused)
    assert sorted(str(each).removeprefix("t.yaml:") for each in found.ignored) == sorted(told)
    role = next(each for each in found.resources if each.logical_id == "BakeRole")
    [policy] = role.properties["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == f"arn:aws:sns:us-east-1:123456789012:{NAMING.stack}-Topic"
    assert found.outputs["Where"].value == f"{NAMING.stack}-Address.FunctionUrl"
