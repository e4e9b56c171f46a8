"""
The operations on map runs.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.stepfunctions.map_runs import MapRun
from pizzabar.stepfunctions.parameters import execution_arn_of, map_run_arn_of, page_of
from pizzabar.stepfunctions.state_machines import StateMachines


def _run(machines: StateMachines, parameters: JSON) -> MapRun:
    return machines.executions.map_runs.get(map_run_arn_of(parameters))


async def describe_map_run(machines: StateMachines, parameters: JSON) -> JSON:
    """Read a map run."""
    return _run(machines, parameters).describe()


async def list_map_runs(machines: StateMachines, parameters: JSON) -> JSON:
    """List the map runs of an execution."""
    arn = execution_arn_of(parameters)
    record = await machines.executions.describe(arn)
    found = [run.summary(record.machine_arn) for run in machines.executions.map_runs.of(arn)]
    return page_of(parameters, "mapRuns", found)


async def update_map_run(machines: StateMachines, parameters: JSON) -> JSON:
    """Change how many children a map run has at work, and how many failures it tolerates."""
    run = _run(machines, parameters)
    changes = {
        field: parameters[member]
        for member, field in (
            ("maxConcurrency", "concurrency"),
            ("toleratedFailureCount", "tolerated_count"),
            ("toleratedFailurePercentage", "tolerated_percentage"),
        )
        if parameters.get(member) is not None
    }
    for field, value in changes.items():
        if value < 0 or (field == "tolerated_percentage" and value > 100):
            raise ValidationException(f"1 validation error detected: Value '{value}' at '{field}' is out of range")
    if run.status != "RUNNING":
        raise ValidationException(f"The map run is not running: '{run.arn}'")
    for field, value in changes.items():
        setattr(run, field, value)
    machines.executions.map_runs.update(run)
    return {}


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {
    "DescribeMapRun": describe_map_run,
    "ListMapRuns": list_map_runs,
    "UpdateMapRun": update_map_run,
}
