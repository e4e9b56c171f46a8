"""
The operations on API destinations and connections.

Answers and messages that were seen on AWS are marked so.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

import json
import re

import pytest

from pizzabar import documents
from pizzabar.documents import JSON
from tests.eventbridge.service import EventBridge, eventbridge

KEY: JSON = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "oregano"}}
BASIC: JSON = {"BasicAuthParameters": {"Username": "ada", "Password": "basil"}}
NOON = 1772366400.0
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NOT_NULL = "failed to satisfy constraint: Member must not be null"
DEEP: JSON = json.loads("[" * 900 + "]" * 900)
HERE = "arn:aws:events:us-east-1:123456789012"


async def connect(ask: EventBridge, name: str = "kitchen", **more: JSON) -> str:
    given = {"Name": name, "AuthorizationType": "API_KEY", "AuthParameters": KEY} | more
    return str((await ask("CreateConnection", **given))["ConnectionArn"])


async def aim(ask: EventBridge, connection: str, name: str = "orders", **more: JSON) -> JSON:
    given = {"ConnectionArn": connection, "InvocationEndpoint": "https://a.example/b", "HttpMethod": "POST"} | more
    return await ask("CreateApiDestination", Name=name, **given)


async def test_a_connection_is_made_and_described() -> None:
    """The members of both answers were seen on AWS."""
    async with eventbridge() as ask:
        made = await ask(
            "CreateConnection",
            Name="kitchen",
            AuthorizationType="BASIC",
            Description="hot",
            AuthParameters={**BASIC, "InvocationHttpParameters": {}},
        )
        assert re.fullmatch(f"{HERE}:connection/kitchen/{UUID}", made["ConnectionArn"])
        assert made == {
            "ConnectionArn": made["ConnectionArn"],
            "ConnectionState": "AUTHORIZED",
            "CreationTime": NOON,
            "LastModifiedTime": NOON,
        }
        described = await ask("DescribeConnection", Name="kitchen")
        assert re.fullmatch(
            f"arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/kitchen/{UUID}-[0-9a-f]{{6}}",
            described.pop("SecretArn"),
        )
        assert described == {
            **made,
            "AuthParameters": {"BasicAuthParameters": {"Username": "ada"}, "InvocationHttpParameters": {}},
            "AuthorizationType": "BASIC",
            "Description": "hot",
            "LastAuthorizedTime": NOON,
            "Name": "kitchen",
        }


async def test_secrets_are_in_no_answer_and_in_no_hop() -> None:
    async with eventbridge() as ask:
        headers = [
            {"Key": "X-Open", "Value": "open", "IsValueSecret": False},
            {"Key": "X-Hidden", "Value": "saffron", "IsValueSecret": True},
        ]
        await connect(ask, AuthParameters={**KEY, "InvocationHttpParameters": {"HeaderParameters": headers}})
        await ask("UpdateConnection", Name="kitchen", AuthorizationType="BASIC", AuthParameters=BASIC)
        wrong = {"BasicAuthParameters": {"Username": "ada", "Password": "nut\nmeg"}}
        refused = await ask.fails("UpdateConnection", Name="kitchen", AuthParameters=wrong)
        await ask.fails("CreateConnection", Name="b", AuthorizationType="NONE", AuthParameters=BASIC)

        described = await ask("DescribeConnection", Name="kitchen")

        assert described["AuthParameters"] == {
            "BasicAuthParameters": {"Username": "ada"},
            "InvocationHttpParameters": {
                "HeaderParameters": [headers[0], {"Key": "X-Hidden", "IsValueSecret": True}]
            },
        }
        assert "Value '*** Sensitive Data Redacted ***' at 'authParameters.basicAuthParameters.password'" in refused
        everything = documents.write([each.as_json() for each in ask.world.call.journal])
        assert not any(secret in everything for secret in ("oregano", "saffron", "basil", "meg"))


async def test_a_connection_is_changed_deauthorized_and_deleted() -> None:
    async with eventbridge() as ask:
        arn = await connect(ask, AuthorizationType="BASIC", AuthParameters=BASIC, KmsKeyIdentifier="alias/key")
        await ask.world.advance(seconds=60)

        # Some of the parameters are enough.
        changed = {"BasicAuthParameters": {"Username": "eva"}}
        updated = await ask("UpdateConnection", Name="kitchen", Description="cold", AuthParameters=changed)
        assert updated == {
            "ConnectionArn": arn,
            "ConnectionState": "AUTHORIZED",
            "CreationTime": NOON,
            "LastModifiedTime": NOON + 60,
            "LastAuthorizedTime": NOON + 60,
        }
        found = await ask("DescribeConnection", Name="kitchen")
        assert (found["Description"], found["KmsKeyIdentifier"]) == ("cold", "alias/key")
        assert found["AuthParameters"] == changed
        assert ask.destinations.connection("kitchen").secrets == ("basil",)

        assert (await ask("DeauthorizeConnection", Name="kitchen"))["ConnectionState"] == "DEAUTHORIZING"
        found = await ask("DescribeConnection", Name="kitchen")
        assert (found["ConnectionState"], found["AuthParameters"]) == ("DEAUTHORIZED", {})

        # Seen on AWS.
        assert (await ask("DeleteConnection", Name="kitchen"))["ConnectionState"] == "DELETING"
        assert await ask.fails("DescribeConnection", Name="kitchen") == (
            "ResourceNotFoundException: Failed to describe the connection(s). Connection 'kitchen' does not exist."
        )


async def test_connections_are_listed_in_pages() -> None:
    async with eventbridge() as ask:
        for name in ("c", "aa", "ab"):
            await connect(ask, name)
        await ask("DeauthorizeConnection", Name="ab")

        first = await ask("ListConnections", Limit=2)
        rest = await ask("ListConnections", NextToken=first["NextToken"])

        assert [each["Name"] for each in first["Connections"]] == ["aa", "ab"]
        assert [each["Name"] for each in rest["Connections"]] == ["c"]
        assert set(rest["Connections"][0]) == {
            *("AuthorizationType", "ConnectionArn", "ConnectionState", "CreationTime", "LastAuthorizedTime"),
            *("LastModifiedTime", "Name"),
        }
        found = await ask("ListConnections", NamePrefix="a", ConnectionState="AUTHORIZED")
        assert [each["Name"] for each in found["Connections"]] == ["aa"]


async def test_an_api_destination_is_made_changed_listed_and_deleted() -> None:
    """The members of all answers were seen on AWS."""
    async with eventbridge() as ask:
        connection, other = await connect(ask), await connect(ask, "other")
        made = await aim(ask, connection, Description="d")
        assert re.fullmatch(f"{HERE}:api-destination/orders/{UUID}", made["ApiDestinationArn"])
        assert made == {
            "ApiDestinationArn": made["ApiDestinationArn"],
            "ApiDestinationState": "ACTIVE",
            "CreationTime": NOON,
            "LastModifiedTime": NOON,
        }
        await ask.world.advance(seconds=60)
        changes = {
            "InvocationEndpoint": "https://a.example/c",
            "HttpMethod": "PUT",
            "InvocationRateLimitPerSecond": 5,
        }
        changed = await ask("UpdateApiDestination", Name="orders", ConnectionArn=other, **changes)
        assert changed == made | {"LastModifiedTime": NOON + 60}
        assert await ask("DescribeApiDestination", Name="orders") == {
            **changed,
            **changes,
            "ConnectionArn": other,
            "Description": "d",
            "Name": "orders",
        }
        await aim(ask, connection, "people")
        listed = (await ask("ListApiDestinations", ConnectionArn=connection))["ApiDestinations"]
        assert [(each["Name"], each["InvocationRateLimitPerSecond"]) for each in listed] == [("people", 300)]
        assert "Description" not in listed[0]
        listed = await ask("ListApiDestinations", Limit=1)
        assert [each["Name"] for each in listed["ApiDestinations"]] == ["orders"]
        assert len((await ask("ListApiDestinations", NextToken=listed["NextToken"]))["ApiDestinations"]) == 1
        assert (await ask("ListApiDestinations", NamePrefix="q"))["ApiDestinations"] == []

        assert await ask("DeleteApiDestination", Name="orders") == {}
        assert await ask.fails("DescribeApiDestination", Name="orders") == (
            "ResourceNotFoundException: Failed to describe the api-destination(s). An api-destination 'orders' does"
            " not exist."
        )


async def test_without_its_connection_an_api_destination_is_inactive() -> None:
    async with eventbridge() as ask:
        await aim(ask, await connect(ask))
        await ask("DeleteConnection", Name="kitchen")

        assert (await ask("DescribeApiDestination", Name="orders"))["ApiDestinationState"] == "INACTIVE"


ONE = "ValidationException: 1 validation error detected: "
NAMES = r"[\.\-_A-Za-z0-9]+"


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        # The first four were seen on AWS.
        (
            "CreateConnection",
            {"Name": "a b", "AuthorizationType": "API_KEY", "AuthParameters": KEY},
            f"{ONE}Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression"
            f" pattern: {NAMES}",
        ),
        (
            "CreateConnection",
            {"Name": "a", "AuthorizationType": "NONE", "AuthParameters": KEY},
            f"{ONE}Value 'NONE' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value"
            " set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
        ),
        (
            "CreateApiDestination",
            {
                "Name": "a b",
                "ConnectionArn": f"{HERE}:connection/a/b",
                "InvocationEndpoint": "https://a",
                "HttpMethod": "PUT",
            },
            f"{ONE}Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression"
            f" pattern: {NAMES}",
        ),
        (
            "CreateApiDestination",
            {"Name": "a", "ConnectionArn": "none", "InvocationEndpoint": "https://a", "HttpMethod": "NONE"},
            "ValidationException: 2 validation errors detected: Value 'none' at 'connectionArn' failed to satisfy"
            r" constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:"
            r"([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$; Value 'NONE' at 'httpMethod' failed to"
            " satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
        ),
        (
            "CreateConnection",
            {"Name": "a", "AuthorizationType": "BASIC"},
            f"{ONE}Value null at 'authParameters' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateConnection",
            {
                "Name": "a",
                "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
                "AuthParameters": {
                    "OAuthParameters": {"ClientParameters": {"ClientID": ""}, "HttpMethod": "HEAD"},
                    "InvocationHttpParameters": {"HeaderParameters": [{"Key": "a b", "Value": "é"}]},
                },
            },
            "ValidationException: 6 validation errors detected: "
            + "; ".join(
                (
                    "Value null at 'authParameters.oAuthParameters.authorizationEndpoint' failed to satisfy"
                    " constraint: Member must not be null",
                    "Value null at 'authParameters.oAuthParameters.clientParameters.clientSecret' failed to satisfy"
                    " constraint: Member must not be null",
                    "Value '' at 'authParameters.oAuthParameters.clientParameters.clientID' failed to satisfy"
                    " constraint: Member must have length greater than or equal to 1",
                    "Value 'HEAD' at 'authParameters.oAuthParameters.httpMethod' failed to satisfy constraint: Member"
                    " must satisfy enum value set: [GET, POST, PUT]",
                    "Value 'a b' at 'authParameters.invocationHttpParameters.headerParameters.1.member.key' failed to"
                    " satisfy constraint: Member must satisfy regular expression pattern:"
                    r" ^[!#$%&'*+-.^_`|~0-9a-zA-Z]+$",
                    "Value '*** Sensitive Data Redacted ***' at"
                    " 'authParameters.invocationHttpParameters.headerParameters.1.member.value' failed to satisfy"
                    r" constraint: Member must satisfy regular expression pattern: ^[ \t]*[\x20-\x7E]+([ \t]+"
                    r"[\x20-\x7E]+)*[ \t]*$",
                )
            ),
        ),
        (
            "CreateConnection",
            {"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": KEY},
            "ValidationException: BasicAuthParameters must be specified for the authorization type BASIC.",
        ),
        (
            "CreateConnection",
            {"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": {**BASIC, **KEY}},
            "ValidationException: ApiKeyAuthParameters is not for the authorization type BASIC.",
        ),
        (
            "CreateConnection",
            {
                "Name": "a",
                "AuthorizationType": "API_KEY",
                "AuthParameters": {**KEY, "ConnectivityParameters": {"ResourceParameters": {}}},
            },
            "ValidationException: ConnectivityParameters is not supported",
        ),
        (
            "UpdateConnection",
            {"Name": "a", "InvocationConnectivityParameters": {"ResourceParameters": {}}},
            "ValidationException: InvocationConnectivityParameters is not supported",
        ),
        (
            "UpdateConnection",
            {"Name": "a"},
            "ResourceNotFoundException: Failed to update the connection(s). Connection 'a' does not exist.",
        ),
        (
            "UpdateConnection",
            {"Name": "kitchen", "AuthorizationType": "BASIC"},
            "ValidationException: BasicAuthParameters must be specified for the authorization type BASIC.",
        ),
        (
            "UpdateConnection",
            {"Name": "kitchen", "AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": {}}},
            "ValidationException: 2 validation errors detected: "
            f"Value null at 'authParameters.basicAuthParameters.username' {NOT_NULL}; "
            f"Value null at 'authParameters.basicAuthParameters.password' {NOT_NULL}",
        ),
        (
            "UpdateConnection",
            {
                "Name": "kitchen",
                "AuthorizationType": "OAUTH_CLIENT_CREDENTIALS",
                "AuthParameters": {"OAuthParameters": {"HttpMethod": "POST", "ClientParameters": {"ClientID": "a"}}},
            },
            "ValidationException: 2 validation errors detected: "
            f"Value null at 'authParameters.oAuthParameters.authorizationEndpoint' {NOT_NULL}; "
            f"Value null at 'authParameters.oAuthParameters.clientParameters.clientSecret' {NOT_NULL}",
        ),
        (
            "CreateConnection",
            {"Name": "a", "AuthorizationType": "BASIC", "AuthParameters": {**BASIC, "Deep": DEEP}},
            "ValidationException: 1 validation error detected: authParameters.deep is not supported",
        ),
        (
            "CreateConnection",
            {"Name": "kitchen", "AuthorizationType": "BASIC", "AuthParameters": BASIC},
            "ResourceAlreadyExistsException: Connection 'kitchen' already exists.",
        ),
        (
            "CreateApiDestination",
            {
                "Name": "a",
                "ConnectionArn": f"{HERE}:connection/a/b",
                "InvocationEndpoint": "https://a",
                "HttpMethod": "PUT",
            },
            f"ResourceNotFoundException: Connection '{HERE}:connection/a/b' does not exist.",
        ),
        (
            "UpdateApiDestination",
            {"Name": "a", "InvocationEndpoint": "ftp://a"},
            "ValidationException: Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS endpoint.",
        ),
        (
            "DeleteApiDestination",
            {"Name": "a"},
            "ResourceNotFoundException: Failed to delete the api-destination(s). An api-destination 'a' does not"
            " exist.",
        ),
        (
            "ListConnections",
            {"Limit": 101},
            f"{ONE}Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to"
            " 100",
        ),
    ],
)
async def test_what_is_refused(operation: str, parameters: JSON, message: str) -> None:
    async with eventbridge() as ask:
        await connect(ask)
        assert await ask.fails(operation, **parameters) == message


async def test_a_text_of_many_blanks_is_judged_at_once() -> None:
    async with eventbridge() as ask:
        wrong = {"BasicAuthParameters": {"Username": f"{'a ' * 200}:", "Password": "basil"}}
        refused = await ask.fails("CreateConnection", Name="a", AuthorizationType="BASIC", AuthParameters=wrong)
        assert r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$" in refused


async def test_what_api_calls_have_made_is_kept() -> None:
    async with eventbridge() as ask:
        await aim(ask, await connect(ask), Description="d", InvocationRateLimitPerSecond=7)
        ask.destinations.ensure_connection("of-template", "1", "BASIC", BASIC)
        document = documents.parse(documents.write(ask.destinations.to_keep()))
        before = [await ask("DescribeConnection", Name="kitchen"), await ask("DescribeApiDestination", Name="orders")]

        async with eventbridge() as later:
            assert later.destinations.restore(document, ()) == []
            after = [
                await later("DescribeConnection", Name="kitchen"),
                await later("DescribeApiDestination", Name="orders"),
            ]
            assert after == before
            assert later.destinations.connection("kitchen").secrets == ("oregano",)
            assert later.destinations.to_keep() == document


async def test_the_templates_own_are_the_templates_again() -> None:
    async with eventbridge() as ask:
        ask.destinations.ensure_connection("kitchen", "1", "BASIC", BASIC)
        connection = ask.destinations.connection("kitchen").arn
        ask.destinations.ensure_destination("orders", "2", connection, "https://a.example", "POST")
        await ask("DeauthorizeConnection", Name="kitchen")
        await ask("UpdateApiDestination", Name="orders", HttpMethod="PUT")
        document = ask.destinations.to_keep()

        async with eventbridge() as later:
            later.destinations.ensure_connection("kitchen", "1", "BASIC", BASIC)
            later.destinations.ensure_destination("orders", "2", connection, "https://a.example", "POST")
            assert later.destinations.restore(document, ("kitchen", "orders")) == [
                "the connection kitchen is the template's again",
                "the API destination orders is the template's again",
            ]
            assert (await later("DescribeApiDestination", Name="orders"))["HttpMethod"] == "POST"
            assert later.destinations.to_keep() == {"connections": [], "destinations": []}
