"""
The operations of CloudWatch Logs on resource policies: which services may write to log groups.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.logs.errors import InvalidParameterException
from pizzabar.logs.groups import LogGroups
from pizzabar.logs.parameters import check

MOST_POLICIES = 10


class LimitExceededException(ServiceError):
    """Raised when an account has as many resource policies as it may."""


class NoSuchPolicy(ServiceError):
    """Raised when there is no resource policy of a name."""

    code = "ResourceNotFoundException"


async def put_resource_policy(groups: LogGroups, parameters: JSON) -> JSON:
    """Make a policy, or give the one of that name another document."""
    given = check("PutResourcePolicy", parameters, "policyName", "policyDocument")
    name, text = given["policyName"], given["policyDocument"]
    try:
        document = documents.parse(text)
    except NotJSON as error:
        raise InvalidParameterException(f"The policy document is not JSON: {error}") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise InvalidParameterException("The policy document has no Statement.")
    if name not in groups.policies and len(groups.policies) >= MOST_POLICIES:
        raise LimitExceededException(f"An account has at most {MOST_POLICIES} resource policies.")
    groups.put_policy(name, document)
    return {"resourcePolicy": _describe(name, document)}


async def describe_resource_policies(groups: LogGroups, parameters: JSON) -> JSON:
    """List the policies."""
    check("DescribeResourcePolicies", parameters)
    return {"resourcePolicies": [_describe(name, each) for name, each in sorted(groups.policies.items())]}


async def delete_resource_policy(groups: LogGroups, parameters: JSON) -> JSON:
    """Delete a policy; the template's are there again at the next start."""
    given = check("DeleteResourcePolicy", parameters, "policyName")
    if given["policyName"] not in groups.policies:
        raise NoSuchPolicy(f"Policy with name [{given['policyName']}] does not exist.")
    groups.delete_policy(given["policyName"])
    return {}


def _describe(name: str, document: JSON) -> JSON:
    text = document if isinstance(document, str) else documents.write(document)
    return {"policyName": name, "policyDocument": text}


OPERATIONS: dict[str, Callable[[LogGroups, JSON], Awaitable[JSON]]] = {
    "DeleteResourcePolicy": delete_resource_policy,
    "DescribeResourcePolicies": describe_resource_policies,
    "PutResourcePolicy": put_resource_policy,
}
"""Operations of boto3's service ``logs``."""
CHANGES = frozenset({"DeleteResourcePolicy", "PutResourcePolicy"})
"""Those after which what API calls have changed is another thing."""
