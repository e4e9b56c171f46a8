"""
The trace of a rendering: which piece of the output came from which piece of the template, and with which values.

Pure. The texts of the pieces, joined, are the output. A rendering that fails has the trace of what came before.
"""

from dataclasses import fields, is_dataclass

from pizzabar.documents import JSON
from pizzabar.record import record


@record
class Origin:
    """A stretch of the template, from ``start`` to ``end`` (not included), as it is written; it begins at a place."""

    start: int
    end: int
    line: int
    column: int
    source: str


@record
class Evaluation:
    """A reference that was evaluated, what came of it, and its Java class.

    A value is told as JSON. Long texts are cut, and much of a large list or map left out: ``…`` stands for it.
    """

    reference: Origin
    value: JSON
    type: str


@record
class Piece:
    """A piece of the output, from ``start`` to ``end`` (not included).

    Its ``kind`` is ``text`` or ``reference``; a reference that prints nothing is an empty piece. ``within`` is the
    index of the step that it is a part of.
    """

    kind: str
    start: int
    end: int
    text: str
    template: Origin
    values: tuple[Evaluation, ...]
    within: int | None


@record
class Step:
    """One thing that was done, with the references that were evaluated for it, and its outcome.

    ============================ =====================================================================
    kind                         outcome
    ============================ =====================================================================
    ``set``                      the value; null is not assigned
    ``if``, ``elseif``, ``else`` whether the branch was taken; what is behind one that was is not asked
    ``foreach``                  the number of iterations
    ``iteration``                the item
    ``macro``                    the name of the macro
    ``define``                   the name of the variable
    ``break``, ``stop``          null
    ============================ =====================================================================
    """

    kind: str
    template: Origin
    outcome: JSON
    values: tuple[Evaluation, ...]
    within: int | None


@record
class TemplateFault:
    """What is wrong with a template, or why its rendering failed, and where."""

    line: int
    column: int
    message: str


@record
class Trace:
    """A rendering, told. With faults the output is what was printed until then: nothing, if reading found them."""

    output: str
    pieces: tuple[Piece, ...] = ()
    steps: tuple[Step, ...] = ()
    faults: tuple[TemplateFault, ...] = ()

    def document(self) -> JSON:
        """Give the trace as a JSON document, with the names that the records have."""
        return _document(self)


def _document(value: object) -> JSON:
    if is_dataclass(value):
        return {field.name: _document(getattr(value, field.name)) for field in fields(value)}
    return [_document(item) for item in value] if isinstance(value, tuple) else value
