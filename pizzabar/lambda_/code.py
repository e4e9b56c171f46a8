"""
The code of a function that runs in a process of its own.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pizzabar.documents import JSON
from pizzabar.errors import Fault
from pizzabar.record import record

Language = Literal["node", "python"]
_RUNTIME = re.compile(r"(nodejs|python)([0-9]+(?:\.[0-9]+)?)(?:\.x)?")
_LANGUAGES: Mapping[str, Language] = {"nodejs": "node", "python": "python"}


@record
class Code:
    """Where the code of a function is, and what of it is called.

    ``folder`` has the files, or ``inline`` is the one file's text; ``runtime`` is AWS's name, ``handler`` the
    handler's within the code. ``layers`` are folders, those first that count most.
    """

    runtime: str
    handler: str
    folder: Path | None
    inline: str | None = None
    layers: tuple[Path, ...] = ()

    @property
    def language(self) -> Language:
        """The language of the runtime."""
        found = _RUNTIME.fullmatch(self.runtime)
        assert found is not None
        return _LANGUAGES[found[1]]

    @property
    def version(self) -> str:
        """The version of the language, as the runtime's name has it."""
        found = _RUNTIME.fullmatch(self.runtime)
        assert found is not None
        return found[2]


def code_faults(properties: Mapping[str, Any]) -> Iterable[Fault]:
    """Give what keeps the code of a function's properties from running here."""
    if properties.get("PackageType") == "Image":
        yield Fault(("PackageType",), "functions in container images are not supported")
        return
    runtime = properties.get("Runtime")
    if runtime is None:
        yield Fault((), "a function needs a Runtime")
    elif _RUNTIME.fullmatch(str(runtime)) is None:
        yield Fault(("Runtime",), f"the runtime {runtime} is not supported: functions run in nodejs* and python3.*")
    if not properties.get("Handler"):
        yield Fault((), "a function needs a Handler")
    yield from location_faults(properties.get("Code"), "Code")


def location_faults(location: JSON, name: str) -> Iterable[Fault]:
    """Give what keeps code from being found at a location: a folder or a zip file, or inline."""
    match location:
        case None:
            yield Fault((), f"a function needs its {name}")
        case str() if "://" in location:
            yield Fault((name,), f"{location} is not on this machine: name a folder or a zip file")
        case str():
            pass
        case {"ZipFile": str()}:
            pass
        case {"ImageUri": _}:
            yield Fault((name, "ImageUri"), "functions in container images are not supported")
        case {"S3Bucket": _}:
            yield Fault((name, "S3Bucket"), "code in S3 is not on this machine: name a folder or a zip file")
        case _:
            yield Fault((name,), "name a folder or a zip file, or give the code as ZipFile")
