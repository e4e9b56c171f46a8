"""
The JSON types of what the operations of CloudFormation take, by the names of the members.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
"""

from pizzabar.shapes import TEXTS, Shapes

SHAPES: Shapes = {
    "ChangeSetName": str,
    "LogicalResourceId": str,
    "NextToken": str,
    "PhysicalResourceId": str,
    "StackName": str,
    "StackStatusFilter": TEXTS,
    "TemplateStage": str,
}
