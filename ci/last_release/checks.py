"""Parts of the last release that have to work on the schema of this checkout."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from ci import mysql
from ci.last_release import load, statements
from ci.last_release.release import ROOT, Release
from ci.lint_migrations.scratch import Scratch

FLASK = ("flask", "--app", "app", "records")
RECORDS = 1000  # of the last release, before the migration
ROWS = 1_000_000  # to migrate under load
WARM_UP, COOL_DOWN = 3, 3  # seconds of load before and after the migration
DEADLINE = 60  # seconds until the release serves


class BrokenError(Exception):
    """A failure of the last release on the new schema."""


def upgrade(url: URL) -> None:
    """Migrate to the schema of this checkout, as the next release does."""
    env = {**os.environ, "MIGRATIONS_DATABASE_URL": url.render_as_string(hide_password=False), "LOG_LEVEL": "INFO"}
    command = [str(Path(sys.executable).with_name("alembic")), "upgrade", "head"]
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BrokenError(f"this checkout's alembic upgrade head: {result.stderr.strip()}")


def output_of(release: Release, url: URL, *command: str) -> str:
    """Return the output of a program of the release. Raise BrokenError if it fails."""
    result = release.run(url, *command)
    if result.returncode:
        raise BrokenError(f"{' '.join(command)}: exit status {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def eventually(address: str, **headers: str) -> requests.Response:
    """Return the response, as soon as it is 200. Raise BrokenError if it is not within a deadline."""
    deadline, seen = time.monotonic() + DEADLINE, "no response"
    while time.monotonic() < deadline:
        try:
            response = requests.get(address, headers=headers, timeout=5)
            if response.ok:
                return response
            seen = f"{response.status_code}: {response.text.strip()[:200]}"
        except requests.RequestException as error:
            seen = str(error)
        time.sleep(0.1)
    raise BrokenError(f"GET {address}: {seen}")


@contextmanager
def serving(release: Release, url: URL) -> Iterator[str]:
    """Yield the address of the page, which the release serves meanwhile."""
    ports = {"PORT": str(mysql.free_port()), "METRICS_PORT": str(mysql.free_port())}
    with release.serving(url, **ports):
        yield f"http://{release.host}:{ports['PORT']}"


def check_schema(release: Release, url: URL) -> str:
    """Migrate a database that the release has filled, run every part of the release on it, and return the outcome."""
    output_of(release, url, "alembic", "upgrade", "head")
    output_of(release, url, *FLASK, "add", str(RECORDS))
    upgrade(url)
    with statements.logged(url):
        check_parts(release, url)
    return "works on the new schema: migration hook, records add, records count, readiness, JSON and page"


def check_parts(release: Release, url: URL) -> None:
    """Run every part of the release."""
    output_of(release, url, "alembic", "upgrade", "head")
    before = int(output_of(release, url, *FLASK, "count"))
    output_of(release, url, *FLASK, "add", "10", "--note", "by the last release")
    after = int(output_of(release, url, *FLASK, "count"))
    if after != before + 10:
        raise BrokenError(f"records count: {after} after 10 were added to {before}")
    with serving(release, url) as page:
        eventually(f"{page}/readyz")
        facts = eventually(page, Accept="application/json").json()
        html = eventually(page, Accept="text/html").text
    if facts["records"] != after or facts["version"] not in html:
        raise BrokenError(f"GET /: {facts}; expected {after} records")


def check_under_load(release: Release, url: URL) -> str:
    """Migrate a large database while the release serves and writes, and return the observations of its clients."""
    output_of(release, url, "alembic", "upgrade", "head")
    scratch = Scratch(url, ROOT)
    head = ScriptDirectory(f"{ROOT}/migrations").get_current_head()
    if scratch.query("SELECT version_num FROM alembic_version") == [(head,)]:
        return "has this schema already: no revision to apply while it serves"
    scratch.fill(ROWS)
    scratch.close()
    with serving(release, url) as page:
        eventually(f"{page}/readyz")
        with load.running(release, url, page) as figures:
            time.sleep(WARM_UP)
            started = time.monotonic()
            upgrade(url)
            seconds = time.monotonic() - started
            time.sleep(COOL_DOWN)
    if figures.failures or not (figures.requests and figures.rows):
        failures = sorted(set(figures.failures))[:5] or ["no client was served"]
        raise BrokenError("\n".join([f"during the migration: {figures}", *failures]))
    return f"served while {ROWS:,} rows were migrated in {seconds:.1f} s: {figures}"
