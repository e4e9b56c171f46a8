"""What is secret in connections, and how it is kept out of what is told."""

import json

import pytest

from pizzabar.documents import JSON
from pizzabar.eventbridge.secrets import masked, scrubbed, secrets_of, without_secrets

GIVEN: JSON = {
    "Name": "kitchen",
    "AuthParameters": {
        "BasicAuthParameters": {"Username": "ada", "Password": "basil-basil"},
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "oregano"},
        "OAuthParameters": {"ClientParameters": {"ClientID": "ada", "ClientSecret": "thyme"}},
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "X-Open", "Value": "open", "IsValueSecret": False},
                {"Key": "X-Also-Open", "Value": "as well"},
                {"Key": "X-Hidden", "Value": "sage", "IsValueSecret": True},
                {"Key": "X-Of-A-Template", "Value": "rosemary", "IsValueSecret": "true"},
            ]
        },
    },
}


def test_secrets_are_masked() -> None:
    told = masked(GIVEN)

    assert told["AuthParameters"]["BasicAuthParameters"] == {"Username": "ada", "Password": "***"}
    assert told["AuthParameters"]["ApiKeyAuthParameters"] == {"ApiKeyName": "X-Key", "ApiKeyValue": "***"}
    assert told["AuthParameters"]["OAuthParameters"]["ClientParameters"] == {"ClientID": "ada", "ClientSecret": "***"}
    values = [each["Value"] for each in told["AuthParameters"]["InvocationHttpParameters"]["HeaderParameters"]]
    assert values == ["open", "as well", "***", "***"]
    assert list(secrets_of(GIVEN)) == ["basil-basil", "oregano", "thyme", "sage", "rosemary"]


def test_secrets_are_left_out() -> None:
    told = without_secrets(GIVEN["AuthParameters"])

    assert told["BasicAuthParameters"] == {"Username": "ada"}
    headers = told["InvocationHttpParameters"]["HeaderParameters"]
    assert headers[0] == {"Key": "X-Open", "Value": "open", "IsValueSecret": False}
    assert headers[2] == {"Key": "X-Hidden", "IsValueSecret": True}


@pytest.mark.parametrize("value", [None, "text", 1, [], {"Password": 1}, {"AuthParameters": [{"Password": []}]}])
def test_what_is_of_another_type_is_no_fault_here(value: JSON) -> None:
    assert type(masked(value)) is type(value)
    assert list(secrets_of(value)) == []


def test_what_an_answer_repeats_is_scrubbed() -> None:
    assert scrubbed("no basil-basil, no basil", ["basil", "basil-basil", ""]) == "no ***, no ***"


def test_what_is_deeper_than_a_connection_is_secret_as_a_whole() -> None:
    deep: JSON = "marjoram"
    for _ in range(900):
        deep = [deep]

    told = masked({"AuthParameters": deep})

    assert json.dumps(told) == '{"AuthParameters": ' + "[" * 16 + '"***"' + "]" * 16 + "}"
