"""The report of a long test: a table that is printed at its end and kept under build/."""

from collections.abc import Sequence

import pytest

from tests.processes import ROOT

ROWS = pytest.StashKey[list[str]]()


def add(config: pytest.Config, *cells: str) -> None:
    """Add a row."""
    config.stash.setdefault(ROWS, []).append(f"| {' | '.join(cells)} |")


def show(terminal: pytest.TerminalReporter, config: pytest.Config, name: str, head: Sequence[str]) -> None:
    """Print the rows under this head, two lines of Markdown, and write them to build/NAME.md."""
    if rows := config.stash.get(ROWS, []):
        file = ROOT / "build" / f"{name}.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join([*head, *rows, ""]))
        terminal.section(f"report, also in build/{file.name}")
        terminal.write_line(file.read_text())
