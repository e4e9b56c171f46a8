"""
The parameters that optimized integrations have; what a definition gives another of them is told.

Pure. Of a message for a queue, what the integration does not have is left out when it is sent.
https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html
"""

from collections.abc import Iterator, Mapping

from pizzabar.documents import JSON

_OF_WRITES = frozenset(
    {
        *("ConditionExpression", "ConditionalOperator", "Expected", "ExpressionAttributeNames"),
        *("ExpressionAttributeValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "ReturnValues"),
        *("ReturnValuesOnConditionCheckFailure", "TableName"),
    }
)
FIELDS: Mapping[tuple[str, str], frozenset[str]] = {
    ("dynamodb", "deleteItem"): _OF_WRITES | {"Key"},
    ("dynamodb", "getItem"): frozenset(
        {
            *("AttributesToGet", "ConsistentRead", "ExpressionAttributeNames", "Key", "ProjectionExpression"),
            *("ReturnConsumedCapacity", "TableName"),
        }
    ),
    ("dynamodb", "putItem"): _OF_WRITES | {"Item"},
    ("dynamodb", "updateItem"): _OF_WRITES | {"AttributeUpdates", "Key", "UpdateExpression"},
    ("events", "putEvents"): frozenset({"EndpointId", "Entries"}),
    ("lambda", "invoke"): frozenset(
        {"ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"}
    ),
    ("states", "startExecution"): frozenset({"Input", "Name", "StateMachineArn", "TraceHeader"}),
}
ENTRY = frozenset({"Detail", "DetailType", "EventBusName", "Resources", "Source", "Time", "TraceHeader"})
"""The members of an entry of ``events:putEvents``."""


def unknown_fields(service: str, name: str, given: JSON) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Tell which parameters an integration does not have: where among them, and their names.

    ``name`` is the integration's action, with how it waits.
    """
    known = FIELDS.get((service, name.partition(".")[0]))
    if known is None or not isinstance(given, dict):
        return
    yield from (((), each) for each in _names(given) if each not in known)
    if service == "events" and isinstance(given.get("Entries"), list):
        for index, entry in enumerate(given["Entries"]):
            if isinstance(entry, dict):
                yield from ((("Entries", index), each) for each in _names(entry) if each not in ENTRY)


def _names(given: Mapping[str, JSON]) -> Iterator[str]:
    """Give the names of members, whether they are paths or not."""
    return (each.removesuffix(".$") for each in given)
