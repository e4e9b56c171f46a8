"""Findings: what is wrong, where, why, and how to mend it."""

from collections.abc import Iterable
from typing import Literal

from pizzabar.cloudformation.node import Position
from pizzabar.documents import JSON
from pizzabar.record import record

Severity = Literal["error", "warning", "note"]
"""An error fails on AWS, a warning does something else than its author thinks, a note harms nothing by itself."""


@record
class Code:
    """A kind of finding. ``title`` says what it is, ``mend`` in a sentence what to do; ``url`` is AWS's page."""

    code: str
    severity: Severity
    title: str
    mend: str
    url: str


@record
class Finding:
    """One thing that was found; ``resource`` is the logical ID, empty if there is none."""

    code: Code
    position: Position
    resource: str
    why: str

    def __str__(self) -> str:
        return f"{self.position}: {self.code.code} {self.why}"

    def as_json(self) -> JSON:
        """Render the finding for a program."""
        return {
            "code": self.code.code,
            "severity": self.code.severity,
            "file": self.position.file,
            "line": self.position.line,
            "column": self.position.column,
            "resource": self.resource,
            "why": self.why,
            "mend": self.code.mend,
            "url": self.code.url,
        }


def fails(findings: Iterable[Finding]) -> bool:
    """Tell whether there is more than notes."""
    return any(each.code.severity != "note" for each in findings)
