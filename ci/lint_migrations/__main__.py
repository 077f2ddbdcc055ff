"""`make lint-migrations`: judges each revision since the last release by running it on a real MySQL.

Each fault is one line, `file:line: message [rule]`, and the exit status is 1. build/codequality.json has the same for
GitLab. MySQL comes from `TEST_DATABASE_URL`, else from Docker, else from an installed mysqld.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, create_engine, text

from ci import mysql
from ci.lint_migrations.history import heads_findings, last_release, merged_meanwhile, since
from ci.lint_migrations.rules import Finding, LastRelease, Revision
from ci.lint_migrations.scratch import Scratch

ROOT = Path(__file__).parent.parent.parent
REPORT = ROOT / "build" / "codequality.json"


@contextmanager
def database(server: URL, name: str) -> Iterator[URL]:
    """Yield the URL of a new database, which is dropped afterwards."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield server.set(database=name)
        finally:
            connection.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()


def judge(scratch: Scratch, revisions: list[Script], release: LastRelease) -> Iterator[Finding]:
    """Yield the faults of revisions, applied one after the other, until one cannot be applied."""
    for script in revisions:
        revision = Revision(script, scratch, release)
        yield from revision.findings()
        if not revision.is_applied:
            return
        if revision.is_undone and script is not revisions[-1]:
            scratch.migrate(script.revision)
        if release.columns is None:
            scratch.fill()


def report(findings: list[Finding]) -> None:
    """Print the faults, and write GitLab's code quality report."""
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    REPORT.parent.mkdir(exist_ok=True)
    issues = [
        {
            "description": finding.message, "check_name": finding.rule, "severity": "blocker",
            "fingerprint": hashlib.sha256(f"{finding.file} {finding.rule} {finding.line}".encode()).hexdigest(),
            "location": {"path": finding.file, "lines": {"begin": finding.line}},
        }
        for finding in findings
    ]  # fmt: skip
    REPORT.write_text(json.dumps(issues, indent=2, ensure_ascii=False) + "\n")


def run() -> int:
    """Judge the revisions of this checkout; return the exit status."""
    with merged_meanwhile(ROOT) as scripts:
        findings = list(heads_findings(scripts, ROOT))
    release, head = last_release(ROOT)
    revisions = since(ScriptDirectory(str(ROOT / "migrations")), head)
    if not findings and revisions:
        mysql.require()
        with mysql.server() as server:
            mysql.wait(server)
            with database(server, f"lint_{os.getpid()}") as url:
                scratch = Scratch(url, ROOT)
                if head:
                    scratch.migrate(head)
                    scratch.fill()
                    release = LastRelease(release.version, scratch.columns(), release.models)
                findings = list(judge(scratch, revisions, release))
                scratch.close()
    report(sorted(findings))
    names = f"{len(revisions)} revisions since {release.version or 'the beginning'}"
    sys.stdout.write(f"{names}: {len(findings)} faults\n")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(run())
