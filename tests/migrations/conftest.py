"""Fixtures: an administrator of the test's database, migrations that are killed, and a released database."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine

from ci.lint_migrations import __main__ as lint
from ci.lint_migrations.scratch import Scratch
from tests.migrations.released import ReleasedDatabase
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


@pytest.fixture(scope="module")
def released(mysql_server: URL) -> Iterator[ReleasedDatabase]:
    """Return a database as of release 1.4.0, with 100,000 records."""
    name = f"lint_{os.getpid()}"
    with lint.database(mysql_server, f"{name}_template") as template, lint.database(mysql_server, name) as url:
        scratch = Scratch(template, ROOT)
        scratch.migrate("head")
        scratch.fill()
        scratch.query("CREATE TABLE marks (id INT PRIMARY KEY, record BIGINT)")
        scratch.query("INSERT INTO marks SELECT id, id FROM records WHERE id < 100")
        scratch.close()
        released_database = ReleasedDatabase(template, url)
        yield released_database
        released_database.close()


@pytest.fixture
def released_database(released: ReleasedDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReleasedDatabase]:
    """Return that database for one test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield released
    released.undo()
