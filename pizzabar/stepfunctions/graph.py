"""
Definitions as drawings: the states of a machine, and where each leads, as Mermaid or as SVG.

https://mermaid.js.org/syntax/flowchart.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from pizzabar.documents import JSON
from pizzabar.record import record

START, END = "start", "end"
HEIGHT, GAP, MARGIN, PADDING, LETTER = 36, 34, 24, 18, 7.6
STYLE = (
    "<style>"
    ".state rect{fill:#fff;stroke:#5a6b7b}.state text{fill:#1b2733;text-anchor:middle;dominant-baseline:central}"
    ".group>rect{fill:#f3f6f9}.Choice rect{fill:#fff6df;stroke:#b3862a}.Fail rect{fill:#fdeaea;stroke:#b04040}"
    ".Succeed rect{fill:#e9f7ec;stroke:#3f8f55}.edge{fill:none;stroke:#5a6b7b}.failure{stroke:#b04040;"
    "stroke-dasharray:5 4}.label{fill:#5a6b7b;font-size:11px;text-anchor:middle}"
    "@media (prefers-color-scheme:dark){.state rect{fill:#22303c}.state text{fill:#e8eef3}.group>rect"
    "{fill:#1a242d}.Choice rect{fill:#3a3320}.Fail rect{fill:#3d2525}.Succeed rect{fill:#20382a}"
    ".label{fill:#a9b7c4}}"
    "</style>"
)


@record
class Edge:
    """A way from one state to another, and what it says."""

    source: str
    target: str
    label: str = ""
    is_failure: bool = False


@dataclass(slots=True)
class Level:
    """The states of a machine, a branch or an iterator; each may have levels within."""

    start: str
    types: dict[str, str] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    within: dict[str, list["Level"]] = field(default_factory=dict)


def read_graph(definition: JSON) -> Level:
    """Read the states of a definition that was checked."""
    level = Level(definition.get("StartAt", ""))
    for name, state in definition.get("States", {}).items():
        level.types[name] = state.get("Type", "")
        level.edges += _edges(name, state)
        inner = [*state.get("Branches", ())]
        inner += [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        if inner:
            level.within[name] = [read_graph(each) for each in inner]
    return level


def _edges(name: str, state: Mapping[str, JSON]) -> Iterator[Edge]:
    if "Next" in state:
        yield Edge(name, state["Next"])
    for number, rule in enumerate(state.get("Choices", ()), 1):
        yield Edge(name, rule["Next"], _rule(rule) or f"rule {number}")
    if "Default" in state:
        yield Edge(name, state["Default"], "default")
    for catcher in state.get("Catch", ()):
        yield Edge(name, catcher["Next"], ", ".join(catcher["ErrorEquals"]), is_failure=True)


def _rule(rule: Mapping[str, JSON]) -> str:
    """Say what a rule of a Choice state asks, in short."""
    if "Condition" in rule:
        text = str(rule["Condition"])
        return text[2:-2].strip() if text.startswith("{%") else text
    for name, symbol in (("And", " and "), ("Or", " or ")):
        if name in rule:
            return symbol.join(filter(None, map(_rule, rule[name])))
    if "Not" in rule:
        return f"not ({_rule(rule['Not'])})"
    operator = next((key for key in rule if key not in ("Variable", "Next", "Comment", "Assign")), "")
    return f"{rule.get('Variable', '')} {operator} {rule.get(operator, '')}".strip()


# Mermaid


def to_mermaid(level: Level) -> str:
    """Draw a machine as a Mermaid flowchart."""
    names: dict[str, str] = {}
    lines = ["flowchart TD", *_mermaid(level, names, "", "  ")]
    return "\n".join(lines) + "\n"


def _mermaid(level: Level, names: dict[str, str], prefix: str, indent: str) -> Iterator[str]:
    def node(name: str) -> str:
        return names.setdefault(name, f"s{len(names)}")

    yield f"{indent}{prefix}{START}((( )))"
    for name, type_ in level.types.items():
        text = _quoted(name)
        if name in level.within:
            yield f"{indent}subgraph {node(name)}[{text}]"
            for number, inner in enumerate(level.within[name]):
                yield from _mermaid(inner, names, f"{node(name)}b{number}", f"{indent}  ")
            yield f"{indent}end"
        elif type_ == "Choice":
            yield f"{indent}{node(name)}{{{text}}}"
        elif type_ in ("Succeed", "Fail"):
            yield f"{indent}{node(name)}([{text}])"
        else:
            yield f"{indent}{node(name)}[{text}]"
    if level.start in level.types:
        yield f"{indent}{prefix}{START} --> {node(level.start)}"
    for edge in level.edges:
        arrow = "-.->" if edge.is_failure else "-->"
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        yield f"{indent}{node(edge.source)} {arrow}{label} {node(edge.target)}"


def _quoted(text: str) -> str:
    return '"' + text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;") + '"'


# SVG


@dataclass(slots=True)
class _Box:
    """A state where it is drawn: its middle, and its size."""

    name: str
    type: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    within: list["_Drawing"] = field(default_factory=list)

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


@dataclass(slots=True)
class _Drawing:
    """A level, laid out: the boxes in rows."""

    level: Level
    boxes: dict[str, _Box]
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


def to_svg(level: Level, *, is_styled: bool = True) -> str:
    """Draw a machine as SVG, with the colours of the reader's own scheme, or for a page that has its own."""
    drawing = _lay_out(level)
    width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" font-family="system-ui, sans-serif" font-size="13" role="img">',
        *([STYLE] if is_styled else []),
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0 0L8 4L0 8z" fill="#5a6b7b"/></marker></defs>',
        *_draw(drawing, MARGIN, MARGIN),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lay_out(level: Level) -> _Drawing:
    boxes = {name: _box(name, type_, level.within.get(name, [])) for name, type_ in level.types.items()}
    rows: dict[int, list[_Box]] = {}
    for name, rank in _ranks(level).items():
        rows.setdefault(rank, []).append(boxes[name])
    width = max((sum(box.width for box in row) + GAP * (len(row) - 1) for row in rows.values()), default=0.0)
    y = float(GAP)
    for _, row in sorted(rows.items()):
        taken = sum(box.width for box in row) + GAP * (len(row) - 1)
        x, tallest = (width - taken) / 2, max(box.height for box in row)
        for box in row:
            box.x, box.y = x + box.width / 2, y + tallest / 2
            x += box.width + GAP
        y += tallest + GAP * 1.4
    drawing = _Drawing(level, boxes, width, y - GAP * 1.4 + 8)
    if any(_leads_back(boxes, edge) for edge in level.edges):
        drawing.width += 2 * GAP
    return drawing


def _leads_back(boxes: Mapping[str, _Box], edge: Edge) -> bool:
    known = edge.source in boxes and edge.target in boxes
    return known and boxes[edge.target].top < boxes[edge.source].bottom


def _box(name: str, type_: str, inner: list[Level]) -> _Box:
    width = max(90.0, len(name) * LETTER + 2 * PADDING)
    if not inner:
        return _Box(name, type_, width, HEIGHT)
    drawings = [_lay_out(each) for each in inner]
    across = sum(each.width for each in drawings) + GAP * (len(drawings) - 1)
    tallest = max(each.height for each in drawings)
    box = _Box(name, type_, max(width, across + 2 * PADDING), tallest + HEIGHT)
    x = (box.width - across) / 2
    for each in drawings:
        each.x, each.y = x, HEIGHT * 0.8
        x += each.width + GAP
    box.within = drawings
    return box


def _ranks(level: Level) -> dict[str, int]:
    """Give the row of each state: below all that lead to it, but for ways that lead back."""
    ranks: dict[str, int] = {}
    ahead, number = [level.start], 0
    targets: dict[str, list[str]] = {}
    for edge in level.edges:
        targets.setdefault(edge.source, []).append(edge.target)
    # The states in the order in which they are reached; a way to one that comes before leads back.
    order: dict[str, int] = {}
    while ahead:
        name = ahead.pop(0)
        if name in order or name not in level.types:
            continue
        order[name] = number
        number += 1
        ahead += targets.get(name, [])
    for name in order:
        above = [
            ranks[edge.source] + 1
            for edge in level.edges
            if edge.target == name and edge.source in ranks and order[edge.source] < order[name]
        ]
        ranks[name] = max(above, default=0)
    last = max(ranks.values(), default=-1) + 1
    return {**ranks, **{name: last for name in level.types if name not in ranks}}


def _draw(drawing: _Drawing, left: float, top: float) -> Iterator[str]:
    start = drawing.boxes.get(drawing.level.start)
    if start is not None:
        x, y = left + start.x, top + 6
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#5a6b7b"/>'
        yield f'<path class="edge" marker-end="url(#arrow)" d="M{x:.1f} {y + 5:.1f}V{top + start.top:.1f}"/>'
    for edge in drawing.level.edges:
        if edge.source in drawing.boxes and edge.target in drawing.boxes:
            right = left + max(box.x + box.width / 2 for box in drawing.boxes.values())
            yield from _draw_edge(edge, drawing.boxes, left, top, right)
    for box in drawing.boxes.values():
        x, y = left + box.x - box.width / 2, top + box.top
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="7"/>'
        text_y = y + (HEIGHT / 2 if box.within else box.height / 2)
        kind = f"state group {box.type}" if box.within else f"state {box.type}"
        yield (
            f'<g class="{escape(kind)}" data-state="{escape(box.name)}"><title>{escape(box.type)}</title>{shape}'
            f'<text x="{x + box.width / 2:.1f}" y="{text_y:.1f}">{escape(box.name)}</text>'
        )
        for inner in box.within:
            yield from _draw(inner, x + inner.x, y + inner.y)
        yield "</g>"


def _draw_edge(edge: Edge, boxes: Mapping[str, _Box], left: float, top: float, right: float) -> Iterator[str]:
    source, target = boxes[edge.source], boxes[edge.target]
    kind = "edge failure" if edge.is_failure else "edge"
    if not _leads_back(boxes, edge):
        x1, y1, x2, y2 = left + source.x, top + source.bottom, left + target.x, top + target.top
        half = (y1 + y2) / 2
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {half:.1f} {x2:.1f} {half:.1f} {x2:.1f} {y2:.1f}"
        # Nearer to where it leads, for others leave the same state.
        label_x, label_y = x1 + (x2 - x1) * 0.8, y1 + (y2 - y1) * 0.66
    else:
        # Back, or to the state itself: around the right side of all.
        x1, y1 = left + source.x + source.width / 2, top + source.y
        x2, y2 = left + target.x + target.width / 2, top + target.y
        out = right + GAP
        path = f"M{x1:.1f} {y1:.1f}C{out:.1f} {y1:.1f} {out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        label_x, label_y = out, (y1 + y2) / 2
    yield f'<path class="{kind}" marker-end="url(#arrow)" d="{path}"/>'
    if edge.label:
        text = edge.label if len(edge.label) <= 32 else f"{edge.label[:31]}…"
        yield f'<text class="label" x="{label_x:.1f}" y="{label_y:.1f}">{escape(text)}</text>'
