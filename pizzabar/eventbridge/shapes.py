"""
The JSON types of what the operations of EventBridge take, by the names of the members.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from pizzabar.shapes import TAGS, TEXTS, Shapes

_PAIRS = [{"Key": str, "Value": str, "IsValueSecret": bool}]
_HTTP_PARAMETERS = {"HeaderParameters": _PAIRS, "QueryStringParameters": _PAIRS, "BodyParameters": _PAIRS}
_CONNECTIVITY = {"ResourceParameters": {"ResourceConfigurationArn": str}}

SHAPES: Shapes = {
    "Action": str,
    "ArchiveName": str,
    "AuthParameters": {
        "ApiKeyAuthParameters": {"ApiKeyName": str, "ApiKeyValue": str},
        "BasicAuthParameters": {"Username": str, "Password": str},
        "ConnectivityParameters": _CONNECTIVITY,
        "InvocationHttpParameters": _HTTP_PARAMETERS,
        "OAuthParameters": {
            "AuthorizationEndpoint": str,
            "ClientParameters": {"ClientID": str, "ClientSecret": str},
            "HttpMethod": str,
            "OAuthHttpParameters": _HTTP_PARAMETERS,
        },
    },
    "AuthorizationType": str,
    "Condition": {"Key": str, "Type": str, "Value": str},
    "ConnectionArn": str,
    "ConnectionState": str,
    "DeadLetterConfig": {"Arn": str},
    "Description": str,
    "Destination": {"Arn": str, "FilterArns": TEXTS},
    "EndpointId": str,
    "Entries": [
        {
            "Detail": str,
            "DetailType": str,
            "EventBusName": str,
            "Resources": [str],
            "Source": str,
            "Time": None,
            "TraceHeader": str,
        }
    ],
    "Event": str,
    "EventBusName": str,
    "EventEndTime": None,
    "EventPattern": str,
    "EventSourceArn": str,
    "EventSourceName": str,
    "EventStartTime": None,
    "Force": bool,
    "HttpMethod": str,
    "Ids": TEXTS,
    "InvocationConnectivityParameters": _CONNECTIVITY,
    "InvocationEndpoint": str,
    "InvocationRateLimitPerSecond": int,
    "KmsKeyIdentifier": str,
    "Limit": int,
    "LogConfig": {"IncludeDetail": str, "Level": str},
    "Name": str,
    "NamePrefix": str,
    "NextToken": str,
    "Policy": str,
    "Principal": str,
    "RemoveAllPermissions": bool,
    "ReplayName": str,
    "ResourceARN": str,
    "RetentionDays": int,
    "RoleArn": str,
    "Rule": str,
    "ScheduleExpression": str,
    "State": str,
    "StatementId": str,
    "TagKeys": TEXTS,
    "Tags": TAGS,
    "TargetArn": str,
    "Targets": [
        {
            "AppSyncParameters": {"GraphQLOperation": str},
            "Arn": str,
            "BatchParameters": {
                "ArrayProperties": {"Size": int},
                "JobDefinition": str,
                "JobName": str,
                "RetryStrategy": {"Attempts": int},
            },
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
                "Tags": [{"Key": str, "Value": str}],
                "TaskCount": int,
                "TaskDefinitionArn": str,
            },
            "HttpParameters": {
                "HeaderParameters": {"*": str},
                "PathParameterValues": [str],
                "QueryStringParameters": {"*": str},
            },
            "Id": str,
            "Input": str,
            "InputPath": str,
            "InputTransformer": {"InputPathsMap": {"*": str}, "InputTemplate": str},
            "KinesisParameters": {"PartitionKeyPath": str},
            "RedshiftDataParameters": {
                "Database": str,
                "DbUser": str,
                "SecretManagerArn": str,
                "Sql": str,
                "Sqls": [str],
                "StatementName": str,
                "WithEvent": bool,
            },
            "RetryPolicy": {"MaximumEventAgeInSeconds": int, "MaximumRetryAttempts": int},
            "RoleArn": str,
            "RunCommandParameters": {"RunCommandTargets": [{"Key": str, "Values": [str]}]},
            "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": str, "Value": str}]},
            "SqsParameters": {"MessageGroupId": str},
        }
    ],
}
