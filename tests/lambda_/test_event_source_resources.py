"""Event source mappings of templates."""

import pytest

from pizzabar.documents import JSON
from pizzabar.lambda_.event_source_resources import RESOURCES

STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000"


def faults(**properties: JSON) -> list[str]:
    settings = {"FunctionName": "oven", "EventSourceArn": STREAM, "StartingPosition": "LATEST", **properties}
    check = RESOURCES["AWS::Lambda::EventSourceMapping"].check
    assert check is not None
    return [fault.message for fault in check(settings)]


def test_a_mapping_that_can_be_made() -> None:
    assert faults(FilterCriteria={"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]}) == []


@pytest.mark.parametrize("pattern", ["{", '{"eventName": "INSERT"}', None])
def test_a_filter_is_read_before_anything_is_made(pattern: str | None) -> None:
    [fault] = faults(FilterCriteria={"Filters": [{"Pattern": pattern}]})

    assert fault.startswith("Invalid filter pattern definition. (InvalidEventPatternException: Event pattern is not ")
