"""
The history of an execution: its events, as GetExecutionHistory names and numbers them.

An event follows from the one whose id is its ``previousEventId``; the first event of an execution and the Entered
event of its first state follow from none. Data stand in events as compact JSON text.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

import sys
from datetime import datetime

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.stepfunctions.errors import StateFailure
from pizzabar.stepfunctions.retry import DATA_LIMIT_EXCEEDED
from pizzabar.stepfunctions.task_resource import TaskResource

MOST_EVENTS = 25_000
"""The events that an execution may have; the last one tells that it failed for that."""

LARGEST_PAYLOAD = 262_144
"""The bytes of UTF-8 that a payload may have."""

_HAS_FEWER_BYTES = LARGEST_PAYLOAD // 4
"""A text of no more characters than this cannot have more bytes than a payload may have."""


class HistoryFull(Exception):
    """Raised when an event finds no room but for the one that ends the execution."""


class History:
    """The events of one step, numbered on from those before."""

    __slots__ = ("_end", "_timestamp", "events", "next_id")

    def __init__(self, next_id: int, now: datetime, *, is_limited: bool = True) -> None:
        self._end = MOST_EVENTS if is_limited else sys.maxsize
        self.events: list[JSON] = []
        self.next_id = next_id
        self._timestamp = int(now.timestamp() * 1000 + 0.5) / 1000

    def add(self, type_: str, previous: int, field: str | None = None, details: JSON = None) -> int:
        """Enter an event and give its id. Raise ``HistoryFull`` when there is no room."""
        id_ = self.next_id
        if id_ >= self._end:
            raise HistoryFull
        self.next_id = id_ + 1
        event = {"timestamp": self._timestamp, "type": type_, "id": id_, "previousEventId": previous}
        if field is not None:
            event[field] = details
        self.events.append(event)
        return id_

    def end(self, type_: str, previous: int, field: str, details: JSON) -> None:
        """Enter the event that ends an execution, for which there is always room."""
        event = {"timestamp": self._timestamp, "type": type_, "id": self.next_id, "previousEventId": previous}
        self.events.append(event | {field: details})
        self.next_id += 1

    def execution_started(self, text: str, role_arn: str) -> None:
        """An execution starts."""
        details = {"input": text, "inputDetails": {"truncated": False}, "roleArn": role_arn}
        self.add("ExecutionStarted", 0, "executionStartedEventDetails", details)

    def execution_redriven(self, previous: int, count: int) -> int:
        """An execution that has ended goes on."""
        return self.add("ExecutionRedriven", previous, "executionRedrivenEventDetails", {"redriveCount": count})

    def map_run_redriven(self, previous: int, arn: str, count: int) -> int:
        """A map run that has ended goes on."""
        details = {"mapRunArn": arn, "redriveCount": count}
        return self.add("MapRunRedriven", previous, "mapRunRedrivenEventDetails", details)

    def execution_succeeded(self, previous: int, text: str) -> None:
        """An execution ends well."""
        details = {"output": text, "outputDetails": {"truncated": False}}
        self.end("ExecutionSucceeded", previous, "executionSucceededEventDetails", details)

    def execution_ended(self, status: str, previous: int, error: str | None, cause: str | None) -> None:
        """An execution ends otherwise."""
        type_, field = _ENDS[status]
        self.end(type_, previous, field, _error(error, cause))

    def task_scheduled(
        self,
        resource: TaskResource,
        previous: int,
        text: str,
        region: str,
        timeout: int | None,
        heartbeat: int | None,
    ) -> int:
        """A task is to be called."""
        details: dict[str, JSON]
        type_, field = f"{resource.kind}Scheduled", f"{_details(resource)}ScheduledEventDetails"
        if not resource.name:
            details = {"resource": resource.arn, "input": text, "inputDetails": {"truncated": False}}
            if heartbeat is not None and resource.is_activity:
                details["heartbeatInSeconds"] = heartbeat
        else:
            details = {
                "resourceType": resource.type,
                "resource": resource.name,
                "region": region,
                "parameters": text,
            }
            if heartbeat is not None:
                details["heartbeatInSeconds"] = heartbeat
        if timeout is not None:
            details["timeoutInSeconds"] = timeout
        return self.add(type_, previous, field, details)

    def task_started(self, resource: TaskResource, previous: int) -> int:
        """A task is called."""
        if not resource.name:
            return self.add("LambdaFunctionStarted", previous)
        details = {"resourceType": resource.type, "resource": resource.name}
        return self.add("TaskStarted", previous, "taskStartedEventDetails", details)

    def activity_started(self, previous: int, worker: str | None) -> int:
        """A worker has taken a task of an activity."""
        details = {} if worker is None else {"workerName": worker}
        return self.add("ActivityStarted", previous, "activityStartedEventDetails", details)

    def task_submitted(self, resource: TaskResource, previous: int, text: str) -> int:
        """The call of a task that waits for its token has returned."""
        return self.add("TaskSubmitted", previous, "taskSubmittedEventDetails", _task_output(resource, text))

    def task_succeeded(self, resource: TaskResource, previous: int, text: str) -> int:
        """A task is done."""
        details = {"output": text, "outputDetails": {"truncated": False}}
        named = _task_output(resource, text) if resource.name else details
        return self.add(f"{resource.kind}Succeeded", previous, f"{_details(resource)}SucceededEventDetails", named)

    def task_failed(self, resource: TaskResource, previous: int, error: str | None, cause: str | None) -> int:
        """A task has failed."""
        return self._task_ended("Failed", resource, previous, error, cause)

    def task_timed_out(self, resource: TaskResource, previous: int, error: str, cause: str | None) -> int:
        """A task has not answered in time."""
        return self._task_ended("TimedOut", resource, previous, error, cause)

    def _task_ended(
        self, how: str, resource: TaskResource, previous: int, error: str | None, cause: str | None
    ) -> int:
        details = _error(error, cause)
        if resource.name:
            details = {"resourceType": resource.type, "resource": resource.name, **details}
        return self.add(f"{resource.kind}{how}", previous, f"{_details(resource)}{how}EventDetails", details)

    def map_started(self, previous: int, length: int) -> int:
        """A Map state begins with its items."""
        return self.add("MapStateStarted", previous, "mapStateStartedEventDetails", {"length": length})

    def iteration(self, how: str, previous: int, name: str, index: int) -> int:
        """An iteration of a Map state has Started, Succeeded, Failed or been Aborted."""
        details = {"name": name, "index": index}
        return self.add(f"MapIteration{how}", previous, f"mapIteration{how}EventDetails", details)


_ENDS = {
    "FAILED": ("ExecutionFailed", "executionFailedEventDetails"),
    "TIMED_OUT": ("ExecutionTimedOut", "executionTimedOutEventDetails"),
    "ABORTED": ("ExecutionAborted", "executionAbortedEventDetails"),
}


def write_payload(value: JSON, name: str) -> str:
    """Write the data of a state, as events hold it. Fail the state when there is too much.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    try:
        text = documents.write(value)
    except TypeError:
        # What is nested deeper than JSON can be written here is too much as well.
        raise StateFailure(DATA_LIMIT_EXCEEDED, _too_large(name)) from None
    if len(text) > _HAS_FEWER_BYTES and len(text.encode()) > LARGEST_PAYLOAD:
        raise StateFailure(DATA_LIMIT_EXCEEDED, _too_large(name))
    return text


def _too_large(name: str) -> str:
    return (
        f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )


def _error(error: str | None, cause: str | None) -> dict[str, JSON]:
    details: dict[str, JSON] = {}
    if error is not None:
        details["error"] = error
    if cause is not None:
        details["cause"] = cause
    return details


def _details(resource: TaskResource) -> str:
    """Give how the members with the details of a resource's events begin."""
    return resource.kind[:1].lower() + resource.kind[1:]


def _task_output(resource: TaskResource, text: str) -> JSON:
    return {
        "resourceType": resource.type,
        "resource": resource.name,
        "output": text,
        "outputDetails": {"truncated": False},
    }
