"""Traces: a frame of a client's and all that followed from it, hop by hop, with what each took."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from pizzabar import documents
from pizzabar.documents import JSON, NotJSON
from pizzabar.emulator import Emulator
from pizzabar.errors import ServiceError
from pizzabar.journal import Hop
from pizzabar.moments import Moments

LAST = "last"
WHILE = 15 * 60_000 + 5_000
"""Milliseconds that an invocation takes at most, with some to spare."""
NO_MESSAGES = frozenset({"$connect", "$disconnect", "authorize"})


class Span(BaseModel):
    """A hop of a trace."""

    id: int
    parent: int | None = Field(description="the hop that caused it, if that is still kept")
    service: str
    operation: str
    about: str = Field(description="what it is about: a table, a function, a connection, an execution, a rule")
    start: float = Field(description="in seconds from the first hop on")
    seconds: float | None = Field(description="how long it took in real time; None while it is under way")
    error: str | None
    sampled: bool | None = Field(description="whether X-Ray's API tells of it; None if nothing was decided")


class Trace(BaseModel):
    """A trace, in short."""

    id: str
    began: datetime
    first: str = Field(description="what it began with")
    connection: str | None = Field(description="whose frame that was")
    hops: int
    errors: int
    seconds: float = Field(description="from the first hop's beginning to the last end that is known")


class Waterfall(Trace):
    """A trace, as far as the journal still has it."""

    is_whole: bool = Field(description="whether its first hop is still kept")
    spans: list[Span] = Field(description="those that began first first")


class Line(BaseModel):
    """A line that was written to a log within a hop of a trace."""

    hop: int
    group: str
    message: str


def router(emulator: Emulator) -> APIRouter:
    """Make the operations."""
    routes = APIRouter(prefix="/traces", tags=["traces"])
    journal = emulator.journal

    @routes.get("")
    async def list_traces(limit: int = Query(20, ge=1, le=1000, description="the last so many")) -> list[Trace]:
        """List the traces of which something is kept, those that began last first."""
        traces: dict[str, list[Hop]] = {}
        for hop in journal:
            traces.setdefault(hop.trace_id, []).append(hop)
        return [_summary(hops) for hops in [*traces.values()][: -limit - 1 : -1]]

    @routes.get("/{name}")
    async def get_trace(name: str) -> Waterfall:
        """Read a trace: by its id, a connection's last, an execution's by name or ARN, or the last of all.

        A trace that a frame began is meant by ``last``, and of a connection.
        """
        id = await _find(emulator, name)
        hops = [hop for hop in journal if hop.trace_id == id]
        if not hops:
            kept = f"the journal keeps the last {emulator.settings.journal_size} hops (--journal-size)"
            raise HTTPException(404, f"nothing is kept of the trace {id}: {kept}")
        return _waterfall(hops)

    @routes.get("/{name}/lines")
    async def get_lines(name: str) -> list[Line]:
        """Read the lines that the hops of a trace wrote to logs: its functions' invocations, and its rules."""
        id = await _find(emulator, name)
        return [line for hop in journal if hop.trace_id == id for line in await _lines(emulator, hop)]

    return routes


async def _lines(emulator: Emulator, hop: Hop) -> list[Line]:
    """Give the lines that a hop wrote."""
    asked: JSON = hop.parameters
    match (hop.service, hop.operation):
        case ("logs", "PutLogEvents") if isinstance(asked, dict) and isinstance(asked.get("logEvents"), list):
            lines = [str(each.get("message")) for each in asked["logEvents"] if isinstance(each, dict)]
            return [Line(hop=hop.id, group=str(asked.get("logGroupName")), message=line) for line in lines]
        case ("lambda", "Invocation"):
            function = next((each for each in emulator.functions if each.name == asked["FunctionName"]), None)
            if function is None or not emulator.log_groups.has(function.log_group):
                return []
            # What a function writes is no hop: it is between the lines that begin and end the invocation.
            start = int(hop.started.timestamp() * 1000)
            events = await emulator.log_groups.read(function.log_group, start=start, end=start + WHILE)
            of_invocation = _of_invocation if function.json_log is None else _of_invocation_in_json
            return [
                Line(hop=hop.id, group=function.log_group, message=message)
                for message in of_invocation(((each.stream, each.message) for each in events), asked["RequestId"])
            ]
        case _:
            return []


def _of_invocation(lines: Iterable[tuple[str, str]], request_id: str) -> Iterator[str]:
    """Give the lines of one invocation, of the one stream that it has to itself meanwhile."""
    stream = None
    for of_stream, message in lines:
        if message.startswith(f"START RequestId: {request_id}"):
            stream = of_stream
        if of_stream == stream:
            yield message
            if message.startswith(f"REPORT RequestId: {request_id}"):
                return


def _of_invocation_in_json(lines: Iterable[tuple[str, str]], request_id: str) -> Iterator[str]:
    """Give the same of a log in JSON, of which levels may be left out: from its first line to the next one's."""
    stream = None
    for of_stream, message in lines:
        try:
            told = documents.parse(message)
        except NotJSON:
            told = None
        event: dict[str, JSON] = told if isinstance(told, dict) else {}
        record = event.get("record", event)
        record = record if isinstance(record, dict) else {}
        if record.get("requestId") == request_id:
            stream = of_stream
        elif of_stream == stream and "requestId" in record:
            return
        if of_stream == stream:
            yield message
            if event.get("type") == "platform.report":
                return


async def _find(emulator: Emulator, name: str) -> str:
    """Give the id of the trace that is meant."""
    if name.startswith("1-"):
        return name.lower()
    newest_first: list[Hop] = [*emulator.journal][::-1]
    for hop in newest_first:
        if _is_message(hop) and name in (LAST, hop.parameters["ConnectionId"]):
            return hop.trace_id
    if name == LAST:
        raise HTTPException(404, "no client has sent a message yet, or none is kept")
    for hop in newest_first:
        arn = _execution(hop)
        if arn is not None and (name == arn or arn.split(":")[7] == name):
            return hop.trace_id
    for machine in emulator.state_machines:
        arn = name if name.startswith("arn:") else f"{machine.arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        try:
            return (await emulator.executions.describe(arn)).trace_id
        except ServiceError:
            continue
    raise HTTPException(404, f"{name} is no trace, no connection that has sent a message, and no execution")


def _is_message(hop: Hop) -> bool:
    """Whether a hop is a message of a client's: the beginning of a trace."""
    return hop.service == "apigateway" and hop.parent == 0 and hop.operation not in NO_MESSAGES


def _execution(hop: Hop) -> str | None:
    """Give the ARN of the execution that a hop started."""
    arn = hop.result.get("executionArn") if isinstance(hop.result, dict) else None
    return arn if hop.service == "stepfunctions" and hop.operation.startswith("Start") else None


def _summary(hops: list[Hop]) -> Trace:
    first = hops[0]
    connection = first.parameters.get("ConnectionId") if isinstance(first.parameters, dict) else None
    return Trace(
        id=first.trace_id,
        began=first.started,
        first=f"{first.service}:{first.operation}",
        connection=connection,
        hops=len(hops),
        errors=sum(hop.error is not None for hop in hops),
        seconds=_seconds(hops, Moments()),
    )


def _seconds(hops: Iterable[Hop], moments: Moments) -> float:
    starts = [moments.of(hop) for hop in hops]
    ends = [moments.of(hop) + timedelta(seconds=hop.duration or 0) for hop in hops]
    return (max(ends) - min(starts)).total_seconds()


def _waterfall(hops: list[Hop]) -> Waterfall:
    moments = Moments()
    known = {hop.id for hop in hops}
    began = min(moments.of(hop) for hop in hops)
    spans = [
        Span(
            id=hop.id,
            parent=hop.parent if hop.parent in known else None,
            service=hop.service,
            operation=hop.operation,
            about=about(hop),
            start=(moments.of(hop) - began).total_seconds(),
            seconds=hop.duration,
            error=None if hop.error is None else str(hop.error).encode(errors="replace").decode(),
            sampled=hop.sampled,
        )
        for hop in hops
    ]
    spans.sort(key=lambda span: (span.start, span.id))
    return Waterfall(**_summary(hops).model_dump(), is_whole=hops[0].parent == 0, spans=spans)


def about(hop: Hop) -> str:
    """Say in a word what a hop is about."""
    arn = _execution(hop)
    if arn is not None:
        return ":".join(arn.split(":")[6:8])
    asked: JSON = hop.parameters if isinstance(hop.parameters, dict) else {}
    if hop.operation == "PutEvents" and isinstance(asked.get("Entries"), list):
        kinds = [str(each.get("DetailType")) for each in asked["Entries"] if isinstance(each, dict)]
        return ", ".join(dict.fromkeys(kinds))
    for name in ("TableName", "FunctionName", "ConnectionId", "logGroupName", "stateMachineArn", "executionArn"):
        if isinstance(asked.get(name), str):
            given: str = asked[name]
            return given.rpartition(":")[2] if given.startswith("arn:") else given
    return ""
