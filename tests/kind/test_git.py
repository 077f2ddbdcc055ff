"""The Git server of the kind cluster: its image, with a repository that is created, pushed to and cloned."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mysql import docker_host
from tests.processes import ROOT
from tests.requirements import require

# Debian, as in the image itself; the app's image is based on it, so it is local.
BASE = "python:3.13-slim"


def must(*command: str, cwd: Path = ROOT) -> str:
    """Run a program that has to succeed, and return its output."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


@pytest.fixture
def server() -> Iterator[str]:
    """Return the container of a server; it is removed afterwards."""
    require("docker")
    must("docker", "build", "--tag", "app-git:test", "--build-arg", f"BASE={BASE}", "hack/kind/git")
    container = must("docker", "run", "--detach", "--publish", "80", "--hostname", "the-git", "app-git:test")
    yield container
    must("docker", "rm", "--force", "--volumes", container)


def test_push(server: str, tmp_path: Path) -> None:
    """A commit that is pushed to a new repository is in the next clone."""
    assert must("docker", "exec", server, "new-repository", "loop/app") == "http://the-git/loop/app.git"
    port = must("docker", "port", server, "80/tcp").split()[0].rpartition(":")[2]
    address = f"http://{docker_host()}:{port}/loop/app.git"
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"

    must("git", "clone", "--quiet", str(ROOT), str(mine))
    must("git", "push", "--quiet", address, "HEAD:refs/heads/main", cwd=mine)
    must("git", "clone", "--quiet", address, str(theirs))

    assert must("git", "rev-parse", "HEAD", cwd=mine) == must("git", "rev-parse", "main", cwd=theirs)
