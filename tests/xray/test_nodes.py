"""Nodes of traces."""

from typing import Any

from pizzabar.xray.nodes import nodes_of


def segment(name: str, parent: str | None = None) -> dict[str, Any]:
    return {"id": name, "name": name, "start_time": 1.0, "end_time": 2.0} | ({"parent_id": parent} if parent else {})


def test_of_segments_that_are_each_others_parents_the_first_is_a_root() -> None:
    nodes = nodes_of([segment("a", "c"), segment("b", "a"), segment("c", "b"), segment("d")])

    assert [(node.name, node.parent and node.parent.name) for node in nodes] == [
        ("d", None),
        ("a", None),
        ("b", "a"),
        ("c", "b"),
    ]
