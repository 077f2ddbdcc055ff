"""The migrations, on an empty database, by several at once, killed, blocked and refused."""

import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, text

from app.schema import MIGRATIONS
from tests.migrations.killing import kill_at
from tests.programs import ROOT, Result, environment, migrate, program, start

SLOW = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9001", "{head}"
def upgrade():
    op.add_column("records", sa.Column("colour", sa.String(10)))
"""
WRONG = SLOW.replace('op.add_column("records"', 'op.add_column("nowhere"')


@pytest.fixture
def root(empty_database: URL) -> Iterator[Connection]:
    """Return a connection to the test's database, as a user that may do everything."""
    engine = create_engine(empty_database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def alembic(url: URL, *arguments: str, cwd: Path = ROOT) -> Result:
    """Run Alembic."""
    return program("alembic", *arguments, cwd=cwd, env=environment(url))


def with_revision(folder: Path, text: str) -> Path:
    """Return a copy of the project's migrations that has one revision more."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (head,) = ScriptDirectory(str(MIGRATIONS)).get_heads()
    (folder / "migrations/versions/9001_more.py").write_text(text.replace("{head}", head))
    return folder


def state(root: Connection) -> list[str]:
    """Return all that is in the database."""
    tables = root.scalars(text("SHOW TABLES")).all()
    made = [str(row) for table in tables for row in root.execute(text(f"SHOW CREATE TABLE {table}"))]
    return made + [str(row) for table in tables for row in root.execute(text(f"SELECT * FROM {table}"))]


def without_times(lines: list[str]) -> list[str]:
    """Return the state without the times at which records were made."""
    return [re.sub(r"datetime\.datetime\([^)]*\)", "", line) for line in lines]


def test_up_down_up(root: Connection, empty_database: URL) -> None:
    """Going up, step by step down, and up again leaves no difference."""
    migrate(empty_database)
    before = state(root)
    revisions = len(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))

    for step in range(1, revisions + 1):
        assert alembic(empty_database, "downgrade", f"-{step}").returncode == 0
        migrate(empty_database)
        assert without_times(state(root)) == without_times(before)


def test_down_leaves_nothing(root: Connection, empty_database: URL) -> None:
    """All the way down, nothing is left but the empty table of Alembic's own."""
    migrate(empty_database)
    assert alembic(empty_database, "downgrade", "base").returncode == 0

    assert root.scalars(text("SHOW TABLES")).all() == ["alembic_version"]


def test_nothing_is_missing(database: URL) -> None:
    """The migrations make what the models expect."""
    result = alembic(database, "check")

    assert result.returncode == 0, result.stdout + result.stderr


def test_one_head() -> None:
    """The revisions are one line, so that `upgrade head` is clear."""
    assert len(ScriptDirectory(str(MIGRATIONS)).get_heads()) == 1


def test_again_is_nothing(root: Connection, database: URL) -> None:
    """A second run finds nothing to do."""
    before = state(root)

    result = alembic(database, "upgrade", "head")

    assert (result.returncode, state(root)) == (0, before)
    assert "Running upgrade" not in result.stdout


def test_records_of_others_are_kept(root: Connection, empty_database: URL) -> None:
    """The first records are inserted only where nothing has their place."""
    migrate(empty_database, "0001")
    root.execute(text("INSERT INTO records (id, note) VALUES (2, 'mine')"))

    migrate(empty_database)
    notes = root.scalars(text("SELECT note FROM records ORDER BY id")).all()
    assert notes == ["the first record", "mine", "the third record"]

    assert alembic(empty_database, "downgrade", "0001").returncode == 0
    assert root.scalars(text("SELECT note FROM records")).all() == ["mine"]


def test_ten_at_once(root: Connection, empty_database: URL, tmp_path: Path) -> None:
    """Of ten that start at once, each ends well, and each revision is applied by one of them."""
    log, env = tmp_path / "log", environment(empty_database)
    runs = [start("alembic", "upgrade", "head", files=(log, log), env=env) for _ in range(10)]
    for run in runs:
        run.join(60)

    assert [run.exitcode for run in runs] == [0] * 10, log.read_text()
    applied = Counter(re.findall(r"Running upgrade (\S*) -> (\S+),", log.read_text()))
    assert applied == {("", "0001"): 1, ("0001", "0002"): 1}
    assert root.scalar(text("SELECT COUNT(*) FROM records")) == 3


def test_databases_do_not_wait_for_each_other(root: Connection, empty_database: URL) -> None:
    """The lock is one database's, not the whole server's."""
    root.execute(text("SELECT GET_LOCK(CONCAT('migrations-', LEFT(SHA2('another', 256), 32)), 0)"))

    started = time.monotonic()
    migrate(empty_database)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(("event", "least"), [("before_cursor_execute", 9), ("after_cursor_execute", 9), ("commit", 3)])
def test_killed_anywhere(root: Connection, empty_database: URL, tmp_path: Path, event: str, least: int) -> None:
    """A run that was killed before or after any statement, or at any commit, is finished by the next."""
    migrate(empty_database)
    expected = without_times(state(root))
    log, env = tmp_path / "log", environment(empty_database)
    for number in count(1):
        root.execute(text(f"DROP DATABASE {empty_database.database}"))
        root.execute(text(f"CREATE DATABASE {empty_database.database}"))
        root.execute(text(f"USE {empty_database.database}"))

        run = start("alembic", "upgrade", "head", files=(log, log), env=env, first=partial(kill_at, event, number))
        run.join(60)
        if run.exitcode == 0:
            break
        assert run.exitcode == -signal.SIGKILL, log.read_text()
        migrate(empty_database)

        assert without_times(state(root)) == expected, f"killed at number {number}"
    assert number > least


def test_table_in_use(root: Connection, database: URL, tmp_path: Path) -> None:
    """A table that somebody reads for long ends the migration within its limit, with a name, and nothing changed."""
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
    """A table that is free again within the limit is migrated then, and readers go ahead of the migration meanwhile."""
    folder = with_revision(tmp_path, SLOW)
    reader = create_engine(database)
    with reader.connect() as connection:
        connection.execute(text("SELECT * FROM records")).all()
        with ThreadPoolExecutor(1) as pool:
            migration = pool.submit(alembic, database, "upgrade", "head", cwd=folder)
            eventually_waits(root)
            threading.Timer(3, connection.rollback).start()
            longest = 0.0
            while not migration.done():
                started = time.monotonic()
                root.execute(text("SELECT COUNT(*) FROM records"))
                longest = max(longest, time.monotonic() - started)
                time.sleep(0.05)
    reader.dispose()

    assert migration.result().returncode == 0
    assert "tries left" in migration.result().stdout
    assert longest < 2
    assert "colour" in str(state(root))


def eventually_waits(root: Connection) -> None:
    """Return as soon as somebody waits for a lock on a table."""
    query = text("SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%metadata lock%'")
    deadline = time.monotonic() + 30
    while not root.scalar(query):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_failing_statement(root: Connection, database: URL, tmp_path: Path) -> None:
    """What fails says which revision, what the database said and to which statement; the rest stays as it was."""
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
def test_no_right_to_change(empty_database: URL, new_user: Callable[[URL, str], URL], rights: str) -> None:
    """A user that may not change the schema is told which right is missing."""
    result = alembic(new_user(empty_database, rights), "upgrade", "head")

    assert result.returncode == 1
    assert "CREATE command denied to user" in result.stderr
    assert "statement: CREATE TABLE alembic_version" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "tell-nobody" not in result.stdout + result.stderr


def test_no_database() -> None:
    """Without a server, the migration ends with one line and without the password."""
    result = alembic(URL.create("mysql+pymysql", "u", "tell-nobody", "127.0.0.1", 1, "d"), "upgrade", "head")

    assert result.returncode == 1
    assert result.stderr.startswith("migration failed: ")
    assert "Can't connect to MySQL server" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "tell-nobody" not in result.stdout + result.stderr


def test_bad_setting() -> None:
    """A wrong setting is one line and exit status 2."""
    result = program("alembic", "upgrade", "head", env=environment(MIGRATIONS_DATABASE_URL="nonsense"))

    assert result.returncode == 2
    assert result.stderr.startswith("MIGRATIONS_DATABASE_URL: expected a URL")
    assert result.stderr.count("\n") == 1


def test_new_revision_has_the_rule(empty_database: URL, tmp_path: Path) -> None:
    """Who writes a new revision reads what it has to keep to."""
    folder = with_revision(tmp_path, SLOW.replace("9001", "9000"))
    migrate(empty_database, cwd=folder)

    assert alembic(empty_database, "revision", "--rev-id", "9999", "-m", "add a shape", cwd=folder).returncode == 0

    text = (folder / "migrations/versions/9999_add_a_shape.py").read_text()
    assert "The release before this revision is still running while it is applied" in text
    assert "if_not_exists=True" in text


def test_one_ddl_statement_in_each_revision() -> None:
    """MySQL commits each DDL statement by itself, so that a revision with two could be left half done."""
    for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions():
        result = alembic(
            URL.create("mysql+pymysql", "u", "p", "h", database="d"),
            "upgrade", f"{script.down_revision or 'base'}:{script.revision}", "--sql",
        )  # fmt: skip
        statements = re.findall(r"^(?:CREATE|ALTER|DROP|RENAME)\b.*", result.stdout, re.MULTILINE)
        assert result.returncode == 0, result.stderr
        assert len([line for line in statements if "alembic_version" not in line]) <= 1, script.revision
