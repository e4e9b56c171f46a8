"""What AWS::Serverless types stand for.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html
"""

import pytest

from pizzabar.cloudformation.node import Node, Position, plain
from pizzabar.cloudformation.sam_events import EVENTS_OF_SAM
from pizzabar.cloudformation.sam_globals import KEPT_APART, merge
from pizzabar.documents import parse
from tests.cloudformation.kitchen import faults_of, load, resources_of

PLACE = Position("t.yaml", 1, 1)

SAM = "Transform: AWS::Serverless-2016-10-31\n"


def test_a_function_becomes_a_function_and_a_role() -> None:
    stack = load(
        SAM
        + """
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: ./handlers
      Handler: bake.handler
      Runtime: nodejs20.x
      MemorySize: 256
      Tracing: Active
      Tags: {team: kitchen}
      Environment: {Variables: {TABLE: !Sub '${AWS::StackName}-Orders'}}
      DeadLetterQueue: {Type: SQS, TargetArn: 'arn:aws:sqs:::late'}
      Policies: [{DynamoDBCrudPolicy: {TableName: Orders}}]
"""
    )

    bake, role = resources_of(stack)["Bake"], resources_of(stack)["BakeRole"]
    assert bake.type == "AWS::Lambda::Function"
    assert bake.metadata == {"BuildMethod": "makefile"}
    assert bake.properties == {
        "Code": "./handlers",
        "Handler": "bake.handler",
        "Runtime": "nodejs20.x",
        "MemorySize": 256,
        "TracingConfig": {"Mode": "Active"},
        "Tags": [{"Key": "team", "Value": "kitchen"}],
        "Environment": {"Variables": {"TABLE": "pizza-Orders"}},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:::late"},
        "Role": "arn:aws:iam::123456789012:role/pizza-BakeRole",
    }
    assert role.type == "AWS::IAM::Role"
    arn = "arn:aws:iam::aws:policy"
    assert role.properties["ManagedPolicyArns"] == [
        f"{arn}/service-role/AWSLambdaBasicExecutionRole",
        f"{arn}/AWSXRayDaemonWriteAccess",
    ]
    policy, letting = role.properties["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert policy["PolicyName"] == "BakeRolePolicy0"
    assert letting["PolicyDocument"]["Statement"] == [
        {"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": "arn:aws:sqs:::late"}
    ]
    assert "dynamodb:PutItem" in statement["Action"]
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/Orders"
    assert statement["Resource"] == [table, f"{table}/index/*"]
    assert [resource.logical_id for resource in stack.resources] == ["BakeRole", "Bake"]


def test_a_function_without_code_is_the_folder_of_the_template() -> None:
    """As ``sam package`` takes it."""
    made = load(SAM + "Resources:\n  Bake: {Type: AWS::Serverless::Function, Properties: {Role: r}}\n")

    assert resources_of(made)["Bake"].properties["Code"] == "."


def test_where_events_end_is_a_resource_of_its_own_and_a_right_of_the_role() -> None:
    """The document on resources that SAM generates names the queues."""
    stack = load(
        SAM
        + """
Globals: {Function: {EventInvokeConfig: {MaximumRetryAttempts: 0}}}
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 60
        DestinationConfig:
          OnFailure: {Type: SQS}
          OnSuccess: {Type: EventBridge, Destination: !Sub 'arn:aws:events:::event-bus/${AWS::StackName}'}
"""
    )

    made = resources_of(stack)
    queue = "arn:aws:sqs:us-east-1:123456789012:pizza-BakeEventInvokeConfigOnFailureQueue"
    assert made["BakeEventInvokeConfigOnFailureQueue"].type == "AWS::SQS::Queue"
    assert made["BakeEventInvokeConfig"].type == "AWS::Lambda::EventInvokeConfig"
    assert made["BakeEventInvokeConfig"].properties == {
        "FunctionName": "pizza-Bake",
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {
            "OnFailure": {"Destination": queue},
            "OnSuccess": {"Destination": "arn:aws:events:::event-bus/pizza"},
        },
    }
    statements = [policy["PolicyDocument"]["Statement"] for policy in made["BakeRole"].properties["Policies"]]
    assert statements == [
        [{"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": queue}],
        [{"Action": "events:PutEvents", "Effect": "Allow", "Resource": "arn:aws:events:::event-bus/pizza"}],
    ]


@pytest.mark.parametrize(
    ("end", "fault"),
    [
        ("OnFailure: {Destination: a}", "SNS, Lambda, EventBridge or S3Bucket is required for a destination"),
        ("OnFailure: {Type: Kinesis, Destination: a}", "'Type: Kinesis' is no type of a destination"),
        ("OnFailure: {Type: Lambda}", "Destination is required if Type is Lambda"),
        ("OnFailure: {Type: SNS}", "there are no SNS topics here"),
    ],
)
def test_a_destination_that_is_none_is_told(end: str, fault: str) -> None:
    template = """
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x
      EventInvokeConfig: {DestinationConfig: {END}}
"""
    [told] = faults_of(SAM + template.replace("END", end))
    assert fault in told


def test_a_function_with_a_role_needs_none() -> None:
    stack = load(
        SAM + "Resources: {Bake: {Type: AWS::Serverless::Function, Properties: {InlineCode: 'x', Role: 'arn:aws:r'}}}"
    )

    assert [(made.logical_id, made.properties) for made in stack.resources] == [
        ("Bake", {"Code": {"ZipFile": "x"}, "Role": "arn:aws:r"})
    ]


def test_globals_are_merged_into_what_the_function_says() -> None:
    stack = load(
        SAM
        + """
Globals:
  Function:
    Timeout: 30
    MemorySize: 256
    Layers: [common]
    Environment: {Variables: {A: global, B: global}}
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Role: r
      Timeout: 5
      Layers: [own]
      Environment: {Variables: {B: own, C: !Ref AWS::Region}}
  Plain:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ., Role: r, Environment: {Variables: {}}}
"""
    )

    made = resources_of(stack)
    assert made["Bake"].properties["Timeout"] == 5
    assert made["Bake"].properties["MemorySize"] == 256
    assert made["Bake"].properties["Layers"] == ["common", "own"]
    assert made["Bake"].properties["Environment"] == {"Variables": {"A": "global", "B": "own", "C": "us-east-1"}}
    assert made["Plain"].properties["Timeout"] == 30


def test_an_event_of_a_function_becomes_a_rule_and_a_permission() -> None:
    stack = load(
        SAM
        + """
Resources:
  Bus: {Type: AWS::Kitchen::Oven}
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Events:
        Ordered:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref Bus
            Pattern: {source: [pizza]}
            Input: '{}'
            RetryPolicy: {MaximumRetryAttempts: 2}
            DeadLetterConfig: {Arn: 'arn:aws:sqs:::late'}
"""
    )

    made = resources_of(stack)
    assert made["BakeOrdered"].type == "AWS::Events::Rule"
    assert made["BakeOrdered"].properties == {
        "EventPattern": {"source": ["pizza"]},
        "EventBusName": "pizza-Bus",
        "Targets": [
            {
                "Id": "BakeOrderedLambdaTarget",
                "Arn": "arn:aws:kitchen:::pizza-Bake",
                "Input": "{}",
                "RetryPolicy": {"MaximumRetryAttempts": 2},
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:::late"},
            }
        ],
    }
    assert made["BakeOrderedPermission"].properties == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "pizza-Bake",
        "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:kitchen:::pizza-BakeOrdered",
    }


def test_an_event_of_a_state_machine_becomes_a_rule_and_a_role() -> None:
    stack = load(
        SAM
        + """
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A}
      Events:
        Ordered:
          Type: CloudWatchEvent
          Properties: {Pattern: {source: [pizza]}}
"""
    )

    made = resources_of(stack)
    assert made["FlowOrdered"].properties["Targets"] == [
        {
            "Id": "FlowOrderedStepFunctionsTarget",
            "Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:pizza-Flow",
            "RoleArn": "arn:aws:iam::123456789012:role/pizza-FlowOrderedRole",
        }
    ]
    assert "FlowRole" in made


def test_a_state_machine_is_given_its_file_with_substitutions() -> None:
    stack = load(
        SAM
        + """
Resources:
  Bus: {Type: AWS::Kitchen::Oven, Properties: {Name: !Ref Flow}}
  Table: {Type: AWS::Kitchen::Oven}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: STANDARD
      Name: flow
      Tracing: {Enabled: true}
      Logging: {Level: ALL}
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Table: !GetAtt Table.Arn, Wait: 5, Unused: x}
      Role: r
""",
        files={"flow.asl.json": '{"t": "${Table}", "s": ${Wait}, "o": "${Other} $.x"}'},
    )

    flow = resources_of(stack)["Flow"]
    assert flow.type == "AWS::StepFunctions::StateMachine"
    assert flow.properties == {
        "StateMachineName": "flow",
        "StateMachineType": "STANDARD",
        "TracingConfiguration": {"Enabled": True},
        "LoggingConfiguration": {"Level": "ALL"},
        "DefinitionString": '{"t": "arn:aws:kitchen:::pizza-Table", "s": 5, "o": "${Other} $.x"}',
        "RoleArn": "r",
    }
    assert [resource.logical_id for resource in stack.resources] == ["Table", "Flow", "Bus"]


def test_a_definition_in_the_template_may_hold_functions_and_substitutions() -> None:
    stack = load(
        SAM
        + """
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: r
      Definition: {StartAt: '${First}', Region: !Ref AWS::Region}
      DefinitionSubstitutions: {First: Bake}
"""
    )

    text = resources_of(stack)["Flow"].properties["DefinitionString"]
    assert parse(text) == {"StartAt": "Bake", "Region": "us-east-1"}


def test_a_definition_may_be_a_file_in_yaml() -> None:
    stack = load(
        SAM
        + """
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties: {Role: r, DefinitionUri: flow.asl.yaml, DefinitionSubstitutions: {First: Bake}}
""",
        files={"flow.asl.yaml": "StartAt: ${First}\nStates:\n  Bake: {ResultPath: null}\n"},
    )

    text = resources_of(stack)["Flow"].properties["DefinitionString"]
    assert parse(text) == {"StartAt": "Bake", "States": {"Bake": {"ResultPath": None}}}


def test_a_state_machine_of_cloudformation_is_substituted_too() -> None:
    stack = load(
        """
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: r
      DefinitionString: !Sub '{"StartAt": "${!First}", "Region": "${AWS::Region}"}'
      DefinitionSubstitutions: {First: Bake}
"""
    )

    assert stack.resources[0].properties == {
        "RoleArn": "r",
        "DefinitionString": '{"StartAt": "Bake", "Region": "us-east-1"}',
    }


def test_a_simple_table_is_a_table_with_one_key() -> None:
    stack = load(
        SAM
        + """
Resources:
  Plain: {Type: AWS::Serverless::SimpleTable}
  Orders:
    Type: AWS::Serverless::SimpleTable
    Properties:
      TableName: orders
      PrimaryKey: {Name: orderId, Type: Number}
      Tags: {a: b}
"""
    )

    made = resources_of(stack)
    assert made["Plain"].properties == {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert made["Orders"].properties == {
        "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TableName": "orders",
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def test_what_is_made_of_a_resource_is_made_under_its_condition() -> None:
    stack = load(
        SAM
        + """
Conditions: {Never: !Equals [a, b]}
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Bake:
    Type: AWS::Serverless::Function
    Condition: Never
    Properties: {CodeUri: ., Events: {Ordered: {Type: EventBridgeRule, Properties: {Pattern: {}}}}}
"""
    )

    assert list(resources_of(stack)) == ["Table"]


@pytest.mark.parametrize(("written", "state"), [("Enabled: false", "DISABLED"), ("State: ENABLED", "ENABLED")])
def test_a_schedule_is_a_rule(written: str, state: str) -> None:
    stack = load(
        SAM
        + f"""
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Role: r
      Events:
        Tick:
          Type: Schedule
          Properties: {{Schedule: rate(1 hour), Name: tick, Description: Hourly, Input: '1', {written}}}
"""
    )

    made = resources_of(stack)
    assert made["BakeTick"].properties == {
        "ScheduleExpression": "rate(1 hour)",
        "Name": "tick",
        "Description": "Hourly",
        "State": state,
        "Targets": [{"Id": "BakeTickLambdaTarget", "Arn": "arn:aws:kitchen:::pizza-Bake", "Input": "1"}],
    }
    assert made["BakeTickPermission"].type == "AWS::Lambda::Permission"


def test_a_function_may_ignore_what_is_common() -> None:
    stack = load(
        SAM
        + """
Globals: {Function: {Runtime: nodejs20.x, Environment: {Variables: {A: a}}, Timeout: 5}}
Resources:
  Plain: {Type: AWS::Serverless::Function, IgnoreGlobals: '*', Properties: {CodeUri: ., Role: r}}
  Own: {Type: AWS::Serverless::Function, IgnoreGlobals: [Timeout], Properties: {CodeUri: ., Role: r}}
"""
    )

    made = resources_of(stack)
    assert made["Plain"].properties == {"Code": ".", "Role": "r"}
    assert made["Own"].properties == {
        "Code": ".",
        "Role": "r",
        "Runtime": "nodejs20.x",
        "Environment": {"Variables": {"A": "a"}},
    }


def test_common_architectures_are_replaced_not_added_to() -> None:
    [x86, arm] = (Node([Node(name, PLACE)], PLACE) for name in ("x86_64", "arm64"))

    merged = merge(Node({"Architectures": x86}, PLACE), Node({"Architectures": arm}, PLACE), KEPT_APART)

    assert plain(merged) == {"Architectures": ["arm64"]}


FAULTY = SAM + "Resources:\n  Bake:\n    Type: AWS::Serverless::Function\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("    Connectors: {A: {}}\n", "5:5: Bake: Connectors are not supported"),
        (
            "    Properties: {CodeUri: .}\n    IgnoreGlobals: 5\nGlobals: {Function: {Timeout: 5}}\n",
            "6:5: Bake: IgnoreGlobals is '*' or a list of properties",
        ),
        (
            "    Properties:\n      CodeUri: .\n      Policies:\n        - DynamoDBCrudPolcy: {TableName: a}\n",
            "8:11: Bake: the policy template DynamoDBCrudPolcy is not known; did you mean DynamoDBCrudPolicy?",
        ),
        (
            "    Properties:\n      CodeUri: .\n      Policies:\n        - DynamoDBCrudPolicy: {Table: a}\n",
            "8:11: Bake: the policy template DynamoDBCrudPolicy needs the parameter TableName.",
        ),
        (
            "    Properties:\n      CodeUri: .\n      Policies:\n        - VPCAccessPolicy: {Table: a}\n",
            "8:29: Bake: the policy template VPCAccessPolicy has no parameter Table",
        ),
        (
            "    Properties:\n      CodeUri: .\n      Policies: [[a]]\n",
            "7:18: Bake: a policy is the name of a managed one, a document or a policy template.",
        ),
        (
            "    Properties:\n      CodeUri: .\n      Events: {A: {Type: Schedul}}\n",
            "7:26: Bake: event source A of type Schedul is not supported; did you mean Schedule?",
        ),
        *(
            (
                f"    Properties:\n      CodeUri: .\n      Events: {{A: {{Type: {type}}}}}\n",
                f"7:26: Bake: event source A of type {type} is not supported",
            )
            for type in EVENTS_OF_SAM
        ),
    ],
)
def test_what_sam_or_pizzabar_has_not_is_refused_by_name(text: str, fault: str) -> None:
    assert fault in faults_of(FAULTY + text)


@pytest.mark.parametrize("type", ["Api", "HttpApi", "Application", "Connector", "GraphQLApi", "CapacityProvider"])
def test_types_of_sam_that_are_refused_by_name(type: str) -> None:
    name = f"AWS::Serverless::{type}"

    assert faults_of(f"{SAM}Resources:\n  A:\n    Type: {name}\n") == [f"4:11: A: {name} is not supported"]


def test_the_policies_that_sam_knows() -> None:
    stack = load(
        SAM
        + """
Resources:
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Policies:
        - AmazonDynamoDBFullAccess
        - !Ref AWS::NoValue
        - DynamoDBCrudPolicy: {TableName: a}
        - CloudWatchPutMetricPolicy: {}
        - Statement: []
        - arn:aws:iam::123456789012:policy/Mine
        - !If [IsLate, {DynamoDBReadPolicy: {TableName: a}}, {Statement: []}]
        - !If [IsLate, AmazonDynamoDBFullAccess, AWSLambdaRole]
        - CloudFormationDescribeStacksPolicy: {}
Conditions: {IsLate: !Equals [a, b]}
"""
    )

    role = resources_of(stack)["BakeRole"].properties
    arn = "arn:aws:iam::aws:policy"
    assert role["ManagedPolicyArns"] == [
        f"{arn}/service-role/AWSLambdaBasicExecutionRole",
        f"{arn}/AmazonDynamoDBFullAccess",
        "arn:aws:iam::123456789012:policy/Mine",
        "AWSLambdaRole",
    ]
    crud, metrics, empty, chosen, stacks = role["Policies"]
    assert crud["PolicyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert metrics == {"PolicyName": "BakeRolePolicy3", "PolicyTemplate": {"CloudWatchPutMetricPolicy": {}}}
    assert empty["PolicyDocument"] == chosen["PolicyDocument"] | {"Version": "2012-10-17"}
    assert stacks["PolicyDocument"]["Statement"][0]["Resource"] == [
        "arn:aws:cloudformation:us-east-1:123456789012:stack/*"
    ]
    assert [place.rpartition(" ")[2] for place, _ in stack.without_effect] == ["BakeRole.Policies.1.PolicyTemplate"]
