"""Definitions as drawings."""

from xml.etree import ElementTree

from pizzabar.documents import JSON
from pizzabar.stepfunctions.graph import read_graph, to_mermaid, to_svg
from tests.stepfunctions.stories import FUNCTION, machine

TASK: JSON = {"Type": "Task", "Resource": FUNCTION}
DEFINITION = machine(
    "Bake",
    Bake={**TASK, "Catch": [{"ErrorEquals": ["Burnt", "Cold"], "Next": "Sorry"}], "Next": 'So "hot"?'},
    **{
        'So "hot"?': {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        {"Variable": "$.t", "NumericGreaterThan": 50},
                        {"Not": {"Variable": "$.x", "IsNull": True}},
                    ],
                    "Next": "Each",
                },
            ],
            "Default": "Bake",
        }
    },
    Each={"Type": "Map", "ItemProcessor": machine("Cut", Cut={"Type": "Succeed"}), "Next": "Both"},
    Both={
        "Type": "Parallel",
        "Branches": [machine("L", L=TASK | {"End": True}), machine("R", R={"Type": "Fail"})],
        "End": True,
    },
    Sorry={"Type": "Fail"},
)


def test_mermaid() -> None:
    text = to_mermaid(read_graph(DEFINITION))
    assert text.startswith("flowchart TD\n")
    assert 's1{"So #quot;hot#quot;?"}' in text
    assert 's0 -.->|"Burnt, Cold"|' in text
    assert '|"$.t NumericGreaterThan 50 and not ($.x IsNull True)"|' in text
    assert text.count("subgraph") == 2


def test_svg_has_every_state_and_every_way() -> None:
    svg = ElementTree.fromstring(to_svg(read_graph(DEFINITION)))
    space = "{http://www.w3.org/2000/svg}"
    texts = {each.text for each in svg.iter(f"{space}text")}
    assert {"Bake", 'So "hot"?', "Each", "Cut", "Both", "L", "R", "Sorry", "default"} <= texts
    edges = [each for each in svg.iter(f"{space}path") if "edge" in each.get("class", "")]
    starts = 4
    assert len(edges) == starts + 5
    boxes = [
        [float(each.get(name, "0")) for name in ("x", "y", "width", "height")] for each in svg.iter(f"{space}rect")
    ]
    width, height = float(svg.get("width", "0")), float(svg.get("height", "0"))
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)


def test_jsonata_conditions() -> None:
    rules = [{"Condition": "{% $states.input.n > 1 %}", "Next": "B"}]
    text = to_mermaid(read_graph(machine("A", A={"Type": "Choice", "Choices": rules}, B={"Type": "Succeed"})))
    assert '|"$states.input.n #gt; 1"|' in text
