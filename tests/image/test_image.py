"""The image, run as a cluster runs it: any user, a read-only file system, no rights."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.mysql import docker_host, has_docker
from tests.programs import ROOT

VERSION = "9.8.7"
HEADERS = {"Accept": "application/json", "Host": "localhost"}
# What the Pod Security Standard `restricted` and a careful chart leave: nothing to write to but memory.
RESTRICTED = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges".split()  # noqa: SIM905  as in a shell


def docker(*arguments: str) -> str:
    """Run Docker's client and return what it printed."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def image() -> str:
    """Return the name of an image of this checkout, built as that version."""
    if not has_docker():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Docker: start it, to test the image")
    docker("build", "--tag", "app:test", "--build-arg", f"VERSION={VERSION}", ".")
    return "app:test"


Start = Callable[..., str]


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Return a function that starts a restricted container and returns its id."""
    started: list[str] = []

    def run(*options: str, command: tuple[str, ...] = ()) -> str:
        started.append(docker("run", "--detach", *RESTRICTED, *options, image, *command).strip())
        return started[-1]

    yield run
    for container in started:
        docker("rm", "--force", "--volumes", container)


def wait(container: str) -> requests.Response:
    """Return the page of a container that has just been started."""
    port = docker("port", container, "8000/tcp").split()[0].rpartition(":")[2]
    deadline = time.monotonic() + 30
    while True:
        try:
            return requests.get(f"http://{docker_host()}:{port}/", headers=HEADERS, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < deadline, docker("logs", container)
            time.sleep(0.1)


@pytest.mark.parametrize("user", [None, "1234567:7654321"])
def test_serves(start: Start, user: str | None) -> None:
    """The image migrates and serves its version, under any user, without a place to write and an error in its log."""
    who = ["--user", user] if user else []
    data = ["--tmpfs", "/data:mode=1777", "--env", "DATABASE_URL=sqlite:////data/app.db"]
    container = start(
        *data, *who, "--publish", "8000",
        command=("sh", "-c", "alembic upgrade head && exec gunicorn"),
    )  # fmt: skip

    facts = wait(container).json()
    assert (facts["version"], facts["records"]) == (VERSION, 3)

    docker("stop", "--time", "20", container)
    lines = [json.loads(line) for line in docker("logs", container).splitlines()]
    assert [line for line in lines if line["level"] not in {"INFO", "DEBUG"}] == []
    assert docker("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0"


def test_user_is_a_number(image: str) -> None:
    """The user is a number that is not root's, so that Kubernetes can see it."""
    assert docker("inspect", "--format", "{{.Config.User}}", image).strip() == "10001:10001"


def test_nothing_to_build_with(image: str) -> None:
    """There is no compiler, installer, test or cache of a package manager in the image."""
    present = "from importlib.util import find_spec; from shutil import which; "
    present += "print(find_spec('pip'), *map(which, ['pip', 'cc', 'gcc']))"
    assert docker("run", "--rm", image, "python", "-c", present).split() == ["None"] * 4

    unwanted = ["-name", "tests", "-o", "-name", "*.pyx", "-o", "-name", "*.pyi"]
    assert docker("run", "--rm", image, "find", "/venv", "/app", *unwanted) == ""

    folder = docker("run", "--rm", image, "ls").split()
    assert folder == ["app", "gunicorn.conf.py", "migrations", "pyproject.toml"]


def test_labels(image: str) -> None:
    """The image says what it is, in the standard labels."""
    labels = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", image))

    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert docker("inspect", "--format", "{{.Config.StopSignal}} {{.Config.ExposedPorts}}", image).split() == [
        "SIGTERM",
        "map[8000/tcp:{}",
        "8001/tcp:{}]",
    ]


def test_wrong_setting(image: str) -> None:
    """A wrong setting ends the container with status 2 and a line that names it."""
    result = subprocess.run(
        ["docker", "run", "--rm", "--env", "PORT=none", image], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr.split(":")[0]) == (2, "PORT")
