"""`make lint-migrations`: a table of bad revisions, with the rules that each breaks."""

import re
from pathlib import Path

import pytest

from tests.migrations.released import (
    BATCHES,
    COLOUR,
    DROP_COLOUR,
    DROP_NOTE,
    DROP_SHAPES,
    NOTE,
    REASON,
    SHAPES,
    ReleasedDatabase,
    upgrade,
)

# Name: the code, and the rules that it breaks
BAD: dict[str, tuple[str, set[str]]] = {
    "drop a column": (upgrade(DROP_NOTE, NOTE), {"removal"}),
    "drop a table": (upgrade("op.drop_table('records', if_exists=True)"), {"removal"}),
    "rename a column": (upgrade("guarded.rename_column('records', 'note', 'text')"), {"removal"}),
    "rename a column by SQL": (
        upgrade("op.execute('ALTER TABLE records CHANGE note text VARCHAR(200)')"),
        {"removal", "algorithm", "guard"},
    ),
    "rename a table": (upgrade("guarded.rename_table('records', 'notes')"), {"removal"}),
    "rename a table by SQL": (upgrade("op.execute('RENAME TABLE records TO notes')"), {"removal", "guard"}),
    "add a required column": (upgrade(COLOUR.replace("(10)", "(10), nullable=False"), DROP_COLOUR), {"required"}),
    "require a column with NULL": (
        upgrade("guarded.alter_column('records', 'note', 'INPLACE', nullable=False, existing_type=sa.String(200))"),
        {"required"},
    ),
    "drop a default": (upgrade("guarded.alter_column('records', 'created_at', server_default=None)"), {"required"}),
    "narrow a column": (
        upgrade("guarded.alter_column('records', 'note', type_=sa.String(99), existing_type=sa.String(200))"),
        {"copy"},
    ),
    "another type": (
        upgrade("guarded.alter_column('records', 'note', 'COPY', type_=sa.Text, existing_type=sa.String(200))"),
        {"copy"},
    ),
    "another character set": (
        upgrade("op.execute('ALTER TABLE records CONVERT TO CHARACTER SET utf8mb3, ALGORITHM=COPY')"),
        {"copy"},
    ),
    "an enforced check": (upgrade("guarded.create_check_constraint('a', 'records', 'LENGTH(note) > 0')"), {"copy"}),
    "a foreign key": (upgrade("guarded.create_foreign_key('a', 'marks', 'records', {'record': 'id'})"), {"copy"}),
    "a unique index": (upgrade("guarded.create_index('one', 'records', ['note'], unique=True)"), {"unique"}),
    "a unique index of two columns": (
        upgrade("guarded.create_index('one', 'records', ['note', 'created_at'], unique=True)"),
        {"unique"},
    ),
    "a unique index by SQL": (upgrade("op.execute('ALTER TABLE records ADD UNIQUE one (note)')"), {"unique"}),
    "two statements": (upgrade(f"{COLOUR}\n    {COLOUR.replace('colour', 'shape')}"), {"one-statement"}),
    "a table with an index": (
        upgrade(SHAPES.format(more=", sa.Column('a', sa.Integer, index=True)"), DROP_SHAPES),
        {"one-statement", "algorithm", "guard"},
    ),
    "a column without guard": (
        upgrade("op.add_column('records', sa.Column('colour', sa.String(10)))", DROP_COLOUR),
        {"guard", "algorithm"},
    ),
    "an index without guard": (
        upgrade("op.create_index('by_note', 'records', ['note'])", "op.drop_index('by_note', 'records')"),
        {"guard", "algorithm"},
    ),
    "a column with a guard for tables": (
        upgrade("op.add_column('records', sa.Column('colour', sa.String(10)), if_not_exists=True)"),
        {"guard"},
    ),
    "an index with a guard for tables": (
        upgrade("op.create_index('by_note', 'records', ['note'], if_not_exists=True)"),
        {"guard"},
    ),
    "a table without guard": (
        upgrade(SHAPES.format(more="").replace(", if_not_exists=True", ""), DROP_SHAPES),
        {"guard"},
    ),
    "a table without primary key": (
        upgrade("op.create_table('shapes', sa.Column('a', sa.Integer), if_not_exists=True)"),
        {"primary-key"},
    ),
    "an index that cannot be instant": (
        upgrade("op.execute('CREATE INDEX by_note ON records (note) ALGORITHM=INSTANT')"),
        {"algorithm", "guard"},
    ),
    "a needless copy": (upgrade(COLOUR.replace("(10))", "(10)), 'COPY'"), DROP_COLOUR), {"algorithm"}),
    "change all rows": (upgrade("op.execute(\"UPDATE records SET note = 'x'\")"), {"many-rows"}),
    "change all rows, one batch after the other": (upgrade(BATCHES), {"many-rows"}),
    "search all rows for some to delete": (
        upgrade("op.execute(\"DELETE FROM records WHERE note = 'none'\")"),
        {"many-rows"},
    ),
    "copy all rows": (
        upgrade("op.execute('INSERT INTO records (note) SELECT note FROM records')"),
        {"many-rows"},
    ),
    "a downgrade that deletes older rows": (
        upgrade("pass", "op.execute('DELETE FROM records WHERE id < 9')"),
        {"downgrade"},
    ),
    "a downgrade that drops an older column": (upgrade("pass", DROP_NOTE), {"downgrade"}),
    "a downgrade that fails": (upgrade("pass", "op.drop_table('nowhere')"), {"downgrade"}),
    "contract: its release is not out": (upgrade(DROP_NOTE, NOTE, "contract = '1.5.0'\n" + REASON), {"contract"}),
    "contract: no version": (upgrade(DROP_NOTE, NOTE, "contract = True\n" + REASON), {"contract"}),
    "contract: no reason": (upgrade(DROP_NOTE, NOTE, "contract = '1.4.0'\n"), {"contract"}),
    "contract: the models still have it": (
        upgrade("guarded.drop_column('records', 'created_at')", more="contract = '1.4.0'\n" + REASON),
        {"contract"},
    ),
    "a fault of Python": (upgrade("nonsense"), {"failure"}),
    "a table that does not exist": (upgrade("op.drop_table('nowhere')"), {"failure"}),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_revision(released_database: ReleasedDatabase, tmp_path: Path, name: str) -> None:
    """A revision that breaks rules has a finding for each, in its file, at a line of it."""
    code, rules = BAD[name]

    findings = released_database.findings(tmp_path, code)

    assert {finding.rule for finding in findings} == rules, list(map(str, findings))
    for finding in findings:
        assert re.fullmatch(r"migrations/versions/9000_case\.py:\d+: .+ \[[a-z-]+\]", str(finding))
        assert finding.line > 1, str(finding)


def test_copy_is_measured(released_database: ReleasedDatabase, tmp_path: Path) -> None:
    """A copy is named with its duration, with what it blocked, and with the safe way."""
    (finding,) = released_database.findings(tmp_path, BAD["another type"][0])

    measured = re.search(
        r"100,000 rows took ([\d.]+) s, while writes waited ([\d.]+) s and reads ([\d.]+) s; add a new", finding.message
    )
    assert measured
    assert float(measured[2]) > 0
