"""`make test-last-release`: the last release runs on the schema of the next one, or the reason is printed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.ci.repository import Repository
from tests.processes import ROOT, Result

FILES = ("app", "ci", "migrations", "gunicorn.conf.py", "pyproject.toml", "requirements.lock")
REVISION = """
import sqlalchemy as sa
from alembic import op
from migrations import guarded
revision, down_revision = "9001", "0002"
def upgrade():
    {}
def downgrade():
    pass
"""
GOOD = "guarded.add_column('records', sa.Column('colour', sa.String(10)))"
BAD = {
    "drop a column": ("guarded.drop_column('records', 'note')", "failed statement: INSERT INTO records"),
    "rename a table": ("guarded.rename_table('records', 'entries')", "failed statement: SELECT"),
    "require a column": (
        "guarded.add_column('records', sa.Column('colour', sa.String(10), nullable=False))",
        "failed statement: INSERT INTO records",
    ),
}
# The command, with a smaller table under load
RUN = "import sys; from ci.last_release import __main__, checks; checks.ROWS = 20_000; sys.exit(__main__.run())"


@pytest.fixture
def repository(tmp_path: Path, mysql_server: URL, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository of this checkout's files, which are release 1.0.0."""
    repository = Repository.make(tmp_path)
    for name in FILES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "version.txt")
            shutil.copytree(ROOT / name, repository.folder / name, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy(ROOT / name, repository.folder)
    repository.commit("feat: begin")
    monkeypatch.setenv("TEST_DATABASE_URL", mysql_server.render_as_string(hide_password=False))
    return repository


def run(folder: Path) -> Result:
    """Run the command in that checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CI")}
    return subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, env={**kept, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


def release(repository: Repository, change: str) -> Result:
    """Release 1.0.0, write a revision that makes a change, and run the command."""
    repository.git("tag", "v1.0.0")
    (repository.folder / "migrations/versions/9001_change.py").write_text(REVISION.format(change))
    return run(repository.folder)


def test_no_release(repository: Repository) -> None:
    """Before the first release there is none to test, which is no failure."""
    result = run(repository.folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "no release yet: there is none that has to work on this schema\n"


def test_good_migration(repository: Repository) -> None:
    """After a migration that only adds, every part of the last release works, and no client has noticed it."""
    result = release(repository, GOOD)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "the last release is 1.0.0: the commit of v1.0.0" in result.stdout
    assert "release 1.0.0 works on the new schema" in result.stdout
    assert (repository.folder / "build/last-release.txt").read_text() == result.stdout
    assert "release 1.0.0 served while 20,000 rows were migrated" in result.stdout
    assert " 0 failed; longest gap between two responses " in result.stdout


@pytest.mark.parametrize("name", BAD)
def test_bad_migration(repository: Repository, name: str) -> None:
    """A migration that breaks the last release fails, with the statement that failed and the safe way."""
    change, shown = BAD[name]

    result = release(repository, change)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "release 1.0.0 does not work on the new schema: " in result.stdout
    assert shown in result.stdout
    assert "the safe way takes two releases" in result.stdout


@pytest.mark.usefixtures("mysql_server")
def test_this_checkout() -> None:
    """The last release, if there is one, works on the schema of this checkout."""
    result = run(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
