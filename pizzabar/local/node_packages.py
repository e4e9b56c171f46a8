"""
What a Node.js function needs beside its own files: the packages of its ``package.json`` where they are not installed
beside it, and those of the AWS SDK that it imports and Lambda's runtime has.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html#nodejs-sdk-included
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pizzabar.local.installer import Install, NotInstalled

_SDK = re.compile(r"""["'`](@(?:aws-sdk|smithy)/[a-z0-9-]+)[/"'`]""")
_SDK_2 = re.compile(r"""["'`](aws-sdk)[/"'`]""")
NO_SDK_2_FROM = 18
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html#nodejs-sdk-included"""
_SOURCES = (".js", ".mjs", ".cjs")
NEWEST = "^3"
"""What is taken of the SDK where the author asks for no version of any part of it."""
LOCAL = ("file:", "link:")


def node_packages(folder: Path, version: str) -> Install | None:
    """Tell what is to be installed for the function in a folder; None if nothing is. Raise ``NotInstalled``."""
    described = _description(folder)
    wanted = described.get("dependencies") or {}
    is_installed = (folder / "node_modules").is_dir()
    missing = {} if is_installed else {name: _located(text, folder) for name, text in wanted.items()}
    listed = {*wanted, *(described.get("optionalDependencies") or {})}
    of_sdk = next((text for name, text in sorted(wanted.items()) if name.startswith("@aws-sdk/client-")), NEWEST)
    shipped = {name: of_sdk if name.startswith("@aws-sdk/") else "*" for name in _imported(folder, _SDK) - listed}
    if int(version.partition(".")[0]) < NO_SDK_2_FROM:
        shipped |= dict.fromkeys(_imported(folder, _SDK_2) - listed, "^2")
    if is_installed:
        shipped = {name: text for name, text in shipped.items() if not (folder / "node_modules" / name).is_dir()}
    if not missing and not shipped:
        return None
    package = described if missing else {}
    package = {**package, "name": "function", "private": True, "dependencies": missing | shipped}
    for section in ("scripts", "workspaces", "devDependencies"):
        package.pop(section, None)
    files = {"package.json": json.dumps(package, indent=2, sort_keys=True).encode()}
    verb = "install"
    if missing:
        for name in ("package-lock.json", "npm-shrinkwrap.json", ".npmrc"):
            if (folder / name).is_file():
                files[name] = (folder / name).read_bytes()
    quiet = ("--no-audit", "--no-fund", "--no-progress", "--loglevel=error", "--omit=dev")
    return Install(sorted(package["dependencies"]), files, ("npm", verb, *quiet), (f"node{version}",))


def _description(folder: Path) -> dict[str, Any]:
    file = folder / "package.json"
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise NotInstalled(f"{file} cannot be read: {error}") from None
    if not isinstance(described, dict):
        raise NotInstalled(f"{file} is no JSON object")
    return described


def _located(text: str, folder: Path) -> str:
    """Name a package beside the function wherever it is installed."""
    for scheme in LOCAL:
        if text.startswith(scheme):
            return f"file:{(folder / text.removeprefix(scheme)).resolve()}"
    return text


def _imported(folder: Path, sdk: re.Pattern[str]) -> set[str]:
    """Find the packages of an AWS SDK that are named in a function's files."""
    found: set[str] = set()
    for file in _sources(folder):
        found.update(sdk.findall(file.read_text(encoding="utf-8", errors="replace")))
    return found


def _sources(folder: Path) -> Iterable[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if entry.name != "node_modules" and not entry.name.startswith("."):
                yield from _sources(entry)
        elif entry.suffix in _SOURCES:
            yield entry
