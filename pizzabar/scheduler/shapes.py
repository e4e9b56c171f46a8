"""
The JSON types of what the operations of EventBridge Scheduler take, by the names of the members.

Dates are looked at where they are used, and so is ``MaxResults``, which comes as text in an address.
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

from pizzabar.shapes import TAGS, TEXTS, Shapes

SHAPES: Shapes = {
    "ActionAfterCompletion": str,
    "ClientToken": str,
    "Description": str,
    "EndDate": None,
    "FlexibleTimeWindow": {"MaximumWindowInMinutes": int, "Mode": str},
    "GroupName": str,
    "KmsKeyArn": str,
    "MaxResults": None,
    "Name": str,
    "NamePrefix": str,
    "NextToken": str,
    "ResourceArn": str,
    "ScheduleExpression": str,
    "ScheduleExpressionTimezone": str,
    "StartDate": None,
    "State": str,
    "TagKeys": TEXTS,
    "Tags": TAGS,
    "Target": {
        "Arn": str,
        "DeadLetterConfig": {"Arn": str},
        "EcsParameters": {
            "CapacityProviderStrategy": [{"base": int, "capacityProvider": str, "weight": int}],
            "EnableECSManagedTags": bool,
            "EnableExecuteCommand": bool,
            "Group": str,
            "LaunchType": str,
            "NetworkConfiguration": {
                "awsvpcConfiguration": {"AssignPublicIp": str, "SecurityGroups": [str], "Subnets": [str]}
            },
            "PlacementConstraints": [{"expression": str, "type": str}],
            "PlacementStrategy": [{"field": str, "type": str}],
            "PlatformVersion": str,
            "PropagateTags": str,
            "ReferenceId": str,
            "Tags": [{"*": str}],
            "TaskCount": int,
            "TaskDefinitionArn": str,
        },
        "EventBridgeParameters": {"DetailType": str, "Source": str},
        "EventBridgePutEventsV2Parameters": {"DetailType": str, "Source": str},
        "EventBridgePutRawEventsParameters": {"Metadata": {"*": str}},
        "Input": str,
        "KinesisParameters": {"PartitionKey": str},
        "RetryPolicy": {"MaximumEventAgeInSeconds": int, "MaximumRetryAttempts": int},
        "RoleArn": str,
        "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": str, "Value": str}]},
        "SqsParameters": {"MessageGroupId": str},
    },
}
