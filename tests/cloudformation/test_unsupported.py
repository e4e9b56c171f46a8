"""Types that are read and refused by name."""

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.cloudformation.unsupported import UNSUPPORTED
from pizzabar.services import resource_types
from tests.cloudformation.kitchen import NAMING

MINIMAL = {
    "AWS::DynamoDB::GlobalTable": "{AttributeDefinitions: [], KeySchema: [], Replicas: []}",
    "AWS::Lambda::EventInvokeConfig": "{FunctionName: a, Qualifier: $LATEST}",
    "AWS::Lambda::Url": "{AuthType: NONE, TargetFunctionArn: a}",
    "AWS::Logs::LogStream": "{LogGroupName: a}",
    "AWS::Logs::MetricFilter": "{FilterPattern: a, LogGroupName: b, MetricTransformations: []}",
    "AWS::Logs::SubscriptionFilter": "{DestinationArn: a, FilterPattern: '', LogGroupName: b}",
}


def load(text: str, *, lenient: bool = False) -> Stack:
    """Read a template with every type of pizzabar."""
    types = resource_types()
    return read_template(text, file="t.yaml", read_file=lambda path: "", types=types, naming=NAMING, lenient=lenient)


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
            "Type: AWS::Lambda::Function\n    Properties:\n      DeadLetterConfig: {TargetArn: a}",
            "5:7: A.DeadLetterConfig is not supported",
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
