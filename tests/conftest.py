"""Fixtures: a MySQL server, databases on it, and the service."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL, create_engine, make_url, text

from app import create_app
from app.settings import MigrationSettings, Settings
from tests import mysql
from tests.cluster.cluster import missing
from tests.processes import migrate
from tests.requirements import is_available
from tests.server import GunicornServer


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the shell's own settings."""
    for name in {*Settings.model_fields, *MigrationSettings.model_fields}:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def cluster() -> dict[str, str]:
    """Return the setting of the cluster. Tests with this fixture are run by `make test-cluster`, not by `make test`."""
    lacking = missing()
    assert not lacking, f"no cluster to test on: missing {', '.join(lacking)}"
    return {"KUBECONFIG": os.environ["KUBECONFIG"]}


SLOW = {"migrations", "resilience"}  # directories of tests that mostly wait


@pytest.hookimpl(tryfirst=True)  # before pytest evaluates the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a cluster, and start with the slowest ones."""
    items.sort(key=lambda item: item.path.parent.name not in SLOW)
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("cluster")


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[URL]:
    """Return the URL of a MySQL server, for an administrator."""
    with mysql.server() as url:
        mysql.wait(url)
        yield url


@pytest.fixture(scope="session")
def make_database(mysql_server: URL) -> Iterator[Callable[[], URL]]:
    """Return a function that creates an empty database and returns its URL. It is dropped after the tests."""
    engine = create_engine(mysql_server, isolation_level="AUTOCOMMIT")
    names: list[str] = []

    def new() -> URL:
        names.append(f"test_{os.getpid()}_{len(names)}")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {names[-1]}"))
        return mysql_server.set(database=names[-1])

    yield new
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()


@pytest.fixture
def make_user(mysql_server: URL) -> Iterator[Callable[[URL, str], URL]]:
    """Return a function that creates a user with privileges on a database and returns its URL. It is dropped later."""
    engine = create_engine(mysql_server, isolation_level="AUTOCOMMIT")
    names: list[str] = []

    def new(database: URL, rights: str) -> URL:
        names.append(f"user_{database.database}_{len(names)}")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE USER {names[-1]} IDENTIFIED BY 'tell-nobody'"))
            connection.execute(text(f"GRANT {rights} ON {database.database}.* TO {names[-1]}"))
        return database.set(username=names[-1], password="tell-nobody")

    yield new
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP USER {name}"))
    engine.dispose()


@pytest.fixture
def empty_database(make_database: Callable[[], URL]) -> URL:
    """Return the URL of an empty database."""
    return make_database()


@pytest.fixture(scope="session")
def shared_database(make_database: Callable[[], URL]) -> URL:
    """Return the URL of a migrated database, for tests that only read it."""
    url = make_database()
    migrate(url)
    return url


@pytest.fixture
def database(empty_database: URL, shared_database: URL) -> URL:
    """Return the URL of a migrated database of the test's own: a copy, which is faster than to migrate again."""
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        for table in connection.scalars(text(f"SHOW TABLES FROM {shared_database.database}")).all():
            migrated = f"{shared_database.database}.{table}"
            connection.execute(text(f"CREATE TABLE {table} LIKE {migrated}"))
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM {migrated}"))
    engine.dispose()
    return empty_database


MakeApp = Callable[..., Flask]


@pytest.fixture
def make_app(capfd: pytest.CaptureFixture[str]) -> Iterator[MakeApp]:  # noqa: ARG001  captures the log of the app
    """Return a function that makes the application with these settings, after its first count."""
    refreshers = []

    def make(url: URL | str, **settings: object) -> Flask:
        app = create_app(Settings(database_url=make_url(url).render_as_string(hide_password=False), **settings))  # type: ignore[arg-type]  # checked by it
        refreshers.append(app.extensions["refresher"])
        refreshers[-1].start(timeout=5)
        return app

    yield make
    for refresher in refreshers:
        refresher.stop()


@pytest.fixture
def client(make_app: MakeApp, shared_database: URL) -> FlaskClient:
    """Return a client of the application with its default settings."""
    return make_app(shared_database, app_secret="tell-nobody").test_client()


MakeServer = Callable[..., GunicornServer]


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[MakeServer]:
    """Return a function that starts the service with these settings."""
    with ExitStack() as servers:

        def make(url: URL | str, **settings: str) -> GunicornServer:
            directory = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            directory.mkdir()
            return servers.enter_context(GunicornServer(make_url(url), directory, settings))

        yield make


SOURCE = pytest.StashKey[str]()
SERVER = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start one MySQL server for all processes of pytest-xdist, which read its URL from their environment."""
    config.stash[SOURCE] = mysql.source()
    if config.getoption("numprocesses", None) and (is_available("docker") or is_available("mysqld")):
        url = config.stash.setdefault(SERVER, ExitStack()).enter_context(mysql.server())
        os.environ["TEST_DATABASE_URL"] = url.render_as_string(hide_password=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop that server."""
    config.stash.setdefault(SERVER, ExitStack()).close()


def pytest_report_header(config: pytest.Config) -> str:
    """Return the source of MySQL."""
    return f"MySQL: {config.stash[SOURCE]}"
