"""Migrations: on an empty database, concurrent, killed, blocked, refused, and of a newer release."""

import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, make_url, text

from app.schema import MIGRATIONS
from ci.lint_migrations.history import heads_findings
from tests.migrations.conftest import Killable
from tests.processes import ROOT, Program, Result, command, environment, migrate, program
from tests.server import eventually

SLOW = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9001", "{head}"
def upgrade():
    op.add_column("records", sa.Column("colour", sa.String(10)))
"""
WRONG = SLOW.replace('op.add_column("records"', 'op.add_column("nowhere"')


def alembic(url: URL, *arguments: str, cwd: Path = ROOT) -> Result:
    """Run Alembic."""
    return program("alembic", *arguments, cwd=cwd, env=environment(url))


def with_revision(folder: Path, text: str) -> Path:
    """Return a directory with the project's migrations and one more revision."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (head,) = ScriptDirectory(str(MIGRATIONS)).get_heads()
    (folder / "migrations/versions/9001_more.py").write_text(text.replace("{head}", head))
    return folder


def state(root: Connection) -> list[str]:
    """Return the definitions and rows of all tables, except for the record of known revisions."""
    tables = [table for table in root.scalars(text("SHOW TABLES")) if table != "schema_revisions"]
    made = [str(row) for table in tables for row in root.execute(text(f"SHOW CREATE TABLE {table}"))]
    return made + [str(row) for table in tables for row in root.execute(text(f"SELECT * FROM {table}"))]


def without_times(lines: list[str]) -> list[str]:
    """Return the state without the times at which records were created."""
    return [re.sub(r"datetime\.datetime\([^)]*\)", "", line) for line in lines]


def test_up_down_up(root: Connection, empty_database: URL) -> None:
    """An upgrade, any number of downgrades and another upgrade leave no difference."""
    migrate(empty_database)
    before = state(root)
    revisions = len(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))

    for step in range(1, revisions + 1):
        assert alembic(empty_database, "downgrade", f"-{step}").returncode == 0
        migrate(empty_database)
        assert without_times(state(root)) == without_times(before)


def test_down_leaves_nothing(root: Connection, empty_database: URL) -> None:
    """A downgrade to base leaves only the tables about revisions."""
    migrate(empty_database)
    assert alembic(empty_database, "downgrade", "base").returncode == 0

    assert root.scalars(text("SHOW TABLES")).all() == ["alembic_version", "schema_revisions"]


def test_models_match_the_schema(database: URL) -> None:
    """The migrations create the tables that the models expect."""
    result = alembic(database, "check")

    assert result.returncode == 0, result.stdout + result.stderr


def test_one_head() -> None:
    """The revisions have one head, so `upgrade head` is unambiguous."""
    assert list(map(str, heads_findings(ScriptDirectory(str(MIGRATIONS)), ROOT))) == []


def test_second_run_changes_nothing(root: Connection, database: URL) -> None:
    """A second run changes nothing."""
    before = state(root)

    result = alembic(database, "upgrade", "head")

    assert (result.returncode, state(root)) == (0, before)
    assert "Running upgrade" not in result.stdout


def test_existing_records_are_kept(root: Connection, empty_database: URL) -> None:
    """The seed records do not replace existing ones."""
    migrate(empty_database, "0001")
    root.execute(text("INSERT INTO records (id, note) VALUES (2, 'mine')"))

    migrate(empty_database)
    notes = root.scalars(text("SELECT note FROM records ORDER BY id")).all()
    assert notes == ["the first record", "mine", "the third record"]

    assert alembic(empty_database, "downgrade", "0001").returncode == 0
    assert root.scalars(text("SELECT note FROM records")).all() == ["mine"]


def test_concurrent_migrations_apply_each_revision_once(root: Connection, empty_database: URL) -> None:
    """Of ten concurrent runs, each succeeds, and each revision is applied by one of them."""
    programs = [Program("alembic", "upgrade", "head", env=environment(empty_database)) for _ in range(10)]
    runs = [each.wait() for each in programs]

    assert [run.returncode for run in runs] == [0] * 10, [run.stderr for run in runs]
    applied = Counter(re.findall(r"Running upgrade (\S*) -> (\S+),", "".join(run.stdout for run in runs)))
    assert applied == {("", "0001"): 1, ("0001", "0002"): 1}
    assert root.scalar(text("SELECT COUNT(*) FROM records")) == 3


COPY = SLOW.replace(
    'op.add_column("records", sa.Column("colour", sa.String(10)))',
    'guarded.add_column("records", sa.Column("colour", sa.String(10)), "COPY")',
).replace("from alembic import op", "from migrations import guarded")


def test_next_run_waits_for_a_killed_copy(
    root: Connection, database: URL, tmp_path: Path, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """MySQL finishes the copy of a killed run. The next run logs what it waits for, and then finishes the revision."""
    folder = with_revision(tmp_path, COPY)
    next_run: Killable = request.getfixturevalue("killable")  # has its libraries loaded when the copy begins
    numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500000)"
    root.execute(text("SET SESSION cte_max_recursion_depth = 500000"))
    root.execute(text(f"INSERT INTO records (note) {numbers} SELECT REPEAT('x', 200) FROM numbers"))
    with subprocess.Popen(
        command("alembic", "upgrade", "head"), cwd=folder, env=environment(database), stdout=subprocess.DEVNULL
    ) as killed:
        copying = text("SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'copy to tmp table'")
        eventually(lambda: root.scalar(copying))
        killed.kill()

    assert next_run("none", 0) == 0

    logged = capfd.readouterr().err
    assert re.search(r"another migration holds the lock: connection \d+ for \d+ s: ALTER TABLE records ADD", logged)
    assert "colour" in str(root.execute(text("SHOW CREATE TABLE records")).all())


def test_lock_is_per_database(root: Connection, empty_database: URL) -> None:
    """The lock of another database does not delay a migration."""
    root.execute(text("SELECT GET_LOCK(CONCAT('migrations-', LEFT(SHA2('another', 256), 32)), 0)"))

    migrate(empty_database)  # would time out after 60 s


@pytest.mark.parametrize(
    ("event", "least"), [("before_cursor_execute", 10), ("after_cursor_execute", 10), ("commit", 4)]
)
def test_killed_migration_is_completed_by_the_next(
    root: Connection, empty_database: URL, killable: Killable, event: str, least: int
) -> None:
    """A run that is killed before or after any statement, or at any commit, is completed by the next run."""
    migrate(empty_database)
    expected = without_times(state(root))
    for number in count(1):
        root.execute(text(f"DROP DATABASE {empty_database.database}"))
        root.execute(text(f"CREATE DATABASE {empty_database.database}"))
        root.execute(text(f"USE {empty_database.database}"))

        status = killable(event, number)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert killable("none", 0) == 0

        assert without_times(state(root)) == expected, f"killed at number {number}"
    assert number > least


def test_table_in_use_for_too_long(root: Connection, database: URL, tmp_path: Path) -> None:
    """If a table stays locked, the migration fails within its limit, names the revision, and changes nothing."""
    folder = with_revision(tmp_path, SLOW)
    before = state(root)
    reader = create_engine(database)
    with reader.connect() as connection:
        connection.execute(text("SELECT * FROM records")).all()  # its transaction stays open

        result = alembic(database, "upgrade", "head", cwd=folder)

        assert result.returncode == 1
        assert "revision 9001_more failed: (1205, 'Lock wait timeout exceeded" in result.stderr
        assert "statement: ALTER TABLE records ADD COLUMN colour VARCHAR(10)" in result.stderr
        assert result.stderr.count("\n") == 1
        assert state(root) == before
    reader.dispose()

    assert alembic(database, "upgrade", "head", cwd=folder).returncode == 0


def test_table_in_use_for_a_while(root: Connection, database: URL, tmp_path: Path) -> None:
    """If a table is unlocked within the limit, it is migrated then; meanwhile readers proceed."""
    folder = with_revision(tmp_path, SLOW)
    reader = create_engine(database)
    with reader.connect() as connection:
        connection.execute(text("SELECT * FROM records")).all()
        migration = Program("alembic", "upgrade", "head", cwd=folder, env=environment(database))
        eventually_waits(root)
        threading.Timer(3, connection.rollback).start()
        longest = 0.0
        while migration.is_running():
            started = time.monotonic()
            root.execute(text("SELECT COUNT(*) FROM records"))
            longest = max(longest, time.monotonic() - started)
            time.sleep(0.05)
    reader.dispose()

    result = migration.wait()
    assert result.returncode == 0
    assert "attempts left" in result.stdout
    assert longest < 5  # a reader waits for one attempt of a second, not for all ten
    assert "colour" in str(state(root))


def eventually_waits(root: Connection) -> None:
    """Wait until a statement waits for a lock on a table."""
    query = text(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%metadata lock%' AND db = DATABASE()"
    )
    deadline = time.monotonic() + 30
    while not root.scalar(query):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_failing_statement(root: Connection, database: URL, tmp_path: Path) -> None:
    """A failing statement is reported with its revision and MySQL's message; the schema is unchanged."""
    before = state(root)

    result = alembic(database, "upgrade", "head", cwd=with_revision(tmp_path, WRONG))

    assert result.returncode == 1
    assert re.fullmatch(
        r"migration failed: revision 9001_more failed: \(1146, \".*nowhere' doesn't exist\"\); "
        r"statement: ALTER TABLE nowhere ADD COLUMN colour VARCHAR\(10\)\n",
        result.stderr,
    )
    assert state(root) == before


@pytest.mark.parametrize("rights", ["SELECT", "SELECT, INSERT, UPDATE, DELETE"])
def test_missing_privileges(empty_database: URL, make_user: Callable[[URL, str], URL], rights: str) -> None:
    """A user without privileges gets the database's own message."""
    result = alembic(make_user(empty_database, rights), "upgrade", "head")

    assert result.returncode == 1
    assert "CREATE command denied to user" in result.stderr
    assert "statement: CREATE TABLE schema_revisions" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "tell-nobody" not in result.stdout + result.stderr


def test_no_database() -> None:
    """Without a server, the migration exits with one line, which does not contain the password."""
    result = alembic(URL.create("mysql+pymysql", "u", "tell-nobody", "127.0.0.1", 1, "d"), "upgrade", "head")

    assert result.returncode == 1
    assert result.stderr.startswith("migration failed: ")
    assert "Can't connect to MySQL server" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "tell-nobody" not in result.stdout + result.stderr


def test_bad_setting() -> None:
    """A wrong setting results in one line and exit status 2."""
    result = program("alembic", "upgrade", "head", env=environment(MIGRATIONS_DATABASE_URL="nonsense"))

    assert result.returncode == 2
    assert result.stderr.startswith("MIGRATIONS_DATABASE_URL: expected mysql+pymysql://")
    assert result.stderr.count("\n") == 1


def test_template_of_a_new_revision(empty_database: URL, tmp_path: Path) -> None:
    """A new revision begins with the rules for it."""
    folder = with_revision(tmp_path, SLOW.replace("9001", "9000"))
    migrate(empty_database, cwd=folder)

    assert alembic(empty_database, "revision", "--rev-id", "9999", "-m", "add a shape", cwd=folder).returncode == 0

    text = (folder / "migrations/versions/9999_add_a_shape.py").read_text()
    assert "The previous release is still running while this revision is applied" in text
    assert "if_not_exists=True" in text
    assert "from migrations import guarded" in text
    migrate(empty_database, cwd=folder)


def test_names_of_new_revisions(tmp_path: Path) -> None:
    """Two new revisions of the same day and name have different files, which sort behind the existing ones."""
    with_revision(tmp_path, SLOW.replace("9001", "0003"))
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "migrations", tmp_path / "other/migrations", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (tmp_path, tmp_path / "other"):
        for file in ("pyproject.toml", "Makefile"):
            shutil.copy(ROOT / file, folder)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        made = ["make", "--old-file", ".venv/dev.stamp", "migration", "NAME=add a shape"]
        subprocess.run(made, cwd=folder, env=environment(), check=True, capture_output=True)

    names = {path.name for path in tmp_path.glob("**/versions/*_add_a_shape.py")}
    assert len(names) == 2
    assert all(re.fullmatch(r"20\d{6}_[0-9a-f]{6}_add_a_shape\.py", name) for name in names)


def test_one_ddl_statement_in_each_revision() -> None:
    """Each revision has at most one DDL statement, because MySQL commits each by itself."""
    for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
        result = alembic(
            URL.create("mysql+pymysql", "u", "p", "h", database="d"),
            "upgrade", f"{script.down_revision or 'base'}:{script.revision}", "--sql",
        )  # fmt: skip
        statements = re.findall(r"^(?:CREATE|ALTER|DROP|RENAME)\b.*", result.stdout, re.MULTILINE)
        assert result.returncode == 0, result.stderr
        assert len([line for line in statements if "alembic_version" not in line]) <= 1, script.revision


NEWER = SLOW.replace('"9001", "{head}"', '"9002", "9001"').replace("colour", "shape")


def newer_release(directory: Path) -> Path:
    """Return a directory with the migrations of a later release, which has two more revisions."""
    with_revision(directory, SLOW)
    (directory / "migrations/versions/9002_newer.py").write_text(NEWER)
    return directory


@pytest.fixture(params=["MySQL", "SQLite"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Return the URL of an empty database of either kind."""
    if request.param == "SQLite":
        return make_url(f"sqlite:///{tmp_path}/app.db")
    url: URL = request.getfixturevalue("empty_database")
    return url


def revision(url: URL) -> str:
    """Return the revision of a database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        current = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    engine.dispose()
    return current


def test_older_release_accepts_a_newer_schema(any_database: URL, tmp_path: Path) -> None:
    """After a rollback, the older release recognizes the schema of the newer one, logs a line and changes nothing."""
    migrate(any_database)
    migrate(any_database, cwd=newer_release(tmp_path))

    result = alembic(any_database, "upgrade", "head")

    assert (result.returncode, result.stderr) == (0, "")
    assert "schema is at the newer revision 9002: nothing to do" in result.stdout
    assert revision(any_database) == "9002"
    migrate(any_database, cwd=tmp_path)


def test_older_release_after_a_killed_upgrade(any_database: URL, tmp_path: Path) -> None:
    """A newer release that was killed between its revisions can still be rolled back."""
    migrate(any_database, "9001", cwd=newer_release(tmp_path))

    assert alembic(any_database, "upgrade", "head").returncode == 0
    assert revision(any_database) == "9001"
    migrate(any_database, cwd=tmp_path)
    assert revision(any_database) == "9002"


@pytest.mark.parametrize("recorded", [False, True], ids=["another application", "another branch"])
def test_unknown_schema_is_refused(any_database: URL, tmp_path: Path, recorded: bool) -> None:  # noqa: FBT001  a case
    """A revision that does not descend from this release's head is refused, and nothing is changed."""
    migrate(any_database, "0001")
    if recorded:  # a branch that left the line of releases before this release's head
        migrate(any_database, cwd=with_revision(tmp_path, SLOW.replace("{head}", "0001")), revision="9001")
    else:
        set_revision(any_database, "4711")
    before = revision(any_database)

    result = alembic(any_database, "upgrade", "head")

    assert result.returncode == 1
    assert result.stderr.startswith(f"migration failed: the database is at revision {before}, which is unknown")
    assert result.stderr.count("\n") == 1
    assert revision(any_database) == before


def set_revision(url: URL, revision: str) -> None:
    """Change the recorded revision, as if another application had migrated the database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()


def test_downgrade_of_a_newer_schema_is_refused(database: URL, tmp_path: Path) -> None:
    """Only an upgrade accepts a newer schema: another command of the older release fails."""
    migrate(database, cwd=newer_release(tmp_path))

    assert alembic(database, "downgrade", "-1").returncode != 0
    assert revision(database) == "9002"
