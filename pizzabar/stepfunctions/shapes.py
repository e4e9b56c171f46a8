"""
The JSON types of what the operations of Step Functions take, by the names of the members.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from pizzabar.shapes import TEXTS, Shapes

SHAPES: Shapes = {
    "activityArn": str,
    "cause": str,
    "clientToken": str,
    "definition": str,
    "description": str,
    "encryptionConfiguration": {"kmsDataKeyReusePeriodSeconds": int, "kmsKeyId": str, "type": str},
    "error": str,
    "executionArn": str,
    "includeExecutionData": bool,
    "includedData": str,
    "input": str,
    "loggingConfiguration": {
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": str}}],
        "includeExecutionData": bool,
        "level": str,
    },
    "mapRunArn": str,
    "maxConcurrency": int,
    "maxResults": int,
    "name": str,
    "nextToken": str,
    "output": str,
    "publish": bool,
    "redriveFilter": str,
    "resourceArn": str,
    "reverseOrder": bool,
    "revisionId": str,
    "roleArn": str,
    "routingConfiguration": [{"stateMachineVersionArn": str, "weight": int}],
    "severity": str,
    "stateMachineAliasArn": str,
    "stateMachineArn": str,
    "stateMachineVersionArn": str,
    "statusFilter": str,
    "tagKeys": TEXTS,
    "tags": [{"key": str, "value": str}],
    "taskToken": str,
    "traceHeader": str,
    "toleratedFailureCount": int,
    "toleratedFailurePercentage": float,
    "tracingConfiguration": {"enabled": bool},
    "type": str,
    "versionDescription": str,
    "workerName": str,
}
