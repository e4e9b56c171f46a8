"""
The operations of Step Functions, by AWS's names.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from pizzabar import documents
from pizzabar.constraints import Constraint
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ValidationException
from pizzabar.journal import adopt
from pizzabar.shapes import checked
from pizzabar.stepfunctions.activity_operations import OPERATIONS as ACTIVITY_OPERATIONS
from pizzabar.stepfunctions.errors import (
    Diagnostic,
    InvalidArn,
    InvalidDefinition,
    InvalidOutput,
    InvalidToken,
    MissingRequiredParameter,
    StateMachineTypeNotSupported,
)
from pizzabar.stepfunctions.execution import RUNNING, Execution
from pizzabar.stepfunctions.execution_log import DATA, read_logging
from pizzabar.stepfunctions.executions import (
    EXPRESS,
    DeployedStateMachine,
    ExecutionRecord,
    as_express,
)
from pizzabar.stepfunctions.interpreter import (
    Occurrence,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSucceeded,
    read_task_token,
)
from pizzabar.stepfunctions.map_run_operations import OPERATIONS as MAP_RUN_OPERATIONS
from pizzabar.stepfunctions.parameters import (
    check_role,
    execution_arn_of,
    hold,
    page_of,
    resource_arn_of,
    start_of,
    state_machine_arn_of,
    tags_in,
    text_of,
)
from pizzabar.stepfunctions.redrive import not_redrivable, redrive_status
from pizzabar.stepfunctions.state_machines import StateMachines
from pizzabar.stepfunctions.state_tests import OPERATIONS as TEST_OPERATIONS
from pizzabar.stepfunctions.version_operations import OPERATIONS as VERSION_OPERATIONS

MAX_DIAGNOSTICS = 100
MAX_TRACE_HEADER = 256


async def create_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Make a state machine."""
    hold(parameters, "type", "versionDescription")
    check_role(parameters)
    _check_publish(parameters)
    tags = tags_in(parameters)
    machine = machines.create_anew(
        text_of(parameters, "name"),
        text_of(parameters, "definition"),
        role_arn=text_of(parameters, "roleArn"),
        type=parameters.get("type") or "STANDARD",
        is_traced=_is_traced(parameters) or False,
        logging=read_logging(parameters.get("loggingConfiguration") or {}),
    )
    if tags:
        machines.tag(machine.arn, machines.tags_of(machine.arn) | tags)
    answer = {"stateMachineArn": machine.arn, "creationDate": machine.created.timestamp()}
    return answer | _publish(machines, machine, parameters)


async def describe_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Read a state machine."""
    hold(parameters, "includedData")
    machine = machines.describe(text_of(parameters, "stateMachineArn"))
    description = {} if machine.description is None else {"description": machine.description}
    return (
        _summary(machine)
        | description
        | _references(machine)
        | {
            "stateMachineArn": machine.version_arn or machine.arn,
            "revisionId": machine.revision,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": machine.role_arn,
            "loggingConfiguration": machine.logging.document,
            "tracingConfiguration": {"enabled": machine.is_traced},
        }
    )


async def list_state_machines(machines: StateMachines, parameters: JSON) -> JSON:
    """List the state machines."""
    found = sorted(machines, key=lambda machine: machine.name)
    return page_of(parameters, "stateMachines", [_summary(machine) for machine in found])


async def update_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Give a state machine another definition, role, logging or tracing configuration."""
    hold(parameters, "versionDescription")
    check_role(parameters)
    definition, role_arn = parameters.get("definition"), parameters.get("roleArn")
    is_traced = _is_traced(parameters)
    arn = text_of(parameters, "stateMachineArn")
    configuration = parameters.get("loggingConfiguration")
    logging = None if configuration is None else read_logging(configuration)
    if definition is None and role_arn is None and is_traced is None and logging is None:
        raise MissingRequiredParameter(
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be"
            " specified"
        )
    _check_publish(parameters)
    machine = machines.update(arn, definition=definition, role_arn=role_arn, is_traced=is_traced, logging=logging)
    answer = {"updateDate": machines.now().timestamp(), "revisionId": machine.revision}
    return answer | _publish(machines, machine, parameters)


def _is_traced(parameters: JSON) -> bool | None:
    """Read whether segments are to be kept; None if nothing is said of it."""
    configuration = parameters.get("tracingConfiguration")
    return None if configuration is None else bool(configuration.get("enabled"))


def _check_publish(parameters: JSON) -> None:
    if parameters.get("versionDescription") is not None and not parameters.get("publish"):
        raise ValidationException("Version description can only be set when publish is true")


def _publish(machines: StateMachines, machine: DeployedStateMachine, parameters: JSON) -> dict[str, JSON]:
    if not parameters.get("publish"):
        return {}
    version = machines.versions.publish(machine, description=parameters.get("versionDescription"))
    return {"stateMachineVersionArn": version.version_arn}


async def delete_state_machine(machines: StateMachines, parameters: JSON) -> JSON:
    """Delete a state machine."""
    machines.delete(state_machine_arn_of(parameters))
    return {}


async def validate_state_machine_definition(machines: StateMachines, parameters: JSON) -> JSON:
    """Tell what is wrong in a definition, and with the severity WARNING what is hardly meant."""
    hold(parameters, "type", "severity")
    hold(parameters, "maxResults", of={"maxResults": Constraint(int, 0, MAX_DIAGNOSTICS)})
    most = parameters.get("maxResults") or MAX_DIAGNOSTICS
    errors: Sequence[Diagnostic] = ()
    try:
        machine = machines.check(text_of(parameters, "definition"))
        if parameters.get("type") == EXPRESS:
            as_express(machine)
        warnings: Sequence[Diagnostic] = machine.warnings
    except InvalidDefinition as error:
        errors, warnings = error.diagnostics, error.warnings
    found = [_diagnostic("ERROR", each) for each in errors]
    if parameters.get("severity") == "WARNING":
        found += [_diagnostic("WARNING", each) for each in warnings]
    return {"result": "FAIL" if errors else "OK", "diagnostics": found[:most], "truncated": len(found) > most}


def _diagnostic(severity: str, found: Diagnostic) -> JSON:
    location = {} if found.location is None else {"location": found.location}
    return {"severity": severity, "code": found.code, "message": found.message, **location}


async def tag_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """Give a state machine tags, beside those that it has."""
    arn = resource_arn_of(parameters)
    machines.tag(arn, machines.tags_of(arn) | tags_in(parameters))
    return {}


async def untag_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """Take tags from a state machine."""
    arn, keys = resource_arn_of(parameters), parameters.get("tagKeys") or []
    machines.tag(arn, {key: value for key, value in machines.tags_of(arn).items() if key not in keys})
    return {}


async def list_tags_for_resource(machines: StateMachines, parameters: JSON) -> JSON:
    """List the tags of a state machine."""
    tags = machines.tags_of(resource_arn_of(parameters))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


async def describe_state_machine_for_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Read the state machine of an execution, as it was when that started."""
    record = await _describe(machines, parameters)
    execution = record.execution
    # That of a map run's child is part of another one.
    machine = machines.describe(execution.version_arn or record.machine_arn.partition("/")[0])
    machine = replace(
        machine,
        definition=await machines.executions.definition(execution.arn),
        machine=await machines.executions.machine(execution.arn),
    )
    child = {}
    if execution.map_run_arn is not None:
        child = {"mapRunArn": execution.map_run_arn, "label": record.machine_arn.rpartition("/")[2]}
    return {
        "stateMachineArn": record.machine_arn if child else machine.version_arn or machine.arn,
        "revisionId": machine.revision,
        "name": execution.machine_name,
        **child,
        "definition": machine.definition,
        "roleArn": machine.role_arn,
        "updateDate": machine.created.timestamp(),
        "loggingConfiguration": machine.logging.document,
        "tracingConfiguration": {"enabled": machine.is_traced},
        **_references(machine),
    }


def _references(machine: DeployedStateMachine) -> dict[str, JSON]:
    """Tell which variables the states of a machine look at, where they do."""
    found = {name: [*variables] for name, variables in machine.machine.references.items()}
    return {"variableReferences": found} if found else {}


async def start_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Start an execution."""
    given, name = parameters.get("input"), parameters.get("name")
    if given is None:
        given = "{}"
    if type(given) is not str or (name is not None and type(name) is not str):
        checked({"input": given, "name": name}, {"input": str, "name": str})
    if "traceHeader" in parameters:
        _adopt(checked(parameters, {"traceHeader": str}))
    record = await machines.start_execution(text_of(parameters, "stateMachineArn"), given, name=name)
    return {"executionArn": record.execution.arn, "startDate": record.execution.started.timestamp()}


async def start_sync_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Start an execution of an Express state machine, and wait until it has ended."""
    hold(parameters, "includedData")
    arn = text_of(parameters, "stateMachineArn")
    # Step Functions Local has no such operation; a test case is named for it as for StartExecution.
    plain = arn.partition("#")[0]
    if not (machines.versions.choose(plain) or machines.get(plain)).is_express:
        raise _wrong_type()
    _adopt(parameters)
    begun = await machines.start_execution(arn, parameters.get("input", "{}"), name=parameters.get("name"))
    record = await machines.executions.ended(begun.execution.arn)
    execution = record.execution
    assert execution.stopped is not None
    milliseconds = (execution.stopped - execution.started) / timedelta(milliseconds=1)
    return _included(
        parameters,
        {name: value for name, value in _execution_summary(record).items() if name != "redriveCount"}
        | _outcome(record)
        | {
            "input": record.input,
            "inputDetails": {"included": True},
            "traceHeader": record.trace,
            # In steps of 100 ms and 64 MB.
            "billingDetails": {
                "billedMemoryUsedInMB": 64,
                "billedDurationInMilliseconds": max(100, -int(-milliseconds // 100) * 100),
            },
        },
    )


def _adopt(parameters: JSON) -> None:
    """Take a request into the trace that its ``traceHeader`` names."""
    header = parameters.get("traceHeader")
    if header is None:
        return
    if len(header) > MAX_TRACE_HEADER or not header.isascii():
        raise ValidationException(
            f"1 validation error detected: Value '{header}' at 'traceHeader' failed to satisfy constraint: Member"
            f" must have length less than or equal to {MAX_TRACE_HEADER}, and satisfy regular expression pattern:"
            " \\p{ASCII}*"
        )
    adopt(header)


async def redrive_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Have an execution that ended unsuccessfully go on from there."""
    arn = execution_arn_of(parameters)
    if ":express:" in arn:
        raise _not_here("express")
    if "/" in arn:
        # A child goes on with its map run.
        raise ValidationException("Labeled Execution ARNs are not supported for this API")
    when = await machines.executions.redrive(arn, parameters.get("clientToken"))
    return {"redriveDate": when.timestamp()}


async def describe_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Read an execution."""
    record = await _describe(machines, parameters)
    answer = {
        **_execution_summary(record),
        "status": _status(machines, record.execution),
        "input": record.input,
        "inputDetails": {"included": True},
        "traceHeader": record.trace,
        **redrive_status(record.execution, machines.now()),
        **_outcome(record),
    }
    return _included(parameters, answer)


def _status(machines: StateMachines, execution: Execution) -> str:
    """Tell the status of an execution; a child may have ended, and wait for its map run to redrive it."""
    run = None if execution.map_run_arn is None else machines.executions.map_runs.find(execution.map_run_arn)
    if run is None or run.status != RUNNING or execution.map_run_redrives == run.redrives:
        return execution.status
    return execution.status if not_redrivable(execution, machines.now()) else "PENDING_REDRIVE"


def _included(parameters: JSON, answer: dict[str, JSON]) -> JSON:
    """Give an answer with what a request wants included: everything, or no data."""
    if parameters.get("includedData") != "METADATA_ONLY":
        return answer
    details = {name: {"included": False} for name in ("inputDetails", "outputDetails") if name in answer}
    return {name: member for name, member in answer.items() if name not in DATA} | details


async def _describe(machines: StateMachines, parameters: JSON) -> ExecutionRecord:
    hold(parameters, "includedData")
    arn = execution_arn_of(parameters)
    record = await machines.executions.describe(arn) if ":express:" not in arn or "/" in arn else None
    # Of those of Express, AWS keeps the children of map runs.
    if record is None or (record.execution.is_express and record.execution.map_run_arn is None):
        raise _not_here("express")
    return record


def _not_here(resource: str) -> InvalidArn:
    return InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {resource}'")


def _wrong_type() -> StateMachineTypeNotSupported:
    return StateMachineTypeNotSupported("This operation is not supported by this type of state machine")


def _outcome(record: ExecutionRecord) -> dict[str, JSON]:
    execution = record.execution
    answer: dict[str, JSON] = {}
    if execution.status == "SUCCEEDED":
        answer |= {"output": documents.write(execution.output), "outputDetails": {"included": True}}
    for member, value in (("error", execution.error), ("cause", execution.cause)):
        if value is not None:
            answer[member] = value
    return answer


async def list_executions(machines: StateMachines, parameters: JSON) -> JSON:
    """List the executions of a state machine."""
    hold(parameters, "statusFilter", "redriveFilter")
    if parameters.get("mapRunArn") is not None:
        return await _children(machines, parameters)
    arn, status = text_of(parameters, "stateMachineArn"), parameters.get("statusFilter")
    if parameters.get("redriveFilter") is not None:
        raise ValidationException("RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN")
    machine = machines.versions.choose(arn) or machines.get(arn)
    if machine.is_express:
        raise _wrong_type()
    records = await machines.executions.list(machine.arn)
    found = [
        _execution_summary(record)
        for record in records
        if status in (None, record.execution.status)
        and (machine.number is None or arn in (record.execution.version_arn, record.execution.alias_arn))
    ]
    return page_of(parameters, "executions", found)


async def _children(machines: StateMachines, parameters: JSON) -> JSON:
    """List the executions of a map run."""
    run = machines.executions.map_runs.get(parameters["mapRunArn"])
    machine_arn = run.arn.replace(":mapRun:", ":stateMachine:", 1).rpartition(":")[0]
    names = set(run.names())
    status, redriven = parameters.get("statusFilter"), parameters.get("redriveFilter")
    found = [
        {
            **_execution_summary(record),
            "status": told,
            "mapRunArn": run.arn,
            "itemCount": run.items_of(execution.name),
        }
        for record in await machines.executions.list(machine_arn)
        if (execution := record.execution).name in names
        and status in (None, told := _status(machines, execution))
        and redriven in (None, "REDRIVEN" if execution.redrives else "NOT_REDRIVEN")
    ]
    return page_of(parameters, "executions", found)


async def get_execution_history(machines: StateMachines, parameters: JSON) -> JSON:
    """Read the history of an execution, in pages of ``maxResults`` events."""
    hold(parameters, "maxResults")
    arn = execution_arn_of(parameters)
    if ":express:" in arn:
        raise _not_here("express")
    events = list(await machines.executions.history(arn))
    if parameters.get("includeExecutionData") is False:
        events = [_without_data(event) for event in events]
    if parameters.get("reverseOrder"):
        events.reverse()
    first, size = start_of(parameters), parameters.get("maxResults") or 100
    answer: JSON = {"events": events[first : first + size]}
    return answer | ({"nextToken": str(first + size)} if first + size < len(events) else {})


_LEFT_OUT = DATA - {"parameters"}
"""What a history is told without on request: AWS leaves the parameters of tasks."""


def _without_data(event: JSON) -> JSON:
    """Give an event of a history without what went in and came out."""
    return {
        name: {key: each for key, each in member.items() if key not in _LEFT_OUT}
        if isinstance(member, dict)
        else member
        for name, member in event.items()
    }


async def stop_execution(machines: StateMachines, parameters: JSON) -> JSON:
    """Abort an execution."""
    arn = execution_arn_of(parameters)
    hold(parameters, "error", "cause")
    if ":express:" in arn:
        raise _wrong_type()
    record = await machines.executions.describe(arn)
    if record.execution.status == "RUNNING":
        await machines.executions.feed(arn, Stopped(parameters.get("error"), parameters.get("cause")))
        record = await machines.executions.describe(arn)
    stopped = record.execution.stopped
    return {"stopDate": None if stopped is None else stopped.timestamp()}


async def send_task_success(machines: StateMachines, parameters: JSON) -> JSON:
    """Answer a task that waits for its token."""
    text = text_of(parameters, "output")
    hold(parameters, "output")
    try:
        output = documents.parse(text)
    except NotJSON as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from None
    return await _answer_task(machines, parameters, lambda op: TaskSucceeded(op, output))


async def send_task_failure(machines: StateMachines, parameters: JSON) -> JSON:
    """Fail a task that waits for its token."""
    hold(parameters, "error", "cause")
    error, cause = parameters.get("error"), parameters.get("cause")
    return await _answer_task(machines, parameters, lambda op: TaskFailed(op, error, cause))


async def send_task_heartbeat(machines: StateMachines, parameters: JSON) -> JSON:
    """Tell that a task that waits for its token is still worked on."""
    return await _answer_task(machines, parameters, TaskHeartbeat)


async def _answer_task(machines: StateMachines, parameters: JSON, occurrence: Callable[[int], Occurrence]) -> JSON:
    token = text_of(parameters, "taskToken")
    place = read_task_token(token)
    if place is None:
        raise InvalidToken(f"Invalid Token: '{token}'")
    arn, op = place
    await machines.executions.feed(arn, occurrence(op), token=token)
    return {}


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
        # That of a child of Express has its whole name, as on AWS.
        "name": execution.arn.split(":", 7)[7] if execution.map_run_arn is not None else execution.name,
        "status": execution.status,
        "startDate": execution.started.timestamp(),
        "redriveCount": execution.redrives,
    }
    for member, value in (
        ("stateMachineVersionArn", execution.version_arn),
        ("stateMachineAliasArn", execution.alias_arn),
        ("redriveDate", None if execution.redriven is None else execution.redriven.timestamp()),
        ("mapRunArn", execution.map_run_arn),
    ):
        if value is not None:
            summary[member] = value
    return summary | ({} if execution.stopped is None else {"stopDate": execution.stopped.timestamp()})


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {
    **ACTIVITY_OPERATIONS,
    **MAP_RUN_OPERATIONS,
    **TEST_OPERATIONS,
    **VERSION_OPERATIONS,
    "CreateStateMachine": create_state_machine,
    "DeleteStateMachine": delete_state_machine,
    "DescribeExecution": describe_execution,
    "DescribeStateMachine": describe_state_machine,
    "DescribeStateMachineForExecution": describe_state_machine_for_execution,
    "GetExecutionHistory": get_execution_history,
    "ListExecutions": list_executions,
    "ListStateMachines": list_state_machines,
    "ListTagsForResource": list_tags_for_resource,
    "RedriveExecution": redrive_execution,
    "SendTaskFailure": send_task_failure,
    "SendTaskHeartbeat": send_task_heartbeat,
    "SendTaskSuccess": send_task_success,
    "StartExecution": start_execution,
    "StartSyncExecution": start_sync_execution,
    "StopExecution": stop_execution,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateStateMachine": update_state_machine,
    "ValidateStateMachineDefinition": validate_state_machine_definition,
}

CHANGES = frozenset(
    {
        *("CreateActivity", "CreateStateMachine", "CreateStateMachineAlias", "DeleteActivity", "DeleteStateMachine"),
        *("DeleteStateMachineAlias", "DeleteStateMachineVersion", "PublishStateMachineVersion", "TagResource"),
        *("UntagResource", "UpdateStateMachine", "UpdateStateMachineAlias"),
    }
)
"""The operations after which what API calls have made is another thing."""
