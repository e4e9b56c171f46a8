"""
Dead-letter queues of event sources: ``DeadLetterConfig``, of a queue that is there or of one that is made.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-deadletterconfig.html
"""

from collections.abc import Mapping

from pizzabar.cloudformation.node import Node, Special, mapping, node_of
from pizzabar.cloudformation.sam_source import Resources, Source, get_att
from pizzabar.documents import JSON


def queue_of(source: Source, event_id: str, given: Mapping[str, Node]) -> tuple[Node | None, str | None]:
    """Give the ``DeadLetterConfig`` of an event's target, if it has one; and the logical ID of the queue to make."""
    asked = given.get("DeadLetterConfig")
    if asked is None:
        return None, None
    members = mapping(asked)
    if "Arn" in members and "Type" in members:
        source.fault(asked, "You can either define 'Arn' or 'Type' property of DeadLetterConfig")
    elif "Arn" in members:
        return node_of({"Arn": members["Arn"]}, asked.place), None
    elif "Type" not in members:
        source.fault(asked, "No 'Arn' or 'Type' property provided for DeadLetterConfig")
    elif members["Type"].value not in ("SQS", Special.UNKNOWN):
        source.fault(members["Type"], "The only valid value for 'Type' property of DeadLetterConfig is 'SQS'")
    else:
        named = members.get("QueueLogicalId")
        queue = f"{event_id}Queue" if named is None else str(named.value)
        return node_of({"Arn": get_att(queue, "Arn")}, asked.place), queue
    return None, None


def made_queue(source: Source, queue: str | None, event: Node) -> Resources:
    """Make the queue, if one is to be made."""
    if queue is not None:
        yield queue, source.resource("AWS::SQS::Queue", {}, event.place)


def letting_rule(source: Source, queue: str | None, rule_id: str, event: Node) -> Resources:
    """Let a rule send to the queue that is made for it, if one is."""
    if queue is None:
        return
    statement: JSON = {
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Resource": get_att(queue, "Arn"),
        "Condition": {"ArnEquals": {"aws:SourceArn": get_att(rule_id, "Arn")}},
    }
    properties: dict[str, JSON] = {
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "Queues": [{"Ref": queue}],
    }
    yield f"{rule_id}QueuePolicy", source.resource("AWS::SQS::QueuePolicy", properties, event.place)
