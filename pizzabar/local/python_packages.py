"""
What a Python function needs beside its own files: the packages of its ``requirements.txt`` where they are not
installed beside it, and the AWS SDK that Lambda's runtime has.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
"""

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from pizzabar.local.installer import PLACE, Install

SDK = "boto3"
_OTHERS = re.compile(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def python_packages(folder: Path, interpreter: str, version: str) -> Install | None:
    """Tell what is to be installed for the function in a folder; None if nothing is."""
    file = folder / "requirements.txt"
    if not file.is_file() or any(folder.glob("*.dist-info")):
        # What has been built has its packages beside it.
        return None
    text = file.read_text(encoding="utf-8")
    names = [found[0] for line in text.splitlines() if (found := _NAME.match(line.strip()))]
    if not names and "-r" not in text:
        return None
    files = {"requirements.txt": text.encode()}
    others = [(folder / name).read_text(encoding="utf-8") for name in _OTHERS.findall(text)]
    # Where the file is, for it may name others.
    return Install(names, files, _pip(interpreter, "-r", "requirements.txt"), (version, *others), folder)


def python_sdk(interpreter: str, version: str) -> Install:
    """Tell what the AWS SDK of a runtime is installed from."""
    return Install([SDK], {}, _pip(interpreter, SDK), (version, "sdk"))


def _pip(interpreter: str, *what: str) -> tuple[str, ...]:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    return (interpreter, "-m", "pip", "install", *quiet, "--target", PLACE, *what)


def installed_sdk() -> list[Distribution]:
    """Give the AWS SDK that is installed beside pizzabar, with what it needs; nothing where there is none."""
    return [] if sys.platform == "win32" else list(_with_requirements(SDK, set()))


def link_sdk(found: Iterable[Distribution], folder: Path) -> None:
    """Link what is installed into a folder."""
    for each in found:
        names = {file.parts[0] for file in each.files or () if file.parts[0] not in ("..", "__pycache__")}
        for name in sorted(names):
            (folder / name).symlink_to(Path(str(each.locate_file(name))))


def _with_requirements(name: str, seen: set[str]) -> Iterator[Distribution]:
    """Give a package and all that it needs; nothing if one of them is not installed."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return
    seen.add(name)
    yield found
    for requirement in found.requires or ():
        wanted = _NAME.match(requirement)
        if wanted is not None and "extra ==" not in requirement and wanted[0] not in seen:
            yield from _with_requirements(wanted[0], seen)
