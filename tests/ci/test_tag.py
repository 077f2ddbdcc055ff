"""Two releases at the very same moment: the loser says what became of its commit."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs import ROOT

# In place of semantic-release, which cannot be held up at the right moment: the other pushes its tag just before.
RACE = """#!/bin/sh
case "$*" in
*--print*) echo 1.0.0 ;;
*--no-commit*) git -C ../other push --quiet origin v1.0.0 && git tag v1.0.0 && git push --quiet origin v1.0.0 ;;
esac
"""


def git(folder: Path, *arguments: str) -> str:
    """Run git, as somebody."""
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Return two clones of one repository with two commits; the first has the script, and a tool that loses."""
    origin, mine, other = (tmp_path / name for name in ("origin", "mine", "other"))
    git(tmp_path, "init", "--quiet", "--bare", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(mine))
    for message in ("one", "two"):
        git(mine, "commit", "--quiet", "--allow-empty", "--message", message)
    git(mine, "push", "--quiet", "origin", "HEAD:main")
    git(tmp_path, "clone", "--quiet", "--branch", "main", str(origin), str(other))
    shutil.copytree(ROOT / "ci", mine / "ci")
    program = mine / ".venv/bin/semantic-release"
    program.parent.mkdir(parents=True)
    program.write_text(RACE)
    program.chmod(0o755)
    return mine, other


@pytest.mark.parametrize(
    ("mine_at", "other_at", "said"),
    [
        ("HEAD~1", "HEAD", "v1.0.0 came first, and has this commit in it: there is nothing left to release"),
        (
            "HEAD", "HEAD~1",
            "another release came first: v1.0.0 was tagged this very moment: run a new pipeline for main",
        ),
    ],
)  # fmt: skip
def test_at_the_same_moment(clones: tuple[Path, Path], mine_at: str, other_at: str, said: str) -> None:
    """Whoever loses says whether the winner has this commit in it, and exits with 1."""
    mine, other = clones
    git(mine, "checkout", "--quiet", "--detach", mine_at)
    git(other, "tag", "v1.0.0", other_at)

    result = subprocess.run(
        ["ci/tag.sh"], cwd=mine, env={"PATH": os.environ["PATH"], "VERSION": "1.0.0", "GITLAB_TOKEN": "unused"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == said
