"""The embedded default: SQLite, for a first look."""

from pathlib import Path

from tests.conftest import NewService
from tests.programs import environment, program


def test_first_look(new_service: NewService, tmp_path: Path) -> None:
    """From nothing, the migrations make the file and its folder, and the page counts what is in it."""
    url = f"sqlite:///{tmp_path}/var/app.db"
    env = environment(DATABASE_URL=url)
    assert program("alembic", "upgrade", "head", env=env).returncode == 0
    assert program("alembic", "upgrade", "head", env=env).returncode == 0
    assert program("alembic", "check", env=env).returncode == 0

    service = new_service(url)
    assert service.get("/", Accept="application/json").json()["records"] == 3
    assert program("flask", "--app", "app", "records", "add", "5", env=env).returncode == 0
    assert program("flask", "--app", "app", "records", "count", env=env).stdout == "8\n"
    assert service.get("/readyz").status_code == 200


def test_not_migrated(new_service: NewService, tmp_path: Path) -> None:
    """Without the migrations, the service explains instead of making tables of its own."""
    service = new_service(f"sqlite:///{tmp_path}/app.db")

    assert service.get("/").status_code == 503
    assert service.get("/readyz").status_code == 503
    reasons = {line["reason"] for line in service.lines("database is away")}
    assert reasons == {"no such table: alembic_version"}
