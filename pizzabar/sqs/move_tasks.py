"""
Tasks that move messages out of a dead-letter queue: at once, or so many a second.

What a task has done is kept with the queue that it moves out of; it goes on after a restart. A message that is moved
is a new one, of a new id and age.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

from dataclasses import replace
from datetime import timedelta

from pizzabar.sqs.errors import InvalidParameterValueException, QueueDoesNotExist, ResourceNotFoundException
from pizzabar.sqs.queue import MoveTask, Queue
from pizzabar.sqs.queues import Queues
from pizzabar.sqs.store import Message, Sending
from pizzabar.uuids import new_uuid

KEPT = 10
"""How many tasks of a queue are remembered."""
AT_ONCE = 500
RUNNING, COMPLETED, FAILED, CANCELLED = "RUNNING", "COMPLETED", "FAILED", "CANCELLED"


async def start(queues: Queues, source: Queue, destination: str | None, per_second: int | None) -> MoveTask:
    """Begin to move the messages of a queue. Raise ``InvalidParameterValueException``."""
    if not queues.sources_of(source.name):
        raise InvalidParameterValueException("Source queue must be configured as a Dead Letter Queue.")
    now, count = queues.now(), await queues.messages.count(source.name)
    # It may be another by now.
    source = queues.get(source.name)
    if any(task.status == RUNNING for task in source.move_tasks):
        raise InvalidParameterValueException(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    task = MoveTask(new_uuid(), round(now * 1000), count.visible, destination, per_second)
    queues.put(replace(source, move_tasks=(task, *source.move_tasks[: KEPT - 1])))
    queues.work.start(_run(queues, source.name, task.id))
    return task


def cancel(queues: Queues, source: Queue, id: str) -> MoveTask:
    """End a task before all is moved. Raise ``ResourceNotFoundException`` when none of that id is running."""
    task = _find(source, id)
    if task is None or task.status != RUNNING:
        raise ResourceNotFoundException("Task does not exist.")
    _change(queues, source, replace(task, status=CANCELLED))
    return task


def go_on(queues: Queues) -> None:
    """Go on with the tasks that were running when the emulator was stopped."""
    for queue in queues:
        for task in queue.move_tasks:
            if task.status == RUNNING:
                queues.work.start(_run(queues, queue.name, task.id))


async def _run(queues: Queues, name: str, id: str) -> None:
    """Move as many messages as may be moved now, and come back for others in a second."""
    while (task := _running(queues, name, id)) is not None:
        queue, now = queues.get(name), queues.now()
        oldest = now - queue["MessageRetentionPeriod"]
        most = min(task.per_second or AT_ONCE, task.to_move - task.moved)
        found = await queues.store.visible(name, now, oldest, most) if most > 0 else []
        arrived: dict[str, None] = {}
        failure = None
        for message in found:
            try:
                target = queues.by_arn(task.destination or message.sending.source_arn or "")
            except QueueDoesNotExist as error:
                failure = error.query_code
                break
            await queues.store.move(name, message.number, target.name, _moved(queues, target, message))
            arrived[target.name] = None
            task = replace(task, moved=task.moved + 1)
        if failure is not None:
            task = replace(task, status=FAILED, failure=failure)
        elif not found or task.moved >= task.to_move:
            task = replace(task, status=COMPLETED)
        if _running(queues, name, id) is None:
            # It was cancelled meanwhile, or its queue deleted.
            return
        _change(queues, queues.get(name), task)
        await queues.messages.arrived(arrived)
        if task.status == RUNNING and task.per_second is not None:
            later = queues.clock.now() + timedelta(seconds=1)
            queues.clock.wake_at(later, lambda: _start(queues, name, id))
            return


def _start(queues: Queues, name: str, id: str) -> None:
    queues.work.start(_run(queues, name, id))


def _moved(queues: Queues, target: Queue, message: Message) -> Sending:
    now = queues.now()
    return replace(message.sending, id=new_uuid(), sent=now, visible=now + target["DelaySeconds"], source_arn=None)


def _running(queues: Queues, name: str, id: str) -> MoveTask | None:
    task = _find(queues.get(name), id) if name in queues else None
    return task if task is not None and task.status == RUNNING else None


def _find(queue: Queue, id: str) -> MoveTask | None:
    return next((task for task in queue.move_tasks if task.id == id), None)


def _change(queues: Queues, queue: Queue, task: MoveTask) -> None:
    tasks = tuple(task if each.id == task.id else each for each in queue.move_tasks)
    queues.put(replace(queue, move_tasks=tasks))
