"""
Renderings with a trace: nodes → functions that render them and tell what they do.

Pure. A template is compiled for each trace; renderings without one know nothing of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pizzabar.apigateway.java_objects import TemplateObject
from pizzabar.apigateway.java_text import Entry, double_text, to_text, type_name
from pizzabar.apigateway.mapping_trace import Evaluation, Origin, Piece, Step, TemplateFault, Trace
from pizzabar.apigateway.velocity_evaluator import Compiler, run
from pizzabar.apigateway.velocity_reader import Lines
from pizzabar.apigateway.velocity_rendering import Frame, Loop, MappingTemplateError, Operation, Value
from pizzabar.apigateway.velocity_syntax import (
    Branch,
    Break,
    Define,
    Foreach,
    MacroCall,
    Node,
    Place,
    Reference,
    Set,
    Span,
    Stop,
    Template,
    Text,
)
from pizzabar.documents import JSON

MAX_RECORDS = 50_000
"""Pieces, steps and values that a trace may have."""

MAX_SHOWN = 1000
"""Characters of a text, when it is told as a value."""

MAX_MEMBERS = 50
"""Members of a list or map, in all its levels, when it is told as a value."""


def trace_program(text: str, template: Template, known: frozenset[str], variables: dict[str, object]) -> Trace:
    """Render, and tell how."""
    recorder = _Recorder(text)
    frame = Frame(variables)
    faults: tuple[TemplateFault, ...] = ()
    try:
        run(_TracingCompiler(template, known, recorder).block(template.nodes), frame)
    except MappingTemplateError as error:
        faults = (TemplateFault(error.place.line, error.place.column, error.message),)
    steps = tuple(
        Step(kind, template, outcome, tuple(values), within)
        for kind, template, outcome, values, within in recorder.steps
    )
    return Trace("".join(frame.out), tuple(recorder.pieces), steps, faults)


class _Recorder:
    """What a trace has so far; ``values`` takes what is evaluated for the piece or step under way."""

    def __init__(self, text: str) -> None:
        self.pieces: list[Piece] = []
        self.steps: list[tuple[str, Origin, JSON, list[Evaluation], int | None]] = []
        self.values: list[Evaluation] = []
        self.within: int | None = None
        self._text = text
        self._lines = Lines(text)
        self._count = 0
        self._written = 0

    def origin(self, span: Span) -> Origin:
        """Tell where a stretch of the template begins, and how it is written."""
        place = self._lines.place(span.start)
        return Origin(span.start, span.end, place.line, place.column, self._text[span.start : span.end])

    def evaluated(self, reference: Origin, value: object) -> None:
        """Note the value of a reference."""
        self._add(reference)
        self.values.append(Evaluation(reference, _shown(value), "null" if value is None else type_name(value)))

    def printed(self, kind: str, origin: Origin, text: str, values: list[Evaluation]) -> None:
        """Note a piece of the output."""
        start, self._written = self._written, self._written + len(text)
        self.pieces.append(Piece(kind, start, self._written, text, origin, tuple(values), self.within))
        self._add(origin)

    def done(self, kind: str, origin: Origin, outcome: object, values: list[Evaluation]) -> int:
        """Note a step, and give its index."""
        self._add(origin)
        self.steps.append((kind, origin, _shown(outcome), values, self.within))
        return len(self.steps) - 1

    def set_outcome(self, index: int, outcome: object) -> None:
        """Tell the outcome of a step that was not known when it began."""
        kind, origin, _, values, within = self.steps[index]
        self.steps[index] = (kind, origin, _shown(outcome), values, within)

    @contextmanager
    def taking(self) -> Iterator[list[Evaluation]]:
        """Take what is evaluated meanwhile."""
        taken: list[Evaluation] = []
        outer, self.values = self.values, taken
        try:
            yield taken
        finally:
            self.values = outer

    @contextmanager
    def inside(self, step: int) -> Iterator[None]:
        """Make what is done meanwhile a part of a step."""
        outer, self.within = self.within, step
        try:
            yield
        finally:
            self.within = outer

    def _add(self, origin: Origin) -> None:
        self._count += 1
        if self._count > MAX_RECORDS:
            raise MappingTemplateError(
                f"a trace may have at most {MAX_RECORDS} records", Place(origin.line, origin.column)
            )


class _TracingCompiler(Compiler):
    """Makes closures that note what they do.

    Strings and ``#define`` blocks print into a value: what is evaluated in them is told with who asks for the value.
    """

    def __init__(self, template: Template, known: frozenset[str], recorder: _Recorder) -> None:
        self._recorder = recorder
        super().__init__(template, known)

    def operation(self, node: Node) -> Operation:
        """Make the operation of a node, and of the trace of it."""
        plain = super().operation(node)
        match node:
            case Text(span=span):
                return self._piece("text", span, plain)
            case Reference(span=span):
                return self._piece("reference", span, plain)
            case MacroCall(span=span):
                return self._call(span, node, plain)
            case Define(variable, span=span):
                return self._note("define", span, variable, plain)
            case Break(span=span):
                return self._note("break", span, None, plain)
            case Stop(span=span):
                return self._note("stop", span, None, plain)
            case _:
                return plain

    def reference(self, reference: Reference) -> Value:
        """Make what evaluates a reference and notes its value."""
        plain, recorder, origin = super().reference(reference), self._recorder, self._recorder.origin(reference.span)

        def evaluate(frame: Frame) -> object:
            value = plain(frame)
            recorder.evaluated(origin, value)
            return value

        return evaluate

    def _piece(self, kind: str, span: Span, plain: Operation) -> Operation:
        recorder, origin = self._recorder, self._recorder.origin(span)

        def print_piece(frame: Frame) -> None:
            if frame.nesting:
                plain(frame)
                return
            first = len(frame.out)
            with recorder.taking() as values:
                try:
                    plain(frame)
                finally:
                    if len(frame.out) > first:
                        recorder.printed(kind, origin, "".join(frame.out[first:]), values)

        return print_piece

    def _note(self, kind: str, span: Span, outcome: JSON, plain: Operation) -> Operation:
        recorder, origin = self._recorder, self._recorder.origin(span)

        def note(frame: Frame) -> None:
            with recorder.taking() as values:
                recorder.done(kind, origin, outcome, values)
                plain(frame)

        return note

    def _call(self, span: Span, node: MacroCall, plain: Operation) -> Operation:
        if node.name not in self._macros:
            return self._piece("text", span, plain)
        recorder, origin = self._recorder, self._recorder.origin(span)

        def call(frame: Frame) -> None:
            with recorder.taking() as values, recorder.inside(recorder.done("macro", origin, node.name, values)):
                plain(frame)

        return call

    def _set(self, node: Set, value_of: Value) -> Operation:
        recorder, origin = self._recorder, self._recorder.origin(node.span)
        given: list[object] = []

        def note_value(frame: Frame) -> object:
            value = value_of(frame)
            given.append(value)
            return value

        plain = super()._set(node, note_value)

        def assign(frame: Frame) -> None:
            with recorder.taking() as values:
                step = recorder.done("set", origin, None, values)
                plain(frame)
            if given:
                recorder.set_outcome(step, given.pop())

        return assign

    def _if(self, branches: tuple[Branch, ...]) -> Operation:
        recorder = self._recorder
        ways = tuple(
            (kind, recorder.origin(branch.span), self._test(branch), self.block(branch.body))
            for kind, branch in zip(_kinds(branches), branches, strict=True)
        )

        def choose(frame: Frame) -> None:
            for kind, origin, test, operations in ways:
                with recorder.taking() as values:
                    step = recorder.done(kind, origin, False, values)
                    is_taken = test(frame)
                if is_taken:
                    recorder.set_outcome(step, True)
                    with recorder.inside(step):
                        for operation in operations:
                            operation(frame)
                    return

        return choose

    def _foreach(self, node: Foreach) -> Operation:
        plain, recorder, origin = super()._foreach(node), self._recorder, self._recorder.origin(node.span)

        def loop(frame: Frame) -> None:
            with recorder.taking() as values:
                step = recorder.done("foreach", origin, 0, values)
                with recorder.inside(step):
                    plain(frame)

        return loop

    def _iteration(self, node: Foreach) -> Operation:
        plain, recorder, origin = super()._iteration(node), self._recorder, self._recorder.origin(node.span)
        variable = node.variable

        def iterate(frame: Frame) -> None:
            loop = frame.variables["foreach"]
            if isinstance(loop, Loop) and recorder.within is not None:
                recorder.set_outcome(recorder.within, loop.index + 1)
            with recorder.taking() as values:
                step = recorder.done("iteration", origin, frame.variables[variable], values)
                with recorder.inside(step):
                    plain(frame)

        return iterate


def _kinds(branches: tuple[Branch, ...]) -> list[str]:
    return [
        "else" if branch.condition is None else "elseif" if index else "if" for index, branch in enumerate(branches)
    ]


def _shown(value: object) -> JSON:
    """Tell a value as JSON, much of it left out if it is large."""
    left = MAX_MEMBERS

    def show(value: object) -> JSON:
        nonlocal left
        if isinstance(value, list | tuple):
            items: list[JSON] = []
            for item in value:
                if left <= 0:
                    return [*items, "…"]
                left -= 1
                items.append(show(item))
            return items
        if isinstance(value, dict):
            members: dict[str, JSON] = {}
            for key, member in value.items():
                if left <= 0:
                    return {**members, "…": "…"}
                left -= 1
                members[_cut(to_text(key))] = show(member)
            return members
        return _scalar(value)

    return show(value)


def _scalar(value: object) -> JSON:
    match value:
        case str():
            return _cut(value)
        case float():
            # NaN and the infinities are no JSON.
            return value if value - value == 0 else double_text(value)
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value)
        case Entry():
            return {"key": _shown(value.key), "value": _shown(value.value)}
        case TemplateObject():
            return value.java_name
        case _:
            return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
