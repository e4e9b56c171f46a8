"""
The actions of every operation of the call table.

Pure. Names, resources and condition keys are those of the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from pizzabar import documents
from pizzabar.arn import Home, parse_arn
from pizzabar.documents import JSON
from pizzabar.iam.access import Access, Rule, Surroundings, as_given, on, on_nothing, unguarded
from pizzabar.iam.dynamodb_actions import DYNAMODB, STREAMS

# Events: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html


def bus_arn(name_or_arn: str | None, home: Home) -> str:
    """Name an event bus; no name is that of the default one."""
    name = name_or_arn or "default"
    return name if name.startswith("arn:") else home.arn("events", f"event-bus/{name}")


def _rule_arn(name: str, bus: str | None, home: Home) -> str:
    owner = bus_arn(bus, home).rpartition("/")[2]
    return home.arn("events", f"rule/{name}" if owner == "default" else f"rule/{owner}/{name}")


def _entries(given: JSON) -> tuple[tuple[str | None, str | None, str | None], ...]:
    entries = given["Entries"]
    if len(entries) == 1:
        # The common case, and one of every order.
        get = entries[0].get
        return ((get("EventBusName"), get("Source"), get("DetailType")),)
    found = [(each.get("EventBusName"), each.get("Source"), each.get("DetailType")) for each in entries]
    return tuple(dict.fromkeys(found))


def _put_events(
    entries: tuple[tuple[str | None, str | None, str | None], ...], surroundings: Surroundings
) -> Iterator[Access]:
    for bus, source, detail_type in entries:
        keys = {"events:source": source, "events:detail-type": detail_type}
        known = {name: (value,) for name, value in keys.items() if value is not None}
        yield Access("events:PutEvents", bus_arn(bus, surroundings.home), known)


def _on_bus(action: str, parameter: str) -> Rule:
    def accesses(name: str | None, surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, bus_arn(name, surroundings.home))

    return Rule(lambda given: given.get(parameter), accesses)


def _on_archive(action: str) -> Rule:
    return on(action, "ArchiveName", lambda name, home: home.arn("events", f"archive/{name}"))


def _on_replay(action: str) -> Rule:
    return on(action, "ReplayName", _replay_arn)


def _replay_arn(name: str, home: Home) -> str:
    return home.arn("events", f"replay/{name}")


def _replayed(given: JSON) -> tuple[str, str, str]:
    return given["ReplayName"], given["EventSourceArn"], given["Destination"]["Arn"]


def _start_replay(inputs: tuple[str, str, str], surroundings: Surroundings) -> Iterable[Access]:
    name, archive, bus = inputs
    for arn in (_replay_arn(name, surroundings.home), archive, bus):
        yield Access("events:StartReplay", arn)


def _archived(given: JSON) -> tuple[str, str]:
    return given["ArchiveName"], given["EventSourceArn"]


def _create_archive(inputs: tuple[str, str], surroundings: Surroundings) -> Iterable[Access]:
    name, bus = inputs
    for arn in (surroundings.home.arn("events", f"archive/{name}"), bus):
        yield Access("events:CreateArchive", arn)


def _on_rule(action: str, parameter: str) -> Rule:
    def accesses(inputs: tuple[str, str | None], surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, _rule_arn(*inputs, surroundings.home))

    return Rule(lambda given: (given[parameter], given.get("EventBusName")), accesses)


def _connection_arn(name: str, home: Home) -> str:
    return home.arn("events", f"connection/{name}")


def _destination_arn(name: str, home: Home) -> str:
    return home.arn("events", f"api-destination/{name}")


EVENTS: dict[str, Rule] = {
    "PutEvents": Rule(_entries, _put_events),
    **{
        name: _on_bus(f"events:{name}", "Name")
        for name in ("CreateEventBus", "DeleteEventBus", "DescribeEventBus", "UpdateEventBus")
    },
    "CreateArchive": Rule(_archived, _create_archive),
    "StartReplay": Rule(_replayed, _start_replay),
    **{name: _on_archive(f"events:{name}") for name in ("DeleteArchive", "DescribeArchive", "UpdateArchive")},
    **{name: _on_replay(f"events:{name}") for name in ("CancelReplay", "DescribeReplay")},
    **{name: _on_bus(f"events:{name}", "EventBusName") for name in ("PutPermission", "RemovePermission")},
    **{
        name: _on_rule(f"events:{name}", "Name")
        for name in ("DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "PutRule")
    },
    **{name: _on_rule(f"events:{name}", "Rule") for name in ("ListTargetsByRule", "PutTargets", "RemoveTargets")},
    **{
        name: on(f"events:{name}", "ResourceARN", as_given)
        for name in ("ListTagsForResource", "TagResource", "UntagResource")
    },
    **{
        name: on_nothing(f"events:{name}")
        for name in (
            *("ListApiDestinations", "ListArchives", "ListConnections", "ListEventBuses", "ListReplays"),
            *("ListRuleNamesByTarget", "ListRules"),
            "TestEventPattern",
        )
    },
    **{
        name: on(f"events:{name}", "Name", _connection_arn)
        for name in (
            *("CreateConnection", "DeauthorizeConnection", "DeleteConnection", "DescribeConnection"),
            "UpdateConnection",
        )
    },
    **{
        name: on(f"events:{name}", "Name", _destination_arn)
        for name in (
            *("CreateApiDestination", "DeleteApiDestination", "DescribeApiDestination", "UpdateApiDestination"),
        )
    },
    # No operation, but what a rule asks for as its target's role.
    "InvokeApiDestination": on("events:InvokeApiDestination", "ApiDestinationArn", as_given),
}

# Lambda: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html


def function_arn(name: str, home: Home) -> str:
    """Name a function by its name, its ARN or a part of that, with a qualifier if it has one."""
    if name.startswith("arn:"):
        return name
    parts = name.split(":")
    rest = parts[parts.index("function") + 1 :] if "function" in parts[:-1] else parts
    return home.arn("lambda", f"function:{':'.join(rest)}")


def _qualified(action: str) -> Rule:
    """An action on a function, or on the version or alias that a request names apart."""

    def accesses(inputs: tuple[str, str | None], surroundings: Surroundings) -> Iterable[Access]:
        name, qualifier = inputs
        arn = function_arn(name, surroundings.home)
        yield Access(action, arn if qualifier is None else f"{arn}:{qualifier}")

    return Rule(lambda given: (given["FunctionName"], given.get("Qualifier")), accesses)


def _of_function(action: str) -> Rule:
    """Operations of event source mappings that name a function, which policies see as a condition key."""

    def accesses(name: str | None, surroundings: Surroundings) -> Iterable[Access]:
        keys = {} if name is None else {"lambda:functionarn": (function_arn(name, surroundings.home),)}
        yield Access(action, "*", keys)

    return Rule(lambda given: given.get("FunctionName"), accesses)


def _mapping_arn(uuid: str, home: Home) -> str:
    return home.arn("lambda", f"event-source-mapping:{uuid}")


LAMBDA: dict[str, Rule] = {
    "Invoke": _qualified("lambda:InvokeFunction"),
    **{
        name: _qualified(f"lambda:{name}")
        for name in (
            *("AddPermission", "DeleteFunction", "GetFunction", "GetFunctionConfiguration", "GetPolicy"),
            "RemovePermission",
        )
    },
    **{
        name: on(f"lambda:{name}", "FunctionName", function_arn)
        for name in (
            *("CreateAlias", "DeleteAlias", "DeleteFunctionEventInvokeConfig", "GetAlias"),
            *("GetFunctionEventInvokeConfig", "ListAliases", "ListFunctionEventInvokeConfigs"),
            *("ListVersionsByFunction", "PublishVersion", "PutFunctionEventInvokeConfig", "UpdateAlias"),
            *("UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig"),
        )
    },
    **{
        name: on(f"lambda:{name}", "UUID", _mapping_arn)
        for name in ("DeleteEventSourceMapping", "GetEventSourceMapping", "UpdateEventSourceMapping")
    },
    **{name: _of_function(f"lambda:{name}") for name in ("CreateEventSourceMapping", "ListEventSourceMappings")},
    "ListFunctions": on_nothing("lambda:ListFunctions"),
}

# Logs: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html


def stream_arn(group: str, stream: str, home: Home) -> str:
    """Name a log stream as requests do, the group of it by its name or its ARN.

    What is about the group as a whole asks for a stream without a name: a policy on the group needs ``:*`` behind it.
    """
    arn = group.removesuffix(":*") if group.startswith("arn:") else home.arn("logs", f"log-group:{group}")
    return f"{arn}:log-stream:{stream}"


def _on_group(action: str) -> Rule:
    def accesses(group: str | None, surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, stream_arn("" if group is None else group, "", surroundings.home))

    return Rule(lambda given: given.get("logGroupIdentifier") or given.get("logGroupName"), accesses)


def _on_stream(action: str) -> Rule:
    def accesses(inputs: tuple[str, str], surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, stream_arn(*inputs, surroundings.home))

    if action == "logs:GetLogEvents":
        return Rule(
            lambda given: (given.get("logGroupIdentifier") or given["logGroupName"], given["logStreamName"]), accesses
        )
    return Rule(itemgetter("logGroupName", "logStreamName"), accesses)


LOGS: dict[str, Rule] = {
    **{name: _on_stream(f"logs:{name}") for name in ("CreateLogStream", "GetLogEvents", "PutLogEvents")},
    **{
        name: _on_group(f"logs:{name}")
        for name in (
            *("CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DescribeLogGroups", "DescribeLogStreams"),
            *("FilterLogEvents", "PutRetentionPolicy"),
        )
    },
    **{
        name: on_nothing(f"logs:{name}")
        for name in ("DeleteResourcePolicy", "DescribeResourcePolicies", "PutResourcePolicy")
    },
}

# SQS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html


def queue_arn(name_or_url: str, home: Home) -> str:
    """Name a queue by its name or its address."""
    return home.arn("sqs", name_or_url.rstrip("/").rpartition("/")[2])


def _task_handle(given: JSON) -> str:
    """Give the ARN of the queue that a task moves messages out of, which its handle tells."""
    try:
        return str(documents.parse(base64.b64decode(given["TaskHandle"]))["sourceArn"])
    except ValueError:
        raise TypeError("the handle is none") from None


SQS: dict[str, Rule] = {
    **{
        # A batch is as many times the action on one message.
        name: on(f"sqs:{name.removesuffix('Batch')}", "QueueUrl", queue_arn)
        for name in (
            *("AddPermission", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage"),
            *("DeleteMessageBatch", "DeleteQueue", "GetQueueAttributes", "ListDeadLetterSourceQueues"),
            *("ListQueueTags", "PurgeQueue", "ReceiveMessage", "RemovePermission", "SendMessage"),
            *("SendMessageBatch", "SetQueueAttributes", "TagQueue", "UntagQueue"),
        )
    },
    **{name: on(f"sqs:{name}", "QueueName", queue_arn) for name in ("CreateQueue", "GetQueueUrl")},
    **{name: on(f"sqs:{name}", "SourceArn", as_given) for name in ("ListMessageMoveTasks", "StartMessageMoveTask")},
    "CancelMessageMoveTask": Rule(
        _task_handle, lambda arn, surroundings: (Access("sqs:CancelMessageMoveTask", arn),)
    ),
    "ListQueues": on_nothing("sqs:ListQueues"),
}

# Step Functions: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html


def _machine_arn(name: str, home: Home) -> str:
    return home.arn("states", f"stateMachine:{name}")


def _activity_arn(name: str, home: Home) -> str:
    return home.arn("states", f"activity:{name}")


def _of_token(action: str) -> Rule:
    """Answers of tasks: on the state machine, or the activity, that the token is of."""

    def accesses(token: str, surroundings: Surroundings) -> Iterable[Access]:
        machine = surroundings.machine_of(token)
        return () if machine is None else (Access(action, machine),)

    return Rule(lambda given: given["taskToken"], accesses)


def _of_machine(action: str, parameter: str) -> Rule:
    """An action on a state machine; a version or an alias of it is a condition key.

    https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """

    def accesses(arn: str, surroundings: Surroundings) -> Iterable[Access]:
        parts = arn.partition("#")[0].split(":")
        qualifier = tuple(parts[7:8])
        yield Access(action, ":".join(parts[:7]), {"states:statemachinequalifier": qualifier} if qualifier else {})

    return Rule(itemgetter(parameter), accesses)


_OF_MACHINES: Mapping[str, tuple[str, ...]] = {
    "stateMachineArn": (
        *("DeleteStateMachine", "DescribeStateMachine", "ListExecutions", "ListStateMachineAliases"),
        *("ListStateMachineVersions", "PublishStateMachineVersion", "StartExecution", "StartSyncExecution"),
        "UpdateStateMachine",
    ),
    "stateMachineAliasArn": ("DeleteStateMachineAlias", "DescribeStateMachineAlias", "UpdateStateMachineAlias"),
    "stateMachineVersionArn": ("DeleteStateMachineVersion",),
}
_STATES_BY_PARAMETER: Mapping[str, tuple[str, ...]] = {
    "executionArn": (
        *("DescribeExecution", "DescribeStateMachineForExecution", "GetExecutionHistory", "RedriveExecution"),
        *("ListMapRuns", "StopExecution"),
    ),
    "mapRunArn": ("DescribeMapRun", "UpdateMapRun"),
    "activityArn": ("DeleteActivity", "DescribeActivity", "GetActivityTask"),
    "resourceArn": ("ListTagsForResource", "TagResource", "UntagResource"),
}

STATES: dict[str, Rule] = {
    **{name: _of_machine(f"states:{name}", parameter) for parameter, names in _OF_MACHINES.items() for name in names},
    **{
        name: on(f"states:{name}", parameter, as_given)
        for parameter, names in _STATES_BY_PARAMETER.items()
        for name in names
    },
    **{name: _of_token(f"states:{name}") for name in ("SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess")},
    "CreateActivity": on("states:CreateActivity", "name", _activity_arn),
    "CreateStateMachine": on("states:CreateStateMachine", "name", _machine_arn),
    "CreateStateMachineAlias": on_nothing("states:CreateStateMachineAlias"),
    **{
        name: on_nothing(f"states:{name}")
        for name in ("ListActivities", "ListStateMachines", "TestState", "ValidateStateMachineDefinition")
    },
}

# API Gateway: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html


def _on_connection(method: str) -> Rule:
    def accesses(connection_id: str, surroundings: Surroundings) -> Iterable[Access]:
        stage = surroundings.stage_of(connection_id)
        if stage is None:
            # It is gone, and with it which API's it was.
            return
        path = f"{stage[0]}/{stage[1]}/{method}/@connections/{connection_id}"
        yield Access("execute-api:ManageConnections", surroundings.home.arn("execute-api", path))

    return Rule(itemgetter("ConnectionId"), accesses)


MANAGEMENT: dict[str, Rule] = {
    "DeleteConnection": _on_connection("DELETE"),
    "GetConnection": _on_connection("GET"),
    "PostToConnection": _on_connection("POST"),
}

_METHODS = {"Create": "POST", "Get": "GET", "Update": "PATCH", "Delete": "DELETE"}
_PARTS = (
    "Api",
    "Authorizer",
    "Deployment",
    "Integration",
    "IntegrationResponse",
    "Model",
    "Route",
    "RouteResponse",
    "Stage",
)
_PARENTS = {"IntegrationResponse": ("IntegrationId", "integrations"), "RouteResponse": ("RouteId", "routes")}


def _on_api(verb: str, kind: str, *, is_one: bool, beneath: str = "") -> Rule:
    """The configuration of APIs: methods of HTTP on paths.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
    """
    parent, parents = _PARENTS.get(kind, (None, ""))
    own = "StageName" if kind == "Stage" else f"{kind}Id"

    def inputs(given: JSON) -> tuple[str, ...]:
        steps = ["/apis"] if kind == "Api" else ["/apis", given["ApiId"]]
        if parent is not None:
            steps += [parents, given[parent]]
        if kind != "Api":
            steps.append(f"{kind.lower()}s")
        return (*steps, given[own] + beneath) if is_one else tuple(steps)

    def accesses(steps: tuple[str, ...], surroundings: Surroundings) -> Iterable[Access]:
        yield Access(
            f"apigateway:{_METHODS[verb]}", f"arn:aws:apigateway:{surroundings.home.region}::{'/'.join(steps)}"
        )

    return Rule(inputs, accesses)


API_GATEWAY: dict[str, Rule] = {
    **{f"{verb}{kind}": _on_api(verb, kind, is_one=verb != "Create") for verb in _METHODS for kind in _PARTS},
    **{f"Get{kind}s": _on_api("Get", kind, is_one=False) for kind in _PARTS},
    "DeleteAccessLogSettings": _on_api("Delete", "Stage", is_one=True, beneath="/accesslogsettings"),
}

# CloudFormation, IAM


def _stack_arn(name_or_id: str | None, home: Home) -> str:
    if name_or_id is None:
        return "*"
    return name_or_id if parse_arn(name_or_id) else home.arn("cloudformation", f"stack/{name_or_id}/*")


def _on_stack(action: str) -> Rule:
    def accesses(name: str | None, surroundings: Surroundings) -> Iterable[Access]:
        yield Access(action, _stack_arn(name, surroundings.home))

    return Rule(lambda given: given.get("StackName"), accesses)


CLOUDFORMATION: dict[str, Rule] = {
    **{
        name: _on_stack(f"cloudformation:{name}")
        for name in (
            *("DescribeStackResource", "DescribeStackResources", "DescribeStacks", "GetTemplate"),
            "ListStackResources",
        )
    },
    "ListStacks": on_nothing("cloudformation:ListStacks"),
}


def _role_arn(name: str, home: Home) -> str:
    return f"arn:aws:iam::{home.account}:role/{name}"


IAM: dict[str, Rule] = {
    **{
        name: on(f"iam:{name}", "RoleName", _role_arn)
        for name in ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies")
    },
    "ListRoles": on_nothing("iam:ListRoles"),
    "SimulatePrincipalPolicy": on("iam:SimulatePrincipalPolicy", "PolicySourceArn", as_given),
}


# Scheduler: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html


def _on_schedule(action: str) -> Rule:
    def accesses(inputs: tuple[str, str], surroundings: Surroundings) -> Iterable[Access]:
        name, group = inputs
        yield Access(action, surroundings.home.arn("scheduler", f"schedule/{group}/{name}"))

    return Rule(lambda given: (given["Name"], given.get("GroupName") or "default"), accesses)


def _schedule_group_arn(name: str, home: Home) -> str:
    return home.arn("scheduler", f"schedule-group/{name}")


SCHEDULER: dict[str, Rule] = {
    **{
        name: _on_schedule(f"scheduler:{name}")
        for name in ("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
    },
    **{
        name: on(f"scheduler:{name}", "Name", _schedule_group_arn)
        for name in ("CreateScheduleGroup", "DeleteScheduleGroup", "GetScheduleGroup")
    },
    **{
        name: on(f"scheduler:{name}", "ResourceArn", as_given)
        for name in ("ListTagsForResource", "TagResource", "UntagResource")
    },
    **{name: on_nothing(f"scheduler:{name}") for name in ("ListScheduleGroups", "ListSchedules")},
}

XRAY: dict[str, Rule] = {
    name: on_nothing(f"xray:{name}")
    for name in ("BatchGetTraces", "GetServiceGraph", "GetTraceGraph", "GetTraceSummaries", "PutTraceSegments")
}

RULES: dict[tuple[str, str], Rule] = {
    (service, name): rule
    for service, rules in {
        "apigatewaymanagementapi": MANAGEMENT,
        "apigatewayv2": API_GATEWAY,
        "cloudformation": CLOUDFORMATION,
        "dynamodb": DYNAMODB,
        "dynamodbstreams": STREAMS,
        "events": EVENTS,
        "iam": IAM,
        "lambda": LAMBDA,
        "logs": LOGS,
        "scheduler": SCHEDULER,
        "sqs": SQS,
        "stepfunctions": STATES,
        # No permission is needed to be told who one is.
        "sts": {"GetCallerIdentity": unguarded()},
        "xray": XRAY,
    }.items()
    for name, rule in rules.items()
}
"""What operations come to, by the call table's names."""
