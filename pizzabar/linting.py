"""
Linting: a stack of settings, looked at by every check of ``lint``, and faults of its template told in the same form.
"""

import re
from collections.abc import Iterable
from datetime import date

from pizzabar.cloudformation.node import FaultyTemplate, TemplateFault
from pizzabar.cloudformation.stack import Stack
from pizzabar.errors import PizzabarError
from pizzabar.lint.codes import CODES
from pizzabar.lint.finding import Finding
from pizzabar.lint.linter import lint
from pizzabar.lint.subject import Subject
from pizzabar.loading import folder_of, load_stack
from pizzabar.settings import Settings

_UNREACHABLE = re.compile(r"""(?P<resource>\w+): .*State "(?P<state>.+)" is not reachable\.""")


class CannotBeLoaded(PizzabarError):
    """Raised when there is no stack to look at; its findings are the faults of the template."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("\n".join(map(str, findings)))


def lint_template(settings: Settings, today: date) -> tuple[Finding, ...]:
    """Load the template that settings name, and look at it. Raise ``CannotBeLoaded``, or ``OSError``."""
    try:
        stack = load_stack(settings)
    except FaultyTemplate as faulty:
        raise CannotBeLoaded(tuple(map(_of_fault, faulty.faults))) from None
    gone_over = (Finding(CODES["PB002"], each.position, "", each.message) for each in stack.ignored)
    return (*gone_over, *lint_stack(settings, stack, today))


def lint_stack(settings: Settings, stack: Stack, today: date) -> tuple[Finding, ...]:
    """Look at a stack that has been loaded with settings."""
    folder = folder_of(settings)

    def read_file(name: str) -> str:
        return folder.joinpath(name).read_text(encoding="utf-8-sig")

    found = lint(Subject(stack, read_file, lambda name: folder.joinpath(name).exists(), today))
    return tuple(_seen_from_here(found, settings))


def _seen_from_here(found: Iterable[Finding], settings: Settings) -> Iterable[Finding]:
    """Name files of the template's folder from the working directory, as the template is named."""
    for each in found:
        position = each.position
        if settings.template is not None and position.file != str(settings.template):
            position = position._replace(file=str(settings.template.parent / position.file))
        yield Finding(each.code, position, each.resource, each.why)


def _of_fault(fault: TemplateFault) -> Finding:
    """Tell a fault of the loader as a finding."""
    if unreachable := _UNREACHABLE.fullmatch(fault.message):
        why = f"nothing leads to the state {unreachable['state']}: AWS refuses the definition"
        return Finding(CODES["PB601"], fault.position, unreachable["resource"], why)
    return Finding(CODES["PB001"], fault.position, "", fault.message)
