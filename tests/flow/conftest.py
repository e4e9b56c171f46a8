"""The workshop's own files, which are not part of this project: where they are, and what is done without them."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[3] / "shared" / "workshop"


def workshop() -> Path:
    """Give the folder: the one that WORKSHOP names, else the one beside the clone."""
    return Path(os.environ.get("WORKSHOP") or BESIDE)


def _is_missing() -> bool:
    return not (workshop() / "template.yaml").exists()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the workshop's tests out where its files are not; in CI they have to be there."""
    if not _is_missing() or os.environ.get("CI", "").lower() == "true":
        return
    left_out = [item for item in items if "workshop" in item.fixturenames]  # type: ignore[attr-defined]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why."""
    if terminalreporter.stats.get("deselected") and _is_missing():
        terminalreporter.write_line(f"left out: the workshop's files are not in {workshop()} (set WORKSHOP)")


@pytest.fixture(name="workshop")
def _workshop() -> Path:
    """The folder of the workshop's files."""
    assert not _is_missing(), f"the workshop's files are not in {workshop()}: set WORKSHOP to their folder"
    return workshop()
