"""
The operations of CloudWatch Logs, by AWS's names.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise

from pizzabar.arn import parse_arn
from pizzabar.constraints import Constraint, violations
from pizzabar.documents import JSON
from pizzabar.errors import SerializationException
from pizzabar.logs.errors import InvalidParameterException, ResourceNotFoundException
from pizzabar.logs.filter_pattern import read_filter_pattern
from pizzabar.logs.groups import END_OF_TIME, LogGroups
from pizzabar.logs.log_group import MOST_EVENTS, RETENTIONS, LogEvent, LogGroup, LogStream, days
from pizzabar.logs.parameters import CONSTRAINTS, check, refuse
from pizzabar.logs.policy_operations import CHANGES as POLICY_CHANGES
from pizzabar.logs.policy_operations import OPERATIONS as POLICY_OPERATIONS

BATCH_BYTES = 1_048_576
EVENT_OVERHEAD = 26
"""What each event counts beside its message, in bytes."""

SURELY_SHORT = (BATCH_BYTES - EVENT_OVERHEAD) // 4
"""Characters that are within the bounds whatever they are in UTF-8."""

TWO_WEEKS = days(14)
TWO_HOURS = days(1) // 12

SEQUENCE_TOKEN = "0" * 56
"""What AWS still answers, and nobody needs any more."""


async def create_log_group(groups: LogGroups, parameters: JSON) -> JSON:
    """Make a group. Tags are taken and lead nowhere: no operation here reads them."""
    given = check("CreateLogGroup", parameters, "logGroupName")
    if given["logGroupName"].lower().startswith("aws/"):
        raise InvalidParameterException("Log groups starting with AWS/ are reserved for AWS.")
    await groups.create(given["logGroupName"])
    return {}


async def delete_log_group(groups: LogGroups, parameters: JSON) -> JSON:
    """Delete a group with all that is in it."""
    given = check("DeleteLogGroup", parameters, "logGroupName")
    await groups.delete(given["logGroupName"])
    groups.changed.note(given["logGroupName"])
    return {}


async def describe_log_groups(groups: LogGroups, parameters: JSON) -> JSON:
    """List the groups by name."""
    given = check("DescribeLogGroups", parameters)
    if "logGroupNamePrefix" in given and "logGroupNamePattern" in given:
        raise InvalidParameterException(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
        )
    prefix, part = given.get("logGroupNamePrefix", ""), given.get("logGroupNamePattern", "")
    found = [group for group in groups if group.name.startswith(prefix) and part in group.name]
    found.sort(key=lambda group: group.name)
    after = [group for group in found if group.name > given.get("nextToken", "")]
    page = after[: given.get("limit", 50)]
    answer: dict[str, JSON] = {"logGroups": [_describe_group(groups, group) for group in page]}
    if len(page) < len(after):
        answer["nextToken"] = page[-1].name
    return answer


async def put_retention_policy(groups: LogGroups, parameters: JSON) -> JSON:
    """Say how many days the events of a group are kept."""
    given = check("PutRetentionPolicy", parameters, "logGroupName", "retentionInDays")
    if (retention := given["retentionInDays"]) not in RETENTIONS:
        choices = ", ".join(map(str, RETENTIONS))
        refuse(
            [
                f"Value '{retention}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{choices}]"
            ]
        )
    await groups.ensure(groups.get(given["logGroupName"]).name, retention_days=retention)
    groups.changed.note(given["logGroupName"])
    return {}


async def delete_retention_policy(groups: LogGroups, parameters: JSON) -> JSON:
    """Keep the events of a group for ever."""
    given = check("DeleteRetentionPolicy", parameters, "logGroupName")
    await groups.ensure(groups.get(given["logGroupName"]).name, retention_days=None)
    groups.changed.note(given["logGroupName"])
    return {}


async def create_log_stream(groups: LogGroups, parameters: JSON) -> JSON:
    """Make a stream in a group."""
    given = check("CreateLogStream", parameters, "logGroupName", "logStreamName")
    await groups.create_stream(given["logGroupName"], given["logStreamName"])
    return {}


async def describe_log_streams(groups: LogGroups, parameters: JSON) -> JSON:
    """List the streams of a group, by name or by the time of their last event."""
    given = check("DescribeLogStreams", parameters)
    group = groups.get(_group_name(given))
    prefix, by_time = given.get("logStreamNamePrefix", ""), given.get("orderBy") == "LastEventTime"
    if prefix and by_time:
        raise InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    found = [stream for stream in group.streams.values() if stream.name.startswith(prefix)]
    found.sort(
        key=lambda stream: (stream.last_event or 0, stream.name) if by_time else (0, stream.name),
        reverse=given.get("descending", False),
    )
    names = [stream.name for stream in found]
    token = given.get("nextToken")
    if token is not None and token not in names:
        raise InvalidParameterException("The specified nextToken is invalid.")
    start = 0 if token is None else names.index(token) + 1
    page = found[start : start + given.get("limit", 50)]
    answer: dict[str, JSON] = {"logStreams": [_describe_stream(groups, group, stream) for stream in page]}
    if start + len(page) < len(found):
        answer["nextToken"] = page[-1].name
    return answer


async def put_log_events(groups: LogGroups, parameters: JSON) -> JSON:
    """Put events into a stream; those that are too old or too new are told in the answer."""
    stream = _stream_at_a_glance(groups, parameters)
    given = parameters if stream is not None else check("PutLogEvents", parameters, *_PUT_LOG_EVENTS)
    events = _read_events(given["logEvents"])
    group = groups.get(given["logGroupName"])
    if stream is None:
        stream = groups.get_stream(group.name, given["logStreamName"])
    now = groups.now()
    if group.retention_days is None and now - TWO_WEEKS <= events[0][0] and events[-1][0] <= now + TWO_HOURS:
        # The common case: all are in time.
        groups.put_events(group.name, stream, events, now)
        return {"nextSequenceToken": SEQUENCE_TOKEN}
    timestamps = [timestamp for timestamp, _ in events]
    too_old = sum(timestamp < now - TWO_WEEKS for timestamp in timestamps)
    expired = (
        0 if group.retention_days is None else sum(each < now - days(group.retention_days) for each in timestamps)
    )
    in_time = sum(timestamp <= now + TWO_HOURS for timestamp in timestamps)
    rejected = {
        **({"tooNewLogEventStartIndex": in_time} if in_time < len(events) else {}),
        **({"tooOldLogEventEndIndex": too_old} if too_old else {}),
        **({"expiredLogEventEndIndex": expired} if expired else {}),
    }
    groups.put_events(group.name, stream, events[max(too_old, expired) : in_time], now)
    return {"nextSequenceToken": SEQUENCE_TOKEN, **({"rejectedLogEventsInfo": rejected} if rejected else {})}


async def get_log_events(groups: LogGroups, parameters: JSON) -> JSON:
    """Read a page of a stream, from its end unless ``startFromHead`` says otherwise."""
    given = check("GetLogEvents", parameters, "logStreamName")
    events = await groups.read(
        _group_name(given),
        stream=given["logStreamName"],
        start=given.get("startTime", 0),
        end=given.get("endTime", END_OF_TIME),
    )
    direction, cut = _read_token(given["nextToken"]) if "nextToken" in given else (None, None)
    if cut is not None:
        events = [event for event in events if (event.id > cut) == (direction == "f")]
    from_head = direction == "f" or (direction is None and given.get("startFromHead", False))
    page = _page(events, given.get("limit", 10_000), from_head=from_head)
    # A token cuts the stream in two: what comes up to its id, and what comes after.
    before, after = (page[0].id - 1, page[-1].id) if page else (cut or 0, cut or 0)
    return {
        "events": [_render(event) for event in page],
        "nextForwardToken": f"f/{after:056d}/s",
        "nextBackwardToken": f"b/{before:056d}/s",
    }


async def filter_log_events(groups: LogGroups, parameters: JSON) -> JSON:
    """Read the events of several streams of a group, the oldest first."""
    given = check("FilterLogEvents", parameters)
    matches = read_filter_pattern(given.get("filterPattern") or "")
    if not given.get("startFromHead", True):
        raise InvalidParameterException("startFromHead false is not supported")
    group = groups.get(_group_name(given))
    names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix", "")
    if names is not None and prefix:
        raise InvalidParameterException("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    for name in names or ():
        if not isinstance(name, str):
            raise SerializationException("Unexpected field type")
        if name not in group.streams:
            raise ResourceNotFoundException("stream")
    cut = _read_token(given["nextToken"])[1] if "nextToken" in given else -1
    # The end is part of the range here, and is not where one stream is read.
    end = min(given.get("endTime", END_OF_TIME), END_OF_TIME) + 1
    events = [
        event
        for event in await groups.read(group.name, start=given.get("startTime", 0), end=end)
        if event.id > cut
        and (event.stream in names if names is not None else event.stream.startswith(prefix))
        and matches(event.message)
    ]
    page = _page(events, given.get("limit", 10_000), from_head=True)
    answer: dict[str, JSON] = {
        "events": [
            {"logStreamName": event.stream, **_render(event), "eventId": f"{event.id:056d}"} for event in page
        ],
        "searchedLogStreams": [],
    }
    if len(page) < len(events):
        answer["nextToken"] = f"f/{page[-1].id:056d}/s"
    return answer


OPERATIONS: dict[str, Callable[[LogGroups, JSON], Awaitable[JSON]]] = {
    "CreateLogGroup": create_log_group,
    "DeleteLogGroup": delete_log_group,
    "DescribeLogGroups": describe_log_groups,
    "CreateLogStream": create_log_stream,
    "DescribeLogStreams": describe_log_streams,
    "DeleteRetentionPolicy": delete_retention_policy,
    "PutLogEvents": put_log_events,
    "PutRetentionPolicy": put_retention_policy,
    "GetLogEvents": get_log_events,
    "FilterLogEvents": filter_log_events,
    **POLICY_OPERATIONS,
}
"""The operations of boto3's service ``logs``."""

CHANGES = frozenset({"DeleteLogGroup", "DeleteRetentionPolicy", "PutRetentionPolicy"}) | POLICY_CHANGES
"""The operations after which what API calls have changed is another thing."""


def _group_name(given: Mapping[str, JSON]) -> str:
    if ("logGroupName" in given) == ("logGroupIdentifier" in given):
        raise InvalidParameterException("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    identifier: str = given.get("logGroupName") or given["logGroupIdentifier"]
    arn = parse_arn(identifier)
    return identifier if arn is None else arn.resource.removeprefix("log-group:").removesuffix(":*")


_PUT_LOG_EVENTS = ("logGroupName", "logStreamName", "logEvents")


def _stream_at_a_glance(groups: LogGroups, parameters: JSON) -> LogStream | None:
    """Give the stream of a PutLogEvents that needs no further look: a name that is found is a right one."""
    if type(parameters) is not dict or tuple(parameters) != _PUT_LOG_EVENTS:
        return None
    group, stream, events = parameters.values()
    if type(group) is not str or type(stream) is not str or type(events) is not list:
        return None
    return groups.find_stream(group, stream) if 0 < len(events) <= MOST_EVENTS else None


def _read_events(events: Sequence[JSON]) -> list[tuple[int, str]]:
    if len(events) == 1 and type(event := events[0]) is dict:
        # The common case, an event that is right at a glance.
        timestamp, message = event.get("timestamp"), event.get("message")
        if type(timestamp) is int and timestamp >= 0 and type(message) is str and 0 < len(message) <= SURELY_SHORT:
            return [(timestamp, message)]
    read: list[tuple[int, str]] = []
    problems: list[str] = []
    for number, event in enumerate(events, 1):
        if not isinstance(event, dict):
            raise SerializationException("logEvents must be a List of Structures")
        for name, constraint in _EVENT.items():
            path = f"logEvents.{number}.member.{name}"
            if event.get(name) is None:
                problems.append(f"Value null at '{path}' failed to satisfy constraint: Member must not be null")
            else:
                problems += violations(path, event[name], constraint)
        read.append((event.get("timestamp", 0), event.get("message", "")))
    refuse(problems)
    if any(earlier > later for (earlier, _), (later, _) in pairwise(read)):
        raise InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
    if read[-1][0] - read[0][0] > days(1):
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    size = sum(len(message.encode(errors="replace")) + EVENT_OVERHEAD for _, message in read)
    if size > BATCH_BYTES:
        raise InvalidParameterException(f"Upload too large: {size} bytes exceeds limit of {BATCH_BYTES}")
    return read


_EVENT = {"timestamp": CONSTRAINTS["startTime"], "message": Constraint(str, 1)}


def _read_token(token: str) -> tuple[str, int]:
    direction, _, rest = token.partition("/")
    digits = rest.partition("/")[0]
    if direction not in ("f", "b") or not digits.isascii() or not digits.isdigit() or len(digits) > 56:
        raise InvalidParameterException("The specified nextToken is invalid.")
    return direction, int(digits)


def _page(events: list[LogEvent], limit: int, *, from_head: bool) -> list[LogEvent]:
    """Give as many events as asked for and as fit into one answer, from the start or the end, in order."""
    size, count = 0, 0
    for event in events if from_head else reversed(events):
        size += len(event.message.encode(errors="replace")) + EVENT_OVERHEAD
        if count == limit or (count and size > BATCH_BYTES):
            break
        count += 1
    return events[:count] if from_head else events[len(events) - count :]


def _render(event: LogEvent) -> dict[str, JSON]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}


def _describe_group(groups: LogGroups, group: LogGroup) -> JSON:
    arn = groups.arn(group.name)
    return {
        "logGroupName": group.name,
        "creationTime": group.created,
        **({} if group.retention_days is None else {"retentionInDays": group.retention_days}),
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
    }


def _describe_stream(groups: LogGroups, group: LogGroup, stream: LogStream) -> JSON:
    times = {
        "firstEventTimestamp": stream.first_event,
        "lastEventTimestamp": stream.last_event,
        "lastIngestionTime": stream.last_ingestion,
    }
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        **{name: time for name, time in times.items() if time is not None},
        "uploadSequenceToken": SEQUENCE_TOKEN,
        "arn": f"{groups.arn(group.name)}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
