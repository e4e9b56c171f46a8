"""
Event sources: they hand to functions, in batches, what the streams of tables tell; and, by ``queue_reader``, the
messages of queues.

Rules:
- A mapping reads its stream in order, one batch at a time. Its place moves on when the function is done with a batch,
  and is never durable before what the function wrote: after a kill, a batch may be handed over once more.
- A batch that fails is tried again, and holds up those behind it, until it succeeds or its mapping gives it up.
- What AWS does in parallel for several partition keys (``ParallelizationFactor``) is done one after another here.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pizzabar import documents
from pizzabar.arn import Home
from pizzabar.clock import Clock, Timer
from pizzabar.documents import JSON, NotJSON
from pizzabar.errors import ServiceError
from pizzabar.event_patterns.pattern import Pattern, read_pattern
from pizzabar.journal import CAUSE, Cause, new_trace_id
from pizzabar.lambda_.destinations import RECORDS_TOO_OLD, RETRIES_EXHAUSTED, GivenUp, telling_of_batch
from pizzabar.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
    TooManyRequestsException,
)
from pizzabar.lambda_.event_source_mapping import (
    DEFAULTS,
    FOR_EVER,
    QUEUE_DEFAULTS,
    EventSourceMapping,
    check_queue_settings,
    is_queue,
    read_settings,
    read_source,
)
from pizzabar.lambda_.functions import MAX_SYNCHRONOUS_BYTES, Functions, Outcome, function_name
from pizzabar.lambda_.queue_reader import QueueReader, check_queue
from pizzabar.operations import Call
from pizzabar.principal import Principal
from pizzabar.uuids import new_uuid, uuid_of
from pizzabar.work import Work

MAX_RECORDS = 1000
MAX_PAGE_BYTES = 1 << 20
"""What one GetRecords gives at most."""
LONGEST_BACK_OFF = timedelta(minutes=1)


@dataclass(slots=True)
class _Reader:
    """A mapping of a stream at work."""

    mapping: EventSourceMapping
    filters: list[Pattern]
    is_asked: bool
    """Whether API calls have made or changed it."""
    after: str | None = None
    """The sequence number of the last record that is done with."""
    result: str = "No records processed"
    is_running: bool = False
    has_more: bool = False
    cause: Cause | None = None
    timer: Timer | None = None
    window_ends: datetime | None = None
    failures: int = 0
    parts: list[int] = field(default_factory=list)
    """How many records the next batches have, of one that failed and was cut in two."""

    def stop(self) -> None:
        """Do not try again."""
        if self.timer is not None:
            self.timer.cancel()


class EventSources:
    """The event source mappings of one account and region."""

    def __init__(
        self,
        functions: Functions,
        call: Call,
        clock: Clock,
        work: Work,
        home: Home,
        *,
        keep: Callable[[JSON], None],
    ) -> None:
        self._functions = functions
        self._call = call
        self._clock = clock
        self._work = work
        self._home = home
        self._keep = keep
        self._readers: dict[str, _Reader | QueueReader] = {}
        self._shard_ids: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._is_open = False

    # Mappings.

    def __iter__(self) -> Iterator[EventSourceMapping]:
        return iter([reader.mapping for reader in self._readers.values()])

    def get(self, uuid: JSON) -> EventSourceMapping:
        """Find a mapping. Raise ``ResourceNotFoundException``."""
        return self._reader(uuid).mapping

    def last_result(self, mapping: EventSourceMapping) -> str:
        """Tell how the last batch went, in AWS's words."""
        return self._readers[mapping.uuid].result

    async def create(self, parameters: JSON, *, uuid: str | None = None) -> EventSourceMapping:
        """Make a mapping, of the parameters of CreateEventSourceMapping; a template's has the ``uuid`` given.

        Raise ``InvalidParameterValueException``, ``ResourceNotFoundException`` or ``ResourceConflictException``.
        """
        source_arn, position = read_source(parameters)
        defaults = QUEUE_DEFAULTS if is_queue(source_arn) else DEFAULTS
        settings = {**defaults, **read_settings(parameters, source_arn)}
        function = self._functions.get(str(parameters.get("FunctionName")))
        if is_queue(source_arn):
            check_queue_settings(settings, source_arn)
            await check_queue(self._call, source_arn, function)
        else:
            await self._check_stream(source_arn)
        for known in self:
            if (known.source_arn, known.function_arn) == (source_arn, function.invoked_arn) and known.uuid != uuid:
                raise ResourceConflictException(
                    f'An event source mapping with event source ("{source_arn}") and function ("{function.name}") '
                    f"already exists. Please update or delete the existing mapping with UUID {known.uuid}",
                    Type="User",
                )
        name = uuid or new_uuid()
        mapping = EventSourceMapping(
            name,
            self._home.arn("lambda", f"event-source-mapping:{name}"),
            source_arn,
            function.invoked_arn,
            position,
            settings,
            self._clock.now(),
        )
        was = self._readers.get(name)
        if isinstance(was, _Reader) and was.mapping.source_arn == source_arn:
            after = was.after
        else:
            after = await self._last(source_arn) if position == "LATEST" else None
        self.take_out(name)
        reader = self._enter(mapping, is_asked=uuid is None, after=after)
        if self._is_open:
            self._start(reader)
        return mapping

    def take_out(self, uuid: str) -> None:
        """Let a mapping that the template has made go."""
        reader = self._readers.pop(uuid, None)
        if reader is not None:
            reader.stop()

    def change(self, uuid: JSON, parameters: JSON) -> EventSourceMapping:
        """Change a mapping, by the parameters of UpdateEventSourceMapping. Raise as ``create`` does."""
        reader = self._reader(uuid)
        source_arn, function_arn = reader.mapping.source_arn, reader.mapping.function_arn
        settings = {
            **reader.mapping.settings,
            **read_settings(parameters, source_arn),
        }
        if reader.mapping.is_of_queue:
            check_queue_settings(settings, source_arn)
        if parameters.get("FunctionName") is not None:
            function_arn = self._functions.get(str(parameters["FunctionName"])).invoked_arn
        reader.mapping = replace(
            reader.mapping,
            function_arn=function_arn,
            settings=settings,
            modified=self._clock.now(),
        )
        reader.filters = [read_pattern(each) for each in reader.mapping.patterns]
        reader.is_asked = True
        self._start(reader)
        return reader.mapping

    def delete(self, uuid: JSON) -> EventSourceMapping:
        """Delete a mapping, and give what it was. Raise ``ResourceNotFoundException``."""
        reader = self._reader(uuid)
        del self._readers[reader.mapping.uuid]
        self._deleted.add(reader.mapping.uuid)
        reader.stop()
        return reader.mapping

    # What API calls have made, and the places of all.

    def to_keep(self) -> JSON:
        """Give the mappings that API calls have made or changed, and the place of each one."""
        return {
            "deleted": sorted(self._deleted),
            "mappings": [reader.mapping.to_json() for reader in self._readers.values() if reader.is_asked],
            "places": {
                uuid: [reader.mapping.source_arn, reader.after]
                for uuid, reader in self._readers.items()
                if isinstance(reader, _Reader)
            },
        }

    def restore(self, document: JSON, declared: Collection[str]) -> list[str]:
        """Make again what API calls have made; tell of what the template has changed back."""
        told = [
            f"the event source mapping {uuid} is there again, as the template has it"
            for uuid in document.get("deleted", ())
            if uuid in self._readers
        ]
        for each in document["mappings"]:
            mapping = EventSourceMapping.from_json(each)
            if mapping.uuid in self._readers:
                told.append(f"the event source mapping {mapping.uuid} is the template's again")
            elif not self._functions.has(function_name(mapping.function_arn)):
                told.append(f"the event source mapping {mapping.uuid} is gone: its function is no more")
            else:
                self._enter(mapping, is_asked=True)
        for uuid, (source_arn, after) in document["places"].items():
            reader = self._readers.get(uuid)
            if isinstance(reader, _Reader) and reader.mapping.source_arn == source_arn:
                reader.after = after
        return told

    # Reading.

    async def open(self) -> None:
        """Begin to read, from where each mapping was left."""
        self._is_open = True
        if self._readers:
            self._keep(self.to_keep())
        for reader in self._readers.values():
            self._start(reader)

    def wake(self, source_arn: str) -> None:
        """Take note that a stream has something to tell, or a queue to give."""
        if not self._is_open:
            return
        for reader in self._readers.values():
            if reader.mapping.source_arn == source_arn:
                self._start(reader)

    def _start(self, reader: _Reader | QueueReader) -> None:
        if isinstance(reader, QueueReader):
            reader.wake()
            return
        reader.has_more = True
        reader.cause = CAUSE.get()
        if not reader.is_running and reader.mapping["Enabled"] and reader.timer is None:
            reader.is_running = True
            self._work.start(self._run(reader))

    async def _run(self, reader: _Reader) -> None:
        try:
            while self._is_at_work(reader) and reader.has_more:
                reader.has_more = False
                # What is done now is part of the trace of the change that woke the reader last.
                cause = reader.cause or Cause(new_trace_id(self._clock.timestamp()))
                # The function's role reads the stream.
                CAUSE.set(cause.within(principal=self._reads_as(reader.mapping)))
                batch = await self._read(reader)
                if not batch or self._waits_for_more(reader, batch):
                    continue
                await self._hand_over(reader, batch)
        except ServiceError as error:
            # The stream has gone with its table.
            reader.result = f"PROBLEM: {error.message}"
        finally:
            reader.is_running = False

    def _reads_as(self, mapping: EventSourceMapping) -> Principal | None:
        try:
            return self._functions.get(mapping.function_arn).principal
        except ResourceNotFoundException:
            # The function has gone.
            return None

    def _is_at_work(self, reader: _Reader) -> bool:
        uuid = reader.mapping.uuid
        return self._readers.get(uuid) is reader and reader.mapping["Enabled"] and reader.timer is None

    async def _read(self, reader: _Reader) -> list[JSON]:
        """Read the next batch, and note whether more may be behind it."""
        wanted = reader.parts[0] if reader.parts else reader.mapping["BatchSize"]
        batch: list[JSON] = []
        size = 0
        iterator = await self._iterator(reader.mapping.source_arn, reader.after)
        while iterator is not None and len(batch) < wanted:
            limit = min(wanted - len(batch), MAX_RECORDS)
            page = await self._call("dynamodbstreams", "GetRecords", {"ShardIterator": iterator, "Limit": limit})
            iterator = page.get("NextShardIterator")
            for record in page["Records"]:
                size += len(documents.encode(record))
                if batch and size > MAX_SYNCHRONOUS_BYTES - 1024:
                    reader.has_more = True
                    return batch
                batch.append(record)
            if len(page["Records"]) < limit:
                # All there is, or as much as goes into a page.
                reader.has_more = reader.has_more or size > MAX_PAGE_BYTES // 2
                return batch
        reader.has_more = True
        return batch

    def _waits_for_more(self, reader: _Reader, batch: list[JSON]) -> bool:
        """Whether a batch that is not full is to wait for its window's end."""
        seconds, now = reader.mapping["MaximumBatchingWindowInSeconds"], self._clock.now()
        if seconds == 0 or reader.parts or reader.has_more or len(batch) == reader.mapping["BatchSize"]:
            reader.window_ends = None
            return False
        if reader.window_ends is None:
            reader.window_ends = now + timedelta(seconds=seconds)
        elif now >= reader.window_ends:
            reader.window_ends = None
            return False
        else:
            return True
        self._clock.wake_at(reader.window_ends, lambda: self._start(reader))
        return True

    async def _hand_over(self, reader: _Reader, batch: list[JSON]) -> None:
        """Invoke the function with a batch, and go on behind it, or see to it that it is tried again."""
        mapping = reader.mapping
        records = [_as_event(mapping, each) for each in batch]
        if reader.filters:
            records = [each for each in records if any(pattern.matches(each) for pattern in reader.filters)]
        done = len(batch)
        outcome: Outcome | None = None
        try:
            if records:
                outcome = await self._functions.invoke(mapping.function_arn, documents.write({"Records": records}))
                done = 0 if outcome.is_error else _done(mapping, batch, outcome.payload)
        except TooManyRequestsException:
            # Throttled attempts do not count: nothing is cut or given up for them.
            reader.result = "PROBLEM: Function call failed"
            self._try_later(reader, timedelta(seconds=1))
            return
        except ServiceError:
            # The function has gone.
            done = 0
        if done < len(batch):
            reader.result = "PROBLEM: Function call failed"
            attempts, whole = reader.failures + 1, batch[done:]
            done, condition = self._after_failure(reader, batch, done)
            if condition is not None and outcome is not None:
                await self._tell(mapping, condition, whole, outcome, attempts)
        else:
            reader.result = "OK"
            reader.failures, reader.parts = 0, reader.parts[1:]
        if done and self._readers.get(mapping.uuid) is reader:
            reader.after = batch[done - 1]["dynamodb"]["SequenceNumber"]
            self._keep(self.to_keep())
        reader.has_more = reader.has_more or bool(reader.parts)

    def _after_failure(self, reader: _Reader, batch: list[JSON], done: int) -> tuple[int, str | None]:
        """Decide what becomes of a batch of which the first records alone, if any, are done; tell how many are now.

        Beside that stands why the others are given up, if they are.

        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
        """
        mapping, left = reader.mapping, batch[done:]
        most, oldest = mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]
        rest = len(left)
        if mapping["BisectBatchOnFunctionError"] and len(batch) > 1:
            # To cut a batch in two does not count as a retry.
            parts = [rest] if done else [rest // 2, rest - rest // 2]
            reader.parts = [part for part in parts if part] + reader.parts[1:]
            return done, None
        reader.parts = [rest, *reader.parts[1:]]
        reader.failures += 1
        now = self._clock.now()
        told = left[0]["dynamodb"]["ApproximateCreationDateTime"]
        is_too_old = oldest != FOR_EVER and now.timestamp() - told > oldest
        if is_too_old or (most != FOR_EVER and reader.failures > most):
            reader.failures, reader.parts = 0, reader.parts[1:]
            return len(batch), RECORDS_TOO_OLD if is_too_old else RETRIES_EXHAUSTED
        self._try_later(reader, min(timedelta(seconds=2.0 ** min(reader.failures - 1, 10)), LONGEST_BACK_OFF))
        return done, None

    async def _tell(
        self, mapping: EventSourceMapping, condition: str, batch: list[JSON], outcome: Outcome, attempts: int
    ) -> None:
        """Tell the destination, if there is one, that a batch is given up."""
        if mapping.on_failure is None:
            return
        given_up = GivenUp(
            condition,
            outcome.request_id,
            mapping.function_arn,
            outcome.version,
            attempts,
            self._clock.now(),
            mapping.source_arn,
            await self._shard_id(mapping.source_arn),
            batch,
            outcome.is_error,
        )
        telling = telling_of_batch(given_up, mapping.on_failure)
        await self._functions.tell(telling, self._functions.get(mapping.function_arn))

    def _try_later(self, reader: _Reader, back_off: timedelta) -> None:
        def try_again() -> None:
            reader.timer = None
            self._start(reader)

        reader.timer = self._clock.wake_at(self._clock.now() + back_off, try_again)

    # The stream.

    async def _check_stream(self, arn: str) -> None:
        """Raise ``InvalidParameterValueException`` for a stream that is not there."""
        try:
            await self._shard_id(arn)
        except ServiceError as error:
            message = f"Stream not found: {arn} ({error.message})"
            raise InvalidParameterValueException(message, Type="User") from None

    async def _iterator(self, arn: str, after: str | None) -> JSON:
        """Give an iterator that stands behind a record, or before everything that there is."""
        shard = {"StreamArn": arn, "ShardId": await self._shard_id(arn)}
        oldest = shard | {"ShardIteratorType": "TRIM_HORIZON"}
        place = shard | {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        try:
            answer = await self._call("dynamodbstreams", "GetShardIterator", oldest if after is None else place)
        except ServiceError as error:
            if error.code != "TrimmedDataAccessException":
                raise
            answer = await self._call("dynamodbstreams", "GetShardIterator", oldest)
        return answer["ShardIterator"]

    async def _last(self, arn: str) -> str | None:
        """Give the sequence number of the last record of a stream."""
        last = None
        iterator = await self._iterator(arn, None)
        while iterator is not None:
            page = await self._call("dynamodbstreams", "GetRecords", {"ShardIterator": iterator})
            if not page["Records"]:
                break
            last = page["Records"][-1]["dynamodb"]["SequenceNumber"]
            iterator = page.get("NextShardIterator")
        return last

    async def _shard_id(self, arn: str) -> str:
        shard_id = self._shard_ids.get(arn)
        if shard_id is None:
            answer = await self._call("dynamodbstreams", "DescribeStream", {"StreamArn": arn})
            shard_id = self._shard_ids[arn] = answer["StreamDescription"]["Shards"][0]["ShardId"]
        return shard_id

    def _reader(self, uuid: JSON) -> _Reader | QueueReader:
        reader = self._readers.get(uuid) if isinstance(uuid, str) else None
        if reader is None:
            raise ResourceNotFoundException("The resource you requested does not exist.", Type="User")
        return reader

    def _enter(
        self, mapping: EventSourceMapping, *, is_asked: bool, after: str | None = None
    ) -> _Reader | QueueReader:
        filters = [read_pattern(each) for each in mapping.patterns]
        reader: _Reader | QueueReader
        if mapping.is_of_queue:
            around = (self._functions, self._call, self._clock, self._work)
            reader = QueueReader(mapping, filters, *around, is_asked=is_asked)
        else:
            reader = _Reader(mapping, filters, is_asked, after)
        self._readers[mapping.uuid] = reader
        return reader


def declared_uuid(stack: str, logical_id: str) -> str:
    """Name the mapping of a template: always the same."""
    return uuid_of(f"{stack}/{logical_id}")


def _as_event(mapping: EventSourceMapping, told: JSON) -> JSON:
    """Write a record as functions are handed it.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb
    """
    record = told | {"eventSourceARN": mapping.source_arn}
    if (identity := told.get("userIdentity")) is not None:
        record["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return record


def _done(mapping: EventSourceMapping, batch: list[JSON], payload: str) -> int:
    """Tell how many records of a batch a function is done with, by its answer.

    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    if not mapping["FunctionResponseTypes"]:
        return len(batch)
    try:
        answer = documents.parse(payload)
    except NotJSON:
        return 0
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if answer is None or not failures:
        return len(batch) if answer is None or isinstance(answer, dict) else 0
    places = {each["dynamodb"]["SequenceNumber"]: number for number, each in enumerate(batch)}
    try:
        return min(places[each["itemIdentifier"]] for each in failures)
    except (KeyError, TypeError):
        # What names no record of the batch means all of it.
        return 0
