"""Revisions after a release, and a database as of that release to judge them on."""

import re
import shutil
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import URL

from ci.lint_migrations import __main__ as lint
from ci.lint_migrations.history import since
from ci.lint_migrations.rules import Finding, LastRelease
from ci.lint_migrations.scratch import Scratch
from tests.processes import ROOT

HEADER = """
import sqlalchemy as sa
from alembic import op
from migrations import guarded
revision, down_revision = "{revision}", "{down}"
"""
PASS = "def downgrade():\n    pass\n"
SHAPES = "op.create_table('shapes', sa.Column('id', sa.Integer, primary_key=True){more}, if_not_exists=True)"
DROP_SHAPES = "op.drop_table('shapes', if_exists=True)"
COLOUR = "guarded.add_column('records', sa.Column('colour', sa.String(10)))"
DROP_COLOUR = "guarded.drop_column('records', 'colour')"
DROP_NOTE = "guarded.drop_column('records', 'note')"
NOTE = "guarded.add_column('records', sa.Column('note', sa.String(200)))"
REASON = "contract_reason = 'replaced by nothing'\n"
BATCHES = """for first in range(1, 100_000, 5_000):
        op.execute(f"UPDATE records SET note = 'x' WHERE id BETWEEN {first} AND {first + 4_999}")"""
AUTOCOMMIT = """with op.get_context().autocommit_block():
        """
MODELS = frozenset({("records", "id"), ("records", "created_at")})  # of release 1.4.0: it has stopped using the note


def upgrade(code: str, downgrade: str = "pass", more: str = "") -> str:
    """Return a revision's code."""
    return f"{more}def upgrade():\n    {code}\ndef downgrade():\n    {downgrade}\n"


def write(folder: Path, *revisions: str) -> None:
    """Copy the project's migrations, and add revisions that follow them."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    numbers = ["0002", *(f"900{number}" for number in range(len(revisions)))]
    for down, revision, code in zip(numbers, numbers[1:], revisions, strict=False):
        text = HEADER.format(revision=revision, down=down) + code
        (folder / f"migrations/versions/{revision}_case.py").write_text(text)


class ReleasedDatabase:
    """A scratch database as of the last release, which is restored after each revision that was tried."""

    def __init__(self, template: URL, url: URL) -> None:
        self._template = template.database
        self._scratch = Scratch(url, ROOT)
        self._state: list[object] = []
        self.restore()
        self._columns = self._scratch.columns()

    def restore(self) -> None:
        """Copy the tables of the template, unless they are unchanged."""
        if self._state and self._current() == self._state:
            return
        query = self._scratch.query
        query("SET SESSION foreign_key_checks = 0")
        for name, kind in query("SHOW FULL TABLES"):
            query(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")
        for (name,) in query(f"SHOW TABLES FROM {self._template}"):
            query(f"CREATE TABLE {name} LIKE {self._template}.{name}")
            query(f"INSERT INTO {name} SELECT * FROM {self._template}.{name}")
        query("SET SESSION foreign_key_checks = 1")
        self._state = self._current()

    def _current(self) -> list[object]:
        query = self._scratch.query
        tables = [name for (name,) in query("SHOW TABLES")]
        made = [re.sub(r" AUTO_INCREMENT=\d+", "", str(query(f"SHOW CREATE TABLE {name}"))) for name in tables]
        return [*made, *(query(f"CHECKSUM TABLE {name}") for name in ("records", "alembic_version") if name in tables)]

    def findings(self, folder: Path, *revisions: str) -> list[Finding]:
        """Judge revisions that follow the last release's."""
        write(folder, *revisions)
        self._scratch.root = folder
        release = LastRelease("1.4.0", self._columns, MODELS)
        scripts = since(ScriptDirectory(str(folder / "migrations")), "0002")
        return list(lint.judge(self._scratch, scripts, release))

    def undo(self) -> None:
        """Go back to the last release's schema, as far as the revisions can."""
        self._scratch.set_revision("0002")
        self.restore()

    def close(self) -> None:
        """Close the connection."""
        self._scratch.close()
