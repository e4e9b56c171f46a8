"""
The operations of Step Functions, by AWS's names.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.errors import InvalidDefinition, InvalidOutput, InvalidToken, MissingRequiredParameter
from pizzabar.stepfunctions.executions import DeployedStateMachine, ExecutionRecord
from pizzabar.stepfunctions.interpreter import (
    Occurrence,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSucceeded,
    read_task_token,
)
from pizzabar.stepfunctions.state_machines import StateMachines


async def create_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Make a state machine."""
    if parameters.get("publish"):
        raise ValidationException("publish is not supported: there are no versions of state machines here")
    machine = machines.create_anew(
        _text(parameters, "name"),
        _text(parameters, "definition"),
        role_arn=_text(parameters, "roleArn"),
        type=parameters.get("type") or "STANDARD",
    )
    if parameters.get("tags"):
        machines.tag(machine.arn, machines.tags_of(machine.arn) | _read_tags(parameters))
    return {"stateMachineArn": machine.arn, "creationDate": machine.created.timestamp()}


async def describe_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Read a state machine."""
    machine = machines.get(_text(parameters, "stateMachineArn"))
    return _summary(machine) | {
        "status": "ACTIVE",
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
    }


async def list_state_machines(machines: StateMachines, parameters: JSON) -> JSON:
    """List the state machines."""
    found = sorted(machines, key=lambda machine: machine.name)
    return _page(parameters, "stateMachines", [_summary(machine) for machine in found])


async def update_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Give a state machine another definition or role."""
    definition, role_arn = parameters.get("definition"), parameters.get("roleArn")
    arn = _text(parameters, "stateMachineArn")
    if definition is None and role_arn is None:
        raise MissingRequiredParameter("Either the definition, the role ARN or both must be specified")
    machines.update(arn, definition=definition, role_arn=role_arn)
    return {"updateDate": machines.now().timestamp()}


async def delete_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Delete a state machine."""
    machines.delete(_text(parameters, "stateMachineArn"))
    return {}


async def validate_state_machine_definition(machines: StateMachines, parameters: JSON) -> JSON:
    """Tell what is wrong in a definition."""
    try:
        machines.check(_text(parameters, "definition"))
    except InvalidDefinition as error:
        diagnostics = [
            {
                "severity": "ERROR",
                "code": each.code,
                "message": each.message,
                **({} if each.location is None else {"location": each.location}),
            }
            for each in error.diagnostics
        ]
        most = parameters.get("maxResults") or 100
        return {"result": "FAIL", "diagnostics": diagnostics[:most], "truncated": len(diagnostics) > most}
    return {"result": "OK", "diagnostics": [], "truncated": False}


async def tag_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """Give a state machine tags, beside those that it has."""
    arn = _text(parameters, "resourceArn")
    machines.tag(arn, machines.tags_of(arn) | _read_tags(parameters))
    return {}


async def untag_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """Take tags from a state machine."""
    arn, keys = _text(parameters, "resourceArn"), parameters.get("tagKeys") or []
    machines.tag(arn, {key: value for key, value in machines.tags_of(arn).items() if key not in keys})
    return {}


async def list_tags_for_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """List the tags of a state machine."""
    tags = machines.tags_of(_text(parameters, "resourceArn"))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def _read_tags(parameters: JSON) -> dict[str, str]:
    return {_text(tag, "key"): tag.get("value") or "" for tag in parameters.get("tags") or ()}


async def describe_state_machine_for_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Read the state machine of an execution."""
    record = await machines.executions.describe(_text(parameters, "executionArn"))
    machine = machines.get(record.machine_arn)
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "updateDate": machine.created.timestamp(),
    }


async def start_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Start an execution."""
    record = await machines.start_execution(
        _text(parameters, "stateMachineArn"), parameters.get("input", "{}"), name=parameters.get("name")
    )
    return {"executionArn": record.execution.arn, "startDate": record.execution.started.timestamp()}


async def describe_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Read an execution."""
    record = await machines.executions.describe(_text(parameters, "executionArn"))
    execution = record.execution
    answer = _execution_summary(record) | {
        "input": record.input,
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Redriving executions is not supported",
    }
    if execution.status == "SUCCEEDED":
        answer |= {"output": documents.write(execution.output), "outputDetails": {"included": True}}
    for member, value in (("error", execution.error), ("cause", execution.cause)):
        if value is not None:
            answer[member] = value
    return answer


async def list_executions(machines: StateMachines, parameters: JSON) -> JSON:
    """List the executions of a state machine."""
    machine = machines.get(_text(parameters, "stateMachineArn"))
    status = parameters.get("statusFilter")
    records = await machines.executions.list(machine.arn)
    found = [_execution_summary(record) for record in records if status in (None, record.execution.status)]
    return _page(parameters, "executions", found)


async def get_execution_history(machines: StateMachines, parameters: JSON) -> JSON:
    """Read the history of an execution, in pages of ``maxResults`` events."""
    events = list(await machines.executions.history(_text(parameters, "executionArn")))
    if parameters.get("reverseOrder"):
        events.reverse()
    size = parameters.get("maxResults") or 100
    token = parameters.get("nextToken", "0")
    if not (isinstance(token, str) and token.isdigit()):
        raise InvalidToken(f"Invalid Token: '{token}'")
    first = int(token)
    answer: JSON = {"events": events[first : first + size]}
    return answer | ({"nextToken": str(first + size)} if first + size < len(events) else {})


async def stop_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Abort an execution."""
    arn = _text(parameters, "executionArn")
    record = await machines.executions.describe(arn)
    if record.execution.status == "RUNNING":
        await machines.executions.feed(arn, Stopped(parameters.get("error"), parameters.get("cause")))
        record = await machines.executions.describe(arn)
    stopped = record.execution.stopped
    return {"stopDate": None if stopped is None else stopped.timestamp()}


async def send_task_success(machines: StateMachines, parameters: JSON) -> JSON:
    """Answer a task that waits for its token."""
    text = _text(parameters, "output")
    try:
        output = documents.parse(text)
    except NotJSON as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from None
    return await _answer_task(machines, parameters, lambda op: TaskSucceeded(op, output))


async def send_task_failure(machines: StateMachines, parameters: JSON) -> JSON:
    """Fail a task that waits for its token."""
    error, cause = parameters.get("error"), parameters.get("cause")
    return await _answer_task(machines, parameters, lambda op: TaskFailed(op, error, cause))


async def send_task_heartbeat(machines: StateMachines, parameters: JSON) -> JSON:
    """Tell that a task that waits for its token is still worked on."""
    return await _answer_task(machines, parameters, TaskHeartbeat)


async def _answer_task(machines: StateMachines, parameters: JSON, occurrence: Callable[[int], Occurrence]) -> JSON:
    token = _text(parameters, "taskToken")
    place = read_task_token(token)
    if place is None:
        raise InvalidToken(f"Invalid Token: '{token}'")
    arn, op = place
    await machines.executions.feed(arn, occurrence(op), token=token)
    return {}


def _page(parameters: JSON, member: str, found: list[JSON]) -> dict[str, JSON]:
    """Give a page of a list; its token is where the next one begins."""
    token = parameters.get("nextToken") or "0"
    if not (isinstance(token, str) and token.isdigit()):
        raise InvalidToken(f"Invalid Token: '{token}'")
    start, size = int(token), parameters.get("maxResults") or 100
    answer: dict[str, JSON] = {member: found[start : start + size]}
    return answer | ({"nextToken": str(start + size)} if start + size < len(found) else {})


def _summary(machine: DeployedStateMachine) -> dict[str, JSON]:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "creationDate": machine.created.timestamp(),
    }


def _execution_summary(record: ExecutionRecord) -> dict[str, JSON]:
    execution = record.execution
    summary = {
        "executionArn": execution.arn,
        "stateMachineArn": record.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started.timestamp(),
    }
    return summary | ({} if execution.stopped is None else {"stopDate": execution.stopped.timestamp()})


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str):
        raise ValidationException(
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint:"
            " Member must not be null"
        )
    return value


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {
    "CreateStateMachine": create_state_machine,
    "DeleteStateMachine": delete_state_machine,
    "DescribeExecution": describe_execution,
    "DescribeStateMachine": describe_state_machine,
    "DescribeStateMachineForExecution": describe_state_machine_for_execution,
    "GetExecutionHistory": get_execution_history,
    "ListExecutions": list_executions,
    "ListStateMachines": list_state_machines,
    "ListTagsForResource": list_tags_for_resource,
    "SendTaskFailure": send_task_failure,
    "SendTaskHeartbeat": send_task_heartbeat,
    "SendTaskSuccess": send_task_success,
    "StartExecution": start_execution,
    "StopExecution": stop_execution,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateStateMachine": update_state_machine,
    "ValidateStateMachineDefinition": validate_state_machine_definition,
}

CHANGES = frozenset(
    {"CreateStateMachine", "DeleteStateMachine", "TagResource", "UntagResource", "UpdateStateMachine"}
)
"""The operations after which what API calls have made is another thing."""
