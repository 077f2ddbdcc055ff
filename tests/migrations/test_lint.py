"""`make lint-migrations`: a table of revisions, good and bad, with the rules that each breaks."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from ci.lint_migrations import __main__ as lint
from ci.lint_migrations.history import heads_findings, merged_meanwhile, since
from ci.lint_migrations.rules import Finding, LastRelease
from ci.lint_migrations.scratch import Scratch
from tests.ci.repository import Repository
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


def upgrade(code: str, downgrade: str = "pass", more: str = "") -> str:
    """Return a revision's code."""
    return f"{more}def upgrade():\n    {code}\ndef downgrade():\n    {downgrade}\n"


# Name: the code of one revision, or of several that follow one another
GOOD: dict[str, str | tuple[str, ...]] = {
    "nothing": upgrade("pass"),
    "add a column that may be NULL": upgrade(COLOUR, DROP_COLOUR),
    "add a column with a default": upgrade(COLOUR.replace("(10)", "(10), server_default='red'"), DROP_COLOUR),
    "add a required column with a default": upgrade(
        COLOUR.replace("(10)", "(10), server_default='50 %', nullable=False"), DROP_COLOUR
    ),
    "add a generated column": upgrade(COLOUR.replace("(10)", "(10), sa.Computed('LEFT(note, 9)')"), DROP_COLOUR),
    "add a column by SQL": upgrade(
        "if not any(c['name'] == 'colour' for c in sa.inspect(op.get_bind()).get_columns('records')):\n"
        "        op.execute('ALTER TABLE records ADD colour INT, ALGORITHM=INSTANT')",
        DROP_COLOUR,
    ),
    "create a table": upgrade(SHAPES.format(more=""), DROP_SHAPES),
    "create a table with a foreign key": upgrade(
        SHAPES.format(more=", sa.Column('record', sa.BigInteger, sa.ForeignKey('records.id'))"), DROP_SHAPES
    ),
    "create a table with a unique key": upgrade(
        SHAPES.format(more=", sa.Column('a', sa.Integer, unique=True)"), DROP_SHAPES
    ),
    "create a table with a required column": upgrade(
        SHAPES.format(more=", sa.Column('a', sa.Integer, nullable=False)"), DROP_SHAPES
    ),
    "create an index": upgrade(
        "guarded.create_index('by_time', 'records', ['created_at'])", "guarded.drop_index('by_time', 'records')"
    ),
    "drop an index": (
        upgrade("guarded.create_index('by_time', 'records', ['created_at'])"),
        upgrade("guarded.drop_index('by_time', 'records')"),
    ),
    "a unique index of a new column": (
        upgrade(COLOUR, DROP_COLOUR),
        upgrade(
            "guarded.create_index('one', 'records', ['colour'], unique=True)", "guarded.drop_index('one', 'records')"
        ),
    ),
    "a unique index that the rows cannot violate": upgrade(
        "guarded.create_index('one', 'records', ['id', 'note'], unique=True)", "guarded.drop_index('one', 'records')"
    ),
    "rename a column that is not released": (
        upgrade(COLOUR, DROP_COLOUR),
        upgrade(
            "guarded.rename_column('records', 'colour', 'color')", "guarded.rename_column('records', 'color', 'colour')"
        ),
    ),
    "drop a column that is not released": (upgrade(COLOUR, DROP_COLOUR), upgrade(DROP_COLOUR, COLOUR)),
    "rename a table that is not released": (
        upgrade(SHAPES.format(more=""), DROP_SHAPES),
        upgrade("guarded.rename_table('shapes', 'forms')", "guarded.rename_table('forms', 'shapes')"),
    ),
    "require a value of a table that is not released": (
        upgrade(SHAPES.format(more=""), DROP_SHAPES),
        upgrade(
            "guarded.add_column('shapes', sa.Column('a', sa.Integer, nullable=False))",
            "guarded.drop_column('shapes', 'a')",
        ),
    ),
    "widen a column": upgrade(
        "guarded.alter_column('records', 'note', 'INPLACE', type_=sa.String(300), existing_type=sa.String(200))"
    ),
    "set a default": upgrade(
        "guarded.alter_column('records', 'note', server_default='none')",
        "guarded.alter_column('records', 'note', server_default=None)",
    ),
    "a check that is not enforced": upgrade(
        "if not sa.inspect(op.get_bind()).get_check_constraints('records'):\n"
        "        op.execute('ALTER TABLE records ADD CHECK (LENGTH(note) > 0) NOT ENFORCED, ALGORITHM=INPLACE')",
        "guarded.drop_constraint('records_chk_1', 'records', 'check')",
    ),
    "create a view": upgrade(
        "op.execute('CREATE OR REPLACE VIEW notes AS SELECT note FROM records')", "op.execute('DROP VIEW notes')"
    ),
    "insert a few rows": upgrade(
        "op.execute(\"INSERT IGNORE INTO records (id, note) VALUES (200001, 'x')\")",
        "op.execute(\"DELETE FROM records WHERE id = 200001 AND note = 'x'\")",
    ),
    "change a few rows": upgrade("op.execute(\"UPDATE records SET note = 'x' WHERE id < 1000\")"),
    "change all rows in batches": upgrade(AUTOCOMMIT + BATCHES.replace("\n", "\n    ")),
    "a downgrade that refuses": upgrade(COLOUR, "raise NotImplementedError('colours would be lost')"),
    "contract: drop a column that the last release has stopped using": upgrade(
        DROP_NOTE, NOTE, "contract = '1.4.0'\n" + REASON
    ),
    "contract: an older release stopped using it": upgrade(DROP_NOTE, NOTE, "contract = '1.3.9'\n" + REASON),
}
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
MODELS = frozenset({("records", "id"), ("records", "created_at")})  # of release 1.4.0: it has stopped using the note


class Laboratory:
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
        shutil.copy(ROOT / "pyproject.toml", folder)
        shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
        numbers = ["0002", *(f"900{number}" for number in range(len(revisions)))]
        for down, revision, code in zip(numbers, numbers[1:], revisions, strict=False):
            text = HEADER.format(revision=revision, down=down) + code
            (folder / f"migrations/versions/{revision}_case.py").write_text(text)
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


@pytest.fixture(scope="module")
def released(mysql_server: URL) -> Iterator[Laboratory]:
    """Return a database as of release 1.4.0, with 100,000 records."""
    name = f"lint_{os.getpid()}"
    with lint.database(mysql_server, f"{name}_template") as template, lint.database(mysql_server, name) as url:
        scratch = Scratch(template, ROOT)
        scratch.migrate("head")
        scratch.fill()
        scratch.query("CREATE TABLE marks (id INT PRIMARY KEY, record BIGINT)")
        scratch.query("INSERT INTO marks SELECT id, id FROM records WHERE id < 100")
        scratch.close()
        laboratory = Laboratory(template, url)
        yield laboratory
        laboratory.close()


@pytest.fixture
def laboratory(released: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    """Return that database for one test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield released
    released.undo()


@pytest.mark.parametrize("name", GOOD)
def test_good_revision(laboratory: Laboratory, tmp_path: Path, name: str) -> None:
    """A revision on whose schema the last release works, and that blocks no client, has no finding."""
    code = GOOD[name]
    assert list(map(str, laboratory.findings(tmp_path, *([code] if isinstance(code, str) else code)))) == []


@pytest.mark.parametrize("name", BAD)
def test_bad_revision(laboratory: Laboratory, tmp_path: Path, name: str) -> None:
    """A revision that breaks rules has a finding for each, in its file, at a line of it."""
    code, rules = BAD[name]

    findings = laboratory.findings(tmp_path, code)

    assert {finding.rule for finding in findings} == rules, list(map(str, findings))
    for finding in findings:
        assert re.fullmatch(r"migrations/versions/9000_case\.py:\d+: .+ \[[a-z-]+\]", str(finding))
        assert finding.line > 1, str(finding)


def test_copy_is_measured(laboratory: Laboratory, tmp_path: Path) -> None:
    """A copy is named with its duration, with what it blocked, and with the safe way."""
    (finding,) = laboratory.findings(tmp_path, BAD["another type"][0])

    measured = re.search(
        r"100,000 rows took ([\d.]+) s, while writes waited ([\d.]+) s and reads ([\d.]+) s; add a new", finding.message
    )
    assert measured
    assert float(measured[2]) > 0


def test_examples_of_the_page(laboratory: Laboratory, tmp_path: Path) -> None:
    """The revisions of docs/writing-a-migration.md have no finding: add, fill, and drop in a later release."""
    page = (ROOT / "docs/writing-a-migration.md").read_text()
    add, fill, contract = re.findall(r"```python\n(.*?)```", page, re.DOTALL)

    assert list(map(str, laboratory.findings(tmp_path, add, fill + PASS, contract + PASS))) == []


def test_two_heads(tmp_path: Path) -> None:
    """Two revisions after the same one are a finding that names both, and what to do."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    for revision in ("0003_a", "0003_b"):
        text = HEADER.format(revision=revision, down="0002") + upgrade("pass")
        (tmp_path / f"migrations/versions/{revision}.py").write_text(text)

    (finding,) = heads_findings(ScriptDirectory(str(tmp_path / "migrations")), tmp_path)

    assert str(finding).startswith("migrations/versions/0003_b.py:1: revisions 0003_b and 0003_a are both the newest")


def test_two_merge_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another revision was merged meanwhile, the check of this one fails before it is merged, too."""
    monkeypatch.delenv("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", raising=False)
    repository = Repository.make(tmp_path)
    shutil.copytree(ROOT / "migrations", repository.folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    start = repository.commit("feat: begin")
    for branch in ("main", "other"):
        repository.git("checkout", "--quiet", "-B", branch, start)
        text = HEADER.format(revision=f"of_{branch}", down="0002") + upgrade("pass")
        (repository.folder / f"migrations/versions/of_{branch}.py").write_text(text)
        repository.commit("feat: add something")
        with merged_meanwhile(repository.folder) as scripts:
            findings = list(heads_findings(scripts, repository.folder))
        repository.git("push", "--quiet", "--force", "origin", branch)
        assert [str(finding).partition(" are both")[0] for finding in findings] == (
            ["migrations/versions/of_other.py:1: revisions of_other and of_main"] if branch == "other" else []
        )


def test_this_checkout() -> None:
    """The revisions of this checkout since the last release have no fault."""
    result = subprocess.run(
        [sys.executable, "-m", "ci.lint_migrations"],
        cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "error"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings are printed one per line, and written as GitLab's code quality report."""
    monkeypatch.setattr(lint, "REPORT", tmp_path / "build/codequality.json")
    lint.report([Finding("migrations/versions/0003.py", 7, "removal", "drops it")])

    (issue,) = json.loads(lint.REPORT.read_text())
    assert capsys.readouterr().out == "migrations/versions/0003.py:7: drops it [removal]\n"
    assert issue["location"] == {"path": "migrations/versions/0003.py", "lines": {"begin": 7}}
    assert {"description", "check_name", "fingerprint", "severity"} < set(issue)
