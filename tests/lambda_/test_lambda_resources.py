"""
The CloudFormation types of Lambda.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

import pytest

from pizzabar.arn import Home
from pizzabar.documents import JSON
from pizzabar.errors import pointer
from pizzabar.lambda_.function import Context
from pizzabar.lambda_.resources import RESOURCES
from pizzabar.resource import Identity, Naming, Resource
from tests.lambda_.service import Lambda, lambda_

NAMING = Naming(Home(), "pizza")
FUNCTION = RESOURCES["AWS::Lambda::Function"]
IN_PROCESS = {"pizzabar": {"InProcess": "tests.lambda_.test_lambda_resources:handle"}}


async def handle(event: JSON, context: Context) -> JSON:
    return dict(context.environment)


def faults(properties: JSON, metadata: JSON) -> list[str]:
    resource = Resource("Tell", "AWS::Lambda::Function", properties, Identity("Tell"), metadata)
    return [f"{pointer(fault.path)}: {fault.message}" for fault in FUNCTION.check_resource(resource)]


async def create(ask: Lambda, **properties: JSON) -> None:
    assert FUNCTION.create is not None
    identity = FUNCTION.identify("Tell", properties, NAMING)
    await FUNCTION.create(ask.functions, Resource("Tell", "AWS::Lambda::Function", properties, identity, IN_PROCESS))


@pytest.mark.parametrize(("properties", "name"), [({}, "pizza-Tell"), ({"FunctionName": "Mine"}, "Mine")])
def test_the_names_of_a_function(properties: JSON, name: str) -> None:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"

    assert FUNCTION.identify("Tell", properties, NAMING) == Identity(name, {"Arn": arn})


async def test_a_function_of_a_template_as_it_is_configured() -> None:
    async with lambda_() as ask:
        await create(
            ask,
            Description="d",
            Timeout=30,
            MemorySize=512,
            Environment={"Variables": {"TABLE": "Orders"}},
            ReservedConcurrentExecutions=5,
            LoggingConfig={"LogGroup": "/tell"},
        )

        [function] = ask.functions
        assert (function.name, function.description, function.log_group) == ("pizza-Tell", "d", "/tell")
        assert (function.timeout, function.memory_size, function.reserved_concurrency) == (30, 512, 5)
        answer = await ask("Invoke", FunctionName="pizza-Tell")
        assert answer["Payload"] == b'{"TABLE":"Orders"}'


async def test_what_a_template_does_not_say() -> None:
    async with lambda_() as ask:
        await create(ask)

        [function] = ask.functions
        assert (function.timeout, function.memory_size, function.reserved_concurrency) == (3, 128, None)
        assert function.log_group == "/aws/lambda/pizza-Tell"


def test_a_function_that_can_run() -> None:
    assert faults({"Runtime": "python3.13"}, IN_PROCESS) == []


@pytest.mark.parametrize("metadata", [{}, {"pizzabar": {}}, {"pizzabar": "x"}, {"cfn-lint": {}}])
def test_a_function_without_a_handler_in_process(metadata: JSON) -> None:
    assert faults({"Runtime": "nodejs18.x", "Handler": "index.handler", "Code": "./src"}, metadata) == []


CODE = {"Runtime": "python3.13", "Handler": "app.handler", "Code": "src"}


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        (
            {"Runtime": "java21"},
            "/Runtime: the runtime java21 is not supported: functions run in nodejs*",
        ),
        ({"Runtime": "provided.al2023"}, "/Runtime: the runtime provided.al2023 is not supported"),
        ({"Runtime": None}, "/: a function needs a Runtime"),
        ({"Handler": None}, "/: a function needs a Handler"),
        ({"Code": None}, "/: a function needs its Code"),
        ({"Code": "s3://bucket/key"}, "/Code: s3://bucket/key is not on this machine: name a folder or a zip file"),
        ({"Code": {"S3Bucket": "b", "S3Key": "k"}}, "/Code/S3Bucket: code in S3 is not on this machine"),
        ({"Code": {"ImageUri": "i"}}, "/Code/ImageUri: functions in container images are not supported"),
        ({"Code": {}}, "/Code: name a folder or a zip file, or give the code as ZipFile"),
        ({"PackageType": "Image"}, "/PackageType: functions in container images are not supported"),
    ],
)
def test_code_that_does_not_run_here_is_refused_by_name(properties: JSON, fault: str) -> None:
    given = {name: value for name, value in {**CODE, **properties}.items() if value is not None}
    [told] = faults(given, {})

    assert told.startswith(fault)


@pytest.mark.parametrize("name", ["ApplicationLogLevel", "SystemLogLevel"])
def test_only_a_log_in_json_has_levels(name: str) -> None:
    """In the words that CloudFormation has of Lambda (aws/aws-cdk, pull request 28045)."""
    [told] = faults({**CODE, "LoggingConfig": {name: "INFO"}}, {})

    assert told.startswith(f'/LoggingConfig/{name}: LogLevel is not supported when LogFormat is set to "Text".')
    assert faults({**CODE, "LoggingConfig": {name: "INFO", "LogFormat": "JSON"}}, {}) == []


@pytest.mark.parametrize("method", ["esbuild", "makefile", "rust-cargolambda"])
def test_what_only_sam_can_build_is_refused_by_name(method: str) -> None:
    assert faults(CODE, {"BuildMethod": "python3.13"}) == []
    assert faults(CODE, {"BuildMethod": method, "SamResourceId": "Tell"}) == []
    [fault] = faults(CODE, {"BuildMethod": method})

    assert fault.startswith(f"/: the build method {method} is not supported: run `sam build`")


@pytest.mark.parametrize(
    "handler",
    ["tests.nowhere:handle", "tests.lambda_.test_lambda_resources:nothing", "tests", "", ":", 5],
)
def test_a_handler_that_cannot_be_loaded(handler: JSON) -> None:
    [fault] = faults({}, {"pizzabar": {"InProcess": handler}})

    assert fault.startswith(f"/: the handler {handler} cannot be loaded: ")
