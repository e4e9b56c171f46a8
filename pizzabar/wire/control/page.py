"""The page of the control plane: its operations, as a table."""

from html import escape
from typing import Any


def page(description: dict[str, Any]) -> str:
    """Write the operations of an OpenAPI description as a page."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>/_pizzabar{escape(path)}</code></td>"
        f"<td>{escape(operation.get('description', ''))}</td></tr>"
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=color-scheme content='light dark'>"
        "<title>pizzabar: control</title><style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;"
        "padding:0 1rem}td{padding:.3rem .8rem;vertical-align:top}</style><h1>pizzabar</h1>"
        f"<table>{rows}</table><p>Shapes: <a href='openapi.json'>openapi.json</a></html>"
    )
