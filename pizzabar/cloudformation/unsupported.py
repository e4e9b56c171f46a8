"""
Types that are read and refused by name: nothing is made of them yet.

Their properties are held to their shapes all the same, so that what is wrong in a template is told at once; and a
lenient reading gives the others that refer to them what AWS would.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

from pizzabar.documents import JSON
from pizzabar.resource import (
    Boolean,
    Document,
    Identity,
    ListOf,
    Naming,
    Record,
    ResourceType,
    Shape,
    Text,
)

Identify = Callable[[str, Mapping[str, JSON], Naming], Identity]

TEXT, DOCUMENT, BOOLEAN = Text(), Document(), Boolean()


def _type(identify: Identify, properties: Mapping[str, Shape], required: Iterable[str] = ()) -> ResourceType:
    return ResourceType(Record(properties, frozenset(required)), identify, is_supported=False)


def _named(
    service: str, resource: str, property: str, *, ref_is_arn: bool = False, name_attribute: str = "Name"
) -> Identify:
    """Identify a resource by a name of the template's, or one made of stack and logical ID."""

    def identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
        name = str(properties.get(property) or f"{naming.stack}-{logical_id}")
        arn = naming.home.arn(service, f"{resource}{name}")
        return Identity(arn if ref_is_arn else name, {"Arn": arn, name_attribute: name})

    return identify


def _of_function(suffix: str) -> Identify:
    """Identify what belongs to a function by the function's ARN."""

    def identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
        function = str(properties["FunctionName"]).rpartition(":")[2]
        last = str(properties.get("Name", suffix))
        arn = naming.home.arn("lambda", f"function:{function}:{last}")
        return Identity(arn, {"FunctionArn": arn, "Version": last, "AliasArn": arn})

    return identify


def _by_id(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    """Identify a resource by an id that the service gives it."""
    digest = hashlib.sha256(f"{naming.stack}/{logical_id}".encode()).hexdigest()
    id = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    return Identity(id, {"Id": id})


UNSUPPORTED: dict[str, ResourceType] = {
    "AWS::DynamoDB::GlobalTable": _type(
        _named("dynamodb", "table/", "TableName"),
        {
            "AttributeDefinitions": ListOf(Record({"AttributeName": TEXT, "AttributeType": Text(("S", "N", "B"))})),
            "BillingMode": Text(("PROVISIONED", "PAY_PER_REQUEST")),
            "GlobalSecondaryIndexes": DOCUMENT,
            "GlobalTableWitnesses": DOCUMENT,
            "KeySchema": ListOf(Record({"AttributeName": TEXT, "KeyType": Text(("HASH", "RANGE"))})),
            "LocalSecondaryIndexes": DOCUMENT,
            "MultiRegionConsistency": TEXT,
            "Replicas": ListOf(DOCUMENT),
            "SSESpecification": DOCUMENT,
            "StreamSpecification": DOCUMENT,
            "TableName": TEXT,
            "TimeToLiveSpecification": Record({"AttributeName": TEXT, "Enabled": BOOLEAN}),
            "WarmThroughput": DOCUMENT,
            "WriteOnDemandThroughputSettings": DOCUMENT,
            "WriteProvisionedThroughputSettings": DOCUMENT,
        },
        ("AttributeDefinitions", "KeySchema", "Replicas"),
    ),
    "AWS::Lambda::Alias": _type(
        _of_function("alias"),
        {
            "Description": TEXT,
            "FunctionName": TEXT,
            "FunctionVersion": TEXT,
            "Name": TEXT,
            "ProvisionedConcurrencyConfig": DOCUMENT,
            "RoutingConfig": DOCUMENT,
        },
        ("FunctionName", "FunctionVersion", "Name"),
    ),
    "AWS::Lambda::Url": _type(
        _by_id,
        {
            "AuthType": Text(("AWS_IAM", "NONE")),
            "Cors": DOCUMENT,
            "InvokeMode": Text(("BUFFERED", "RESPONSE_STREAM")),
            "Qualifier": TEXT,
            "TargetFunctionArn": TEXT,
        },
        ("AuthType", "TargetFunctionArn"),
    ),
    "AWS::Lambda::Version": _type(
        _of_function("1"),
        {
            "CodeSha256": TEXT,
            "Description": TEXT,
            "FunctionName": TEXT,
            "ProvisionedConcurrencyConfig": DOCUMENT,
            "RuntimePolicy": DOCUMENT,
        },
        ("FunctionName",),
    ),
    "AWS::Logs::LogStream": _type(
        _named("logs", "log-stream:", "LogStreamName"),
        {"LogGroupName": TEXT, "LogStreamName": TEXT},
        ("LogGroupName",),
    ),
    "AWS::Logs::MetricFilter": _type(
        _named("logs", "metric-filter:", "FilterName"),
        {
            "ApplyOnTransformedLogs": BOOLEAN,
            "FilterName": TEXT,
            "FilterPattern": TEXT,
            "LogGroupName": TEXT,
            "MetricTransformations": DOCUMENT,
        },
        ("FilterPattern", "LogGroupName", "MetricTransformations"),
    ),
    "AWS::Logs::SubscriptionFilter": _type(
        _named("logs", "subscription-filter:", "FilterName"),
        {
            "ApplyOnTransformedLogs": BOOLEAN,
            "DestinationArn": TEXT,
            "Distribution": Text(("ByLogStream", "Random")),
            "FilterName": TEXT,
            "FilterPattern": TEXT,
            "LogGroupName": TEXT,
            "RoleArn": TEXT,
        },
        ("DestinationArn", "FilterPattern", "LogGroupName"),
    ),
    "AWS::StepFunctions::StateMachineAlias": _type(
        _named("states", "stateMachine:", "Name", ref_is_arn=True),
        {"DeploymentPreference": DOCUMENT, "Description": TEXT, "Name": TEXT, "RoutingConfiguration": DOCUMENT},
    ),
    "AWS::StepFunctions::StateMachineVersion": _type(
        _named("states", "stateMachine:", "Name", ref_is_arn=True),
        {"Description": TEXT, "StateMachineArn": TEXT, "StateMachineRevisionId": TEXT},
        ("StateMachineArn",),
    ),
}
"""CloudFormation types by name."""
