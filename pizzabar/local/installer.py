"""Programs that install packages, npm and pip: what they are asked, and what they say when they fail."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pizzabar.errors import PizzabarError
from pizzabar.record import record

FIRST_LINES, LAST_LINES = 4, 4
"""npm tells first what is the matter, and pip last."""
PLACE = "{place}"


class NotInstalled(PizzabarError):
    """Raised when packages could not be installed; tells what the program that was asked said last."""


@record
class Install:
    """What is to be installed, and how: the files that it is made from, and the command that makes it.

    The command is run in the folder that it installs into, or in another ``folder``; ``PLACE`` in it stands for the
    former. ``names`` tells a reader what it is about.
    """

    names: Sequence[str]
    files: Mapping[str, bytes]
    command: Sequence[str]
    depends_on: Sequence[str] = ()
    """What else makes it another thing: the interpreter's version, say."""
    folder: Path | None = None


async def install(wanted: Install, folder: Path) -> None:
    """Install into an empty folder. Raise ``NotInstalled``."""
    for name, data in wanted.files.items():
        (folder / name).write_bytes(data)
    try:
        process = await asyncio.create_subprocess_exec(
            *(part.replace(PLACE, str(folder)) for part in wanted.command),
            cwd=wanted.folder or folder,
            env=os.environ | {"NO_COLOR": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise NotInstalled(f"{wanted.command[0]} does not start: {error.strerror}") from None
    output, _ = await process.communicate()
    if process.returncode:
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        if len(lines) > FIRST_LINES + LAST_LINES:
            lines[FIRST_LINES:-LAST_LINES] = ["..."]
        raise NotInstalled("\n".join(f"  {line}" for line in lines))
