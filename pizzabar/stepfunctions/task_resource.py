"""
What the ``Resource`` of a Task state names: an optimized integration, an SDK integration, a function, an activity.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

import re
from dataclasses import field

from pizzabar.record import record

WAIT_FOR_TASK_TOKEN = ".waitForTaskToken"

_INTEGRATION = re.compile(
    r"arn:aws[\w-]*:states:[\w-]*:\d*:((?:aws-sdk:)?[A-Za-z0-9-]+):([A-Za-z0-9]+)(\.\S+)?", re.ASCII
)
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d+:function:[\w-]+(?::[\w$-]+)?", re.ASCII)

_ACTIVITY = re.compile(r"arn:aws[\w-]*:states:[\w-]+:\d+:activity:[^:]+")

SYNC = (".sync", ".sync:2")
_CALLBACK = frozenset({WAIT_FOR_TASK_TOKEN})

_OPTIMIZED: dict[tuple[str, str], frozenset[str]] = {
    ("apigateway", "invoke"): _CALLBACK,
    ("events", "putEvents"): _CALLBACK,
    ("http", "invoke"): frozenset(),
    ("lambda", "invoke"): _CALLBACK,
    ("sqs", "sendMessage"): _CALLBACK,
    ("states", "startExecution"): _CALLBACK | {*SYNC},
    ("dynamodb", "getItem"): frozenset(),
    ("dynamodb", "putItem"): frozenset(),
    ("dynamodb", "updateItem"): frozenset(),
    ("dynamodb", "deleteItem"): frozenset(),
}
"""The optimized integrations, and what each can wait for beside its answer."""

_SYNC = frozenset({".sync"})
_ELSEWHERE: dict[tuple[str, str], frozenset[str]] = {
    ("bedrock", "createModelCustomizationJob"): _SYNC,
    ("bedrock", "invokeModel"): _CALLBACK,
    ("ecs", "runTask"): _SYNC | _CALLBACK,
    ("eks", "call"): frozenset(),
    ("sns", "publish"): _CALLBACK,
    **{("athena", action): frozenset() for action in ("getQueryExecution", "getQueryResults", "stopQueryExecution")},
    **{
        ("codebuild", action): frozenset()
        for action in ("batchDeleteBuilds", "batchGetReports", "deleteBuildBatch", "stopBuild", "stopBuildBatch")
    },
    **{
        ("elasticmapreduce", action): frozenset()
        for action in (
            *("cancelStep", "modifyInstanceFleetByName", "modifyInstanceGroupByName"),
            "setClusterTerminationProtection",
        )
    },
    **{
        ("sagemaker", action): frozenset()
        for action in ("createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint")
    },
    ("emr-containers", "createVirtualCluster"): frozenset(),
    **{
        (service, action): _SYNC
        for service, actions in {
            "athena": ("startQueryExecution",),
            "batch": ("submitJob",),
            "codebuild": ("retryBuildBatch", "startBuild", "startBuildBatch"),
            "databrew": ("startJobRun",),
            "eks": ("createCluster", "createNodegroup", "deleteCluster", "deleteNodegroup", "runJob"),
            "elasticmapreduce": ("addStep", "createCluster", "terminateCluster"),
            "emr-containers": ("deleteVirtualCluster", "startJobRun"),
            "emr-serverless": (
                *("cancelJobRun", "createApplication", "deleteApplication", "startApplication", "startJobRun"),
                "stopApplication",
            ),
            "glue": ("startJobRun",),
            "mediaconvert": ("createJob",),
            "sagemaker": (
                *("createHyperParameterTuningJob", "createLabelingJob", "createProcessingJob", "createTrainingJob"),
                "createTransformJob",
            ),
        }.items()
        for action in actions
    },
}
"""Those of AWS with services that are not here: a definition may have them where mocks answer.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""


@record
class TaskResource:
    """A resource taken apart: ``type`` and ``name`` as history events tell them."""

    arn: str
    type: str
    name: str
    has_token: bool = False
    is_activity: bool = field(init=False, compare=False)
    """Whether workers ask for the task, and answer it by its token."""
    is_job: bool = field(init=False, compare=False)
    """Whether the task is what it starts, to its end."""
    kind: str = field(init=False, compare=False)
    """How the names of its history events begin."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_activity", self.type == "activity")
        object.__setattr__(self, "is_job", self.name.endswith(SYNC))
        kind = "Task" if self.name else "Activity" if self.is_activity else "LambdaFunction"
        object.__setattr__(self, "kind", kind)


class InvalidResource(ValueError):
    """Raised when a resource is not one that a Task state can have here; its text says why."""


def read_resource(arn: str) -> TaskResource:
    """Take a resource apart. Raise ``InvalidResource``."""
    if _FUNCTION.fullmatch(arn):
        return TaskResource(arn, "lambda", "")
    if _ACTIVITY.fullmatch(arn):
        return TaskResource(arn, "activity", "")
    if (match := _INTEGRATION.fullmatch(arn)) is None:
        raise InvalidResource(not_recognized(arn))
    service, action, pattern = match.groups()
    is_sdk = service.startswith("aws-sdk:")
    patterns = _CALLBACK if is_sdk else (_OPTIMIZED | _ELSEWHERE).get((service, action))
    if patterns is None or (pattern is not None and pattern not in patterns):
        raise InvalidResource(not_recognized(arn))
    has_token = pattern == WAIT_FOR_TASK_TOKEN
    return TaskResource(arn, service, f"{action}{pattern or ''}", has_token=has_token)


def not_recognized(arn: str) -> str:
    """Say that a resource is none, as AWS does."""
    return (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, "
        "or the resource is not available in this region."
    )
