"""The types of what X-Ray is asked."""

from pizzabar.shapes import TEXTS, Shapes

SHAPES: Shapes = {
    "EndTime": None,
    "FilterExpression": str,
    "GroupARN": str,
    "GroupName": str,
    "NextToken": str,
    "Sampling": bool,
    "SamplingStrategy": {"Name": str, "Value": float},
    "StartTime": None,
    "TimeRangeType": str,
    "TraceIds": TEXTS,
    "TraceSegmentDocuments": TEXTS,
}
