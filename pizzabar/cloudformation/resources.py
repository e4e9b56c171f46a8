"""Types that a template needs on AWS and that nothing is made of here. They are read and can be referred to."""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.resource import (
    Identity,
    ListOf,
    Naming,
    Record,
    ResourceType,
    Shape,
    Text,
    Without,
)

UNCHECKED = Without("API Gateway writes its logs without a role here")
UNTOLD = Without("nobody is told of how the template was made")
TAGS: Shape = ListOf(Record({"Key": Text(), "Value": Text()}, frozenset({"Key", "Value"})))


def _account(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    name = f"{naming.stack}-{logical_id}"
    return Identity(name, {"Id": name})


def _metadata(logical_id: str, properties: Mapping[str, JSON], naming: Naming) -> Identity:
    return Identity(f"{naming.stack}-{logical_id}")


RESOURCES: dict[str, ResourceType] = {
    # The role that API Gateway writes its own logs with.
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html
    "AWS::ApiGateway::Account": ResourceType(Record({"CloudWatchRoleArn": UNCHECKED}), _account),
    # What the CDK tells AWS of the constructs that a stack was made with.
    # https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html
    "AWS::CDK::Metadata": ResourceType(Record({"Analytics": UNTOLD}), _metadata),
}
"""CloudFormation types by name."""
