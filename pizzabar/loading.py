"""
Loading: the stack that settings name, the pizza bar's or a template of the user's, and what a Python program adds.
"""

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pizzabar.arn import Home
from pizzabar.cloudformation.node import FaultyTemplate, Node, Position, TemplateFault, node_of
from pizzabar.cloudformation.stack import Stack, read_template
from pizzabar.documents import JSON
from pizzabar.lambda_.function import Handler
from pizzabar.lambda_.resources import RUN
from pizzabar.record import record
from pizzabar.resource import Naming, Numbers
from pizzabar.services import has_operation, resource_types
from pizzabar.settings import Settings

FUNCTION = "AWS::Lambda::Function"


class NotText(OSError):
    """Raised when a file is not text in UTF-8; tells where, counted in bytes."""

    def __init__(self, name: str, data: bytes, error: UnicodeDecodeError) -> None:
        before = data[: error.start]
        self.line = before.count(b"\n") + 1
        self.column = len(before) - before.rfind(b"\n")
        super().__init__(f"{name} is not UTF-8 text: {error.reason}")


@record
class Program:
    """What a Python program adds to a template.

    ``resources`` is given the types of the template's resources, by logical ID, and gives others in the same way as
    a template would have them, each with the file and line that it stands for. ``handlers`` run functions, those of
    the template among them. Without ``has_template`` there is nothing else.
    """

    resources: Callable[[Mapping[str, str]], Mapping[str, tuple[JSON, tuple[str, int]]]]
    handlers: Mapping[str, Handler]
    has_template: bool = False


def folder_of(settings: Settings) -> Path:
    """Give the folder that a template's paths are relative to."""
    return Path(str(files("pizzabar.pizzeria"))) if settings.template is None else settings.template.parent


def load_stack(settings: Settings, program: Program | None = None, numbers: Numbers | None = None) -> Stack:
    """Read the template that settings name, or the pizza bar's; and what a program adds, if there is one.

    Versions are numbered by ``numbers``, if there have been any. Raise ``FaultyTemplate`` or ``OSError``.
    """
    path = settings.template
    home, address = Home(settings.account, settings.region), f"http://localhost:{settings.port}"
    naming = Naming(home, settings.stack_name, address, numbers or Numbers())
    if path is None:
        folder: Traversable = files("pizzabar.pizzeria")
        file = "template.yaml"
    else:
        folder, file = path.parent, str(path)

    def read_file(name: str) -> str:
        data = folder.joinpath(name).read_bytes()
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotText(name, data, error) from None

    if path is not None:
        _look_for_handlers_in(folder)
    handlers = {} if program is None else program.handlers
    in_process = {**handlers, **settings.functions}
    metadata: dict[str, dict[str, JSON]] = {
        name: {"pizzabar": {"InProcess": handler}, RUN: "in-process"} for name, handler in in_process.items()
    }
    try:
        stack = read_template(
            None if program is not None and not program.has_template else read_file(Path(file).name),
            file=file,
            read_file=read_file,
            types=resource_types(),
            naming=naming,
            parameters=settings.parameters,
            metadata=metadata,
            metadata_of_all={RUN: settings.run_functions},
            add=None if program is None else partial(_added, program),
            has_operation=has_operation,
            is_there=lambda name: folder.joinpath(name).is_dir() or folder.joinpath(name).is_file(),
            lenient=settings.lenient,
            takes_any_task=settings.mocks is not None,
        )
    except NotText as error:
        raise FaultyTemplate([TemplateFault(Position(file, error.line, error.column), str(error))]) from None
    except FaultyTemplate as faulty:
        raise FaultyTemplate([_seen_from_here(fault, file, path) for fault in faulty.faults]) from None
    if strangers := [
        TemplateFault(Position(file, 1, 1), f"{each.logical_id}: {each.type} is no function, and takes no handler")
        for each in stack.resources
        if each.logical_id in settings.functions and each.type != FUNCTION
    ]:
        raise FaultyTemplate(strangers)
    return stack


def _added(program: Program, existing: Mapping[str, str]) -> dict[str, Node]:
    """Give what a program adds to a template, as its nodes."""
    return {
        name: node_of(resource, Position(file, line, 1), Position(file, line, 1))
        for name, (resource, (file, line)) in program.resources(existing).items()
    }


def _seen_from_here(fault: TemplateFault, file: str, path: Path | None) -> TemplateFault:
    """Name the file of a definition from the working directory, as the template is named."""
    if path is None or fault.position.file == file:
        return fault
    return TemplateFault(fault.position._replace(file=str(path.parent / fault.position.file)), fault.message)


def _look_for_handlers_in(*folders: object) -> None:
    """Let the modules of handlers be found in the working directory, and beside the template.

    Behind everything else, so that no file there takes the place of an installed module.
    """
    for folder in map(str, (os.getcwd(), *folders)):
        if os.path.abspath(folder) not in map(os.path.abspath, sys.path):
            sys.path.append(os.path.abspath(folder))
