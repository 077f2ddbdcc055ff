"""`make lint-migrations`: a table of good revisions, and what the lint reads and writes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from ci.lint_migrations import __main__ as lint
from ci.lint_migrations.history import heads_findings, merged_meanwhile, since
from ci.lint_migrations.rules import Finding, LastRelease
from ci.lint_migrations.scratch import Scratch
from tests.ci.repository import Repository
from tests.migrations.released import (
    AUTOCOMMIT,
    BATCHES,
    COLOUR,
    DROP_COLOUR,
    DROP_NOTE,
    DROP_SHAPES,
    HEADER,
    NOTE,
    PASS,
    REASON,
    SHAPES,
    ReleasedDatabase,
    upgrade,
    write,
)
from tests.processes import ROOT

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


@pytest.mark.parametrize("name", GOOD)
def test_good_revision(released_database: ReleasedDatabase, tmp_path: Path, name: str) -> None:
    """A revision on whose schema the last release works, and that blocks no client, has no finding."""
    code = GOOD[name]
    assert list(map(str, released_database.findings(tmp_path, *([code] if isinstance(code, str) else code)))) == []


def test_examples_of_the_page(released_database: ReleasedDatabase, tmp_path: Path) -> None:
    """The revisions of docs/writing-a-migration.md have no finding: add, fill, and drop in a later release."""
    page = (ROOT / "docs/writing-a-migration.md").read_text()
    add, fill, contract = re.findall(r"```python\n(.*?)```", page, re.DOTALL)

    assert list(map(str, released_database.findings(tmp_path, add, fill + PASS, contract + PASS))) == []


def test_before_the_first_release(empty_database: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first release all revisions are judged: the project's have no finding, one that drops a column has."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path, upgrade(DROP_NOTE))
    scratch = Scratch(empty_database, tmp_path)

    findings = list(lint.judge(scratch, since(ScriptDirectory(str(tmp_path / "migrations")), None), LastRelease()))
    scratch.close()

    assert [(finding.file, finding.rule) for finding in findings] == [("migrations/versions/9000_case.py", "removal")]


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
