"""Settings from the environment and from options."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pizzabar.settings import Settings, SettingsError, meanings


def test_without_variables_the_defaults_stand() -> None:
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "setting", "value"),
    [
        ("TEMPLATE", "shop/template.yaml", "template", Path("shop/template.yaml")),
        ("PARAMETERS", "Stage=prod 'Name=Ada Lovelace'", "parameters", {"Stage": "prod", "Name": "Ada Lovelace"}),
        ("FUNCTIONS", "Bake=oven:bake Pack=box:pack", "functions", {"Bake": "oven:bake", "Pack": "box:pack"}),
        ("LENIENT", "true", "lenient", True),
        ("LENIENT", "0", "lenient", False),
        ("STATE", "orders.db", "state", Path("orders.db")),
        ("STATE", ":memory:", "state", None),
        ("DURABILITY", "full", "durability", "full"),
        ("SPEED", "60", "speed", 60.0),
        ("SPEED", "0.5", "speed", 0.5),
        ("CLOCK", "auto", "clock", "auto"),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PORT", "0", "port", 0),
        ("PORT", "65535", "port", 65_535),
        ("ALLOWED_HOSTS", "pizza.local, bar.local,", "allowed_hosts", ("pizza.local", "bar.local")),
        ("ALLOWED_ORIGINS", "*", "allowed_origins", ("*",)),
        ("ACCOUNT", "000000000000", "account", "000000000000"),
        ("REGION", "eu-central-1", "region", "eu-central-1"),
        ("REGION", "us-gov-west-1", "region", "us-gov-west-1"),
        ("STACK_NAME", "Pizza-2", "stack_name", "Pizza-2"),
        ("JOURNAL_SIZE", "1", "journal_size", 1),
        ("PORT", "", "port", 8000),  # empty is as good as absent
    ],
)
def test_a_variable_gives_a_setting_its_value(name: str, text: str, setting: str, value: Any) -> None:
    settings = Settings.from_environment({f"PIZZABAR_{name}": text, "HOME": "/", "PATH": ""})

    assert getattr(settings, setting) == value


@pytest.mark.parametrize(
    ("name", "text", "meaning"),
    [
        ("PARAMETERS", "Stage", "pairs Key=Value, quoted as in a shell"),
        ("FUNCTIONS", "oven:bake", "pairs LogicalId=module:function"),
        ("LENIENT", "perhaps", "true or false"),
        ("DURABILITY", "some", "normal or full"),
        ("SPEED", "0", "a number greater than 0"),
        ("SPEED", "-1", "a number greater than 0"),
        ("SPEED", "nan", "a number greater than 0"),
        ("SPEED", "inf", "a number greater than 0"),
        ("SPEED", "fast", "a number greater than 0"),
        ("CLOCK", "cuckoo", "real or virtual or auto"),
        ("PORT", "65536", "a port, 0 to 65535"),
        ("PORT", "-1", "a port, 0 to 65535"),
        ("PORT", "http", "a port, 0 to 65535"),
        ("ACCOUNT", "12345", "12 digits"),
        ("ACCOUNT", "١٢٣٤٥٦٧٨٩٠١٢", "12 digits"),  # an account id is in ASCII
        ("REGION", "Bavaria", "a region's name"),
        ("STACK_NAME", "1st", "a letter, then letters, digits and -"),
        ("STACK_NAME", "a" * 129, "a letter, then letters, digits and -"),
        ("JOURNAL_SIZE", "0", "an integer from 1 to 2147483648"),
        ("JOURNAL_SIZE", str(1 << 63), "an integer from 1 to 2147483648"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name: str, text: str, meaning: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({f"PIZZABAR_{name}": text})

    assert str(raised.value) == f"PIZZABAR_{name} is {text!r}, and should be {meaning}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"PIZZABAR_PORT": "http", "PIZZABAR_SPED": "60", "PIZZABAR_SPEED": "x"})

    first, *others = str(raised.value).splitlines()
    assert first.startswith("PIZZABAR_SPED is no setting; the settings are PIZZABAR_TEMPLATE, PIZZABAR_PARAMETERS,")
    assert [line.split()[0] for line in others] == ["PIZZABAR_SPEED", "PIZZABAR_PORT"]


def test_options_change_settings() -> None:
    settings = Settings(port=1, speed=2.0).changed({"speed": "60", "clock": "virtual"})

    assert (settings.port, settings.speed, settings.clock) == (1, 60.0, "virtual")


def test_every_setting_has_a_meaning() -> None:
    told = meanings()

    assert list(told) == [each.name for each in fields(Settings) if each.name != "taken"]
    assert all(meaning for meaning, _ in told.values())
    assert told["port"] == ("the port to listen on", "8000")
    assert told["template"][1] == ""


SAMCONFIG = """
[default.deploy.parameters]
stack_name = "shop"
region = "eu-west-1"
parameter_overrides = "Stage=prod Tables=4"
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with a samconfig.toml beside it."""
    (tmp_path / "samconfig.toml").write_text(SAMCONFIG)
    return tmp_path / "template.yaml"


def test_what_is_not_given_is_taken_from_samconfig(template: Path) -> None:
    settings = Settings.from_environment({"PIZZABAR_TEMPLATE": str(template)})

    assert (settings.stack_name, settings.region) == ("shop", "eu-west-1")
    assert settings.parameters == {"Stage": "prod", "Tables": "4"}
    [taken] = settings.taken
    assert taken == (
        f"{template.parent / 'samconfig.toml'}: stack name shop, region eu-west-1, the parameters Stage, Tables"
    )


def test_what_is_given_wins_over_samconfig(template: Path) -> None:
    settings = Settings.from_environment(
        {
            "PIZZABAR_TEMPLATE": str(template),
            "PIZZABAR_STACK_NAME": "pizzabar",
            "PIZZABAR_PARAMETERS": "Stage=dev",
        }
    )

    # As given, though it is the default.
    assert (settings.stack_name, settings.region) == ("pizzabar", "eu-west-1")
    assert settings.parameters == {"Stage": "dev", "Tables": "4"}
    assert settings.taken[0].endswith(": region eu-west-1, the parameter Tables")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[default", "1:9: TOML not well-formed: "),
        (
            "[default.deploy.parameters]\nregion = 'Bavaria'",
            "2:1: region is 'Bavaria', and should be a region's name",
        ),
    ],
)
def test_a_faulty_samconfig_is_told_with_its_place(template: Path, text: str, fault: str) -> None:
    file = template.parent / "samconfig.toml"
    file.write_text(text)

    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"PIZZABAR_TEMPLATE": str(template)})

    assert str(raised.value).startswith(f"{file}:{fault}")


def test_a_samconfig_that_is_no_text(template: Path) -> None:
    (template.parent / "samconfig.toml").write_bytes(b"\xff")

    with pytest.raises(SettingsError, match=r"samconfig.toml:1:1: cannot be read"):
        Settings.from_environment({"PIZZABAR_TEMPLATE": str(template)})


def test_without_a_template_or_a_samconfig_nothing_is_taken(tmp_path: Path) -> None:
    template = str(tmp_path / "template.yaml")

    assert Settings.from_environment({"PIZZABAR_TEMPLATE": template}).taken == ()
    assert Settings().with_samconfig() == Settings()
