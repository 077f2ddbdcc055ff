"""What machines ask."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, create_engine, text

from tests.conftest import NewApp
from tests.programs import migrate


def ready(client: FlaskClient) -> tuple[int, str]:
    """Return what /readyz says."""
    response = client.get("/readyz")
    return response.status_code, response.get_json()["status"]


def set_revision(url: URL, revision: str) -> None:
    """Pretend that the schema is at another revision."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_alive_without_a_database(new_app: NewApp, tmp_path: Path) -> None:
    """The process is alive, and not ready, where there is no database."""
    client = new_app(f"sqlite:///{tmp_path}/no/such.db").test_client()

    assert client.get("/healthz").status_code == 200
    assert ready(client) == (503, "database away")


def test_ready(client: FlaskClient) -> None:
    """The process is ready where the schema is the newest that this release knows."""
    assert ready(client) == (200, "ready")


def test_not_ready_before_the_migrations(new_app: NewApp, empty_database: URL) -> None:
    """The process is not ready on an older schema, and is as soon as the schema is migrated."""
    client = new_app(empty_database, record_count_max_age=0).test_client()
    assert ready(client) == (503, "database away")

    migrate(empty_database, "0001")
    client = new_app(empty_database, record_count_max_age=0).test_client()
    assert ready(client) == (503, "schema not migrated yet: it is at revision 0001")

    migrate(empty_database)
    assert ready(client) == (200, "ready")


def test_ready_on_a_newer_schema(new_app: NewApp, database: URL) -> None:
    """A release that is rolled back to is ready on the schema of the newer release, which it does not know."""
    set_revision(database, "9999")

    assert ready(new_app(database).test_client()) == (200, "ready")


def test_once_ready_stays_ready(new_app: NewApp, database: URL) -> None:
    """Readiness does not follow the database up and down: the page explains itself."""
    client = new_app(database, record_count_max_age=0).test_client()
    assert ready(client) == (200, "ready")

    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("RENAME TABLE records TO elsewhere"))
    engine.dispose()

    assert client.get("/").status_code == 503
    assert ready(client) == (200, "ready")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version"])
def test_only_reading(client: FlaskClient, path: str) -> None:
    """Probes are read, not written to."""
    assert client.post(path).status_code == 405
