"""
The query protocol.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import xml.etree.ElementTree as xml

import pytest

from tests.wire.aws.asking import aws

STS, CLOUDFORMATION = "2011-06-15", "2010-05-15"
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
        (
            "Action=ListQueues&Version=2012-11-05",
            "UnsupportedOperation",
            "the query protocol of SQS is not supported by pizzabar: use an SDK that speaks AWS JSON to it",
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
