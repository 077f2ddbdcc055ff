"""SQLite, the embedded default."""

from pathlib import Path

from tests.conftest import MakeServer
from tests.processes import environment, program
from tests.server import eventually


def test_migrate_and_serve(make_server: MakeServer, tmp_path: Path) -> None:
    """Migrations create the file and its directory, and the page counts its records."""
    url = f"sqlite:///{tmp_path}/var/app.db"
    env = environment(DATABASE_URL=url)
    assert program("alembic", "upgrade", "head", env=env).returncode == 0
    assert program("alembic", "upgrade", "head", env=env).returncode == 0
    assert program("alembic", "check", env=env).returncode == 0

    service = make_server(url)
    assert service.get("/", Accept="application/json").json()["records"] == 3
    eventually(lambda: service.get("/readyz").status_code == 200)
    assert program("flask", "--app", "app", "records", "add", "5", env=env).returncode == 0
    assert program("flask", "--app", "app", "records", "count", env=env).stdout == "8\n"
    assert service.get("/readyz").status_code == 200


def test_not_migrated(make_server: MakeServer, tmp_path: Path) -> None:
    """Without migrations, the service answers 503 and creates no tables."""
    service = make_server(f"sqlite:///{tmp_path}/app.db")

    assert service.get("/").status_code == 503
    assert service.get("/readyz").status_code == 503
    eventually(lambda: service.lines("database unavailable"))
    reasons = {line["reason"] for line in service.lines("database unavailable")}
    assert reasons == {"no such table: alembic_version"}
