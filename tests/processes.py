"""Processes of the project's own commands, run as users run them."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import URL

ROOT = Path(__file__).parent.parent
Result = subprocess.CompletedProcess[str]


def environment(url: URL | None = None, **settings: str) -> dict[str, str]:
    """Return an environment with these settings, and no others of the service."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    if url is not None:
        kept["DATABASE_URL"] = url.render_as_string(hide_password=False)
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **settings}


def command(name: str, *arguments: str) -> list[str]:
    """Return the command line of a program of the virtual environment."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


def program(name: str, *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Result:
    """Run a program of the virtual environment to its end, at most for 90 seconds."""
    return subprocess.run(
        command(name, *arguments),
        cwd=cwd, env=env or environment(), capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


def migrate(url: URL, revision: str = "head", cwd: Path = ROOT) -> None:
    """Migrate a database to a revision."""
    result = program("alembic", "upgrade", revision, cwd=cwd, env=environment(url))
    assert result.returncode == 0, result.stderr
