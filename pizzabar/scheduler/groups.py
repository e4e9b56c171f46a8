"""
Groups of schedules, and their tags.

Pure.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-group.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from pizzabar.documents import JSON
from pizzabar.errors import ValidationException
from pizzabar.record import record

MAX_TAGS = 50


@record
class ScheduleGroup:
    """A group of schedules. ``token`` is the client token that it was made with."""

    arn: str
    name: str
    created: datetime
    modified: datetime
    tags: Mapping[str, str]
    token: str | None = None
    is_declared: bool = False

    def as_json(self) -> JSON:
        """Write the group to be kept."""
        return {
            "name": self.name,
            "created": self.created.timestamp(),
            "modified": self.modified.timestamp(),
            "tags": self.tags,
            "token": self.token,
            "declared": self.is_declared,
        }

    @classmethod
    def from_json(cls, arn: str, kept: JSON) -> "ScheduleGroup":
        """Read what ``as_json`` wrote."""
        return cls(
            arn,
            kept["name"],
            datetime.fromtimestamp(kept["created"], UTC),
            datetime.fromtimestamp(kept["modified"], UTC),
            kept["tags"],
            kept["token"],
            kept["declared"],
        )


def read_tags(tags: JSON) -> dict[str, str]:
    """Read a list of tags. Raise ``ValidationException``."""
    read: dict[str, str] = {}
    for number, tag in enumerate(tags or (), 1):
        for name in ("Key", "Value"):
            if tag.get(name) is None:
                raise ValidationException(
                    f"1 validation error detected: Value null at 'tags.{number}.member.{name.lower()}' failed to"
                    " satisfy constraint: Member must not be null"
                )
        if not 1 <= len(tag["Key"]) <= 128 or len(tag["Value"]) > 256:
            raise ValidationException(f"The tag {tag['Key']} is too long or empty.")
        read[tag["Key"]] = tag["Value"]
    if len(read) > MAX_TAGS:
        raise ValidationException(f"A resource has at most {MAX_TAGS} tags.")
    return read
