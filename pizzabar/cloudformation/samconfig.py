"""
``samconfig.toml``: what the SAM CLI keeps beside a template for ``sam deploy``, as far as a stack is made of it.

Read are the stack's name, its region and its parameters, from the tables ``default.deploy.parameters`` and
``default.global.parameters``, the first of which wins. All else is the SAM CLI's own.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import field

from pizzabar.cloudformation.node import FaultyTemplate, Position, TemplateFault
from pizzabar.documents import JSON
from pizzabar.record import record

FILE = "samconfig.toml"
TABLES = ("deploy", "global")


@record
class SamConfig:
    """What a file says of a stack; a text for each of ``stack_name`` and ``region`` that it has."""

    texts: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Position] = field(default_factory=dict)
    """Where each of them stands."""


def read_samconfig(text: str, file: str) -> SamConfig:
    """Read the file. Raise ``FaultyTemplate``."""
    # Only whoever has the file pays for the import.
    import tomllib

    try:
        config = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultyTemplate([_syntax_fault(str(error), text, file)]) from None
    faults: list[TemplateFault] = []
    texts: dict[str, str] = {}
    places: dict[str, Position] = {}
    parameters: dict[str, str] = {}
    for table in reversed(TABLES):
        given = _table(config, table, text, file, faults)
        for name in ("stack_name", "region"):
            if name in given:
                places[name] = _place(text, file, table, name)
                if isinstance(given[name], str):
                    texts[name] = given[name]
                else:
                    faults.append(TemplateFault(places[name], f"{name} must be a string"))
        if "parameter_overrides" in given:
            places["parameters"] = _place(text, file, table, "parameter_overrides")
            try:
                parameters |= _overrides(given["parameter_overrides"])
            except ValueError as error:
                faults.append(TemplateFault(places["parameters"], f"parameter_overrides: {error}"))
    if faults:
        raise FaultyTemplate(sorted(faults, key=lambda fault: fault.position))
    return SamConfig(texts, parameters, places)


def read_pairs(words: str | list[str]) -> dict[str, str]:
    """Read ``Key=Value`` pairs as the SAM CLI does, quoted as a shell quotes. Raise ``ValueError``.

    ``ParameterKey=Key,ParameterValue=Value`` says the same.
    """
    pairs: dict[str, str] = {}
    for word in shlex.split(words) if isinstance(words, str) else words:
        if found := _LONG_FORM.fullmatch(word):
            pairs[found[1]] = found[2]
            continue
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ValueError(f"{word!r} is not of the form Key=Value")
        pairs[name] = value
    return pairs


_LONG_FORM = re.compile(r"ParameterKey=([^,=]+),ParameterValue=(.*)", re.DOTALL)


def _overrides(given: JSON) -> dict[str, str]:
    if isinstance(given, str):
        return read_pairs(given)
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        # A member may quote its value, as it would stand in a text: 'Name="Ada Lovelace"'.
        return read_pairs([_unquoted(word) for word in given])
    if isinstance(given, dict) and all(isinstance(value, str | int | float) for value in given.values()):
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    raise ValueError("must be a string or a list of strings of the form Key=Value")


def _unquoted(word: str) -> str:
    name, equals, value = word.partition("=")
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return f"{name}{equals}{value[1:-1]}"
    return word


def _table(config: JSON, table: str, text: str, file: str, faults: list[TemplateFault]) -> dict[str, JSON]:
    found: JSON = config
    for name in ("default", table, "parameters"):
        found = found.get(name, {})
        if not isinstance(found, dict):
            where = _place(text, file, table, name)
            faults.append(TemplateFault(where, f"default.{table}.parameters must be a table"))
            return {}
    members: dict[str, JSON] = found
    return members


def _place(text: str, file: str, table: str, name: str) -> Position:
    """Find the place of a name in a table; TOML's reader keeps none."""
    current = ""
    nearest = 1
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            current = re.sub(r"[\s\"']", "", header[1])
        if current == f"default.{table}.parameters":
            nearest = number if nearest == 1 else nearest
            if found := re.match(rf"\s*[\"']?{name}[\"']?\s*[=.]", line):
                return Position(file, number, len(found[0]) - len(found[0].lstrip()) + 1)
    return Position(file, nearest, 1)


def _syntax_fault(message: str, text: str, file: str) -> TemplateFault:
    """Take the place out of the message of TOML's reader, which tells it in words."""
    problem, _, place = message.rpartition(" (at ")
    if found := re.fullmatch(r"line (\d+), column (\d+)\)", place):
        position = Position(file, int(found[1]), int(found[2]))
    else:
        # At its end.
        position = Position(file, text.count("\n") + 1, len(text) - text.rfind("\n"))
    return TemplateFault(position, f"TOML not well-formed: {problem or message}")
