"""
Versions and aliases of functions by boto3, over real sockets.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
"""

import json
from pathlib import Path
from typing import Any

from tests.flow.test_boto3 import FUNCTION, open_aws

NAME: dict[str, Any] = {"FunctionName": FUNCTION}
ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}"
RULE = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "StatementId": "rule"}


async def test_every_operation() -> None:
    async with open_aws() as aws:
        published = await aws("lambda", "PublishVersion", **NAME, Description="first")
        assert (published["Version"], published["FunctionArn"]) == ("1", f"{ARN}:1")
        await aws("lambda", "UpdateFunctionConfiguration", **NAME, Timeout=7)
        await aws("lambda", "PublishVersion", **NAME)
        versions = (await aws("lambda", "ListVersionsByFunction", **NAME))["Versions"]
        assert [(each["Version"], each["Timeout"]) for each in versions] == [("$LATEST", 7), ("1", 30), ("2", 7)]

        alias = {**NAME, "Name": "live"}
        made = await aws("lambda", "CreateAlias", **alias, FunctionVersion="1")
        assert made["AliasArn"] == f"{ARN}:live"
        again = await aws.fails("lambda", "CreateAlias", **alias, FunctionVersion="1")
        assert again == "ResourceConflictException"
        routing = {"AdditionalVersionWeights": {"1": 0.0}}
        await aws("lambda", "UpdateAlias", **alias, FunctionVersion="2", RoutingConfig=routing)
        assert (await aws("lambda", "GetAlias", **alias))["RoutingConfig"] == routing
        assert [each["Name"] for each in (await aws("lambda", "ListAliases", **NAME))["Aliases"]] == ["live"]

        invoked = await aws("lambda", "Invoke", **NAME, Qualifier="live", Payload=b"{}")
        assert invoked["ExecutedVersion"] == "2"
        assert (await aws("lambda", "Invoke", FunctionName=f"{ARN}:1", Payload=b"{}"))["ExecutedVersion"] == "1"
        assert await aws.fails("lambda", "Invoke", **NAME, Qualifier="next") == "ResourceNotFoundException"
        found = (await aws("lambda", "GetFunction", **NAME, Qualifier="live"))["Configuration"]
        assert (found["Version"], found["FunctionArn"]) == ("2", f"{ARN}:live")
        assert (await aws("lambda", "GetFunctionConfiguration", FunctionName=f"{FUNCTION}:1"))["Timeout"] == 30

        await aws("lambda", "AddPermission", **NAME, **RULE, Qualifier="live")
        [permission] = json.loads((await aws("lambda", "GetPolicy", **NAME, Qualifier="live"))["Policy"])["Statement"]
        assert permission["Resource"] == f"{ARN}:live"
        await aws("lambda", "RemovePermission", **NAME, StatementId="rule", Qualifier="live")
        assert await aws.fails("lambda", "GetPolicy", **NAME, Qualifier="live") == "ResourceNotFoundException"

        assert await aws.fails("lambda", "DeleteFunction", **NAME, Qualifier="2") == "ResourceConflictException"
        await aws("lambda", "DeleteAlias", **alias)
        await aws("lambda", "DeleteFunction", **NAME, Qualifier="2")
        assert await aws.fails("lambda", "GetAlias", **alias) == "ResourceNotFoundException"
        await aws("lambda", "DeleteFunction", **NAME)
        assert await aws.fails("lambda", "GetFunction", **NAME) == "ResourceNotFoundException"


async def test_they_are_there_after_a_restart(tmp_path: Path) -> None:
    settings = {"state": tmp_path / "state.db"}
    async with open_aws(**settings) as aws:
        await aws("lambda", "PublishVersion", **NAME)
        await aws("lambda", "CreateAlias", **NAME, Name="live", FunctionVersion="1")
        await aws("lambda", "AddPermission", **NAME, **RULE, Qualifier="live")
        queue = await aws("sqs", "CreateQueue", QueueName="orders")
        source = {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:orders"}
        await aws("sqs", "SetQueueAttributes", QueueUrl=queue["QueueUrl"], Attributes={"VisibilityTimeout": "90"})
        made = await aws("lambda", "CreateEventSourceMapping", **source, FunctionName=f"{FUNCTION}:live")
        assert made["FunctionArn"] == f"{ARN}:live"

    async with open_aws(**settings) as aws:
        assert aws.bar.emulator.changed_back == []
        assert (await aws("lambda", "Invoke", **NAME, Qualifier="live", Payload=b"{}"))["ExecutedVersion"] == "1"
        assert "live" in (await aws("lambda", "GetPolicy", **NAME, Qualifier="live"))["Policy"]
        [mapping] = (await aws("lambda", "ListEventSourceMappings", FunctionName=f"{ARN}:live"))[
            "EventSourceMappings"
        ]
        assert (await aws("lambda", "ListEventSourceMappings", FunctionName=f"{ARN}:1"))["EventSourceMappings"] == []
        assert mapping["FunctionArn"] == f"{ARN}:live"
        await aws("sqs", "SendMessage", QueueUrl=queue["QueueUrl"], MessageBody="margherita")
        await aws.bar.emulator.settled()
        [*_, run] = [hop for hop in aws.bar.emulator.journal if hop.operation == "Invocation"]
        assert (run.parameters["Qualifier"], run.parameters["Version"]) == ("live", "1")
