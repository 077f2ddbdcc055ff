"""History of the revisions: those of the last release, those since, and those that were merged meanwhile."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.script import Script, ScriptDirectory

from ci.lint_migrations.rules import Finding, LastRelease

VERSIONS = "migrations/versions"
HEADS = (
    "revisions {} and {} are both the newest, so `alembic upgrade head` cannot choose; set down_revision of the "
    "one that is not merged yet to the other"
)
MODELS = (
    "from app.models import Base; [print(t.name, c.name) for t in Base.metadata.tables.values() for c in t.columns]"
)


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.check_output(["git", *arguments], cwd=root)


def last_release(root: Path) -> tuple[LastRelease, str | None]:
    """Return the last release in the history of this commit, and its newest revision."""
    tag = subprocess.check_output([root / "ci/last-release.sh"], text=True).strip()
    if not tag:
        return LastRelease(), None
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", tag, "app", "migrations"))) as files:
            files.extractall(folder, filter="data")
        head = ScriptDirectory(f"{folder}/migrations").get_current_head()
        env = {**os.environ, "PYTHONPATH": folder}
        listed = subprocess.check_output([sys.executable, "-c", MODELS], cwd=folder, text=True, env=env)
    models = frozenset((table, column) for table, column in map(str.split, listed.splitlines()))
    return LastRelease(tag.removeprefix("v"), None, models), head


def since(scripts: ScriptDirectory, head: str | None) -> list[Script]:
    """Return the revisions after that one, or all, in their order."""
    return list(reversed(list(scripts.iterate_revisions("heads", head or "base"))))


@contextmanager
def merged_meanwhile(root: Path) -> Iterator[ScriptDirectory]:
    """Yield the revisions of this checkout, and those that were merged to the target branch since it began."""
    branch = f"origin/{os.environ.get('CI_MERGE_REQUEST_TARGET_BRANCH_NAME', 'main')}"
    with tempfile.TemporaryDirectory() as folder:
        if os.environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"):
            fetch = ["git", "fetch", "--quiet", "origin", f"+refs/heads/{branch[7:]}:refs/remotes/{branch}"]
            subprocess.run(fetch, cwd=root, check=False)  # a fork may lack the branch
        if _git(root, "branch", "--remotes", "--list", branch):
            added = _git(root, "diff", "--name-only", "--diff-filter=A", f"HEAD...{branch}", "--", VERSIONS)
            for name in added.decode().splitlines():
                (Path(folder) / Path(name).name).write_bytes(_git(root, "show", f"{branch}:{name}"))
        yield ScriptDirectory(str(root / "migrations"), version_locations=[str(root / VERSIONS), folder])


def heads_findings(scripts: ScriptDirectory, root: Path) -> Iterator[Finding]:
    """Yield a fault if two revisions follow the same one: `alembic upgrade head` then does not know which to take."""
    heads = sorted((script for script in scripts.get_revisions("heads") if script), key=lambda script: script.path)
    own = [script for script in heads if Path(script.path).is_relative_to(root)]
    merged = [script for script in heads if script not in own]
    for head in own if merged else own[1:]:
        other = (merged or own)[0].revision
        file = str(Path(head.path).relative_to(root))
        yield Finding(file, 1, "two-heads", HEADS.format(head.revision, other))
