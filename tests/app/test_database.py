"""The queries of the page: short, complete, and ended by the server if they take too long."""

import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, Connection, create_engine, text

from app.database import QUERY_TIMEOUT, Database
from tests.server import eventually


@pytest.fixture
def root(database: URL) -> Iterator[Connection]:
    """Return an administrator's connection to the test's database."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def queries(database: URL) -> Iterator[Database]:
    """Return the queries of the page on that database."""
    queries = Database(SecretStr(database.render_as_string(hide_password=False)))
    yield queries
    queries.close()


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 7, 1000])
def test_count_in_batches(root: Connection, queries: Database, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """The batches add up to all rows for any size of a batch, also with negative ids and gaps."""
    monkeypatch.setattr("app.database.BATCH", batch)
    for number in (-5, 0, 7, 2**40, 2**62):
        root.execute(text("SET sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"))
        root.execute(text("INSERT INTO records (id) VALUES (:number)"), {"number": number})

    counts = list(queries.count())

    assert sum(counts) == 8
    assert max(counts) <= batch


def test_count_of_an_empty_table(root: Connection, queries: Database) -> None:
    """An empty table has 0 records."""
    root.execute(text("DELETE FROM records"))

    assert list(queries.count()) == [0]


def test_count_is_consistent(root: Connection, queries: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All batches are as of the same moment: rows that are inserted meanwhile are not counted."""
    monkeypatch.setattr("app.database.BATCH", 2)
    batches = queries.count()
    first = next(batches)
    root.execute(text("INSERT INTO records (note) VALUES ('later'), ('later')"))

    assert first + sum(batches) == 3
    assert sum(queries.count()) == 5


def test_slow_count_is_ended_by_the_server(root: Connection, queries: Database, database: URL) -> None:
    """A count that exceeds its limit raises TimeoutError, and the server does not go on with it."""
    assert queries.schema_revision() == "0002"
    root.execute(text("LOCK TABLES records WRITE"))
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        list(queries.count())
    assert time.monotonic() - started < QUERY_TIMEOUT + 1

    waiting = text("SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%lock%' AND db = :name")
    eventually(lambda: root.scalar(waiting, {"name": database.database}) == 0)
    assert queries.schema_revision() == "0002"
    root.execute(text("UNLOCK TABLES"))
    assert sum(queries.count()) == 3
