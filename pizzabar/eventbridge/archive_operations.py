"""
The operations of archives and replays, by AWS's names.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.constraints import Constraint, missing
from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.eventbridge.answers import given, page
from pizzabar.eventbridge.archive import Archive, Replay
from pizzabar.eventbridge.archives import Archives
from pizzabar.eventbridge.event import read_moment
from pizzabar.eventbridge.parameters import ARN, NAME, check, refuse, refuse_unsupported

_CONSTRAINTS = {
    "ArchiveName": Constraint(str, 1, 48, NAME),
    "EventSourceArn": Constraint(str, 1, 1600, ARN),
    "ReplayName": Constraint(str, 1, 64, NAME),
    "RetentionDays": Constraint(int, 0, (1 << 31) - 1),
}
_OF_ARCHIVES = _CONSTRAINTS | {
    "NamePrefix": Constraint(str, 1, 48, NAME),
    "State": Constraint(
        str, choices=("ENABLED", "DISABLED", "CREATING", "UPDATING", "CREATE_FAILED", "UPDATE_FAILED")
    ),
}
_OF_REPLAYS = _CONSTRAINTS | {
    "State": Constraint(str, choices=("STARTING", "RUNNING", "CANCELLING", "COMPLETED", "CANCELLED", "FAILED"))
}


async def create_archive(archives: Archives, parameters: JSON) -> JSON:
    """Begin to archive the events of a bus."""
    check(parameters, "ArchiveName", "EventSourceArn", of=_CONSTRAINTS)
    # Nothing is encrypted here.
    refuse_unsupported(parameters, "KmsKeyIdentifier")
    archive = archives.create(
        parameters["ArchiveName"],
        parameters["EventSourceArn"],
        pattern=parameters.get("EventPattern"),
        description=parameters.get("Description"),
        retention_days=parameters.get("RetentionDays") or 0,
    )
    return _made(archives, archive)


async def update_archive(archives: Archives, parameters: JSON) -> JSON:
    """Change what is archived, and for how long; what is not given stays."""
    check(parameters, "ArchiveName", of=_CONSTRAINTS)
    refuse_unsupported(parameters, "KmsKeyIdentifier")
    changes = given(
        description=parameters.get("Description"),
        pattern=parameters.get("EventPattern"),
        retention_days=parameters.get("RetentionDays"),
    )
    return _made(archives, await archives.update(parameters["ArchiveName"], **changes))


async def delete_archive(archives: Archives, parameters: JSON) -> JSON:
    """Delete an archive with its events."""
    check(parameters, "ArchiveName", of=_CONSTRAINTS)
    archives.delete(parameters["ArchiveName"])
    return {}


async def describe_archive(archives: Archives, parameters: JSON) -> JSON:
    """Read what an archive is, and how much it holds."""
    check(parameters, "ArchiveName", of=_CONSTRAINTS)
    archive = archives.get(parameters["ArchiveName"])
    of_itself = given(Description=archive.description, EventPattern=archive.pattern)
    return {"ArchiveArn": archive.arn, **await _listed(archives, archive), **of_itself}


async def list_archives(archives: Archives, parameters: JSON) -> JSON:
    """List the archives, all or by one thing."""
    check(parameters, of=_OF_ARCHIVES)
    _check_filters(parameters, "ListArchives")
    prefix, source, state = (parameters.get(name) for name in ("NamePrefix", "EventSourceArn", "State"))
    if source is not None:
        archives.buses.get(source)
    found = [
        await _listed(archives, archive)
        for archive in archives
        if archive.name.startswith(prefix or "")
        and source in (None, archive.bus)
        and state in (None, _state(archives, archive))
    ]
    return page(parameters, "Archives", found)


async def start_replay(archives: Archives, parameters: JSON) -> JSON:
    """Begin to put archived events on their bus again."""
    check(
        parameters,
        *("ReplayName", "EventSourceArn", "EventStartTime", "EventEndTime", "Destination"),
        of=_CONSTRAINTS,
    )
    destination = parameters["Destination"]
    if destination.get("Arn") is None:
        refuse([missing("destination.arn")])
    start, end = (read_moment(parameters[name], name).timestamp() for name in ("EventStartTime", "EventEndTime"))
    replay = archives.start(
        parameters["ReplayName"],
        parameters["EventSourceArn"],
        destination["Arn"],
        destination.get("FilterArns") or (),
        start,
        end,
        parameters.get("Description"),
    )
    return {"ReplayArn": replay.arn, "State": replay.state, "ReplayStartTime": replay.begun}


async def cancel_replay(archives: Archives, parameters: JSON) -> JSON:
    """Stop a replay."""
    check(parameters, "ReplayName", of=_CONSTRAINTS)
    replay = archives.cancel(parameters["ReplayName"])
    return {"ReplayArn": replay.arn, "State": replay.state}


async def describe_replay(archives: Archives, parameters: JSON) -> JSON:
    """Read how a replay stands."""
    check(parameters, "ReplayName", of=_CONSTRAINTS)
    replay = archives.replay(parameters["ReplayName"])
    destination = {"Arn": replay.bus} | ({"FilterArns": list(replay.rules)} if replay.rules else {})
    of_itself = given(Description=replay.description, StateReason=replay.reason)
    return {"ReplayArn": replay.arn, "Destination": destination, **_listed_replay(replay), **of_itself}


async def list_replays(archives: Archives, parameters: JSON) -> JSON:
    """List the replays, all or by one thing."""
    check(parameters, of=_OF_REPLAYS)
    _check_filters(parameters, "ListReplays")
    prefix, source, state = (parameters.get(name) for name in ("NamePrefix", "EventSourceArn", "State"))
    found = [
        _listed_replay(replay)
        for replay in archives.replays
        if replay.name.startswith(prefix or "") and source in (None, replay.archive) and state in (None, replay.state)
    ]
    return page(parameters, "Replays", found)


def _check_filters(parameters: JSON, operation: str) -> None:
    """See that a list is asked for by one thing at most. Raise ``ValidationException``."""
    if sum(parameters.get(name) is not None for name in ("NamePrefix", "EventSourceArn", "State")) > 1:
        raise ValidationException(
            f"At most one filter is allowed for {operation}. Use either : State, EventSourceArn, or NamePrefix."
        )


def _state(archives: Archives, archive: Archive) -> str:
    return "ENABLED" if archives.is_enabled(archive) else "DISABLED"


def _made(archives: Archives, archive: Archive) -> JSON:
    return {"ArchiveArn": archive.arn, "State": _state(archives, archive), "CreationTime": archive.created}


async def _listed(archives: Archives, archive: Archive) -> dict[str, JSON]:
    contents = await archives.contents(archive)
    return {
        "ArchiveName": archive.name,
        "EventSourceArn": archive.bus,
        "State": _state(archives, archive),
        "RetentionDays": archive.retention_days,
        "SizeBytes": contents.size,
        "EventCount": contents.count,
        "CreationTime": archive.created,
    }


def _listed_replay(replay: Replay) -> dict[str, JSON]:
    times = given(
        EventLastReplayedTime=None if replay.position is None else replay.position[0],
        ReplayEndTime=replay.ended,
    )
    return {
        "ReplayName": replay.name,
        "EventSourceArn": replay.archive,
        "State": replay.state,
        "EventStartTime": replay.start,
        "EventEndTime": replay.end,
        "ReplayStartTime": replay.begun,
        **times,
    }


OPERATIONS: dict[str, Callable[[Archives, JSON], Awaitable[JSON]]] = {
    "CancelReplay": cancel_replay,
    "CreateArchive": create_archive,
    "DeleteArchive": delete_archive,
    "DescribeArchive": describe_archive,
    "DescribeReplay": describe_replay,
    "ListArchives": list_archives,
    "ListReplays": list_replays,
    "StartReplay": start_replay,
    "UpdateArchive": update_archive,
}

CHANGES = frozenset({"CancelReplay", "CreateArchive", "DeleteArchive", "StartReplay", "UpdateArchive"})
"""The operations after which what API calls have made is another thing."""
