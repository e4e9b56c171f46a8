"""
The query protocol.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import asyncio
import xml.etree.ElementTree as xml

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from pizzabar.wire.aws import query_protocol
from tests.wire.aws.asking import aws
from tests.world import turns

STS, CLOUDFORMATION, SQS = "2011-06-15", "2010-05-15", "2012-11-05"
ORDERS = "/123456789012/orders"
FORM = {"content-type": "application/x-www-form-urlencoded"}
KEY = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0"


def texts(body: bytes, name: str) -> list[str]:
    """Find the texts of elements, whatever their namespace."""
    return [each.text or "" for each in xml.fromstring(body).iter() if each.tag.rpartition("}")[2] == name]


async def test_who_calls() -> None:
    async with aws() as client:
        answer = await client.form(f"Action=GetCallerIdentity&Version={STS}")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
        assert texts(answer.body, "Account") == ["123456789012"]
        assert texts(answer.body, "RequestId") == [answer.headers["x-amzn-requestid"]]

        other = await client.form(f"Action=GetCallerIdentity&Version={STS}", authorization=KEY.format("210987654321"))
        assert texts(other.body, "Arn") == ["arn:aws:iam::210987654321:root"]


async def test_the_stack_is_read() -> None:
    async with aws() as client:

        async def ask(action: str, **given: str) -> bytes:
            form = "&".join(f"{name}={value}" for name, value in given.items())
            return (await client.form(f"Action={action}&Version={CLOUDFORMATION}&{form}")).body

        stacks = await ask("DescribeStacks")
        assert texts(stacks, "StackName") == ["pizzabar"]
        assert "SessionsTable" in texts(stacks, "OutputKey")
        assert "SessionsTable" in texts(await ask("ListStackResources", StackName="pizzabar"), "LogicalResourceId")
        one = await ask("DescribeStackResource", StackName="pizzabar", LogicalResourceId="SessionsTable")
        assert texts(one, "PhysicalResourceId") == ["pizzabar-Sessions"]
        assert texts(await ask("GetTemplate", StackName="pizzabar"), "TemplateBody")[0].startswith("AWSTemplate")
        assert texts(await ask("ListStacks"), "StackStatus") == ["CREATE_COMPLETE"]


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        ("", "InvalidAction", "a request without Action is not supported by pizzabar"),
        ("Action=GetUser&Version=2000-01-01", "InvalidAction", "GetUser is not supported by pizzabar"),
        (f"Action=Fly&Version={STS}", "InvalidAction", "sts:Fly is not supported by pizzabar"),
        ("Action=Fly&Version=2012-11-05", "InvalidAction", "The action Fly is not valid for this endpoint."),
        (
            "Action=ReceiveMessage&QueueUrl=http://localhost/123456789012/orders&Version=2012-11-05",
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.",
        ),
        (
            "Action=ListQueues&MaxResults=many&Version=2012-11-05",
            "InvalidParameterValue",
            "Value many for parameter MaxResults is invalid. Reason: Must be an integer.",
        ),
        ("Action=GetUser&Version=2010-05-08", "InvalidAction", "iam:GetUser is not supported by pizzabar"),
        (
            f"Action=DescribeStacks&StackName=a%26b&Version={CLOUDFORMATION}",
            "ValidationError",
            "Stack with id a&b does not exist",
        ),
    ],
)
async def test_what_is_refused(form: str, code: str, message: str) -> None:
    async with aws() as client:
        answer = await client.form(form)

        assert answer.status == 400
        assert (texts(answer.body, "Code"), texts(answer.body, "Message")) == ([code], [message])


async def test_a_form_that_is_too_large() -> None:
    async with aws() as client:
        assert (await client.form("a" * 2_000_000)).status == 413


async def test_a_queue_is_asked_at_its_address_or_at_the_service() -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html"""
    async with aws() as client:
        made = await client.form(f"Action=CreateQueue&QueueName=orders&Version={SQS}", host="localhost:1234")
        [url] = texts(made.body, "QueueUrl")
        assert url == f"http://localhost:1234{ORDERS}"

        # Who signs for it, or asks at a queue, may leave the version out.
        key = KEY.format("AKID").replace("/sts/", "/sqs/")
        sent = [
            await client.form(f"Action=SendMessage&MessageBody=a&QueueUrl={url}&Version={SQS}"),
            await client.form(f"Action=SendMessage&MessageBody=b&QueueUrl={url}", authorization=key),
            await client.rest("POST", ORDERS, b"Action=SendMessage&MessageBody=c", **FORM),
            await client.rest("POST", f"{ORDERS}?Action=SendMessage&MessageBody=d"),
            await client.rest("POST", f"{ORDERS}?Action=SendMessage", b"MessageBody=e", **FORM),
            await client.rest("GET", f"{ORDERS}?Action=SendMessage&MessageBody=f%26+g"),
            await client.rest("GET", f"/?Action=SendMessage&MessageBody=h&QueueUrl={url}&Version={SQS}"),
        ]

        assert [each.status for each in sent] == [200] * 7
        got = await client.rest("GET", f"{ORDERS}?Action=ReceiveMessage&MaxNumberOfMessages=10&AttributeName=All")
        assert got.headers["content-type"] == "text/xml"
        assert texts(got.body, "Body") == ["a", "b", "c", "d", "e", "f& g", "h"]
        assert texts(got.body, "RequestId") == [got.headers["x-amzn-requestid"]]


async def test_who_accepts_json_is_answered_in_json() -> None:
    async with aws() as client:
        json = "application/json"
        made = await client.form(f"Action=CreateQueue&QueueName=orders&Version={SQS}", accept=json)
        assert made.headers["content-type"] == "application/json"
        id = made.headers["x-amzn-requestid"]
        assert documents.parse(made.body) == {
            "CreateQueueResponse": {
                "CreateQueueResult": {"QueueUrl": f"http://localhost:8000{ORDERS}"},
                "ResponseMetadata": {"RequestId": id},
            }
        }
        gone = await client.rest("GET", "/123456789012/none?Action=PurgeQueue", accept=json)
        assert documents.parse(gone.body)["Error"] == {
            "Code": "AWS.SimpleQueueService.NonExistentQueue",
            "Message": "The specified queue does not exist.",
            "Type": "Sender",
        }
        who = await client.form(f"Action=GetCallerIdentity&Version={STS}", accept=json)
        result = documents.parse(who.body)["GetCallerIdentityResponse"]["GetCallerIdentityResult"]
        assert result["Account"] == "123456789012"


async def test_a_request_to_a_queue_that_names_no_action() -> None:
    """https://repost.aws/knowledge-center/api-gateway-rest-api-sqs-errors"""
    async with aws() as client:
        for answer in (
            await client.rest("GET", ORDERS),
            await client.rest("POST", ORDERS, b"MessageBody=a", **FORM),
        ):
            assert (answer.status, answer.body) == (404, b"<UnknownOperationException/>")


async def test_a_message_that_is_large_in_a_form() -> None:
    async with aws() as client:
        await client.form(f"Action=CreateQueue&QueueName=orders&Version={SQS}")
        text = b"Action=SendMessage&MessageBody=" + b"%C3%A9" * 400_000

        assert (await client.rest("POST", ORDERS, text, **FORM)).status == 200
        assert (await client.rest("POST", ORDERS, b"a" * 9_000_000, **FORM)).status == 413


async def test_who_goes_while_they_wait_takes_no_message_with_them() -> None:
    async with aws() as client:
        await client.form(f"Action=CreateQueue&QueueName=orders&Version={SQS}")
        going = asyncio.Event()
        said: list[JSON] = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> JSON:
            if said:
                return said.pop()
            await going.wait()
            return {"type": "http.disconnect"}

        polling = asyncio.ensure_future(
            query_protocol.answer(
                client.emulator.call, "GET", ORDERS, b"Action=ReceiveMessage&WaitTimeSeconds=20", {}, receive
            )
        )
        await turns()
        going.set()

        assert (await polling).status == 408
        await client.rest("GET", f"{ORDERS}?Action=SendMessage&MessageBody=a")
        got = await client.rest("GET", f"{ORDERS}?Action=ReceiveMessage")
        assert texts(got.body, "Body") == ["a"]


async def test_a_page_of_another_site_asks_for_nothing() -> None:
    async with aws() as client:
        path = "/?Action=CreateQueue&QueueName=orders&Version=2012-11-05"

        assert (await client.rest("GET", path, b"", **{"sec-fetch-site": "cross-site"})).status == 403
        assert list(client.emulator.queues) == []
        assert (await client.rest("GET", path, b"", **{"sec-fetch-site": "none"})).status == 200
