"""`make test-last-release`: runs the last release on the schema of this checkout, and while it is migrated to it.

During a rollout the last release serves on the new schema. After a rollback it does so again, with its own migration
hook. The test fails if any part of it fails there, and prints the statement.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ci import mysql
from ci.last_release import statements
from ci.last_release.checks import BrokenError, check_schema, check_under_load
from ci.last_release.release import ROOT, Release
from ci.lint_migrations.__main__ import database

REPORT = ROOT / "build" / "last-release.txt"
SAFE_WAY = (
    "the safe way takes two releases: this one adds what is new and fills it, and its code works with both; a later "
    "one, when no running release uses the old, drops, renames or requires it (docs/writing-a-migration.md)"
)


def log(message: str) -> None:
    """Print a line, and add it to the report for the merge request."""
    sys.stdout.write(f"{message}\n")
    sys.stdout.flush()
    with REPORT.open("a") as report:
        report.write(f"{message}\n")


def run() -> int:
    """Test the last release; return the exit status."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("")
    tag = subprocess.check_output([ROOT / "ci/last-release.sh"], text=True).strip()
    if not tag:
        log("no release yet: there is none that has to work on this schema")
        return 0
    mysql.require()
    with tempfile.TemporaryDirectory() as folder, mysql.server() as server:
        release = Release(tag, Path(folder))
        log(f"the last release is {release.version}: {release.source}")
        mysql.wait(server)
        for check in (check_schema, check_under_load):
            with database(server, f"{check.__name__}_{os.getpid()}") as url:
                try:
                    log(f"release {release.version} {check(release, url)}")
                except BrokenError as error:
                    log(f"release {release.version} does not work on the new schema: {error}")
                    for statement in statements.failed(url):
                        log(f"failed statement: {statement}")
                    log(SAFE_WAY)
                    return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
