"""
A queue's reader: it hands a function, in batches, the messages of a queue, and deletes those that the function is
done with.

Rules:
- Several batches are handed over at once, as many as the mapping allows; a FIFO queue keeps its groups in order.
- What the function is not done with stays in flight, and comes back when its visibility timeout ends: so it is tried
  again, until the queue's redrive policy takes it away.
- What no filter matches is deleted.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from pizzabar import documents
from pizzabar.arn import parse_arn, queue_url
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.event_patterns.pattern import Pattern
from pizzabar.journal import CAUSE, Cause, act_as, new_trace_id
from pizzabar.lambda_.errors import InvalidParameterValueException, ResourceNotFoundException
from pizzabar.lambda_.event_source_mapping import EventSourceMapping
from pizzabar.lambda_.function import Function
from pizzabar.lambda_.functions import MAX_SYNCHRONOUS_BYTES, Functions
from pizzabar.operations import Call
from pizzabar.principal import Principal
from pizzabar.work import Work

AT_ONCE = 5
"""How many batches are handed over at once where the mapping does not say; AWS begins with as many."""
MOST_OF_ONE_CALL = 10
_FAILED = "PROBLEM: Function call failed"


async def check_queue(call: Call, arn: str, function: Function) -> None:
    """Raise ``InvalidParameterValueException`` for a queue that a function cannot be handed."""
    asked = {"QueueUrl": queue_url(arn), "AttributeNames": ["VisibilityTimeout"]}
    try:
        answer = await call("sqs", "GetQueueAttributes", asked)
    except ServiceError as error:
        message = (
            f"Error occurred while ReceiveMessage. SQS Error Code: {error.query_code or error.code}. "
            f"SQS Error Message: {error.message}"
        )
        raise InvalidParameterValueException(message, Type="User") from None
    visibility = int(answer["Attributes"]["VisibilityTimeout"])
    if visibility < function.timeout:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {visibility} seconds is less than Function timeout: "
            f"{function.timeout} seconds",
            Type="User",
        )


class QueueReader:
    """A mapping from a queue at work."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        filters: list[Pattern],
        functions: Functions,
        call: Call,
        clock: Clock,
        work: Work,
        *,
        is_asked: bool,
    ) -> None:
        self.mapping = mapping
        self.filters = filters
        self.is_asked = is_asked
        self.result = "No records processed"
        self._functions = functions
        self._call = call
        self._clock = clock
        self._work = work
        self._running = 0
        self._is_stopped = False
        self._cause: Cause | None = None
        self._left: list[JSON] = []
        """Messages that were received, and wait for their window's end or for the next batch."""
        self._window_ends: datetime | None = None
        self._timers: set[Timer] = set()

    @property
    def _url(self) -> str:
        return queue_url(self.mapping.source_arn)

    def wake(self) -> None:
        """Take note that the queue may have something to give."""
        self._cause = CAUSE.get()
        self._begin()

    def stop(self) -> None:
        """Hand nothing over any more."""
        self._is_stopped = True
        for timer in self._timers:
            timer.cancel()

    def _begin(self) -> None:
        most = self.mapping["ScalingConfig"].get("MaximumConcurrency", AT_ONCE)
        if self._is_at_work and self._running < most:
            self._running += 1
            self._work.start(self._run())

    @property
    def _is_at_work(self) -> bool:
        return not self._is_stopped and bool(self.mapping["Enabled"])

    async def _run(self) -> None:
        try:
            while self._is_at_work:
                cause = self._cause or Cause(new_trace_id(self._clock.timestamp()))
                CAUSE.set(cause.within(principal=self._reads_as()))
                batch = await self._gather()
                if not batch:
                    return
                if len(batch) == self.mapping["BatchSize"]:
                    # There may be more, for others to hand over.
                    self._begin()
                await self._hand_over(batch)
        except ServiceError as error:
            # The queue has gone, or may not be read.
            self.result = f"PROBLEM: {error.message}"
        finally:
            self._running -= 1

    def _reads_as(self) -> Principal | None:
        try:
            return self._functions.get(self.mapping.function_arn).principal
        except ResourceNotFoundException:
            # The function has gone.
            return None

    async def _gather(self) -> list[JSON]:
        """Receive the messages of a batch; none if there are none, or they are to wait for others."""
        batch, self._left = self._left, []
        wanted = self.mapping["BatchSize"]
        while len(batch) < wanted:
            asked = {
                "QueueUrl": self._url,
                "MaxNumberOfMessages": min(wanted - len(batch), MOST_OF_ONE_CALL),
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
                "WaitTimeSeconds": 0,
            }
            found = (await self._call("sqs", "ReceiveMessage", asked)).get("Messages", [])
            batch += found
            if not found:
                break
        now, seconds = self._clock.now(), self.mapping["MaximumBatchingWindowInSeconds"]
        fitting = _fitting(batch)
        if fitting < len(batch):
            batch, rest = batch[:fitting], batch[fitting:]
            self._left = [*rest, *self._left]
        elif batch and seconds and len(batch) < wanted:
            if self._window_ends is None:
                self._window_ends = now + timedelta(seconds=seconds)
                self._at(self._window_ends, self._begin)
            if now < self._window_ends:
                self._left = [*batch, *self._left]
                return []
        self._window_ends = None
        return batch

    async def _hand_over(self, batch: list[JSON]) -> None:
        taken = self._clock.now()
        records = [_as_event(self.mapping, message) for message in batch]
        if self.filters:
            records = [each for each in records if any(_is_matched(pattern, each) for pattern in self.filters)]
        failed: Collection[str] = ()
        if records:
            ids = [record["messageId"] for record in records]
            try:
                payload = documents.write({"Records": records})
                outcome = await self._functions.invoke(self.mapping.function_arn, payload)
                failed = ids if outcome.is_error else _failed(self.mapping, ids, outcome.payload)
            except ServiceError:
                # It runs as often as it may already, or has gone.
                failed = ids
        await self._delete([message for message in batch if message["MessageId"] not in failed])
        if failed:
            self.result = _FAILED
            await self._expect([message for message in batch if message["MessageId"] in failed], taken)
        else:
            self.result = "OK"

    async def _delete(self, messages: Sequence[JSON]) -> None:
        for entries in _entries(messages):
            await self._call("sqs", "DeleteMessageBatch", {"QueueUrl": self._url, "Entries": entries})

    async def _expect(self, messages: Sequence[JSON], taken: datetime) -> None:
        """Look again when messages come back. That is a wait which speed shortens: then they come back earlier."""
        asked = {"QueueUrl": self._url, "AttributeNames": ["VisibilityTimeout"]}
        answer = await self._call("sqs", "GetQueueAttributes", asked)
        when = taken + timedelta(seconds=int(answer["Attributes"]["VisibilityTimeout"]))

        def come_back() -> None:
            if self._clock.now() < when:
                self._work.start(self._bring_back(messages))
            else:
                self._begin()

        self._at(when, come_back)

    async def _bring_back(self, messages: Sequence[JSON]) -> None:
        # Nobody asks for it but pizzabar itself.
        act_as(None)
        for entries in _entries(messages):
            changes = [entry | {"VisibilityTimeout": 0} for entry in entries]
            asked = {"QueueUrl": self._url, "Entries": changes}
            await self._call("sqs", "ChangeMessageVisibilityBatch", asked)

    def _at(self, when: datetime, act: Callable[[], None]) -> None:
        def come() -> None:
            self._timers.discard(timer)
            act()

        timer = self._clock.wake_at(when, come)
        self._timers.add(timer)


def _entries(messages: Sequence[JSON]) -> list[list[JSON]]:
    """Write messages as entries of batches."""
    entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
    return [entries[start : start + MOST_OF_ONE_CALL] for start in range(0, len(entries), MOST_OF_ONE_CALL)]


def _fitting(batch: Sequence[JSON]) -> int:
    """Tell how many messages go into one invocation, at least one."""
    size = 0
    for number, message in enumerate(batch):
        size += len(documents.encode(message)) + 512
        if size > MAX_SYNCHRONOUS_BYTES - 1024 and number:
            return number
    return len(batch)


def _as_event(mapping: EventSourceMapping, message: JSON) -> JSON:
    """Write a message as functions are handed it.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#sqs-polling-behavior
    """
    arn = parse_arn(mapping.source_arn)
    assert arn is not None
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {
            name: _as_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": mapping.source_arn,
        "awsRegion": arn.region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _as_attribute(value: JSON) -> JSON:
    names = (("StringValue", "stringValue"), ("BinaryValue", "binaryValue"))
    given = {ours: value[name] for name, ours in names if name in value}
    return {**given, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def _is_matched(pattern: Pattern, record: JSON) -> bool:
    """Whether a filter matches a record: its body as the document that it is, or as the text.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
    """
    try:
        body = documents.parse(record["body"])
    except NotJSON:
        body = record["body"]
    matches = pattern.matches
    return matches(record | {"body": body}) or (body is not record["body"] and matches(record))


def _failed(mapping: EventSourceMapping, ids: Sequence[str], payload: str) -> Collection[str]:
    """Tell of which messages a function says that it is not done with them.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if not mapping["FunctionResponseTypes"]:
        return ()
    try:
        answer = documents.parse(payload)
    except NotJSON:
        return ids
    if answer is None:
        return ()
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if failures is None or failures == []:
        return ()
    try:
        named = {each["itemIdentifier"] for each in failures}
    except (KeyError, TypeError):
        return ids
    # What names no message of the batch means all of it.
    return named if named <= set(ids) else ids
