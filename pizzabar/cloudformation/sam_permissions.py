"""
What SAM makes of ``Policies``: policies of a role's own, and managed ones.

Policy templates are written out if they are about services that are here; of the others the role keeps the name.
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
"""

from collections.abc import Iterator, Mapping, Sequence

from pizzabar.cloudformation.node import Node, Special, mapping
from pizzabar.cloudformation.sam_globals import is_intrinsic
from pizzabar.cloudformation.sam_policies import POLICY_TEMPLATES
from pizzabar.cloudformation.sam_source import Source
from pizzabar.documents import JSON

BASIC = "service-role/AWSLambdaBasicExecutionRole"
QUEUES = "service-role/AWSLambdaSQSQueueExecutionRole"
STREAMS = "service-role/AWSLambdaDynamoDBExecutionRole"
TRACING = "AWSXRayDaemonWriteAccess"
_SERVICE_ROLES = frozenset(
    {
        *("AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole", "AWSLambdaKinesisExecutionRole"),
        *("AWSLambdaRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaVPCAccessExecutionRole"),
        "AmazonAPIGatewayPushToCloudWatchLogs",
    }
)
"""Managed policies whose ARNs have this in their path."""


def managed_arn(name: str) -> JSON:
    """Give the ARN of a policy that AWS manages."""
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}


def permissions(source: Source) -> tuple[list[JSON], list[JSON]]:
    """Give the policies of its own that the role of a function or state machine has, and the ARNs of managed ones."""
    own: list[JSON] = []
    managed: list[JSON] = []
    for number, policy in enumerate(_listed(source.properties.get("Policies"))):
        name = f"{source.logical_id}RolePolicy{number}"
        match _kind(policy):
            case "document":
                own.append({"PolicyName": name, "PolicyDocument": _with_version(policy)})
            case "template":
                own.append({"PolicyName": name, **_of_template(policy)})
            case "choice":
                own.append(_chosen(name, policy))
            case "managed":
                managed.append(_managed(policy))
    return own, managed


def _listed(policies: Node | None) -> Sequence[Node]:
    if policies is None or isinstance(policies.value, Special):
        return ()
    return policies.value if isinstance(policies.value, list) else [policies]


def _kind(policy: Node) -> str | None:
    """Say what a policy is; None for one that is faulty, which has been told."""
    value = policy.value
    if isinstance(value, str):
        return "managed"
    if not isinstance(value, dict):
        return None
    if "Statement" in value:
        return "document"
    if "Fn::If" in value and any(_kind(branch) in ("choice", "document", "template") for branch in _branches(policy)):
        return "choice"
    if is_intrinsic(value):
        return "managed"
    return "template" if len(value) == 1 and next(iter(value)) in POLICY_TEMPLATES else None


def _branches(policy: Node) -> Sequence[Node]:
    parts = mapping(policy)["Fn::If"].value
    return parts[1:] if isinstance(parts, list) else ()


def _chosen(name: str, policy: Node) -> JSON:
    """Write the policies that a condition chooses between; one of them may be none."""
    parts = mapping(policy)["Fn::If"].value
    assert isinstance(parts, list)

    def write(branch: Node) -> JSON:
        match _kind(branch):
            case "template":
                document = _of_template(branch).get("PolicyDocument", NOTHING)
                return {"PolicyName": name, "PolicyDocument": document}
            case "document":
                return {"PolicyName": name, "PolicyDocument": _with_version(branch)}
            case "choice":
                return _chosen(name, branch)
            case _:
                return branch

    return {"Fn::If": [parts[0], *map(write, parts[1:])]}


NOTHING: JSON = {"Version": "2012-10-17", "Statement": []}


def _with_version(policy: Node) -> JSON:
    members = mapping(policy)
    if "Version" in members:
        return policy
    return Node({"Version": Node("2012-10-17", policy.position), **members}, policy.position, policy.key)


def _managed(policy: Node) -> JSON:
    name = policy.value
    if not isinstance(name, str) or name.startswith("arn:"):
        return policy
    return managed_arn(f"service-role/{name}" if name in _SERVICE_ROLES else name)


def _of_template(policy: Node) -> dict[str, JSON]:
    ((name, given),) = mapping(policy).items()
    statements = TEMPLATES.get(name)
    if statements is None:
        return {"PolicyTemplate": policy}
    written = [_statement(actions, resources, mapping(given)) for actions, resources in statements]
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": written}}


def _statement(actions: Sequence[str], resources: Sequence[str], parameters: Mapping[str, Node]) -> JSON:
    # Without a parameter there is nothing to put in but what every template knows.
    arns = [{"Fn::Sub": [each, dict(parameters)] if parameters else each} for each in resources]
    return {"Effect": "Allow", "Action": list(actions), "Resource": arns}


def _of(service: str, *resources: str) -> tuple[str, ...]:
    home = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}"
    return tuple(f"{home}:{each}" for each in resources)


def _actions(service: str, names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names.split())


_TABLE = _of("dynamodb", "table/${TableName}")
_TABLE_AND_INDEXES = _of("dynamodb", "table/${TableName}", "table/${TableName}/index/*")
_BACKUPS = _of("dynamodb", "table/${TableName}/backup/*")

Statements = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
TEMPLATES: dict[str, Statements] = {
    "CloudFormationDescribeStacksPolicy": (
        (_actions("cloudformation", "DescribeStacks"), _of("cloudformation", "stack/*")),
    ),
    "DynamoDBBackupFullAccessPolicy": (
        (_actions("dynamodb", "CreateBackup DescribeContinuousBackups"), _TABLE),
        (_actions("dynamodb", "DeleteBackup DescribeBackup ListBackups"), _BACKUPS),
    ),
    "DynamoDBCrudPolicy": (
        (
            _actions(
                "dynamodb",
                "GetItem DeleteItem PutItem Scan Query UpdateItem BatchWriteItem BatchGetItem DescribeTable "
                "ConditionCheckItem",
            ),
            _TABLE_AND_INDEXES,
        ),
    ),
    "DynamoDBReadPolicy": (
        (_actions("dynamodb", "GetItem Scan Query BatchGetItem DescribeTable"), _TABLE_AND_INDEXES),
    ),
    "DynamoDBReconfigurePolicy": ((_actions("dynamodb", "UpdateTable"), _TABLE),),
    "DynamoDBRestoreFromBackupPolicy": (
        (_actions("dynamodb", "RestoreTableFromBackup"), _BACKUPS),
        (_actions("dynamodb", "PutItem UpdateItem DeleteItem GetItem Query Scan BatchWriteItem"), _TABLE),
    ),
    "DynamoDBStreamReadPolicy": (
        (
            _actions("dynamodb", "DescribeStream GetRecords GetShardIterator"),
            _of("dynamodb", "table/${TableName}/stream/${StreamName}"),
        ),
        (_actions("dynamodb", "ListStreams"), _of("dynamodb", "table/${TableName}/stream/*")),
    ),
    "DynamoDBWritePolicy": ((_actions("dynamodb", "PutItem UpdateItem BatchWriteItem"), _TABLE_AND_INDEXES),),
    "EventBridgePutEventsPolicy": ((_actions("events", "PutEvents"), _of("events", "event-bus/${EventBusName}")),),
    "FilterLogEventsPolicy": (
        (_actions("logs", "FilterLogEvents"), _of("logs", "log-group:${LogGroupName}:log-stream:*")),
    ),
    "LambdaInvokePolicy": ((_actions("lambda", "InvokeFunction"), _of("lambda", "function:${FunctionName}*")),),
    "SQSPollerPolicy": (
        (
            _actions(
                "sqs",
                "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch "
                "GetQueueAttributes ReceiveMessage",
            ),
            _of("sqs", "${QueueName}"),
        ),
    ),
    "SQSSendMessagePolicy": ((_actions("sqs", "SendMessage*"), _of("sqs", "${QueueName}")),),
    **{
        name: ((_actions("states", actions), _of("states", "stateMachine:${StateMachineName}")),)
        for name, actions in {
            "StepFunctionsCallbackPolicy": "SendTaskFailure SendTaskHeartbeat SendTaskSuccess",
            "StepFunctionsExecutionPolicy": "StartExecution",
            "StepFunctionsExecutionPolicy_v2": "StartExecution",
        }.items()
    },
}
"""What policy templates allow: actions and resources, by their names."""


def attached(source: Source, base: str | None, *, reads_streams: bool, reads_queues: bool) -> Iterator[JSON]:
    """Give the ARNs of the managed policies that SAM attaches by itself."""
    if base is not None:
        yield managed_arn(base)
    if reads_streams:
        yield managed_arn(STREAMS)
    if reads_queues:
        yield managed_arn(QUEUES)
    if _may_trace(source.properties.get("Tracing")):
        yield managed_arn(TRACING)


def _may_trace(tracing: Node | None) -> bool:
    """Whether SAM sees that it is traced: a state machine's is a setting, a function's whatever is not turned off."""
    if tracing is None or isinstance(tracing.value, Special):
        return False
    if isinstance(tracing.value, dict) and not is_intrinsic(tracing.value):
        enabled = tracing.value.get("Enabled")
        return enabled is not None and enabled.value is True
    return tracing.value != "Disabled"
