"""
Policies that AWS manages, by their names: what those permit that the services here are asked with.

What they say of services that are not here is left out, and so are their exact wordings and versions. A role with one
that is not in this table may do what nobody here knows.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from collections.abc import Mapping

from pizzabar.documents import JSON
from pizzabar.iam.policy import Policy, read_policy

_WRITE_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_READ_STREAMS = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
_READ_QUEUES = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
_WRITE_TRACES = (
    *("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"),
    "xray:GetSamplingStatisticSummaries",
)

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "AWSLambdaBasicExecutionRole": _WRITE_LOGS,
    "AWSLambdaDynamoDBExecutionRole": (*_READ_STREAMS, *_WRITE_LOGS),
    "AWSLambdaExecute": ("logs:*",),
    "AWSLambdaInvocation-DynamoDB": ("lambda:InvokeFunction", *_READ_STREAMS),
    "AWSLambdaKinesisExecutionRole": _WRITE_LOGS,
    "AWSLambdaRole": ("lambda:InvokeFunction",),
    "AWSLambdaSQSQueueExecutionRole": (*_READ_QUEUES, *_WRITE_LOGS),
    "AWSLambdaVPCAccessExecutionRole": _WRITE_LOGS,
    "AWSLambda_FullAccess": ("lambda:*", "states:DescribeStateMachine", "states:ListStateMachines"),
    "AWSLambda_ReadOnlyAccess": ("lambda:Get*", "lambda:List*", "states:DescribeStateMachine"),
    "AWSStepFunctionsFullAccess": ("states:*",),
    "AWSStepFunctionsReadOnlyAccess": ("states:Describe*", "states:Get*", "states:List*"),
    "AWSXRayDaemonWriteAccess": _WRITE_TRACES,
    "AWSXrayWriteOnlyAccess": _WRITE_TRACES,
    "AdministratorAccess": ("*",),
    "AmazonAPIGatewayAdministrator": ("apigateway:*",),
    "AmazonAPIGatewayInvokeFullAccess": ("execute-api:Invoke", "execute-api:ManageConnections"),
    "AmazonAPIGatewayPushToCloudWatchLogs": (
        *(*_WRITE_LOGS, "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents"),
        "logs:FilterLogEvents",
    ),
    "AmazonDynamoDBFullAccess": ("dynamodb:*",),
    "AmazonDynamoDBFullAccess_v2": ("dynamodb:*",),
    "AmazonDynamoDBReadOnlyAccess": (
        *("dynamodb:BatchGetItem", "dynamodb:Describe*", "dynamodb:GetItem", "dynamodb:GetRecords"),
        *("dynamodb:GetShardIterator", "dynamodb:List*", "dynamodb:PartiQLSelect", "dynamodb:Query"),
        "dynamodb:Scan",
    ),
    "AmazonEventBridgeFullAccess": ("events:*", "scheduler:*"),
    "AmazonEventBridgeReadOnlyAccess": (
        *("events:Describe*", "events:List*", "events:TestEventPattern", "scheduler:Get*", "scheduler:List*"),
    ),
    "AmazonEventBridgeSchedulerFullAccess": ("scheduler:*",),
    "AmazonEventBridgeSchedulerReadOnlyAccess": ("scheduler:Get*", "scheduler:List*"),
    "AmazonSQSFullAccess": ("sqs:*",),
    "AmazonSQSReadOnlyAccess": (
        *("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues", "sqs:ListMessageMoveTasks"),
        "sqs:ListQueues",
    ),
    "CloudWatchLogsFullAccess": ("logs:*",),
    "CloudWatchLogsReadOnlyAccess": (
        *("logs:Describe*", "logs:FilterLogEvents", "logs:Get*", "logs:List*", "logs:StartQuery", "logs:StopQuery"),
        "logs:TestMetricFilter",
    ),
}
"""What each allows on every resource."""


def managed_policy(arn: str) -> Policy | None:
    """Read a policy of AWS's by its ARN; None for one that is not in the table."""
    if ":iam::aws:policy/" not in arn:
        return None
    name = arn.rpartition("/")[2]
    actions = ACTIONS.get(name)
    if actions is None:
        return None
    statement: dict[str, JSON] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return read_policy(name, {"Version": "2012-10-17", "Statement": [statement]}, "identity")
