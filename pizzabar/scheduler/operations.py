"""
The operations of EventBridge Scheduler, and where its field names stop.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.scheduler.constraints import GROUP, GROUPS, NAMED, SCHEDULES, TAGGED, Members, check, require
from pizzabar.scheduler.groups import ScheduleGroup, read_tags
from pizzabar.scheduler.schedule import Schedule, read_document
from pizzabar.scheduler.schedules import DEFAULT, Schedules

T = TypeVar("T", Schedule, ScheduleGroup)
PAGE_SIZE = 100


async def create_schedule(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    made = schedules.create(read_document(parameters), parameters.get("ClientToken"))
    return {"ScheduleArn": made.arn}


async def get_schedule(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html"""
    check(parameters, NAMED)
    found = schedules.get(parameters["Name"], parameters.get("GroupName", DEFAULT))
    return {"Arn": found.arn, **found.document, **_dates(found)}


async def update_schedule(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html"""
    changed = schedules.change(read_document(parameters), parameters.get("ClientToken"))
    return {"ScheduleArn": changed.arn}


async def delete_schedule(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteSchedule.html"""
    check(parameters, NAMED)
    schedules.delete(parameters["Name"], parameters.get("GroupName", DEFAULT), parameters.get("ClientToken"))
    return {}


async def list_schedules(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html"""
    parameters = _with_whole_number(parameters, SCHEDULES)
    group, state = parameters.get("GroupName"), parameters.get("State")
    if group is not None:
        schedules.group(group)
    found = [
        each
        for each in sorted(schedules, key=lambda each: each.arn)
        if group in (None, each.group) and state in (None, each.document["State"])
    ]
    page, more = _page(found, parameters)
    summaries = [
        {
            "Arn": each.arn,
            "Name": each.name,
            "GroupName": each.group,
            "State": each.document["State"],
            "Target": {"Arn": each.target["Arn"]},
            **_dates(each),
        }
        for each in page
    ]
    return {"Schedules": summaries, **more}


async def create_schedule_group(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html"""
    check(parameters, GROUP)
    tags = read_tags(parameters.get("Tags"))
    return {"ScheduleGroupArn": schedules.create_group(parameters["Name"], tags, parameters.get("ClientToken")).arn}


async def get_schedule_group(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetScheduleGroup.html"""
    check(parameters, GROUP)
    return _describe(schedules.group(parameters["Name"]))


async def delete_schedule_group(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html"""
    check(parameters, GROUP)
    schedules.delete_group(parameters["Name"], parameters.get("ClientToken"))
    return {}


async def list_schedule_groups(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListScheduleGroups.html"""
    parameters = _with_whole_number(parameters, GROUPS)
    page, more = _page(schedules.groups, parameters)
    return {"ScheduleGroups": [_describe(each) for each in page], **more}


async def tag_resource(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_TagResource.html"""
    check(parameters, TAGGED)
    require(parameters, ("Tags",))
    schedules.tag(parameters["ResourceArn"], read_tags(parameters["Tags"]))
    return {}


async def untag_resource(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UntagResource.html"""
    check(parameters, TAGGED)
    require(parameters, ("TagKeys",))
    schedules.untag(parameters["ResourceArn"], parameters["TagKeys"])
    return {}


async def list_tags_for_resource(schedules: Schedules, parameters: JSON) -> JSON:
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListTagsForResource.html"""
    check(parameters, TAGGED)
    tags = schedules.tags_of(parameters["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _dates(of: Schedule | ScheduleGroup) -> JSON:
    return {"CreationDate": of.created.timestamp(), "LastModificationDate": of.modified.timestamp()}


def _describe(group: ScheduleGroup) -> JSON:
    return {"Arn": group.arn, "Name": group.name, "State": "ACTIVE", **_dates(group)}


def _with_whole_number(parameters: JSON, wanted: Members) -> JSON:
    """Check what a list is asked with, where the number is text if it came in an address."""
    most = parameters.get("MaxResults")
    if most is not None and type(most) is not int:
        if not isinstance(most, str) or not (most.isascii() and most.isdecimal() and len(most) < 10):
            raise ValidationException(f"MaxResults is not a number: {most}")
        parameters = {**parameters, "MaxResults": int(most)}
    check(parameters, wanted)
    return parameters


def _page(found: Sequence[T], parameters: JSON) -> tuple[list[T], JSON]:
    """Give a page of what there is, and the token of the next one, which stands behind the page's last ARN."""
    prefix, token = parameters.get("NamePrefix", ""), parameters.get("NextToken")
    after = ""
    if token is not None:
        try:
            after = base64.urlsafe_b64decode(token).decode()
        except (binascii.Error, ValueError):
            raise ValidationException("Invalid NextToken provided.") from None
    left = [each for each in found if each.name.startswith(prefix) and each.arn > after]
    page = left[: parameters.get("MaxResults", PAGE_SIZE)]
    if len(page) == len(left):
        return page, {}
    return page, {"NextToken": base64.urlsafe_b64encode(page[-1].arn.encode()).decode()}


OPERATIONS: dict[str, Callable[[Schedules, JSON], Awaitable[JSON]]] = {
    "CreateSchedule": create_schedule,
    "CreateScheduleGroup": create_schedule_group,
    "DeleteSchedule": delete_schedule,
    "DeleteScheduleGroup": delete_schedule_group,
    "GetSchedule": get_schedule,
    "GetScheduleGroup": get_schedule_group,
    "ListScheduleGroups": list_schedule_groups,
    "ListSchedules": list_schedules,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateSchedule": update_schedule,
}
