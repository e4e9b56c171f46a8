"""
Reloading: what is edited while a stack runs is used from the next time on.

An edited handler runs from the next invocation, an edited definition from the next execution, an edited route or
mapping template from the next message; connections stay open. What is broken changes nothing, and is told of with its
file and line.
"""

import asyncio
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from pizzabar.cloudformation.node import FaultyTemplate
from pizzabar.cloudformation.stack import Stack
from pizzabar.emulator import Emulator
from pizzabar.errors import PizzabarError
from pizzabar.lambda_.code import Code
from pizzabar.lambda_.function import Function
from pizzabar.lambda_.sandboxes import FunctionError
from pizzabar.loading import folder_of, load_stack

log = logging.getLogger("pizzabar")
PASSED_OVER = frozenset({"node_modules", "__pycache__", ".git", ".venv", ".aws-sam", ".pizzabar", ".mypy_cache"})
"""Folders whose files are nobody's work; of ``.aws-sam`` what is built is looked at where the template is in it."""


class Reloader:
    """Has an emulator use what is edited; ``then`` is called when it has looked."""

    def __init__(self, emulator: Emulator, then: Callable[[], None] = lambda: None) -> None:
        self._emulator = emulator
        self._then = then
        self._broken = ""
        """What was told to be wrong with the template as it is now."""
        self._template = folder_of(emulator.settings).resolve()
        self._cache = emulator.settings.cache_folder.resolve()
        self._lock = asyncio.Lock()

    def watch(self) -> Callable[[], None]:
        """Watch the files until the answer is called."""
        import watchfiles

        loop, stopped = asyncio.get_running_loop(), threading.Event()
        folders = list(dict.fromkeys(self._folders()))

        def tell(files: set[Path]) -> None:
            self._emulator.work.start(self.changed(files))

        def look() -> None:
            for changes in watchfiles.watch(*folders, stop_event=stopped, watch_filter=None, debounce=200):
                loop.call_soon_threadsafe(tell, {Path(file) for _, file in changes})

        threading.Thread(target=look, name="pizzabar-reload", daemon=True).start()
        return stopped.set

    async def changed(self, files: Iterable[Path]) -> None:
        """Use what is in files now that have been edited."""
        edited = {file for file in files if self._is_watched(file)}
        if not edited:
            return
        async with self._lock:
            modules = list(self._modules_of(edited))
            for module in modules:
                sys.modules.pop(module.__name__, None)
            try:
                stack = load_stack(self._emulator.settings, self._emulator.program, self._emulator.numbers())
            except (FaultyTemplate, OSError) as error:
                # What could be imported before still is what runs.
                sys.modules.update({module.__name__: module for module in modules})
                # What is written beside the template, this log perhaps, is no edit of it.
                if str(error) != self._broken:
                    self._broken = str(error)
                    log.error("not reloaded: %s", error)
                return
            was_broken, self._broken = self._broken, ""
            was = self._emulator.stack
            if modules or (stack.resources, stack.outputs) != (was.resources, was.outputs):
                await self._redeploy(stack, has_new_modules=bool(modules))
            elif was_broken:
                log.warning("the stack %s is sound again, as it runs", stack.name)
            for function in self._emulator.functions:
                if isinstance(function.handler, Code) and _is_of(function.handler, edited):
                    await self._refresh(function)
            self._then()

    async def _redeploy(self, stack: Stack, *, has_new_modules: bool) -> None:
        try:
            await self._emulator.redeploy(stack, has_new_modules=has_new_modules)
        except (PizzabarError, OSError) as error:
            log.error("not reloaded as a whole: %s", error)
        else:
            log.warning("reloaded: the stack %s", stack.name)

    async def _refresh(self, function: Function) -> None:
        try:
            await self._emulator.functions.sandboxes.refresh(function)
        except FunctionError as error:
            log.error("not reloaded: %s: %s", function.name, _described(error.payload))
        except PizzabarError as error:
            log.error("not reloaded: %s: %s", function.name, error)
        else:
            log.warning("reloaded: the code of %s", function.name)

    def _folders(self) -> Iterator[Path]:
        """Give the folders to watch."""
        yield self._template
        for function in self._emulator.functions:
            if isinstance(function.handler, Code):
                for place in (function.handler.folder, *function.handler.layers):
                    if place is not None and place.exists():
                        yield place.resolve()

    def _is_watched(self, file: Path) -> bool:
        """Tell whether a file is somebody's work."""
        if file.is_relative_to(self._cache):
            return False
        below = next((file.relative_to(each) for each in self._folders() if file.is_relative_to(each)), None)
        return below is not None and PASSED_OVER.isdisjoint(below.parts)

    def _modules_of(self, edited: Iterable[Path]) -> Iterator[ModuleType]:
        """Give the user's own modules that are loaded, if one of them is edited: they may import each other."""
        own = []
        for module in tuple(sys.modules.values()):
            file = getattr(module, "__file__", None)
            if file is not None and module.__name__ != "__main__" and module.__name__.partition(".")[0] != "pizzabar":
                place = Path(file).resolve()
                if place.is_relative_to(self._template) and PASSED_OVER.isdisjoint(
                    place.relative_to(self._template).parts
                ):
                    own.append((place, module))
        files = set(edited)
        if any(place in files for place, _ in own):
            yield from (module for _, module in own)


def _is_of(code: Code, edited: Iterable[Path]) -> bool:
    """Tell whether one of the files is a function's."""
    places = [place.resolve() for place in (code.folder, *code.layers) if place is not None]
    return any(file == place or file.is_relative_to(place) for file in edited for place in places)


def _described(payload: str) -> str:
    """Tell of an error object in one line, with the place that it names."""
    try:
        error = json.loads(payload)
        stack = error.get("stackTrace") or error.get("trace") or []
        place = next((line.strip() for line in stack if _PLACE.search(line)), "")
        return f"{error['errorType']}: {error['errorMessage']}" + (f" ({place})" if place else "")
    except (ValueError, AttributeError, KeyError, TypeError):
        return payload


_PLACE = re.compile(r"[^/]\.(py|[cm]?js)\W.*[0-9]|:[0-9]+$")
