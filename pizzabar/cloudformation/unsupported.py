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


def _named(service: str, resource: str, property: str) -> Identify:
    """Identify a resource by a name of the template's, or one made of stack and logical ID."""

    def identify(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
        name = str(properties.get(property) or f"{naming.stack}-{logical_id}")
        arn = naming.home.arn(service, f"{resource}{name}")
        return Identity(name, {"Arn": arn, "Name": name})

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
}
"""CloudFormation types by name."""
