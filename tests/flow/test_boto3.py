"""
boto3 against a running server: each operation at least once, its output held against the service's own model.

https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from pizzabar.services import SERVICES
from pizzabar.settings import Settings
from tests.flow.serving import ORDER, PizzaBar, open_pizza_bar, receive, statuses

T = TypeVar("T")
FUNCTION, MACHINE, BUS = "pizzabar-StatusFunction", "pizzabar-OrderFlow", "pizzabar-EventBus"
ROLE = "arn:aws:iam::123456789012:role/any"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


class Aws:
    """boto3's clients of one server. What they answer is held against the model."""

    def __init__(self, bar: PizzaBar) -> None:
        self.bar = bar
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Give a client, as a program would make it."""
        if service not in self._clients:
            path = "/api" if service == "apigatewaymanagementapi" else ""
            self._clients[service] = boto3.client(
                service,
                endpoint_url=f"http://localhost:{self.bar.port}{path}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 0}, proxies={}, inject_host_prefix=False),
            )
        return self._clients[service]

    async def do(self, work: Callable[[], T]) -> T:
        """Do something that blocks, while the server goes on."""
        return await asyncio.to_thread(work)

    async def __call__(self, service: str, operation: str, **parameters: Any) -> Any:
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        names = {name: method for method, name in client.meta.method_to_api_mapping.items()}
        answer = await self.do(lambda: getattr(client, names[operation])(**parameters))
        del answer["ResponseMetadata"]
        if "Payload" in answer:
            answer["Payload"] = answer["Payload"].read()
        if model.output_shape is not None:
            report = ParamValidator().validate(answer, model.output_shape).generate_report()
            # AWS's own answers have zeros there, which its model does not allow; and boto3 has read the documents.
            excused = ("ProvisionedThroughput.", "PolicyDocument, value: {")
            faults = [line for line in report.splitlines() if not any(each in line for each in excused)]
            assert faults == []
        return answer

    async def fails(self, service: str, operation: str, **parameters: Any) -> str:
        """Give the name of the exception class that an operation raises."""
        with pytest.raises(ClientError) as raised:
            await self(service, operation, **parameters)
        return type(raised.value).__name__


@asynccontextmanager
async def open_aws(**settings: Any) -> AsyncIterator[Aws]:
    async with open_pizza_bar(Settings(**({"state": None, "clock": "virtual"} | settings))) as bar:
        yield Aws(bar)


async def test_an_order_is_driven_and_observed_by_calls_alone() -> None:
    async with open_aws(clock="auto") as aws, aws.bar.connect() as guest:
        await guest.send(ORDER)
        assert statuses(await receive(guest, 6))[-1] == "order delivered"
        await aws.bar.emulator.settled()

        _manual, machine = (await aws("stepfunctions", "ListStateMachines"))["stateMachines"]
        listed = await aws("stepfunctions", "ListExecutions", stateMachineArn=machine["stateMachineArn"])
        [execution] = listed["executions"]
        assert execution["status"] == "SUCCEEDED"
        arn = execution["executionArn"]
        history = await aws("stepfunctions", "GetExecutionHistory", executionArn=arn, reverseOrder=True)
        assert history["events"][0]["type"] == "ExecutionSucceeded"
        [order] = (await aws("dynamodb", "Scan", TableName="pizzabar-Orders"))["Items"]
        assert order["status"] == {"S": "order delivered"}
        lines = await aws("logs", "FilterLogEvents", logGroupName=f"/aws/lambda/{FUNCTION}")
        assert sum(event["message"].startswith("REPORT") for event in lines["events"]) == 6


async def test_dynamodb() -> None:
    async with open_aws() as aws:
        key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
        definitions = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
        await aws("dynamodb", "CreateTable", TableName="Music", BillingMode="PAY_PER_REQUEST", **key, **definitions)
        await aws.do(lambda: aws.client("dynamodb").get_waiter("table_exists").wait(TableName="Music"))
        assert (await aws("dynamodb", "DescribeTable", TableName="Music"))["Table"]["ItemCount"] == 0
        pages = aws.client("dynamodb").get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
        assert [name for page in await aws.do(lambda: list(pages)) for name in page["TableNames"]] == [
            "Music",
            "pizzabar-Orders",
            "pizzabar-Sessions",
            "pizzabar-Tickets",
        ]
        await aws("dynamodb", "ListTables")
        [endpoint] = (await aws("dynamodb", "DescribeEndpoints"))["Endpoints"]
        assert endpoint["Address"] == f"localhost:{aws.bar.port}"
        backups = (await aws("dynamodb", "DescribeContinuousBackups", TableName="Music"))[
            "ContinuousBackupsDescription"
        ]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
        item = {"id": {"S": "1"}, "raw": {"B": b"\x00\xff"}, "many": {"NS": ["1", "2"]}, "n": {"N": "1.50"}}
        await aws("dynamodb", "PutItem", TableName="Music", Item=item)
        got = (await aws("dynamodb", "GetItem", TableName="Music", Key={"id": {"S": "1"}}))["Item"]
        assert (got["raw"], got["n"]) == ({"B": b"\x00\xff"}, {"N": "1.5"})
        updated = await aws(
            "dynamodb",
            "UpdateItem",
            TableName="Music",
            Key={"id": {"S": "1"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        assert updated["Attributes"] == {"n": {"N": "2.5"}}
        values = {":id": {"S": "1"}}
        condition = {"KeyConditionExpression": "id = :id", "ExpressionAttributeValues": values}
        assert (await aws("dynamodb", "Query", TableName="Music", **condition))["Count"] == 1
        assert (await aws("dynamodb", "Scan", TableName="Music"))["Count"] == 1
        writes = [{"PutRequest": {"Item": {"id": {"S": str(number)}}}} for number in (2, 3)]
        assert (await aws("dynamodb", "BatchWriteItem", RequestItems={"Music": writes}))["UnprocessedItems"] == {}
        keys = {"Keys": [{"id": {"S": "2"}}, {"id": {"S": "9"}}]}
        batch = await aws("dynamodb", "BatchGetItem", RequestItems={"Music": keys})
        assert batch["Responses"] == {"Music": [{"id": {"S": "2"}}]}
        delete = {"Delete": {"TableName": "Music", "Key": {"id": {"S": "2"}}}}
        check = {"TableName": "Music", "Key": {"id": {"S": "9"}}, "ConditionExpression": "attribute_exists(id)"}
        with pytest.raises(ClientError) as cancelled:
            await aws("dynamodb", "TransactWriteItems", TransactItems=[delete, {"ConditionCheck": check}])
        assert type(cancelled.value).__name__ == "TransactionCanceledException"
        reasons = cancelled.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
        await aws("dynamodb", "TransactWriteItems", TransactItems=[delete])
        gets = [{"Get": {"TableName": "Music", "Key": {"id": {"S": id_}}}} for id_ in ("2", "3")]
        together = await aws("dynamodb", "TransactGetItems", TransactItems=gets)
        assert together["Responses"] == [{}, {"Item": {"id": {"S": "3"}}}]
        index = {"IndexName": "by-n", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}
        create = {"Create": {**index, "Projection": {"ProjectionType": "ALL"}}}
        by_n = {"AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}]}
        await aws("dynamodb", "UpdateTable", TableName="Music", GlobalSecondaryIndexUpdates=[create], **by_n)
        assert (await aws("dynamodb", "Scan", TableName="Music", IndexName="by-n"))["Count"] == 1
        arn = (await aws("dynamodb", "DescribeTable", TableName="Music"))["Table"]["TableArn"]
        await aws("dynamodb", "TagResource", ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
        assert len((await aws("dynamodb", "ListTagsOfResource", ResourceArn=arn))["Tags"]) == 1
        await aws("dynamodb", "UntagResource", ResourceArn=arn, TagKeys=["a"])
        await aws("dynamodb", "DescribeLimits")
        ttl = {"AttributeName": "expires", "Enabled": True}
        await aws("dynamodb", "UpdateTimeToLive", TableName="Music", TimeToLiveSpecification=ttl)
        described = await aws("dynamodb", "DescribeTimeToLive", TableName="Music")
        assert described["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"

        again = {"TableName": "Music", "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
        assert await aws.fails("dynamodb", "PutItem", **again) == "ConditionalCheckFailedException"
        assert (
            await aws.fails("dynamodb", "GetItem", TableName="no", Key={"a": {"S": "b"}})
            == "ResourceNotFoundException"
        )
        taken = {"TableName": "Music", "BillingMode": "PAY_PER_REQUEST"}
        assert await aws.fails("dynamodb", "CreateTable", **taken, **key, **definitions) == "ResourceInUseException"
        await aws("dynamodb", "DeleteItem", TableName="Music", Key={"id": {"S": "1"}})
        await aws("dynamodb", "DeleteTable", TableName="Music")
        await aws.do(lambda: aws.client("dynamodb").get_waiter("table_not_exists").wait(TableName="Music"))


async def test_partiql() -> None:
    async with open_aws() as aws:
        put = "INSERT INTO \"pizzabar-Orders\" VALUE {'orderId': ?, 'raw': ?}"
        await aws("dynamodb", "ExecuteStatement", Statement=put, Parameters=[{"S": "1"}, {"B": b"\x00\xff"}])
        again = {"Statement": put, "Parameters": [{"S": "1"}, {"B": b""}]}
        assert await aws.fails("dynamodb", "ExecuteStatement", **again) == "DuplicateItemException"
        get = {"Statement": "SELECT * FROM \"pizzabar-Orders\" WHERE orderId = '1'"}
        [found] = (await aws("dynamodb", "ExecuteStatement", **get))["Items"]
        assert found == {"orderId": {"S": "1"}, "raw": {"B": b"\x00\xff"}}
        batch = await aws("dynamodb", "BatchExecuteStatement", Statements=[again])
        assert batch["Responses"][0]["Error"]["Code"] == "DuplicateItem"
        assert (await aws("dynamodb", "ExecuteTransaction", TransactStatements=[get]))["Responses"] == [
            {"Item": found}
        ]
        cancelled = await aws.fails("dynamodb", "ExecuteTransaction", TransactStatements=[again])
        assert cancelled == "TransactionCanceledException"


async def test_streams_of_tables() -> None:
    async with open_aws() as aws:
        on = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
        updated = await aws("dynamodb", "UpdateTable", TableName="pizzabar-Orders", **on)
        arn = updated["TableDescription"]["LatestStreamArn"]
        assert [each["StreamArn"] for each in (await aws("dynamodbstreams", "ListStreams"))["Streams"]] == [arn]
        [shard] = (await aws("dynamodbstreams", "DescribeStream", StreamArn=arn))["StreamDescription"]["Shards"]
        item = {"orderId": {"S": "1"}, "raw": {"B": b"\x00\xff"}}
        await aws("dynamodb", "PutItem", TableName="pizzabar-Orders", Item=item)
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = (await aws("dynamodbstreams", "GetShardIterator", **place))["ShardIterator"]
        [record] = (await aws("dynamodbstreams", "GetRecords", ShardIterator=iterator))["Records"]
        assert record["dynamodb"]["NewImage"] == item
        place["StreamArn"] += "0"
        assert await aws.fails("dynamodbstreams", "GetShardIterator", **place) == "ResourceNotFoundException"


async def test_events() -> None:
    async with open_aws() as aws:
        arn = (await aws("events", "CreateEventBus", Name="kitchen", Description="hot"))["EventBusArn"]
        assert (await aws("events", "DescribeEventBus", Name="kitchen"))["Arn"] == arn
        assert len((await aws("events", "ListEventBuses"))["EventBuses"]) == 3
        rule = {"Name": "baked", "EventBusName": "kitchen"}
        pattern = '{"source":["oven"]}'
        rule_arn = (await aws("events", "PutRule", **rule, EventPattern=pattern))["RuleArn"]
        await aws("events", "PutRule", Name="hourly", ScheduleExpression="rate(1 hour)")
        assert (await aws("events", "DescribeRule", Name="hourly"))["ScheduleExpression"] == "rate(1 hour)"
        await aws("events", "DeleteRule", Name="hourly")
        functions = await aws("lambda", "ListFunctions")
        target = functions["Functions"][0]["FunctionArn"]
        where = {"Rule": "baked", "EventBusName": "kitchen"}
        await aws("events", "PutTargets", **where, Targets=[{"Id": "f", "Arn": target}])
        assert (await aws("events", "ListTargetsByRule", **where))["Targets"] == [{"Id": "f", "Arn": target}]
        names = await aws("events", "ListRuleNamesByTarget", TargetArn=target, EventBusName="kitchen")
        assert names["RuleNames"] == ["baked"]
        await aws("events", "DisableRule", **rule)
        assert (await aws("events", "DescribeRule", **rule))["State"] == "DISABLED"
        await aws("events", "EnableRule", **rule)
        assert [each["State"] for each in (await aws("events", "ListRules", EventBusName="kitchen"))["Rules"]] == [
            "ENABLED"
        ]
        tags = [{"Key": "team", "Value": "pizza"}]
        await aws("events", "TagResource", ResourceARN=rule_arn, Tags=tags)
        assert (await aws("events", "ListTagsForResource", ResourceARN=rule_arn))["Tags"] == tags
        await aws("events", "UntagResource", ResourceARN=rule_arn, TagKeys=["team"])
        event = {"id": "1", "account": "1", "source": "oven", "time": "t", "region": "r", "detail-type": "d"}
        tested = await aws("events", "TestEventPattern", EventPattern=pattern, Event=json.dumps(event))
        assert tested["Result"] is True
        entry = {"Source": "oven", "DetailType": "Baked", "Detail": "{}", "EventBusName": "kitchen"}
        put = await aws("events", "PutEvents", Entries=[entry, {**entry, "Detail": "["}])
        assert (put["FailedEntryCount"], put["Entries"][1]["ErrorCode"]) == (1, "MalformedDetail")

        assert await aws.fails("events", "DeleteRule", **rule) == "ClientError"
        removed = await aws("events", "RemoveTargets", **where, Ids=["f", "g"])
        assert [each["TargetId"] for each in removed["FailedEntries"]] == ["g"]
        await aws("events", "DeleteRule", **rule)
        assert await aws.fails("events", "DescribeRule", **rule) == "ResourceNotFoundException"
        await aws("events", "DeleteEventBus", Name="kitchen")
        assert await aws.fails("events", "DescribeEventBus", Name="kitchen") == "ResourceNotFoundException"
        assert await aws.fails("events", "CreateEventBus", Name=BUS) == "ResourceAlreadyExistsException"
        wrong = {"Name": "r", "EventPattern": '{"a":"b"}'}
        assert await aws.fails("events", "PutRule", **wrong) == "InvalidEventPatternException"


async def test_archives_and_replays() -> None:
    async with open_aws() as aws:
        source = {"EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/default"}
        name = {"ArchiveName": "all"}
        made = await aws("events", "CreateArchive", **name, **source, RetentionDays=1)
        entry = {"Source": "a", "DetailType": "b", "Detail": "{}"}
        await aws("events", "PutEvents", Entries=[entry])
        await aws("events", "UpdateArchive", **name, RetentionDays=2)
        described = await aws("events", "DescribeArchive", **name)
        assert (described["EventCount"], described["RetentionDays"]) == (1, 2)
        assert [each["ArchiveName"] for each in (await aws("events", "ListArchives"))["Archives"]] == ["all"]

        span = {"EventStartTime": datetime(2020, 1, 1, tzinfo=UTC), "EventEndTime": datetime(2100, 1, 1, tzinfo=UTC)}
        asked = {"EventSourceArn": made["ArchiveArn"], "Destination": {"Arn": source["EventSourceArn"]}, **span}
        started = await aws("events", "StartReplay", ReplayName="again", **asked)
        assert started["State"] == "STARTING"
        await aws.bar.emulator.settled()
        replay = await aws("events", "DescribeReplay", ReplayName="again")
        assert replay["State"] == "COMPLETED"
        assert replay["EventStartTime"] == datetime(2020, 1, 1, tzinfo=UTC)
        assert [each["ReplayName"] for each in (await aws("events", "ListReplays"))["Replays"]] == ["again"]
        assert await aws.fails("events", "CancelReplay", ReplayName="again") == "IllegalStatusException"
        assert await aws.fails("events", "DeleteRule", Name="Events-Archive-all") == "ManagedRuleException"
        await aws("events", "DeleteArchive", **name)
        assert await aws.fails("events", "DescribeArchive", **name) == "ResourceNotFoundException"


async def test_permissions_of_buses() -> None:
    async with open_aws() as aws:
        allow = {"Action": "events:PutEvents", "Principal": "111122223333", "StatementId": "guests"}
        await aws("events", "PutPermission", **allow)
        assert "guests" in (await aws("events", "DescribeEventBus"))["Policy"]
        await aws("events", "RemovePermission", StatementId="guests")
        assert "Policy" not in await aws("events", "DescribeEventBus")


async def test_step_functions() -> None:
    async with open_aws() as aws:
        made = {"name": "Own", "definition": PASS, "roleArn": ROLE}
        arn = (await aws("stepfunctions", "CreateStateMachine", **made))["stateMachineArn"]
        assert (await aws("stepfunctions", "CreateStateMachine", **made))["stateMachineArn"] == arn
        other = PASS.replace('"A"', '"B"')
        changed = made | {"definition": other}
        assert await aws.fails("stepfunctions", "CreateStateMachine", **changed) == "StateMachineAlreadyExists"
        await aws("stepfunctions", "UpdateStateMachine", stateMachineArn=arn, definition=other)
        assert (await aws("stepfunctions", "DescribeStateMachine", stateMachineArn=arn))["definition"] == other
        checked = await aws(
            "stepfunctions", "ValidateStateMachineDefinition", definition='{"StartAt":"A","States":{}}'
        )
        assert (checked["result"], len(checked["diagnostics"]) > 0) == ("FAIL", True)
        started = await aws("stepfunctions", "StartExecution", stateMachineArn=arn, name="one", input="{}")
        await aws.bar.emulator.settled()
        execution = {"executionArn": started["executionArn"]}
        assert (await aws("stepfunctions", "DescribeExecution", **execution))["status"] == "SUCCEEDED"
        machine = await aws("stepfunctions", "DescribeStateMachineForExecution", **execution)
        assert machine["stateMachineArn"] == arn
        assert (
            await aws.fails("stepfunctions", "StartExecution", stateMachineArn=arn, name="one", input="[]")
            == "ExecutionAlreadyExists"
        )
        for number in range(3):
            await aws("stepfunctions", "StartExecution", stateMachineArn=arn, name=f"more-{number}")
        paginator = aws.client("stepfunctions").get_paginator("list_executions")
        pages = paginator.paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
        listed = await aws.do(lambda: [each["name"] for page in pages for each in page["executions"]])
        assert sorted(listed) == ["more-0", "more-1", "more-2", "one"]
        await aws("stepfunctions", "StopExecution", **execution)

        definition = {
            "StartAt": "Ask",
            "States": {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                    "Parameters": {"FunctionName": FUNCTION, "Payload": {"token.$": "$$.Task.Token"}},
                    "End": True,
                }
            },
        }
        asking = await aws(
            "stepfunctions", "CreateStateMachine", name="Ask", definition=json.dumps(definition), roleArn=ROLE
        )
        for answer, given in (
            ("SendTaskSuccess", {"output": "1"}),
            ("SendTaskFailure", {"error": "E", "cause": "C"}),
        ):
            run = await aws("stepfunctions", "StartExecution", stateMachineArn=asking["stateMachineArn"])
            await aws.bar.emulator.settled()
            history = await aws("stepfunctions", "GetExecutionHistory", executionArn=run["executionArn"])
            scheduled = next(each for each in history["events"] if each["type"] == "TaskScheduled")
            token = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["Payload"]["token"]
            await aws("stepfunctions", "SendTaskHeartbeat", taskToken=token)
            await aws("stepfunctions", answer, taskToken=token, **given)
            await aws.bar.emulator.settled()
            ended = await aws("stepfunctions", "DescribeExecution", executionArn=run["executionArn"])
            assert ended["status"] == ("SUCCEEDED" if answer == "SendTaskSuccess" else "FAILED")
        assert await aws.fails("stepfunctions", "SendTaskHeartbeat", taskToken="no") == "InvalidToken"
        await aws("stepfunctions", "DeleteStateMachine", stateMachineArn=arn)
        gone = await aws.fails("stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
        assert gone == "StateMachineDoesNotExist"


async def test_a_state_alone() -> None:
    async with open_aws() as aws:
        state = {"Type": "Pass", "Output": "{% $states.input.n + 1 %}", "QueryLanguage": "JSONata", "End": True}
        given = {"definition": json.dumps(state), "roleArn": ROLE, "input": '{"n": 1}', "inspectionLevel": "DEBUG"}
        found = await aws("stepfunctions", "TestState", **given)
        assert (found["status"], found["output"], found["inspectionData"]["input"]) == ("SUCCEEDED", "2", '{"n":1}')


async def test_map_runs() -> None:
    async with open_aws() as aws:
        wait = {"Type": "Wait", "Seconds": 60, "End": True}
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        processor = {"ProcessorConfig": config, "StartAt": "W", "States": {"W": wait}}
        each = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "End": True}
        definition = json.dumps({"StartAt": "A", "States": {"A": each}})
        made = await aws("stepfunctions", "CreateStateMachine", name="Maps", definition=definition, roleArn=ROLE)
        machine = {"stateMachineArn": made["stateMachineArn"]}
        started = await aws("stepfunctions", "StartExecution", **machine, input="[1, 2]")
        await aws.bar.emulator.settled()
        [run] = (await aws("stepfunctions", "ListMapRuns", executionArn=started["executionArn"]))["mapRuns"]
        arn = {"mapRunArn": run["mapRunArn"]}
        assert (await aws("stepfunctions", "DescribeMapRun", **arn))["itemCounts"]["running"] == 1
        await aws("stepfunctions", "UpdateMapRun", **arn, maxConcurrency=2, toleratedFailurePercentage=10)
        await aws.bar.emulator.settled()
        found = await aws("stepfunctions", "DescribeMapRun", **arn)
        assert (found["itemCounts"]["running"], found["toleratedFailurePercentage"]) == (2, 10.0)
        assert len((await aws("stepfunctions", "ListExecutions", **arn))["executions"]) == 2


async def test_versions_activities_and_express() -> None:
    async with open_aws() as aws:
        baked = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
        made = {"name": "own", "definition": baked, "roleArn": "arn:aws:iam::123456789012:role/r"}
        created = await aws("stepfunctions", "CreateStateMachine", **made, publish=True)
        machine, version = {"stateMachineArn": created["stateMachineArn"]}, created["stateMachineVersionArn"]
        await aws("stepfunctions", "PublishStateMachineVersion", **machine)
        await aws("stepfunctions", "ListStateMachineVersions", **machine)
        routes = [{"stateMachineVersionArn": version, "weight": 100}]
        alias = await aws("stepfunctions", "CreateStateMachineAlias", name="live", routingConfiguration=routes)
        alias = {"stateMachineAliasArn": alias["stateMachineAliasArn"]}
        await aws("stepfunctions", "UpdateStateMachineAlias", **alias, description="d")
        assert (await aws("stepfunctions", "DescribeStateMachineAlias", **alias))["description"] == "d"
        assert len((await aws("stepfunctions", "ListStateMachineAliases", **machine))["stateMachineAliases"]) == 1
        gone = {"stateMachineVersionArn": version}
        assert await aws.fails("stepfunctions", "DeleteStateMachineVersion", **gone) == "ConflictException"
        await aws("stepfunctions", "DeleteStateMachineAlias", **alias)
        await aws("stepfunctions", "DeleteStateMachineVersion", **gone)

        activity = {"activityArn": (await aws("stepfunctions", "CreateActivity", name="bake"))["activityArn"]}
        await aws("stepfunctions", "DescribeActivity", **activity)
        await aws("stepfunctions", "ListActivities")
        waits = baked.replace('"Type":"Pass"', f'"Type":"Task","Resource":"{activity["activityArn"]}"')
        asking = await aws("stepfunctions", "CreateStateMachine", **made | {"name": "asks", "definition": waits})
        run = await aws("stepfunctions", "StartExecution", stateMachineArn=asking["stateMachineArn"])
        task = await aws("stepfunctions", "GetActivityTask", **activity, workerName="w")
        await aws("stepfunctions", "SendTaskFailure", taskToken=task["taskToken"], error="Burnt")
        await aws("stepfunctions", "RedriveExecution", executionArn=run["executionArn"])
        described = await aws("stepfunctions", "DescribeExecution", executionArn=run["executionArn"])
        assert (described["status"], described["redriveCount"]) == ("RUNNING", 1)
        await aws("stepfunctions", "DeleteActivity", **activity)

        quick = await aws("stepfunctions", "CreateStateMachine", **made | {"name": "quick"}, type="EXPRESS")
        done = await aws("stepfunctions", "StartSyncExecution", stateMachineArn=quick["stateMachineArn"], input="[1]")
        assert (done["status"], done["output"]) == ("SUCCEEDED", "[1]")


async def test_whoever_waits_for_others_does_not_hold_up_the_clock() -> None:
    async with open_aws(clock="auto") as aws:
        waits = '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":30,"End":true}}}'
        made = {
            "name": "quick",
            "definition": waits,
            "roleArn": "arn:aws:iam::123456789012:role/r",
            "type": "EXPRESS",
        }
        machine = (await aws("stepfunctions", "CreateStateMachine", **made))["stateMachineArn"]
        done = await aws("stepfunctions", "StartSyncExecution", stateMachineArn=machine)
        assert (done["status"], done["billingDetails"]["billedDurationInMilliseconds"]) == ("SUCCEEDED", 30_000)
        activity = {"activityArn": (await aws("stepfunctions", "CreateActivity", name="bake"))["activityArn"]}
        worker = asyncio.ensure_future(aws("stepfunctions", "GetActivityTask", **activity))
        task = waits.replace('"Wait","Seconds":30', f'"Task","Resource":"{activity["activityArn"]}"')
        asked = await aws(
            "stepfunctions", "CreateStateMachine", **made | {"name": "slow", "type": "STANDARD", "definition": task}
        )
        await aws("stepfunctions", "StartExecution", stateMachineArn=asked["stateMachineArn"])
        assert "taskToken" in await worker


async def test_functions() -> None:
    async with open_aws() as aws:
        name = {"FunctionName": FUNCTION}
        invoked = await aws("lambda", "Invoke", **name, Payload=b"{}", LogType="Tail")
        assert (invoked["StatusCode"], "LogResult" in invoked) == (200, True)
        assert (await aws("lambda", "Invoke", **name, InvocationType="Event", Payload=b"{}"))["StatusCode"] == 202
        assert (await aws("lambda", "Invoke", **name, InvocationType="DryRun"))["StatusCode"] == 204
        assert (await aws("lambda", "GetFunction", **name))["Configuration"]["FunctionName"] == FUNCTION
        before = await aws("lambda", "GetFunctionConfiguration", **name)
        variables = {"Variables": {**before["Environment"]["Variables"], "MOOD": "good"}}
        changed = await aws("lambda", "UpdateFunctionConfiguration", **name, Environment=variables, Timeout=7)
        assert (changed["Environment"]["Variables"]["MOOD"], changed["Timeout"]) == ("good", 7)
        config = {**name, "DestinationConfig": {"OnFailure": {"Destination": changed["FunctionArn"] + "2"}}}
        put = await aws("lambda", "PutFunctionEventInvokeConfig", **config, MaximumRetryAttempts=0)
        got = await aws("lambda", "UpdateFunctionEventInvokeConfig", **name, MaximumEventAgeInSeconds=60)
        assert (put["MaximumRetryAttempts"], got["MaximumRetryAttempts"]) == (0, 0)
        assert got["LastModified"].tzinfo is not None
        both = await aws("lambda", "ListFunctionEventInvokeConfigs", **name)
        one = await aws("lambda", "GetFunctionEventInvokeConfig", **name, Qualifier="$LATEST")
        assert both["FunctionEventInvokeConfigs"] == [one]
        await aws("lambda", "DeleteFunctionEventInvokeConfig", **name)
        assert await aws.fails("lambda", "GetFunctionEventInvokeConfig", **name) == "ResourceNotFoundException"
        assert await aws.fails("lambda", "Invoke", FunctionName="nobody") == "ResourceNotFoundException"
        assert await aws.fails("lambda", "Invoke", **name, Payload=b"{") == "InvalidRequestContentException"


async def test_event_source_mappings() -> None:
    async with open_aws() as aws:
        on = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
        updated = await aws("dynamodb", "UpdateTable", TableName="pizzabar-Orders", **on)
        stream = {"EventSourceArn": updated["TableDescription"]["LatestStreamArn"]}
        wanted = {"FunctionName": FUNCTION, "StartingPosition": "LATEST", "BatchSize": 5}
        made = await aws("lambda", "CreateEventSourceMapping", **stream, **wanted)
        name = {"UUID": made["UUID"]}
        assert (await aws("lambda", "GetEventSourceMapping", **name))["BatchSize"] == 5
        changed = await aws("lambda", "UpdateEventSourceMapping", **name, Enabled=False)
        assert changed["State"] == "Disabled"
        listed = await aws("lambda", "ListEventSourceMappings", FunctionName=FUNCTION, MaxItems=1)
        assert [each["UUID"] for each in listed["EventSourceMappings"]] == [made["UUID"]]
        assert (
            await aws.fails("lambda", "CreateEventSourceMapping", **stream, **wanted) == "ResourceConflictException"
        )
        await aws("lambda", "DeleteEventSourceMapping", **name)
        assert await aws.fails("lambda", "GetEventSourceMapping", **name) == "ResourceNotFoundException"


async def test_logs() -> None:
    async with open_aws() as aws:
        group, stream = {"logGroupName": "/own"}, {"logStreamName": "s"}
        await aws("logs", "CreateLogGroup", **group)
        await aws("logs", "CreateLogStream", **group, **stream)
        now = int(aws.bar.emulator.clock.now().timestamp() * 1000)
        lines = [{"timestamp": now, "message": "hello"}, {"timestamp": now + 1, "message": "world"}]
        await aws("logs", "PutLogEvents", **group, **stream, logEvents=lines)
        got = await aws("logs", "GetLogEvents", **group, **stream, startFromHead=True)
        assert [each["message"] for each in got["events"]] == ["hello", "world"]
        assert len((await aws("logs", "FilterLogEvents", **group))["events"]) == 2
        assert len((await aws("logs", "DescribeLogGroups", logGroupNamePrefix="/own"))["logGroups"]) == 1
        assert len((await aws("logs", "DescribeLogStreams", **group))["logStreams"]) == 1
        assert await aws.fails("logs", "CreateLogGroup", **group) == "ResourceAlreadyExistsException"
        await aws("logs", "PutRetentionPolicy", **group, retentionInDays=7)
        assert (
            await aws.fails("logs", "PutRetentionPolicy", **group, retentionInDays=2) == "InvalidParameterException"
        )
        [described] = (await aws("logs", "DescribeLogGroups", logGroupNamePrefix="/own"))["logGroups"]
        assert described["retentionInDays"] == 7
        await aws("logs", "DeleteRetentionPolicy", **group)
        [described] = (await aws("logs", "DescribeLogGroups", logGroupNamePrefix="/own"))["logGroups"]
        assert "retentionInDays" not in described
        await aws("logs", "DeleteLogGroup", **group)
        assert await aws.fails("logs", "DescribeLogStreams", **group) == "ResourceNotFoundException"


async def test_roles_and_policies(tmp_path: Path) -> None:
    async with open_aws(state=tmp_path / "state.db") as aws:
        roles = (await aws("iam", "ListRoles"))["Roles"]
        assert [role["RoleName"] for role in roles] == [
            *("pizzabar-ManualFlowRole", "pizzabar-OrderFlowRole", "pizzabar-OrderRole", "pizzabar-ResumeRole"),
            *("pizzabar-SessionsRole", "pizzabar-StatusFunctionRole"),
        ]
        name = {"RoleName": "pizzabar-StatusFunctionRole"}
        role = (await aws("iam", "GetRole", **name))["Role"]
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": ["lambda.amazonaws.com"]}
        names = (await aws("iam", "ListRolePolicies", **name))["PolicyNames"]
        assert names == [f"StatusFunctionRolePolicy{number}" for number in range(3)]
        policy = (await aws("iam", "GetRolePolicy", **name, PolicyName=names[2]))["PolicyDocument"]
        assert policy["Statement"][0]["Action"] == "execute-api:ManageConnections"
        [attached] = (await aws("iam", "ListAttachedRolePolicies", **name))["AttachedPolicies"]
        assert attached["PolicyName"] == "AWSLambdaBasicExecutionRole"
        table = "arn:aws:dynamodb:us-east-1:123456789012:table/pizzabar"
        results = await aws(
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=role["Arn"],
            ActionNames=["dynamodb:PutItem", "dynamodb:DeleteTable"],
            ResourceArns=[f"{table}-Orders", f"{table}-Other"],
            ContextEntries=[
                {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.2.3"], "ContextKeyType": "ip"}
            ],
        )
        assert [each["EvalDecision"] for each in results["EvaluationResults"]] == [
            *("allowed", "implicitDeny", "implicitDeny", "implicitDeny")
        ]
        assert await aws.fails("iam", "GetRole", RoleName="Nobody") == "NoSuchEntityException"

        function = {"FunctionName": "pizzabar-StatusFunction"}
        [permission] = json.loads((await aws("lambda", "GetPolicy", **function))["Policy"])["Statement"]
        assert permission["Principal"] == {"Service": "events.amazonaws.com"}
        assert (await aws("lambda", "GetFunctionConfiguration", **function))["Role"] == role["Arn"]

        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": "*",
        }
        own = {"policyName": "own", "policyDocument": json.dumps({"Statement": [statement]})}
        await aws("logs", "PutResourcePolicy", **own)
        await aws("logs", "PutResourcePolicy", **own | {"policyName": "other"})
        await aws("logs", "DeleteResourcePolicy", policyName="other")
        assert await aws.fails("logs", "DeleteResourcePolicy", policyName="other") == "ResourceNotFoundException"
        no_policy = own | {"policyDocument": "{}"}
        assert await aws.fails("logs", "PutResourcePolicy", **no_policy) == "InvalidParameterException"
    async with open_aws(state=tmp_path / "state.db") as aws:
        policies = (await aws("logs", "DescribeResourcePolicies"))["resourcePolicies"]
        assert [each["policyName"] for each in policies] == ["own", "pizzabar-EventLog"]


async def test_a_log_is_followed_as_the_command_line_does() -> None:
    """``aws logs tail --follow`` asks for a group from a time on, again and again, and shows what is new."""
    async with open_aws(clock="auto") as aws, aws.bar.connect() as guest:
        group, start = f"/aws/lambda/{FUNCTION}", int(aws.bar.emulator.clock.now().timestamp() * 1000)
        shown: dict[str, str] = {}

        async def look() -> int:
            paginator = aws.client("logs").get_paginator("filter_log_events")
            asked = {"logGroupName": group, "startTime": start, "filterPattern": "?packed ?baking"}
            pages = paginator.paginate(**asked, interleaved=True, PaginationConfig={"PageSize": 1})
            seen = [each for page in await aws.do(lambda: list(pages)) for each in page["events"]]
            new = {each["eventId"]: each["message"] for each in seen if each["eventId"] not in shown}
            shown.update(new)
            return len(new)

        for orders in (1, 2):
            await guest.send(ORDER)
            await receive(guest, 6)
            await aws.bar.emulator.settled()
            assert (await look(), await look()) == (2, 0)
            assert len(shown) == 2 * orders


async def test_connections_stack_and_caller() -> None:
    async with open_aws() as aws, aws.bar.connect() as guest:
        [connection] = aws.bar.emulator.runtime.connections
        id_ = {"ConnectionId": connection.id}
        await aws("apigatewaymanagementapi", "PostToConnection", **id_, Data=b"hello")
        assert await guest.recv() == "hello"
        assert (await aws("apigatewaymanagementapi", "GetConnection", **id_))["Identity"]["SourceIp"]
        await aws("apigatewaymanagementapi", "DeleteConnection", **id_)
        await guest.wait_closed()
        await aws.bar.emulator.settled()
        assert await aws.fails("apigatewaymanagementapi", "GetConnection", **id_) == "GoneException"

        assert (await aws("sts", "GetCallerIdentity"))["Account"] == "123456789012"
        name = {"StackName": "pizzabar"}
        [stack] = (await aws("cloudformation", "DescribeStacks", **name))["Stacks"]
        assert {"OutputKey": "SessionsTable", "OutputValue": "pizzabar-Sessions"}.items() <= stack["Outputs"][
            1
        ].items()
        await aws("cloudformation", "ListStacks")
        summaries = (await aws("cloudformation", "ListStackResources", **name))["StackResourceSummaries"]
        [one] = (await aws("cloudformation", "DescribeStackResources", **name, LogicalResourceId="SessionsTable"))[
            "StackResources"
        ]
        assert one["PhysicalResourceId"] == "pizzabar-Sessions"
        of_it = await aws("cloudformation", "DescribeStackResources", PhysicalResourceId="pizzabar-Sessions")
        assert len(of_it["StackResources"]) == len(summaries)
        with pytest.raises(ClientError, match="Stack for nowhere does not exist"):
            await aws("cloudformation", "DescribeStackResources", PhysicalResourceId="nowhere")
        detail = await aws("cloudformation", "DescribeStackResource", **name, LogicalResourceId="SessionsTable")
        assert detail["StackResourceDetail"]["ResourceType"] == "AWS::DynamoDB::Table"
        assert len(summaries) == len(aws.bar.emulator.stack.resources)
        assert "AWSTemplateFormatVersion" in (await aws("cloudformation", "GetTemplate", **name))["TemplateBody"]


async def test_tags() -> None:
    async with open_aws() as aws:
        tags = [{"key": "team", "value": "kitchen"}, {"key": "stage", "value": "test"}]
        made = await aws("stepfunctions", "CreateStateMachine", name="Own", definition=PASS, roleArn=ROLE, tags=tags)
        own = {"resourceArn": made["stateMachineArn"]}
        await aws("stepfunctions", "TagResource", **own, tags=[{"key": "team", "value": "oven"}])
        await aws("stepfunctions", "UntagResource", **own, tagKeys=["stage", "nothing"])
        left = await aws("stepfunctions", "ListTagsForResource", **own)
        assert left["tags"] == [{"key": "team", "value": "oven"}]
        many = [{"key": str(number), "value": ""} for number in range(51)]
        assert await aws.fails("stepfunctions", "TagResource", **own, tags=many) == "TooManyTags"
        await aws("stepfunctions", "DeleteStateMachine", stateMachineArn=made["stateMachineArn"])
        assert await aws.fails("stepfunctions", "ListTagsForResource", **own) == "ResourceNotFound"

        given = [{"Key": "team", "Value": "kitchen"}]
        bus = {"ResourceARN": (await aws("events", "CreateEventBus", Name="own", Tags=given))["EventBusArn"]}
        pattern = '{"source":["a"]}'
        put = {"Name": "own", "EventPattern": pattern, "EventBusName": "own"}
        rule = {"ResourceARN": (await aws("events", "PutRule", **put, Tags=given))["RuleArn"]}
        await aws("events", "PutRule", **put, Tags=[{"Key": "other", "Value": ""}])
        for each in (bus, rule):
            assert (await aws("events", "ListTagsForResource", **each))["Tags"] == given
        await aws("events", "UntagResource", **rule, TagKeys=["team"])
        assert (await aws("events", "ListTagsForResource", **rule))["Tags"] == []
        changed = await aws("events", "UpdateEventBus", Name="own", Description="ours")
        assert changed["Description"] == "ours"
        told = await aws("events", "DescribeEventBus", Name="own")
        assert (told["Description"], told["CreationTime"] <= told["LastModifiedTime"]) == ("ours", True)
        await aws("events", "DeleteEventBus", Name="own")
        assert await aws.fails("events", "ListTagsForResource", **bus) == "ResourceNotFoundException"
        again = await aws("events", "CreateEventBus", Name="own")
        assert (await aws("events", "ListTagsForResource", ResourceARN=again["EventBusArn"]))["Tags"] == []


def test_every_operation_is_asked_here() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_boto3*.py"))
    asked = set(re.findall(r'"([A-Z][A-Za-z]+)"', text))

    assert {operation for _, operations, _ in SERVICES for operation in operations} - asked == set()


async def test_what_calls_have_made_is_there_after_a_restart(tmp_path: Path) -> None:
    settings = {"state": tmp_path / "state.db"}
    async with open_aws(**settings) as aws:
        await aws("events", "CreateEventBus", Name="kitchen")
        await aws("events", "PutRule", Name="own", EventBusName="kitchen", EventPattern='{"source":["a"]}')
        target = (await aws("lambda", "ListFunctions"))["Functions"][0]["FunctionArn"]
        await aws("events", "PutTargets", Rule="own", EventBusName="kitchen", Targets=[{"Id": "f", "Arn": target}])
        await aws("events", "DisableRule", Name="pizzabar-LogRule", EventBusName=BUS)
        await aws("stepfunctions", "CreateStateMachine", name="Own", definition=PASS, roleArn=ROLE)
        arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{MACHINE}"
        await aws("stepfunctions", "UpdateStateMachine", stateMachineArn=arn, definition=PASS)
        await aws("stepfunctions", "TagResource", resourceArn=arn, tags=[{"key": "a", "value": "b"}])
        kitchen = "arn:aws:events:us-east-1:123456789012:event-bus/kitchen"
        await aws("events", "TagResource", ResourceARN=kitchen, Tags=[{"Key": "a", "Value": "b"}])
        await aws("dynamodb", "UpdateTable", TableName="pizzabar-Orders", DeletionProtectionEnabled=True)
        environment = {"Variables": {"a": "b"}}
        await aws("lambda", "UpdateFunctionConfiguration", FunctionName=FUNCTION, Environment=environment)
        group = (await aws("logs", "DescribeLogGroups"))["logGroups"][0]["logGroupName"]
        await aws("logs", "PutRetentionPolicy", logGroupName=group, retentionInDays=3)
        gone = await aws("stepfunctions", "CreateStateMachine", name="Gone", definition=PASS, roleArn=ROLE)
        await aws("stepfunctions", "DeleteStateMachine", stateMachineArn=gone["stateMachineArn"])

    told = [
        f"the {kind} {name} is the template's again"
        for kind, name in (
            ("rule", "pizzabar-LogRule"),
            ("function", FUNCTION),
            ("log group", group),
            ("state machine", MACHINE),
            ("table", "pizzabar-Orders"),
        )
    ]
    for told_once in (told, []):
        async with open_aws(**settings) as aws:
            [target] = (await aws("events", "ListTargetsByRule", Rule="own", EventBusName="kitchen"))["Targets"]
            assert target["Id"] == "f"
            assert (await aws("stepfunctions", "ListTagsForResource", resourceArn=arn))["tags"] == [
                {"key": "a", "value": "b"}
            ]
            assert (await aws("events", "ListTagsForResource", ResourceARN=kitchen))["Tags"] == [
                {"Key": "a", "Value": "b"}
            ]
            rule = await aws("events", "DescribeRule", Name="pizzabar-LogRule", EventBusName=BUS)
            assert rule["State"] == "ENABLED"
            machines = (await aws("stepfunctions", "ListStateMachines"))["stateMachines"]
            assert [each["name"] for each in machines] == ["Own", "pizzabar-ManualFlow", MACHINE]
            assert (await aws("stepfunctions", "DescribeStateMachine", stateMachineArn=arn))["definition"] != PASS
            table = (await aws("dynamodb", "DescribeTable", TableName="pizzabar-Orders"))["Table"]
            assert table["DeletionProtectionEnabled"] is False
            assert aws.bar.emulator.changed_back == told_once
