"""The types of what X-Ray is asked."""

from pizzabar.shapes import TEXTS, Shapes

SHAPES: Shapes = {
    "EndTime": float,
    "FilterExpression": str,
    "GroupARN": str,
    "GroupName": str,
    "NextToken": str,
    "Sampling": bool,
    "SamplingStrategy": {"Name": str, "Value": float},
    "StartTime": float,
    "TimeRangeType": str,
    "TraceIds": TEXTS,
    "TraceSegmentDocuments": TEXTS,
}
