"""
Document paths: which part of an item an expression speaks of.

Paths of one expression may neither overlap (one is the beginning of another) nor conflict (the same parent is used
as a list and as a map). Those that do not are a tree.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
"""

from collections.abc import Iterable
from typing import TypeAlias, Union

from pizzabar.dynamodb.values import AttributeValue, Item

Path = tuple[str | int, ...]
"""An attribute name, then the names of map members and the indices of list elements."""

PathTree: TypeAlias = dict[str | int, Union["PathTree", None]]
"""Paths by their parts; None stands where a path ends."""


class PathsCollide(ValueError):
    """Raised when two document paths overlap or conflict; its text is DynamoDB's."""


def find(item: Item, path: Path) -> AttributeValue | None:
    """Give the value at a path, or None when the item has none there."""
    value: AttributeValue | None = item.get(path[0])  # type: ignore[arg-type]
    for part in path[1:]:
        if value is None:
            return None
        if type(part) is int:
            elements = value.get("L")
            value = elements[part] if elements is not None and part < len(elements) else None
        else:
            members = value.get("M")
            value = None if members is None else members.get(part)
    return value


def path_tree(paths: Iterable[Path]) -> PathTree:
    """Join paths to a tree. Raise ``PathsCollide`` when two of them overlap or conflict."""
    root: PathTree = {}
    for path in paths:
        node = root
        for depth, part in enumerate(path):
            if node and type(next(iter(node))) is not type(part):
                raise PathsCollide(_collision("conflict", _first_path(node, path[:depth]), path))
            is_last = depth == len(path) - 1
            if part not in node:
                node[part] = None if is_last else {}
            elif (child := node[part]) is None or is_last:
                raise PathsCollide(_collision("overlap", _first_path(child, path[: depth + 1]), path))
            if (next_node := node[part]) is not None:
                node = next_node
    return root


def project(item: Item, tree: PathTree) -> Item:
    """Give the named parts of an item alone; list elements move together, in order of their indices.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
    """
    projected: Item = {}
    for name, branch in tree.items():
        value = item.get(name)  # type: ignore[arg-type]
        if value is not None and (part := _project_value(value, branch)) is not None:
            projected[name] = part  # type: ignore[index]
    return projected


def write_path(path: Path) -> str:
    """Write a path as the messages of DynamoDB do: ``[a, [0], b]``."""
    return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in path)}]"


def _project_value(value: AttributeValue, tree: PathTree | None) -> AttributeValue | None:
    if tree is None:
        return value
    if type(next(iter(tree))) is int:
        elements = value.get("L", ())
        parts = [
            _project_value(elements[index], tree[index])
            for index in sorted(tree)
            if index < len(elements)  # type: ignore[operator]
        ]
        found = [part for part in parts if part is not None]
        return {"L": found} if found else None
    members = {}
    for name, branch in tree.items():
        member = value.get("M", {}).get(name)
        if member is not None and (part := _project_value(member, branch)) is not None:
            members[name] = part
    return {"M": members} if members else None


def _first_path(tree: PathTree | None, path: Path) -> Path:
    while tree:
        part, tree = next(iter(tree.items()))
        path = (*path, part)
    return path


def _collision(how: str, one: Path, two: Path) -> str:
    return (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {write_path(one)}, path two: {write_path(two)}"
    )
