"""
What ``AutoPublishAlias`` stands for.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
"""

import pytest

from pizzabar.cloudformation.node import FaultyTemplate, Position, mapping, plain
from pizzabar.cloudformation.sam import expand
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.cloudformation.template import read
from pizzabar.documents import JSON
from pizzabar.resource import Resource
from pizzabar.services import resource_types
from tests.cloudformation.kitchen import NAMING

SAM = "Transform: AWS::Serverless-2016-10-31\n"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:pizza-Bake"
FLOW = "arn:aws:states:us-east-1:123456789012:stateMachine:pizza-Flow"


def load(text: str, **parameters: str) -> Stack:
    return read_template(
        SAM + text,
        file="t.yaml",
        read_file=lambda path: "",
        types=resource_types(),
        naming=NAMING,
        parameters=parameters,
    )


def resources_of(text: str, **parameters: str) -> dict[str, Resource]:
    return {each.logical_id: each for each in load(text, **parameters).resources}


def faults_of(text: str) -> list[str]:
    with pytest.raises(FaultyTemplate) as faulty:
        load(text)
    return [str(fault).removeprefix("t.yaml:") for fault in faulty.value.faults]


def generated(properties: str, **parameters: JSON) -> dict[str, JSON]:
    """Give what is generated of the function Bake, by logical ID."""
    faults: list[str] = []

    def report(position: Position, message: str) -> None:
        faults.append(message)

    root = read(f"Bake: {{Type: AWS::Serverless::Function, Properties: {properties}}}", "t.yaml", report)
    made, _ = expand(mapping(root), None, lambda path: "", report, report, parameters)
    assert faults == []
    return {name: plain(node) for name, node in made.items()}


def version_of(properties: str, **parameters: JSON) -> str:
    """Give the logical ID of the version of the function Bake."""
    return next(
        name for name, made in generated(properties, **parameters).items() if made["Type"] == "AWS::Lambda::Version"
    )


FUNCTION = """
  Bake:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: x, Handler: index.handler, Runtime: python3.12, Role: 'arn:aws:iam::1:role/r'"""


def test_the_events_of_an_alias_end_by_its_own_config() -> None:
    made = generated("{InlineCode: x, AutoPublishAlias: live, EventInvokeConfig: {MaximumRetryAttempts: 0}}")
    config = made["BakeEventInvokeConfig"]["Properties"]
    assert config == {"FunctionName": {"Ref": "Bake"}, "Qualifier": "live", "MaximumRetryAttempts": 0}


def test_a_function_has_a_version_and_an_alias() -> None:
    made = generated(
        "{CodeUri: {Bucket: sam-demo-bucket, Key: hello.zip}, Role: r, AutoPublishAlias: live, VersionDescription: d}"
    )

    assert list(made) == ["Bake", "BakeVersion640128d35d", "BakeAliaslive"]
    assert made["BakeVersion640128d35d"] == {
        "Type": "AWS::Lambda::Version",
        "Properties": {"FunctionName": {"Ref": "Bake"}, "Description": "d"},
    }
    assert made["BakeAliaslive"] == {
        "Type": "AWS::Lambda::Alias",
        "Properties": {
            "Name": "live",
            "FunctionName": {"Ref": "Bake"},
            "FunctionVersion": {"Fn::GetAtt": ["BakeVersion640128d35d", "Version"]},
        },
    }


@pytest.mark.parametrize(
    ("changed", "is_another"),
    [
        ("{CodeUri: src, AutoPublishAlias: live, Timeout: 5}", False),
        ("{CodeUri: src, AutoPublishAlias: next}", False),
        ("{CodeUri: src, AutoPublishAlias: live, Description: d}", False),
        ("{CodeUri: other, AutoPublishAlias: live}", True),
        ("{CodeUri: src, AutoPublishAlias: live, MemorySize: 256}", True),
        ("{CodeUri: src, AutoPublishAlias: live, Environment: {Variables: {A: b}}}", True),
        ("{CodeUri: !Ref Folder, AutoPublishAlias: live}", False),
        ("{CodeUri: !Ref Other, AutoPublishAlias: live}", True),
    ],
)
def test_what_makes_another_version(changed: str, is_another: bool) -> None:
    usual = version_of("{CodeUri: src, AutoPublishAlias: live}")

    assert (version_of(changed, Folder="src", Other="other") != usual) == is_another


def test_all_properties_may_count_or_a_digest_alone() -> None:
    all_of = "{{CodeUri: src, AutoPublishAlias: live, AutoPublishAliasAllProperties: true, Timeout: {}}}"
    assert version_of(all_of.format(5)) != version_of(all_of.format(6))
    digest = "{CodeUri: src, AutoPublishAlias: live, AutoPublishCodeSha256: 6b86b273ff34fce19d6b804eff5a3f57}"
    assert version_of(digest) == "BakeVersion6b86b273ff"


def test_the_alias_may_be_a_parameter_and_stand_in_globals() -> None:
    made = resources_of(
        "Parameters: {Stage: {Type: String, Default: beta}}\n"
        "Globals: {Function: {AutoPublishAlias: !Ref Stage}}\n"
        f"Resources:{FUNCTION}}}",
        Stage="live",
    )

    assert made["BakeAliaslive"].identity.ref == f"{ARN}:live"
    assert made["BakeAliaslive"].properties["FunctionVersion"] == "1"


def test_a_function_may_leave_the_alias_of_globals_out() -> None:
    stack = load(
        "Globals: {Function: {AutoPublishAlias: live}}\n"
        f"Resources:{FUNCTION}}}\n    IgnoreGlobals: [AutoPublishAlias]\n"
    )

    assert [each.logical_id for each in stack.resources] == ["Bake"]


def test_what_is_generated_is_referred_to_by_its_property() -> None:
    stack = load(
        f"""
Resources:{FUNCTION}, AutoPublishAlias: live}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {{source: [oven]}}
      Targets: [{{Id: bake, Arn: !Ref Bake.Alias}}]
Outputs:
  Alias: {{Value: !Ref Bake.Alias}}
  Version: {{Value: !Ref Bake.Version}}
  Number: {{Value: !GetAtt Bake.Version.Version}}
  Parts: {{Value: !GetAtt [Bake.Alias, AliasArn]}}
  Text: {{Value: !Sub 'to ${{Bake.Alias}} ${{Bake.Version.Version}} ${{Bake.Arn}} ${{!Bake.Alias}}'}}
  Parted: {{Value: !Sub ['${{Bake.Alias}} ${{a}}', {{a: !Ref Bake.Version}}]}}
"""
    )

    assert {name: output.value for name, output in stack.outputs.items()} == {
        "Alias": f"{ARN}:live",
        "Version": f"{ARN}:1",
        "Number": "1",
        "Parts": f"{ARN}:live",
        "Text": f"to {ARN}:live 1 {ARN} ${{Bake.Alias}}",
        "Parted": f"{ARN}:live {ARN}:1",
    }
    [rule] = [each for each in stack.resources if each.logical_id == "Rule"]
    assert rule.properties["Targets"] == [{"Id": "bake", "Arn": f"{ARN}:live"}]
    [alias] = [each for each in stack.resources if each.logical_id == "BakeAliaslive"]
    assert stack.resources.index(alias) < stack.resources.index(rule)


def test_events_go_to_the_alias() -> None:
    made = resources_of(
        """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  Bake:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: x
      Handler: index.handler
      Runtime: python3.12
      AutoPublishAlias: live
      Events:
        Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [oven]}}}
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
        Daily: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        Queued: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
"""
    )

    alias = f"{ARN}:live"
    for name in ("BakeOrdered", "BakeHourly"):
        assert made[name].properties["Targets"][0]["Arn"] == alias
        assert made[f"{name}Permission"].properties["FunctionName"] == alias
    assert made["BakeDaily"].properties["Target"]["Arn"] == alias
    [policy] = made["BakeDailyRole"].properties["Policies"]
    assert policy["PolicyDocument"]["Statement"][0]["Resource"] == alias
    assert made["BakeQueued"].properties["FunctionName"] == alias


def test_what_has_no_effect_is_told() -> None:
    stack = load(
        f"""
Resources:{FUNCTION}, AutoPublishAlias: live, VersionDeletionPolicy: Delete,
      ProvisionedConcurrencyConfig: {{ProvisionedConcurrentExecutions: 2}},
      DeploymentPreference: {{Type: Linear10PercentEvery1Minute, Hooks: {{PreTraffic: !Ref Bake}}}}}}
"""
    )

    told = {place.rpartition(": ")[2]: why for place, why in stack.without_effect}
    [version] = [name for name in told if name.startswith("BakeVersion")]
    assert told == {
        version: "data lives as long as the state that pizzabar keeps",
        "BakeAliaslive.UpdatePolicy": "an update replaces nothing gradually",
        "BakeAliaslive.ProvisionedConcurrencyConfig": (
            "execution environments are kept from their first use on, and none is made ready before"
        ),
    }


def test_a_deployment_preference_may_be_off() -> None:
    stack = load(f"Resources:{FUNCTION}, DeploymentPreference: {{Enabled: false, Type: Canary10Percent5Minutes}}}}")

    assert [each.logical_id for each in stack.resources] == ["Bake"]
    assert stack.without_effect == ()


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        (
            "AutoPublishAlias: !GetAtt Bake.Arn",
            "'AutoPublishAlias' must be a string or a Ref to a template parameter",
        ),
        ("AutoPublishAlias: [live]", "'AutoPublishAlias' must be a string or a Ref to a template parameter"),
        ("AutoPublishAlias: a-b", "Template format error: Resource name BakeAliasa-b is non alphanumeric."),
        (
            "DeploymentPreference: {Type: AllAtOnce}",
            "'DeploymentPreference' requires AutoPublishAlias property to be specified.",
        ),
        (
            "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}",
            "To set ProvisionedConcurrencyConfig AutoPublishALias must be defined on the function",
        ),
    ],
)
def test_faults_are_told(properties: str, fault: str) -> None:
    assert [each.partition(": Bake: ")[2] for each in faults_of(f"Resources:{FUNCTION}, {properties}}}")] == [fault]


def test_without_an_alias_there_is_no_such_property() -> None:
    [fault] = faults_of(f"Resources:{FUNCTION}}}\nOutputs: {{A: {{Value: !Ref Bake.Alias}}}}")

    assert "Unresolved resource dependencies [Bake.Alias]" in fault


def test_an_alias_is_no_attribute() -> None:
    [fault] = faults_of(
        f"Resources:{FUNCTION}, AutoPublishAlias: live}}\nOutputs: {{A: {{Value: !GetAtt Bake.Alias}}}}"
    )

    assert "resource Bake does not support attribute type Alias in Fn::GetAtt" in fault


def test_nodes_of_no_resource_are_left_alone() -> None:
    made = generated("{CodeUri: ., Role: r, AutoPublishAlias: live, Description: !Sub [a], Tags: {a: !GetAtt [x]}}")

    assert made["Bake"]["Properties"]["Description"] == {"Fn::Sub": ["a"]}


# State machines ---------------------------------------------------------------------------------------------


MACHINE = """
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: 'arn:aws:iam::1:role/r'
      Definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}
      Events: {Ordered: {Type: EventBridgeRule, Properties: {Pattern: {source: [oven]}}}}
"""


def test_a_state_machine_has_a_version_and_an_alias() -> None:
    made = resources_of(f"Resources:{MACHINE}      AutoPublishAlias: live\n")

    assert made["FlowVersion"].identity.ref == f"{FLOW}:1"
    assert made["FlowVersion"].properties == {
        "StateMachineArn": FLOW,
        "StateMachineRevisionId": made["Flow"].identity.attributes["StateMachineRevisionId"],
    }
    assert made["FlowAliaslive"].identity.ref == f"{FLOW}:live"
    assert made["FlowAliaslive"].properties == {
        "Name": "live",
        "DeploymentPreference": {"Type": "ALL_AT_ONCE", "StateMachineVersionArn": f"{FLOW}:1"},
    }
    assert made["FlowOrdered"].properties["Targets"][0]["Arn"] == FLOW


def test_events_start_the_alias_if_they_are_to() -> None:
    made = resources_of(
        f"Resources:{MACHINE}      AutoPublishAlias: live\n      UseAliasAsEventTarget: true\n"
        "      DeploymentPreference: {Type: CANARY, Interval: 5, Percentage: 10}\n"
    )

    assert made["FlowOrdered"].properties["Targets"][0]["Arn"] == f"{FLOW}:live"
    # As SAM has it, though it is the state machine that AWS wants a permission on.
    # https://github.com/aws/serverless-application-model/issues/3720
    [policy] = made["FlowOrderedRole"].properties["Policies"]
    assert policy["PolicyDocument"]["Statement"][0]["Resource"] == f"{FLOW}:live"
    assert made["FlowAliaslive"].properties["DeploymentPreference"] == {
        "Type": "CANARY",
        "Interval": 5,
        "Percentage": 10,
        "StateMachineVersionArn": f"{FLOW}:1",
    }


@pytest.mark.parametrize("property", ["UseAliasAsEventTarget: true", "DeploymentPreference: {Type: CANARY}"])
def test_what_needs_an_alias_of_a_state_machine(property: str) -> None:
    [fault] = faults_of(f"Resources:{MACHINE}      {property}\n")

    name = property.partition(":")[0]
    assert fault == f"9:7: Flow: '{name}' requires 'AutoPublishAlias' property to be specified."
