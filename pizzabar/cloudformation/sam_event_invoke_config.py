"""
Where a function's events end: ``EventInvokeConfig`` with its destinations, and ``DeadLetterQueue``.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventinvokeconfiguration.html
"""

from collections.abc import Iterator, Mapping

from pizzabar.cloudformation.node import Node, Special, mapping
from pizzabar.cloudformation.sam_events import on_failure
from pizzabar.cloudformation.sam_source import Resources, Source, get_att
from pizzabar.documents import JSON

LATEST = "$LATEST"
SENDING = {
    "EventBridge": "events:PutEvents",
    "Lambda": "lambda:InvokeFunction",
    "S3Bucket": "s3:PutObject",
    "SNS": "sns:Publish",
    "SQS": "sqs:SendMessage",
}
"""What tells a destination, by its type."""


def event_invoke_config(source: Source, qualifier: str) -> Resources:
    """Make what a function's ``EventInvokeConfig`` stands for, and the queues that it does not name."""
    given = source.properties.get("EventInvokeConfig")
    if given is None or not isinstance(given.value, dict):
        return
    made: dict[str, JSON] = {"FunctionName": {"Ref": source.logical_id}, "Qualifier": qualifier}
    ends: dict[str, JSON] = {}
    for name, member in mapping(given).items():
        if name != "DestinationConfig":
            made[name] = member
            continue
        for end, destination in mapping(member).items():
            members = mapping(destination)
            if end not in _ENDS:
                # It is told as that of the resource.
                ends[end] = destination
            elif (fault := _fault(destination)) is not None:
                source.fault(*fault)
                ends[end] = Node(Special.UNKNOWN, destination.place)
            else:
                if _is_made(members):
                    yield _queue_id(source, end), source.resource("AWS::SQS::Queue", {}, destination.place)
                ends[end] = {"Destination": _arn(source, end, destination)}
    if ends:
        made["DestinationConfig"] = ends
    yield (
        f"{source.logical_id}EventInvokeConfig",
        source.resource("AWS::Lambda::EventInvokeConfig", made, given.place),
    )


def letting_function(source: Source) -> Iterator[JSON]:
    """Give the policies that let a function's own role tell destinations and dead-letter queue."""
    given = mapping(mapping(source.properties.get("EventInvokeConfig")).get("DestinationConfig"))
    for end, destination in given.items():
        if end in _ENDS and _fault(destination) is None:
            type = mapping(destination)["Type"].value
            if isinstance(type, str):
                name = f"{source.logical_id}EventInvokeConfig{end}{type}Policy"
                yield _policy(name, SENDING[type], _arn(source, end, destination))
    for event_id, event in mapping(source.properties.get("Events")).items():
        members = mapping(on_failure(event))
        named = members["Type"].value if "Type" in members else None
        if "Destination" in members and isinstance(named, str) and named in SENDING:
            name = f"{source.logical_id}{event_id}OnFailure{named}Policy"
            yield _policy(name, SENDING[named], members["Destination"])
    queue = mapping(source.properties.get("DeadLetterQueue"))
    if "TargetArn" in queue and "Type" in queue and queue["Type"].value in ("SNS", "SQS"):
        yield _policy("DeadLetterQueuePolicy", SENDING[str(queue["Type"].value)], queue["TargetArn"])


_ENDS = ("OnFailure", "OnSuccess")


def _fault(destination: Node) -> tuple[Node, str] | None:
    """Say what is wrong with a destination, and where; None if nothing is."""
    members = mapping(destination)
    if (type := members.get("Type")) is None:
        return destination, "'Type: SQS', SNS, Lambda, EventBridge or S3Bucket is required for a destination"
    if type.value is not Special.UNKNOWN and type.value not in SENDING:
        return type, f"'Type: {type.value}' is no type of a destination: SQS, SNS, Lambda, EventBridge, S3Bucket"
    if "Destination" not in members and type.value == "SNS":
        return type, "there are no SNS topics here, so that none can be made for a destination"
    if "Destination" not in members and type.value != "SQS":
        return destination, f"Destination is required if Type is {type.value}"
    return None


def _is_made(members: Mapping[str, Node]) -> bool:
    return "Destination" not in members


def _queue_id(source: Source, end: str) -> str:
    return f"{source.logical_id}EventInvokeConfig{end}Queue"


def _arn(source: Source, end: str, destination: Node) -> JSON:
    members = mapping(destination)
    return get_att(_queue_id(source, end), "Arn") if _is_made(members) else members["Destination"]


def _policy(name: str, action: str, resource: JSON) -> JSON:
    statement = {"Action": action, "Effect": "Allow", "Resource": resource}
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
