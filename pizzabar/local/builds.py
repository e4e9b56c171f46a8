"""
Builds: what a function's code needs to run, made once and kept in a folder.

The author's own folder is left as it is. What was installed is kept under the digest of what it was installed from,
so that it is installed again only when that changes. It is made aside, and moved into its place when it is whole.
"""

import asyncio
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from pizzabar.lambda_.code import Code
from pizzabar.lambda_.function import Function, RuntimeFault
from pizzabar.lambda_.sandboxes import BuildError
from pizzabar.local.installer import Install, NotInstalled, install
from pizzabar.local.node_packages import node_packages
from pizzabar.local.processes import Built, interpreter_of
from pizzabar.local.progress import Progress
from pizzabar.local.python_packages import installed_sdk, link_sdk, python_packages, python_sdk

INLINE = {"node": "index.js", "python": "index.py"}
"""The file that code given as ``ZipFile`` is put into.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html"""


class Builds:
    """Builds functions into a folder."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self._folder = folder.absolute()
        self._progress = progress

    async def build(self, function: Function) -> Built:
        """Have a function's code ready, and its layers. Raise ``BuildError``."""
        code = function.handler
        assert isinstance(code, Code)
        try:
            layers = tuple([await self._unpacked(layer) for layer in code.layers])
            folder = await self._folder_of(code)
            interpreter = await asyncio.to_thread(interpreter_of, code.language, code.version)
            packages = await self._packages(function.name, code, folder, interpreter)
            return Built(interpreter, folder, packages, layers)
        except (NotInstalled, RuntimeFault) as error:
            raise BuildError(
                f"{function.name}: what it needs is not installed here, and could not be:\n{error}\n"
                "once there is a network, `pizzabar build TEMPLATE` installs it for later starts without one"
            ) from None
        except (OSError, zipfile.BadZipFile) as error:
            raise BuildError(f"{function.name}: its code cannot be read: {error}") from None

    async def _folder_of(self, code: Code) -> Path:
        if code.inline is not None:
            text = code.inline.encode()

            async def write(place: Path) -> None:
                (place / INLINE[code.language]).write_bytes(text)

            return await self._made(f"inline-{_digest(code.language.encode(), text)}", write)
        assert code.folder is not None
        return await self._unpacked(code.folder)

    async def _unpacked(self, place: Path) -> Path:
        """Give a folder as it is, and a zip file's content."""
        data = _archive(place)
        if data is None:
            return _absolute(place)

        async def unpack(into: Path) -> None:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                archive.extractall(into)

        return await self._made(f"zip-{_digest(data)}", unpack)

    async def _packages(self, name: str, code: Code, folder: Path, interpreter: str) -> tuple[Path, ...]:
        if code.language == "node":
            wanted = node_packages(folder, code.version)
            return () if wanted is None else (await self._installed(name, wanted),)
        needed = python_packages(folder, interpreter, code.version)
        own = () if needed is None else (await self._installed(name, needed),)
        return (*own, await self._sdk(name, interpreter, code.version))

    async def _sdk(self, name: str, interpreter: str, version: str) -> Path:
        """Give the folder that has boto3: linked from where it is installed, or installed."""
        found = installed_sdk()
        if not found:
            return await self._installed(name, python_sdk(interpreter, version))

        async def link(place: Path) -> None:
            link_sdk(found, place)

        # Of what is installed elsewhere, or is of another version, there are other links.
        where = _digest(*(f"{each.locate_file('')} {each.version}".encode() for each in found))
        return await self._made(f"sdk-python{version}-{where}", link)

    async def _installed(self, name: str, wanted: Install) -> Path:
        # A command names the files of one machine; what it installs is told by the rest.
        parts = [*wanted.depends_on, *wanted.names, *wanted.files]
        key = f"packages-{_digest(*(part.encode() for part in parts), *wanted.files.values())}"

        async def make(place: Path) -> None:
            few = ", ".join(wanted.names[:4]) + (" and more" if len(wanted.names) > 4 else "")
            with self._progress.of(f"{name}: installing {few}"):
                await install(wanted, place)

        return await self._made(key, make)

    async def _made(self, name: str, make: Callable[[Path], Awaitable[None]]) -> Path:
        """Give a folder of that name, which is made if it is not there."""
        place = self._folder / name
        if place.is_dir():
            return place
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self._folder))
        try:
            await make(aside)
            _move(aside, place)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return place


def _absolute(place: Path) -> Path:
    return place.absolute()


def _archive(place: Path) -> bytes | None:
    """Give the content of a zip file; None for a folder."""
    return place.read_bytes() if place.is_file() else None


def _move(aside: Path, place: Path) -> None:
    try:
        aside.rename(place)
    except OSError:
        # Somebody else may have made it meanwhile.
        if not place.is_dir():
            raise


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:20]
