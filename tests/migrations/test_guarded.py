"""Guarded operations: a run killed between a statement and its revision's number is finished by the next one."""

import re
import signal
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine, make_url, text

from tests.migrations.conftest import Killable
from tests.migrations.test_migrations import alembic, state, with_revision
from tests.processes import migrate

MARKS = "CREATE TABLE marks (id INT PRIMARY KEY, record BIGINT, KEY of_record (record)%s)"
FOREIGN_KEY = ", CONSTRAINT of_record FOREIGN KEY (record) REFERENCES records (id)"
REVISION = """
import sqlalchemy as sa
from alembic import op
from migrations import guarded
revision, down_revision = "9001", "{head}"
def upgrade():
    %s
def downgrade():
    %s
"""
# Name: tables before, upgrade, downgrade, what MySQL gets
OPERATIONS = {
    "create a table": (
        "",
        "op.create_table('shapes', sa.Column('id', sa.Integer, primary_key=True), if_not_exists=True)",
        "op.drop_table('shapes', if_exists=True)",
        "CREATE TABLE IF NOT EXISTS shapes",
    ),
    "rename a table": (
        "CREATE TABLE shapes (id INT PRIMARY KEY)",
        "guarded.rename_table('shapes', 'forms')",
        "guarded.rename_table('forms', 'shapes')",
        "ALTER TABLE shapes RENAME TO forms, ALGORITHM=INSTANT",
    ),
    "add a column": (
        "",
        "guarded.add_column('records', sa.Column('share', sa.String(9), server_default='9 %'))",
        "guarded.drop_column('records', 'share')",
        "ALTER TABLE records ADD COLUMN share VARCHAR(9) DEFAULT '9 %', ALGORITHM=INSTANT",
    ),
    "drop a column": (
        "",
        "guarded.drop_column('records', 'note')",
        "guarded.add_column('records', sa.Column('note', sa.String(200)))",
        "ALTER TABLE records DROP COLUMN note, ALGORITHM=INSTANT",
    ),
    "rename a column": (
        "",
        "guarded.rename_column('records', 'note', 'order')",
        "guarded.rename_column('records', 'order', 'note')",
        "ALTER TABLE records RENAME COLUMN note TO `order`, ALGORITHM=INSTANT",
    ),
    "widen a column": (
        "",
        "guarded.alter_column('records', 'note', 'INPLACE', type_=sa.String(300), existing_type=sa.String(200))",
        "guarded.alter_column('records', 'note', 'COPY', type_=sa.String(200), existing_type=sa.String(300))",
        "ALTER TABLE records MODIFY note VARCHAR(300) NULL, ALGORITHM=INPLACE, LOCK=NONE",
    ),
    "set a default": (
        "",
        "guarded.alter_column('records', 'note', server_default='none')",
        "guarded.alter_column('records', 'note', server_default=None)",
        "ALTER TABLE records ALTER COLUMN note SET DEFAULT 'none', ALGORITHM=INSTANT",
    ),
    "create an index": (
        "",
        "guarded.create_index('by_time', 'records', ['created_at'])",
        "guarded.drop_index('by_time', 'records')",
        "CREATE INDEX by_time ON records (created_at) ALGORITHM=INPLACE LOCK=NONE",
    ),
    "create a unique index": (
        "",
        "guarded.create_index('one_note', 'records', ['note'], unique=True)",
        "guarded.drop_index('one_note', 'records')",
        "CREATE UNIQUE INDEX one_note ON records (note) ALGORITHM=INPLACE LOCK=NONE",
    ),
    "drop an index": (
        "CREATE INDEX by_time ON records (created_at)",
        "guarded.drop_index('by_time', 'records')",
        "guarded.create_index('by_time', 'records', ['created_at'])",
        "DROP INDEX by_time ON records ALGORITHM=INPLACE LOCK=NONE",
    ),
    "add a check": (
        "",
        "guarded.create_check_constraint('a_note', 'records', \"note <> ''\")",
        "guarded.drop_constraint('a_note', 'records', 'check')",
        "ALTER TABLE records ADD CONSTRAINT a_note CHECK (note <> ''), ALGORITHM=COPY",
    ),
    "drop a check": (
        "ALTER TABLE records ADD CONSTRAINT a_note CHECK (note <> '')",
        "guarded.drop_constraint('a_note', 'records', 'check')",
        "guarded.create_check_constraint('a_note', 'records', \"note <> ''\")",
        "ALTER TABLE records DROP CHECK a_note, ALGORITHM=INPLACE, LOCK=NONE",
    ),
    "add a foreign key": (
        MARKS % "",
        "guarded.create_foreign_key('of_record', 'marks', 'records', {'record': 'id'})",
        "guarded.drop_constraint('of_record', 'marks', 'foreignkey')",
        "ALTER TABLE marks ADD CONSTRAINT of_record FOREIGN KEY(record) REFERENCES records (id), ALGORITHM=COPY",
    ),
    "drop a foreign key": (
        MARKS % FOREIGN_KEY,
        "guarded.drop_constraint('of_record', 'marks', 'foreignkey')",
        "guarded.create_foreign_key('of_record', 'marks', 'records', {'record': 'id'})",
        "ALTER TABLE marks DROP FOREIGN KEY of_record, ALGORITHM=INPLACE, LOCK=NONE",
    ),
}


@pytest.fixture
def before(request: pytest.FixtureRequest, tmp_path: Path, root: Connection, database: URL) -> tuple[str, URL]:
    """Prepare an operation as the newest revision of the test's directory, and return its statement."""
    tables, upgrade, downgrade, statement = OPERATIONS[request.param]
    with_revision(tmp_path, REVISION % (upgrade, downgrade))
    if tables:
        root.execute(text(tables))
    return statement, database


@pytest.mark.parametrize("before", OPERATIONS, indirect=True)
def test_killed_operation_is_finished_by_the_next_run(
    before: tuple[str, URL], root: Connection, killable: Killable, tmp_path: Path
) -> None:
    """An operation, killed after its statement and before its revision's number, is finished by the next run."""
    statement, database = before
    old = state(root)

    assert killable("before_cursor_execute", 1, "UPDATE alembic_version") == -signal.SIGKILL
    changed = state(root)
    assert changed != old, "the killed run left its statement's result behind"
    assert killable("none", 0) == 0

    assert [line.replace("9001", "0002") for line in state(root)] == changed
    result = alembic(database, "upgrade", "0002:9001", "--sql", cwd=tmp_path)
    assert statement in re.sub(r"\s+", " ", result.stdout).replace("%%", "%")


@pytest.mark.parametrize("before", OPERATIONS, indirect=True)
def test_operation_is_undone(before: tuple[str, URL], root: Connection, tmp_path: Path) -> None:
    """Each operation can be undone, and a downgrade that is repeated after a kill is finished, too."""
    _, database = before
    migrate(database, cwd=tmp_path)
    new = state(root)

    assert alembic(database, "downgrade", "-1", cwd=tmp_path).returncode == 0
    undone = state(root)
    root.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    assert alembic(database, "downgrade", "-1", cwd=tmp_path).returncode == 0

    assert undone == state(root) != new


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "foreign key" not in name])
def test_operation_on_sqlite(tmp_path: Path, name: str) -> None:
    """Each operation works on a laptop's SQLite, which has no algorithms and few ways to change a table."""
    tables, upgrade, downgrade, _ = OPERATIONS[name]
    url = make_url(f"sqlite:///{tmp_path}/app.db")
    with_revision(tmp_path, REVISION % (upgrade, downgrade))
    migrate(url, "0002", cwd=tmp_path)
    if tables.startswith("CREATE TABLE shapes"):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text(tables))
        engine.dispose()

    migrate(url, cwd=tmp_path)
    assert alembic(url, "downgrade", "-1", cwd=tmp_path).returncode == 0
