"""
The operations on event source mappings.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from collections.abc import Awaitable, Callable

from pizzabar.documents import JSON
from pizzabar.lambda_.event_source_mapping import EventSourceMapping
from pizzabar.lambda_.event_sources import EventSources
from pizzabar.lambda_.functions import function_name, split_name
from pizzabar.lambda_.pages import page_of

MAX_PAGE = 100


async def create_event_source_mapping(sources: EventSources, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
    return _describe(sources, await sources.create(parameters))


async def get_event_source_mapping(sources: EventSources, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html"""
    return _describe(sources, sources.get(parameters.get("UUID")))


async def list_event_source_mappings(sources: EventSources, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html"""
    source, function = parameters.get("EventSourceArn"), parameters.get("FunctionName")
    name, qualifier = (None, None) if function is None else split_name(str(function))
    found = [
        mapping
        for mapping in sorted(sources, key=lambda each: each.uuid)
        if (source is None or mapping.source_arn == source)
        and (name is None or function_name(mapping.function_arn) == name)
        and (qualifier is None or split_name(mapping.function_arn)[1] == qualifier)
    ]
    return page_of(parameters, "EventSourceMappings", [_describe(sources, each) for each in found], MAX_PAGE)


async def update_event_source_mapping(sources: EventSources, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html"""
    return _describe(sources, sources.change(parameters.get("UUID"), parameters))


async def delete_event_source_mapping(sources: EventSources, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html"""
    description = _describe(sources, sources.get(parameters.get("UUID")))
    sources.delete(parameters.get("UUID"))
    return description | {"State": "Deleting"}


def _describe(sources: EventSources, mapping: EventSourceMapping) -> dict[str, JSON]:
    settings = dict(mapping.settings)
    is_enabled = settings.pop("Enabled")
    filters = settings.pop("FilterCriteria")
    description: dict[str, JSON] = {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function_arn,
        "State": "Enabled" if is_enabled else "Disabled",
        "LastModified": mapping.modified.timestamp(),
    }
    if mapping.is_of_queue:
        scaling = settings.pop("ScalingConfig")
        description |= {"StateTransitionReason": "USER_INITIATED", **settings}
        description |= {"ScalingConfig": scaling} if scaling else {}
    else:
        description |= {
            "StartingPosition": mapping.starting_position,
            "StateTransitionReason": "User action",
            "LastProcessingResult": sources.last_result(mapping),
            "DestinationConfig": {"OnFailure": {}},
            "TumblingWindowInSeconds": 0,
            **settings,
        }
    return description | ({"FilterCriteria": filters} if filters.get("Filters") else {})


OPERATIONS: dict[str, Callable[[EventSources, JSON], Awaitable[JSON]]] = {
    "CreateEventSourceMapping": create_event_source_mapping,
    "DeleteEventSourceMapping": delete_event_source_mapping,
    "GetEventSourceMapping": get_event_source_mapping,
    "ListEventSourceMappings": list_event_source_mappings,
    "UpdateEventSourceMapping": update_event_source_mapping,
}
"""The operations of this service by name."""
CHANGES = frozenset({"CreateEventSourceMapping", "DeleteEventSourceMapping", "UpdateEventSourceMapping"})
"""Those of which something is kept."""
