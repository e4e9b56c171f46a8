"""What is taken from the file that ``sam deploy --guided`` writes.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

import pytest

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.samconfig import read_pairs, read_samconfig

GUIDED = """version = 0.1
[default]
[default.deploy]
[default.deploy.parameters]
stack_name = "module-5-websocket"
resolve_s3 = true
region = "eu-central-1"
confirm_changeset = true
capabilities = "CAPABILITY_IAM"
parameter_overrides = "ApiStageName=\\"api\\" Greeting=\\"good day\\""
image_repositories = []
"""


def test_the_file_that_guided_deployment_writes() -> None:
    config = read_samconfig(GUIDED, "samconfig.toml")

    assert config.texts == {"stack_name": "module-5-websocket", "region": "eu-central-1"}
    assert config.parameters == {"ApiStageName": "api", "Greeting": "good day"}
    assert str(config.places["region"]) == "samconfig.toml:7:1"


def test_deploy_wins_over_global() -> None:
    config = read_samconfig(
        '[default.global.parameters]\nstack_name = "a"\nregion = "us-west-2"\nparameter_overrides = ["A=1", "B=1"]\n'
        '[default.deploy.parameters]\nstack_name = "b"\nparameter_overrides = ["B=2"]\n',
        "samconfig.toml",
    )

    assert config.texts == {"stack_name": "b", "region": "us-west-2"}
    assert config.parameters == {"A": "1", "B": "2"}
    assert str(config.places["stack_name"]) == "samconfig.toml:6:1"


@pytest.mark.parametrize("text", ["", "version = 0.1", "[default.build.parameters]\ncached = true", "[prod]\na = 1"])
def test_a_file_that_says_nothing_of_a_stack(text: str) -> None:
    config = read_samconfig(text, "samconfig.toml")

    assert (config.texts, config.parameters) == ({}, {})


@pytest.mark.parametrize(
    ("overrides", "parameters"),
    [
        ('"A=1 B=2"', {"A": "1", "B": "2"}),
        ("'A=\"one two\" B=x=y'", {"A": "one two", "B": "x=y"}),
        ('"A= B=2"', {"A": "", "B": "2"}),
        ('"ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=x,y"', {"A": "1", "B": "x,y"}),
        ("['A=1', 'B=\"one two\"']", {"A": "1", "B": "one two"}),
        ("[]", {}),
        ('""', {}),
        ("{A = 1, B = true}", {"A": "1", "B": "true"}),
    ],
)
def test_the_forms_of_parameter_overrides(overrides: str, parameters: dict[str, str]) -> None:
    config = read_samconfig(f"[default.deploy.parameters]\nparameter_overrides = {overrides}", "samconfig.toml")

    assert config.parameters == parameters


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[default", "1:9: TOML not well-formed: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", "2:6: TOML not well-formed: Cannot overwrite a value"),
        ("[default.deploy.parameters]\nregion = 5", "2:1: region must be a string"),
        ("[default.deploy.parameters]\n  stack_name = []", "2:3: stack_name must be a string"),
        (
            "[default.deploy.parameters]\nparameter_overrides = 'Stage'",
            "2:1: parameter_overrides: 'Stage' is not of the form Key=Value",
        ),
        (
            "[default.deploy.parameters]\nparameter_overrides = 5",
            "2:1: parameter_overrides: must be a string or a list of strings of the form Key=Value",
        ),
        (
            "[default.deploy.parameters]\nparameter_overrides = 'A=\"b'",
            "2:1: parameter_overrides: No closing quotation",
        ),
        ("default = 5", "1:1: default.deploy.parameters must be a table"),
        ("[default]\ndeploy = 5", "1:1: default.deploy.parameters must be a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        read_samconfig(text, "samconfig.toml")

    assert f"samconfig.toml:{fault}" in [str(each) for each in faulty.value.faults]


def test_every_fault_is_told() -> None:
    with pytest.raises(FaultyTemplate) as faulty:
        read_samconfig("[default.deploy.parameters]\nregion = 1\nstack_name = 2\n", "samconfig.toml")

    assert [fault.position.line for fault in faulty.value.faults] == [2, 3]


def test_pairs_of_the_command_line() -> None:
    assert read_pairs("A=1 'B=one two' C=") == {"A": "1", "B": "one two", "C": ""}
    with pytest.raises(ValueError, match="'=x' is not of the form Key=Value"):
        read_pairs("=x")
