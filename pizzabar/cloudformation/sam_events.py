"""
Event sources of functions and state machines, as far as rooms take them: rules, schedules, the streams of tables,
and queues.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-statemachine-statemachineeventsource.html
"""

from collections.abc import Iterator

from pizzabar.cloudformation.node import Node, Special, did_you_mean, mapping, node_of
from pizzabar.cloudformation.sam_dead_letters import letting_rule, made_queue, queue_of
from pizzabar.cloudformation.sam_schedules import SCHEDULER_EVENT, SCHEDULER_PROPERTIES
from pizzabar.cloudformation.sam_source import Resources, Source
from pizzabar.documents import JSON

_RULE_EVENTS = ("EventBridgeRule", "CloudWatchEvent")
EVENTS_OF_SAM = (
    *("AlexaSkill", "Api", "CloudWatchLogs", "Cognito", "DocumentDB", "HttpApi", "IoTRule", "Kinesis"),
    *("MQ", "MSK", "S3", "SNS", "SelfManagedKafka"),
)
"""Event sources that are refused by name."""
_EVENT_PROPERTIES = (
    *("DeadLetterConfig", "EventBusName", "Input", "InputPath", "InputTransformer", "Pattern", "RetryPolicy"),
    *("RoleArn", "RuleName", "State", "Target"),
)

SCHEDULE_EVENT = "Schedule"
_SCHEDULE_PROPERTIES = (
    *("DeadLetterConfig", "Description", "Enabled", "Input", "Name", "RetryPolicy", "RoleArn", "Schedule", "State"),
    "Target",
)

STREAM_EVENT = "DynamoDB"
"""An event source of functions alone."""
_STREAM_PROPERTIES = (
    *("BatchSize", "BisectBatchOnFunctionError", "DestinationConfig", "Enabled", "FilterCriteria"),
    *("FunctionResponseTypes", "KmsKeyArn", "MaximumBatchingWindowInSeconds", "MaximumRecordAgeInSeconds"),
    *("MaximumRetryAttempts", "MetricsConfig", "ParallelizationFactor", "StartingPosition"),
    *("StartingPositionTimestamp", "Stream", "TumblingWindowInSeconds"),
)


QUEUE_EVENT = "SQS"
"""Another one of functions alone."""
_QUEUE_PROPERTIES = (
    *("BatchSize", "Enabled", "FilterCriteria", "FunctionResponseTypes", "KmsKeyArn"),
    *("MaximumBatchingWindowInSeconds", "MetricsConfig", "ProvisionedPollerConfig", "Queue", "ScalingConfig"),
)


def events_of(source: Source, *, of_function: bool) -> Iterator[tuple[str, Node]]:
    """Go through the event sources that can be made, and tell those that cannot."""
    kinds: dict[str, tuple[str, ...]] = dict.fromkeys(_RULE_EVENTS, _EVENT_PROPERTIES) | {
        SCHEDULE_EVENT: _SCHEDULE_PROPERTIES,
        SCHEDULER_EVENT: SCHEDULER_PROPERTIES,
    }
    if of_function:
        kinds |= {STREAM_EVENT: _STREAM_PROPERTIES, QUEUE_EVENT: _QUEUE_PROPERTIES}
    section = source.properties.get("Events")
    if section is not None and not isinstance(section.value, dict | Special):
        source.fault(section, "'Events' must be an object of event sources.")
    for event_id, event in mapping(section).items():
        type = mapping(event).get("Type")
        if type is None or not isinstance(type.value, str):
            if not isinstance(event.value, Special):
                source.fault(event, f"Event with id [{event_id}] is invalid. Event has no Type.")
        elif type.value not in kinds:
            known = type.value in (*EVENTS_OF_SAM, STREAM_EVENT, QUEUE_EVENT)
            hint = "" if known else did_you_mean(type.value, (*kinds, *EVENTS_OF_SAM))
            message = f"{source.logical_id}: event source {event_id} of type {type.value} is not supported{hint}"
            source.unsupported(type.position, message)
        else:
            for name, node in mapping(mapping(event).get("Properties")).items():
                if name not in kinds[type.value]:
                    hint = did_you_mean(name, kinds[type.value])
                    message = f"{source.logical_id}: property {name} not defined for event {event_id}{hint}"
                    source.unsupported(node.place, message)
            yield event_id, event


def is_stream(event: Node) -> bool:
    """Whether an event source is the stream of a table."""
    return bool(_type_of(event) == STREAM_EVENT)


def is_schedule(event: Node) -> bool:
    """Whether an event source is a schedule of EventBridge Scheduler."""
    return bool(_type_of(event) == SCHEDULER_EVENT)


def is_queue(event: Node) -> bool:
    """Whether an event source is a queue."""
    return bool(_type_of(event) == QUEUE_EVENT)


def _type_of(event: Node) -> JSON:
    type = mapping(event).get("Type")
    return None if type is None else type.value


def mapping_of(source: Source, event: Node, function: JSON) -> Node:
    """Give the event source mapping that an event source of a function, or its alias, stands for."""
    given = mapping(mapping(event).get("Properties"))
    where = "Queue" if is_queue(event) else "Stream"
    made: dict[str, JSON] = {"EventSourceArn" if name == where else name: node for name, node in given.items()}
    if where not in given:
        source.fault(event, f"an event source of this type needs a {where}.")
    if (failure := on_failure(event)) is not None and "Destination" in mapping(failure):
        made["DestinationConfig"] = {"OnFailure": {"Destination": mapping(failure)["Destination"]}}
    return source.resource("AWS::Lambda::EventSourceMapping", {**made, "FunctionName": function}, event.place)


def on_failure(event: Node) -> Node | None:
    """Give the destination of what an event source gives up, if it has one."""
    given = mapping(mapping(event).get("Properties"))
    return mapping(given.get("DestinationConfig")).get("OnFailure")


_SAME_OF_RULE = (("Pattern", "EventPattern"), ("EventBusName",) * 2, ("RuleName", "Name"), ("State",) * 2)
_SAME_OF_SCHEDULE = (("Schedule", "ScheduleExpression"), ("Name",) * 2, ("Description",) * 2, ("State",) * 2)


def rule_of(source: Source, rule_id: str, event: Node, target: dict[str, JSON], target_id: str) -> Resources:
    """Give the rule that an event source stands for, with a dead-letter queue if it is to have one of its own."""
    given = mapping(mapping(event).get("Properties"))
    same = _SAME_OF_SCHEDULE if _type_of(event) == SCHEDULE_EVENT else _SAME_OF_RULE
    made: dict[str, JSON] = {made_name: given[name] for name, made_name in same if name in given}
    if same[0][0] not in given:
        source.fault(event, f"an event source of this type needs a {same[0][0]}.")
    if (enabled := given.get("Enabled")) is not None:
        made["State"] = _state_of(enabled)
    target = {"Id": mapping(given.get("Target")).get("Id", target_id), **target}
    for name in ("Input", "InputPath", "InputTransformer", "RetryPolicy"):
        if name in given:
            target[name] = given[name]
    config, queue = queue_of(source, rule_id, given)
    if config is not None:
        target["DeadLetterConfig"] = config
    yield from made_queue(source, queue, event)
    yield rule_id, source.resource("AWS::Events::Rule", {**made, "Targets": [target]}, event.place)
    yield from letting_rule(source, queue, rule_id, event)


def _state_of(enabled: Node) -> JSON:
    """Give the state that stands for whether a schedule is enabled; what is neither is left for the rule to tell."""
    states = {"true": "ENABLED", "false": "DISABLED"}
    return node_of(states.get(str(enabled.value).lower(), enabled.value), enabled.place)
