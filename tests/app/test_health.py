"""Liveness, readiness and version."""

from pathlib import Path
from unittest.mock import Mock

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL, create_engine, text

from tests.conftest import MakeApp
from tests.processes import migrate
from tests.server import eventually


def ready(client: FlaskClient) -> tuple[int, str]:
    """Return the status and the reason of /readyz."""
    response = client.get("/readyz")
    return response.status_code, response.get_json()["status"]


def set_revision(url: URL, revision: str) -> None:
    """Change the recorded revision of the schema."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_alive_without_a_database(make_app: MakeApp, tmp_path: Path) -> None:
    """Without a database, the process is alive but not ready."""
    client = make_app(f"sqlite:///{tmp_path}/no/such.db").test_client()

    assert client.get("/healthz").status_code == 200
    assert ready(client) == (503, "database unavailable")


def test_ready(client: FlaskClient) -> None:
    """The process is ready if the schema is at this release's head."""
    assert ready(client) == (200, "ready")


def test_not_ready_before_the_migrations(make_app: MakeApp, empty_database: URL) -> None:
    """The process is not ready on an older schema, and becomes ready when the schema is migrated."""
    client = make_app(empty_database, record_count_max_age=0).test_client()
    assert ready(client) == (503, "database unavailable")

    migrate(empty_database, "0001")
    eventually(lambda: ready(client) == (503, "schema not migrated yet: it is at revision 0001"))

    migrate(empty_database)
    eventually(lambda: ready(client) == (200, "ready"))


def test_ready_on_a_newer_schema(make_app: MakeApp, database: URL) -> None:
    """After a rollback, a release is ready on the schema of a newer release."""
    set_revision(database, "9999")

    assert ready(make_app(database).test_client()) == (200, "ready")


def test_once_ready_stays_ready(make_app: MakeApp, database: URL) -> None:
    """Readiness does not follow the database, because the page explains an outage itself."""
    client = make_app(database, record_count_max_age=0).test_client()
    assert ready(client) == (200, "ready")

    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("RENAME TABLE records TO elsewhere"))
    engine.dispose()

    eventually(lambda: client.get("/").status_code == 503)
    assert ready(client) == (200, "ready")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # provoked
def test_dead_refresher_fails_the_liveness_probe(
    make_app: MakeApp, shared_database: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the refresher's thread ends, /healthz fails, so Kubernetes restarts the container."""
    app = make_app(shared_database)
    client = app.test_client()
    assert client.get("/healthz").status_code == 200

    monkeypatch.setattr("app.database.Database.schema_revision", Mock(side_effect=SystemExit))
    eventually(lambda: client.get("/healthz").status_code == 503)
    assert client.get("/healthz").get_json() == {"status": "refresher has ended"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version"])
def test_probes_are_read_only(client: FlaskClient, path: str) -> None:
    """Probes accept only GET and HEAD."""
    assert client.post(path).status_code == 405
