"""
Settings: each is an environment variable ``PIZZABAR_…`` and an option of ``pizzabar up``.

A plain record: reading a dozen variables does not pay for the import of a settings library, which takes as long as
the rest of the start.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from pizzabar.apigateway.quotas import AWS_CONNECTIONS, AWS_REQUESTS, Quotas, Rate
from pizzabar.cloudformation.node import FaultyTemplate, Position
from pizzabar.cloudformation.samconfig import FILE, SamConfig, read_pairs, read_samconfig
from pizzabar.errors import PizzabarError
from pizzabar.record import record
from pizzabar.stepfunctions.mocks import FaultyMocks, Mocks, read_mocks

T = TypeVar("T")
ClockMode = Literal["real", "virtual", "auto"]


class SettingsError(PizzabarError):
    """Raised when settings have no valid value; tells each of them."""


def _number(kind: Callable[[str], T], fits: Callable[[T], bool], meaning: str) -> Callable[[str], T]:
    def read(text: str) -> T:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError(meaning) from None
        if not fits(number):
            raise ValueError(meaning)
        return number

    return read


_speed = _number(float, lambda number: 0 < number < float("inf"), "a number greater than 0")
_port = _number(int, lambda number: 0 <= number <= 65_535, "a port, 0 to 65535")
_size = _number(int, lambda number: number > 0, "an integer greater than 0")
_journal_size = _number(int, lambda number: 0 < number <= 1 << 31, "an integer from 1 to 2147483648")


def _tls_port(text: str) -> str:
    if text in ("auto", "off") or (text.isdecimal() and int(text) <= 65_535):
        return text
    raise ValueError("auto, off, or a port, 0 to 65535")


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(" or ".join(choices))
        return text

    return read


def _matching(pattern: str, meaning: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(meaning)
        return text

    return read


def _state(text: str) -> Path | None:
    return None if text == ":memory:" else Path(text)


def _connections(text: str) -> dict[str, Any]:
    try:
        read = json.loads(Path(text).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"a JSON file ({error})") from None
    if not isinstance(read, dict) or not all(isinstance(each, dict) for each in read.values()):
        raise ValueError("a JSON file with an object for each connection")
    return read


def _mocks(text: str) -> Mocks:
    try:
        return read_mocks(json.loads(Path(text).read_text()))
    except (OSError, ValueError, FaultyMocks) as error:
        raise ValueError(f"a mock configuration ({error})") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _pairs(meaning: str) -> Callable[[str], dict[str, str]]:
    def read(text: str) -> dict[str, str]:
        try:
            return read_pairs(text)
        except ValueError:
            raise ValueError(meaning) from None

    return read


_parameters = _pairs("pairs Key=Value, quoted as in a shell")
_functions = _pairs("pairs LogicalId=module:function")


@record
class Throttle:
    """What is throttled, and as what text it was set."""

    requests: Rate | None = None
    connections: Rate | None = None
    text: str = "off"

    def __str__(self) -> str:
        return self.text


def _throttle(text: str) -> Throttle:
    if text == "off":
        return Throttle()
    if text == "aws":
        return Throttle(AWS_REQUESTS, AWS_CONNECTIONS, text)
    rate, comma, burst = text.partition(",")
    try:
        if comma and 0 <= float(rate) < float("inf") and int(burst) >= 0:
            return Throttle(Rate(float(rate), int(burst)), None, text)
    except ValueError:
        pass
    raise ValueError("off, aws or RATE,BURST: messages a second, and at once")


def _switch(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError("true or false")
    return text.lower() in ("1", "true", "yes", "on")


def _how(read: Callable[[str], Any], meaning: str, option: str | None = None) -> dict[str, Any]:
    """Say how a setting is read; ``option`` names its option where that has a name of its own."""
    return {"read": read, "meaning": meaning, "option": option}


@record
class Settings:
    """How an emulator is set up. ``state`` None is memory, ``template`` None the shipped pizza bar."""

    template: Path | None = field(
        default=None, metadata=_how(Path, "the SAM or CloudFormation template to run (default: the pizza bar)")
    )
    parameters: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_how(_parameters, "the value of a parameter of the template, as Key=Value", "parameter"),
    )
    functions: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_how(
            _functions,
            "a Python handler in place of a function's own, as LogicalId=module:function",
            "function",
        ),
    )
    run_functions: Literal["in-process", "child"] = field(
        default="in-process",
        metadata=_how(
            _one_of("in-process", "child"),
            "child: functions run in processes of their own, those too whose Metadata name a handler in process",
            "functions",
        ),
    )
    sandboxes: int = field(
        default=10, metadata=_how(_size, "how many processes of one function there may be at once")
    )
    reach_aws: bool = field(
        default=False, metadata=_how(_switch, "let functions in processes of their own reach AWS itself")
    )
    reload: bool = field(
        default=False, metadata=_how(_switch, "watch the template and the code of functions, and use what is edited")
    )
    debug: str = field(
        default="",
        metadata=_how(
            _matching(r"[A-Za-z0-9]*(:[0-9]{1,5})?", "a function's logical ID, or with a port, as LogicalId:9229"),
            "the function to debug: its process waits for a debugger at a port, and has no time-out",
        ),
    )
    tls_port: str = field(
        default="auto",
        metadata=_how(
            _tls_port,
            "the port of https://{domainName}/{stage}: auto (443 above the port, where functions run in processes "
            "of their own), off, or a port",
        ),
    )
    buckets: Path = field(
        default=Path(".pizzabar/buckets"),
        metadata=_how(Path, "the folder whose folders are the buckets that distributed Map states read and write"),
    )
    connections: dict[str, Any] = field(
        default_factory=dict,
        metadata=_how(_connections, "what each connection adds to the requests of HTTP tasks: a JSON file, by name"),
    )
    mocks: Mocks | None = field(
        default=None,
        metadata=_how(_mocks, "the answers of tasks in test cases: Step Functions Local's mock configuration"),
    )
    cache: Path | None = field(
        default=None,
        metadata=_how(
            Path, "where functions' dependencies and the certificate authority are kept (beside the state)"
        ),
    )
    lenient: bool = field(
        default=False, metadata=_how(_switch, "go over unknown types and properties, and list them at start")
    )
    state: Path | None = field(
        default=Path(".pizzabar/state.db"), metadata=_how(_state, "the state file, or :memory:")
    )
    durability: Literal["normal", "full"] = field(
        default="normal",
        metadata=_how(
            _one_of("normal", "full"),
            "what a commit survives: the end of the process (normal), of the machine (full)",
        ),
    )
    speed: float = field(default=1.0, metadata=_how(_speed, "waits are this many times shorter"))
    clock: ClockMode = field(
        default="real",
        metadata=_how(
            _one_of("real", "virtual", "auto"), "real, virtual (moved by hand), or auto (skips every wait)"
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_how(str, "the address to listen on"))
    port: int = field(default=8000, metadata=_how(_port, "the port to listen on"))
    allowed_hosts: tuple[str, ...] = field(
        default=(), metadata=_how(_names, "more names that requests may use for this server, by comma; * for any")
    )
    allowed_origins: tuple[str, ...] = field(
        default=(), metadata=_how(_names, "origins of web pages that may use this server, by comma; * for any")
    )
    account: str = field(
        default="123456789012", metadata=_how(_matching(r"[0-9]{12}", "12 digits"), "the account id")
    )
    region: str = field(
        default="us-east-1", metadata=_how(_matching(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region's name"), "the region")
    )
    stack_name: str = field(
        default="pizzabar",
        metadata=_how(
            _matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", "a letter, then letters, digits and -"), "the name of the stack"
        ),
    )
    journal_size: int = field(default=4096, metadata=_how(_journal_size, "how many hops the journal keeps"))
    lint: Literal["on", "off"] = field(
        default="on",
        metadata=_how(_one_of("on", "off"), "tell at start what of the template will go wrong on AWS"),
    )
    otlp: str | None = field(
        default=None,
        metadata=_how(
            _matching(r"https?://[^\s/]+(/\S*)?", "an address, http:// or https://"),
            "export each hop as a span to this OpenTelemetry collector, http://localhost:4318 say (needs [otel])",
        ),
    )
    idle_seconds: int = field(
        default=600,
        metadata=_how(_size, "after so long without a message in either direction a connection is closed"),
    )
    life_seconds: int = field(default=7200, metadata=_how(_size, "after so long a connection is closed in any case"))
    message_bytes: int = field(default=131_072, metadata=_how(_size, "the largest message, in either direction"))
    frame_bytes: int = field(
        default=32_768, metadata=_how(_size, "the largest frame of a message that a client sends (with pizzabar up)")
    )
    iam: Literal["audit", "enforce", "off"] = field(
        default="audit",
        metadata=_how(
            _one_of("audit", "enforce", "off"),
            "what roles and policies do not allow: noted and done (audit), refused (enforce), or not looked at (off)",
        ),
    )
    throttle: Throttle = field(
        default=Throttle(),
        metadata=_how(
            _throttle,
            "how many messages and @connections requests are taken: off, aws (10000 a second, 5000 at once; 500 new "
            "connections a second), or RATE,BURST",
        ),
    )
    taken: tuple[str, ...] = ()
    """What was taken from ``samconfig.toml``, in words."""

    @property
    def cache_folder(self) -> Path:
        """Where what takes long to make is kept."""
        if self.cache is not None:
            return self.cache
        return Path(".pizzabar") if self.state is None else self.state.parent

    @property
    def quotas(self) -> Quotas:
        """The quotas of WebSocket APIs."""
        return Quotas(
            self.message_bytes,
            self.frame_bytes,
            timedelta(seconds=self.idle_seconds),
            timedelta(seconds=self.life_seconds),
            self.throttle.requests,
            self.throttle.connections,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``PIZZABAR_…`` variables, and what these leave out from a ``samconfig.toml`` beside the template.

        Raise ``SettingsError``, also for a variable of a name that is not known.
        """
        return cls().with_environment(environment)

    def with_environment(self, environment: Mapping[str, str]) -> "Settings":
        """Take what ``PIZZABAR_…`` variables say over what the settings have. Raise ``SettingsError``."""
        known = {f"PIZZABAR_{name.upper()}": name for name in meanings()}
        faults = [
            f"{name} is no setting; the settings are {', '.join(known)}"
            for name in environment
            if name.startswith("PIZZABAR_") and name not in known
        ]
        texts = {setting: environment[name] for name, setting in known.items() if environment.get(name)}
        return self.changed(texts, faults).with_samconfig(texts)

    def changed(self, texts: Mapping[str, str], faults: list[str] | None = None) -> "Settings":
        """Give some settings other values, each as text. Raise ``SettingsError``."""
        faults = [] if faults is None else faults
        values: dict[str, Any] = {}
        for name, how in _hows().items():
            if name not in texts:
                continue
            text = texts[name]
            try:
                values[name] = how["read"](text)
            except ValueError as error:
                faults.append(f"PIZZABAR_{name.upper()} is {text!r}, and should be {error}")
        if faults:
            raise SettingsError("\n".join(faults))
        return replace(self, **values)

    def with_samconfig(self, given: Collection[str] = ()) -> "Settings":
        """Take what is not given by name from the ``samconfig.toml`` beside the template, if there is one.

        Of the parameters each counts by itself: those that the settings have stay. Raise ``SettingsError``.
        """
        if self.template is None:
            return self
        file = self.template.parent / FILE
        try:
            config = read_samconfig(file.read_text(encoding="utf-8"), str(file))
        except FileNotFoundError:
            return self
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{file}:1:1: cannot be read: {error}") from None
        except FaultyTemplate as faulty:
            raise SettingsError(str(faulty)) from None
        return self._with(config, given, file)

    def _with(self, config: SamConfig, given: Collection[str], file: Path) -> "Settings":
        values: dict[str, Any] = {}
        taken = []
        faults = []
        for name, text in config.texts.items():
            if name in given:
                continue
            try:
                values[name] = _hows()[name]["read"](text)
                taken.append(f"{name.replace('_', ' ')} {text}")
            except ValueError as error:
                position = config.places.get(name, Position(str(file), 1, 1))
                faults.append(f"{position}: {name} is {text!r}, and should be {error}")
        if faults:
            raise SettingsError("\n".join(faults))
        if parameters := [name for name in config.parameters if name not in self.parameters]:
            values["parameters"] = {**config.parameters, **self.parameters}
            # Names alone: a value may be a secret.
            taken.append(f"the parameter{'s' if len(parameters) > 1 else ''} {', '.join(parameters)}")
        if not taken:
            return self
        return replace(self, **values, taken=(f"{file}: {', '.join(taken)}",))


def _hows() -> dict[str, Mapping[str, Any]]:
    return {each.name: each.metadata for each in fields(Settings) if each.metadata}


def meanings() -> dict[str, tuple[str, str]]:
    """Give each setting's meaning and default, as texts for a reader; no default is an empty text."""
    defaults = Settings()
    return {name: (how["meaning"], str(getattr(defaults, name) or "")) for name, how in _hows().items()}


def option_names() -> dict[str, str]:
    """Give the names of options that differ from those of their settings."""
    return {name: how["option"] for name, how in _hows().items() if how["option"] is not None}


def repeated() -> frozenset[str]:
    """Give the settings whose options may be given many times."""
    return frozenset(name for name, how in _hows().items() if how["read"] in (_parameters, _functions))


def switches() -> frozenset[str]:
    """Give the settings whose options take no value."""
    return frozenset(name for name, how in _hows().items() if how["read"] is _switch)


def with_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Take texts for the paths among settings."""
    read = dict(settings)
    if isinstance(read.get("template"), str):
        read["template"] = Path(read["template"])
    if isinstance(read.get("state"), str):
        read["state"] = None if read["state"] == ":memory:" else Path(read["state"])
    return read
