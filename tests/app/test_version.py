"""The version of a build comes from the newest tag vX.Y.Z; other tags are ignored."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT, environment, program


def git(directory: Path, *arguments: str) -> None:
    """Run git in a repository, as an author of its own."""
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(["git", *author, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with the project's configuration and one commit."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "feat: begin")
    return tmp_path


def version(repository: Path) -> str:
    """Return the version that a build of the repository would have."""
    result = program("hatchling", "version", cwd=repository, env=environment())
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


OTHER_TAGS = ["v1", "v2.0", "2026-event", "deploy-2026-11-27", "v1.2.3.4", "v1.2.3-rc.1", "v9.9.x", "vv9.9.9", "1.2.3"]


@pytest.mark.parametrize("tag", OTHER_TAGS)
def test_other_tags_are_ignored(repository: Path, tag: str) -> None:
    """A tag that is no release does not change the version, beside a release or without one."""
    before = version(repository)
    git(repository, "tag", tag)
    assert version(repository) == before

    git(repository, "tag", "v1.4.2")
    assert version(repository) == "1.4.2"


def test_commits_after_a_release(repository: Path) -> None:
    """Between two releases, the version is the next patch with the number of commits and the commit."""
    git(repository, "tag", "--annotate", "--message", "1.4.2", "v1.4.2")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "fix: change")

    assert re.fullmatch(r"1\.4\.3\.dev1\+g[0-9a-f]+", version(repository))
