"""
Schedules of EventBridge Scheduler as event sources: ``ScheduleV2``, of functions and state machines alike.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-schedulev2.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-statemachine-statemachineschedulev2.html
"""

from pizzabar.cloudformation.node import Node, mapping
from pizzabar.cloudformation.sam_dead_letters import made_queue, queue_of
from pizzabar.cloudformation.sam_source import Resources, Source, get_att, trust
from pizzabar.documents import JSON

SCHEDULER_EVENT = "ScheduleV2"
SCHEDULER_PROPERTIES = (
    *("DeadLetterConfig", "Description", "EndDate", "FlexibleTimeWindow", "GroupName", "Input", "KmsKeyArn", "Name"),
    *("OmitName", "PermissionsBoundary", "RetryPolicy", "RoleArn", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State"),
)
_SAME = (
    *("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State"),
)


def schedule_of(source: Source, schedule_id: str, event: Node, arn: JSON, action: str) -> Resources:
    """Give the schedule that an event source stands for, and the role that asks its target, unless one is named."""
    given = mapping(mapping(event).get("Properties"))
    made: dict[str, JSON] = {"FlexibleTimeWindow": {"Mode": "OFF"}} | {
        name: given[name] for name in _SAME if name in given
    }
    if "ScheduleExpression" not in given:
        source.fault(event, "an event source of this type needs a ScheduleExpression.")
    omitted = given.get("OmitName")
    if "Name" not in given and (omitted is None or str(omitted.value).lower() != "true"):
        made["Name"] = schedule_id
    target: dict[str, JSON] = {"Arn": arn} | {name: given[name] for name in ("Input", "RetryPolicy") if name in given}
    config, queue = queue_of(source, schedule_id, given)
    if config is not None:
        target["DeadLetterConfig"] = config
    yield from made_queue(source, queue, event)
    if (role := given.get("RoleArn")) is not None:
        target["RoleArn"] = role
    else:
        target["RoleArn"] = get_att(f"{schedule_id}Role", "Arn")
        yield f"{schedule_id}Role", _role(source, schedule_id, event, target, action)
    yield schedule_id, source.resource("AWS::Scheduler::Schedule", {**made, "Target": target}, event.place)


def _role(source: Source, schedule_id: str, event: Node, target: dict[str, JSON], action: str) -> Node:
    statements: list[JSON] = [{"Action": action, "Effect": "Allow", "Resource": target["Arn"]}]
    if "DeadLetterConfig" in target:
        queue = mapping(target["DeadLetterConfig"])["Arn"]
        statements.append({"Action": "sqs:SendMessage", "Effect": "Allow", "Resource": queue})
    policy = {
        "PolicyName": f"{schedule_id}TargetPolicy",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }
    properties: dict[str, JSON] = {
        "AssumeRolePolicyDocument": trust("scheduler.amazonaws.com"),
        "Policies": [policy],
    }
    if (boundary := mapping(mapping(event).get("Properties")).get("PermissionsBoundary")) is not None:
        properties["PermissionsBoundary"] = boundary
    return source.resource("AWS::IAM::Role", properties, event.place)
