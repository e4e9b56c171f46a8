"""
The operations on activities.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from collections.abc import Awaitable, Callable

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.stepfunctions.activities import Activity
from pizzabar.stepfunctions.errors import InvalidArn, TaskDoesNotExist, TaskTimedOut
from pizzabar.stepfunctions.interpreter import TaskTaken, read_task_token
from pizzabar.stepfunctions.parameters import hold, page_of, tags_in, text_of
from pizzabar.stepfunctions.state_machines import StateMachines, check_name
from pizzabar.stepfunctions.tasks import is_activity


async def create_activity(machines: StateMachines, parameters: JSON) -> JSON:
    """Make an activity."""
    name = text_of(parameters, "name")
    check_name(name)
    tags = tags_in(parameters)
    activity = machines.create_activity(name)
    if tags:
        machines.tag(activity.arn, machines.tags_of(activity.arn) | tags)
    return {"activityArn": activity.arn, "creationDate": activity.created.timestamp()}


async def describe_activity(machines: StateMachines, parameters: JSON) -> JSON:
    """Read an activity."""
    return _activity(machines.activities.get(_activity_arn(parameters)))


async def list_activities(machines: StateMachines, parameters: JSON) -> JSON:
    """List the activities."""
    return page_of(parameters, "activities", [_activity(each) for each in machines.activities])


async def delete_activity(machines: StateMachines, parameters: JSON) -> JSON:
    """Delete an activity."""
    machines.activities.delete(_activity_arn(parameters))
    return {}


async def get_activity_task(machines: StateMachines, parameters: JSON) -> JSON:
    """Wait for a task of an activity, up to a minute; there may be none."""
    hold(parameters, "workerName")
    arn, worker = _activity_arn(parameters), parameters.get("workerName")
    while (task := await machines.activities.take(arn)) is not None:
        place = read_task_token(task.token)
        assert place is not None
        try:
            await machines.executions.feed(place[0], TaskTaken(place[1], worker), token=task.token)
        except (TaskTimedOut, TaskDoesNotExist):
            # Nobody waits for it any more.
            continue
        return {"taskToken": task.token, "input": documents.write(task.input)}
    return {}


def _activity_arn(parameters: JSON) -> str:
    arn = text_of(parameters, "activityArn")
    if not is_activity(arn):
        raise InvalidArn(f"Invalid Arn: '{arn}'")
    return arn


def _activity(activity: Activity) -> JSON:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created.timestamp()}


OPERATIONS: dict[str, Callable[[StateMachines, JSON], Awaitable[JSON]]] = {
    "CreateActivity": create_activity,
    "DeleteActivity": delete_activity,
    "DescribeActivity": describe_activity,
    "GetActivityTask": get_activity_task,
    "ListActivities": list_activities,
}
"""The operations by name."""
