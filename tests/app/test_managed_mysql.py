"""MySQL as a managed one is configured: primary keys required, ANSI mode, another time zone and character set."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, text

from tests import mysql
from tests.conftest import MakeServer
from tests.processes import environment, migrate, program
from tests.server import eventually

OPTIONS = (
    "--sql-require-primary-key=ON --default-time-zone=+05:30 --sql-mode=ANSI,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE,NO_ZERO_IN_DATE,STRICT_ALL_TABLES"
)


@pytest.fixture(scope="module")
def administrator() -> Iterator[URL]:
    """Return the administrator's URL of a latin1 database of such a server."""
    with mysql.container(f"{mysql.FAST} {OPTIONS}") as url:
        mysql.wait(url)
        execute(url, "CREATE DATABASE managed CHARACTER SET latin1")
        yield url.set(database="managed")


@pytest.fixture(scope="module")
def managed(administrator: URL) -> URL:
    """Return the URL of the database for a user without SUPER, after the migrations."""
    execute(administrator, "CREATE USER app IDENTIFIED BY 'tell-nobody'", "GRANT ALL ON managed.* TO app")
    url = administrator.set(username="app", password="tell-nobody")
    migrate(url)
    return url


def execute(url: URL, *statements: str) -> None:
    """Execute statements."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_migrations_page_and_commands(managed: URL, make_server: MakeServer) -> None:
    """Migrations are complete, records with any character are stored, in UTC, and the page counts them."""
    assert program("alembic", "check", env=environment(managed)).returncode == 0
    added = program("flask", "--app", "app", "records", "add", "1", "--note", "😀", env=environment(managed))
    assert (added.returncode, added.stderr) == (0, "")

    engine = create_engine(managed)
    with engine.connect() as connection:
        newest = text("SELECT note, ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) FROM records WHERE id > 3")
        note, age = connection.execute(newest).one()
    engine.dispose()
    assert note == "😀"
    assert age < 60
    facts = make_server(managed).get("/", Accept="application/json").json()
    assert (facts["records"], facts["schema_revision"]) == (4, "0002")


def test_read_only_server_is_unavailable(managed: URL, administrator: URL, make_server: MakeServer) -> None:
    """A read-only server counts as unavailable: after a failover it is the old primary, with old data."""
    server = make_server(managed)
    execute(administrator, "SET GLOBAL read_only = ON")
    try:
        eventually(lambda: server.statuses() == {503})
        eventually(lambda: server.lines("database unavailable"))
        assert server.lines("database unavailable")[0]["reason"] == "the server is read-only"
        assert server.statuses("/readyz") == {200}
    finally:
        execute(administrator, "SET GLOBAL read_only = OFF")
    eventually(lambda: server.statuses() == {200})
