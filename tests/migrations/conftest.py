"""Fixtures: an administrator of the test's database, and migrations that are killed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine

from tests.processes import ROOT, environment

Killable = Callable[..., int]


@pytest.fixture
def root(empty_database: URL) -> Iterator[Connection]:
    """Return an administrator's connection to the test's database."""
    engine = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def killable(empty_database: URL, tmp_path: Path) -> Iterator[Killable]:
    """Return a function that migrates, is killed at an event of that number, and returns its exit status.

    The migrations are those of the test's directory, if it has any, else the project's.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.migrations.fault_injection"],
        cwd=tmp_path if (tmp_path / "migrations").exists() else ROOT,
        env=environment(empty_database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        write, read = process.stdin, process.stdout

        def migrate_until(event: str, number: int, statement: str = "") -> int:
            write.write(f"{event} {number} {statement}\n")
            write.flush()
            return int(read.readline())

        yield migrate_until
        write.close()
