"""What tests share: a MySQL server, databases on it, and the service itself."""

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
from tests.e2e.cluster import missing
from tests.programs import migrate
from tests.service import Service


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the shell has set out of the tests."""
    for name in {*Settings.model_fields, *MigrationSettings.model_fields}:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def cluster() -> dict[str, str]:
    """Return the setting that names the cluster; `make test` leaves out what asks for it, `make e2e` runs just that."""
    lacking = missing()
    assert not lacking, f"no cluster to test on: missing {', '.join(lacking)}"
    return {"KUBECONFIG": os.environ["KUBECONFIG"]}


LONGEST = {"migrations", "faults"}  # folders, of tests that mostly wait


@pytest.hookimpl(tryfirst=True)  # before pytest looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a cluster, and begin with what takes longest, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.path.parent.name not in LONGEST)
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker("cluster")


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[URL]:
    """Return the address of a MySQL server, as a user that may do everything there."""
    try:
        with mysql.server() as url:
            mysql.wait(url)
            yield url
    except mysql.NoServerError as reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(reason))


@pytest.fixture(scope="session")
def new_database(mysql_server: URL) -> Iterator[Callable[[], URL]]:
    """Return a function that makes a new empty database, gone when the tests are."""
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
def new_user(mysql_server: URL) -> Iterator[Callable[[URL, str], URL]]:
    """Return a function that makes a user with these rights on a database, gone when the test is, and gives its URL."""
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
def empty_database(new_database: Callable[[], URL]) -> URL:
    """Return the address of an empty database."""
    return new_database()


@pytest.fixture(scope="session")
def shared_database(new_database: Callable[[], URL]) -> URL:
    """Return the address of a migrated database, for tests that only read it."""
    url = new_database()
    migrate(url)
    return url


@pytest.fixture
def database(empty_database: URL, shared_database: URL) -> URL:
    """Return the address of a migrated database of the test's own: copied, which is quicker than migrating again."""
    engine = create_engine(empty_database)
    with engine.begin() as connection:
        for table in connection.scalars(text(f"SHOW TABLES FROM {shared_database.database}")).all():
            migrated = f"{shared_database.database}.{table}"
            connection.execute(text(f"CREATE TABLE {table} LIKE {migrated}"))
            connection.execute(text(f"INSERT INTO {table} SELECT * FROM {migrated}"))
    engine.dispose()
    return empty_database


NewApp = Callable[..., Flask]


@pytest.fixture
def new_app(capsys: pytest.CaptureFixture[str]) -> NewApp:  # noqa: ARG001  before the app, whose log goes there
    """Return a function that makes the application with these settings."""

    def new(url: URL | str, **settings: object) -> Flask:
        return create_app(Settings(database_url=make_url(url).render_as_string(hide_password=False), **settings))  # type: ignore[arg-type]  # checked by it

    return new


@pytest.fixture
def client(new_app: NewApp, shared_database: URL) -> FlaskClient:
    """Return a client of the application with its default settings."""
    return new_app(shared_database, app_secret="tell-nobody").test_client()


NewService = Callable[..., Service]


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[NewService]:
    """Return a function that starts the service as it is shipped, by gunicorn, with these settings."""
    with ExitStack() as services:

        def new(url: URL | str, **settings: str) -> Service:
            folder = tmp_path / f"service-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return services.enter_context(Service(make_url(url), folder, settings))

        yield new


SOURCE = pytest.StashKey[str]()
SERVER = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start one MySQL server for all processes where tests run in several, which find it in their environment."""
    config.stash[SOURCE] = mysql.source()
    if config.getoption("numprocesses", None):
        try:
            url = config.stash.setdefault(SERVER, ExitStack()).enter_context(mysql.server())
        except mysql.NoServerError:
            return  # each test that needs it says so
        os.environ["TEST_DATABASE_URL"] = url.render_as_string(hide_password=False)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End that server."""
    config.stash.setdefault(SERVER, ExitStack()).close()


def pytest_report_header(config: pytest.Config) -> str:
    """Say where MySQL comes from."""
    return f"MySQL: {config.stash[SOURCE]}"
