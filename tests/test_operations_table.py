"""
The README's table of operations: what is there, by the services' own models.

``python -m tests.test_operations_table`` writes it into the README.
"""

from collections.abc import Iterator
from pathlib import Path

import botocore.session

from pizzabar.services import SERVICES

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->\n"


def rows() -> Iterator[str]:
    """Write a row for each service. Its model must know each operation; how many it knows changes with the years."""
    session = botocore.session.get_session()
    yield "| boto3's name | operations |\n|---|---|"
    by_service: dict[str, set[str]] = {}
    for service, operations, _ in SERVICES:
        by_service.setdefault(service, set()).update(operations)
    for service, names in sorted(by_service.items()):
        model = set(session.get_service_model(service).operation_names)
        unknown = names - model
        assert unknown == set(), f"{service} has no operation {unknown}"
        yield f"| `{service}` | {', '.join(sorted(names))} |"


def table() -> str:
    """Write the table."""
    return "\n".join(rows()) + "\n"


def split() -> tuple[str, str, str]:
    """Give what stands before, between and after the marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between, after


def test_the_table_tells_what_is_there() -> None:
    assert split()[1] == table()


if __name__ == "__main__":
    before, _, after = split()
    README.write_text(before + BEGIN + table() + END + after)
