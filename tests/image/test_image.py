"""The image as a cluster runs it: any user, a read-only file system, no capabilities."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.mysql import docker_host
from tests.processes import ROOT
from tests.requirements import require

VERSION = "9.8.7"
HEADERS = {"Accept": "application/json", "Host": "localhost"}
# As under the Pod Security Standard `restricted`, with nothing writable but memory.
RESTRICTED = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges".split()  # noqa: SIM905  as in a shell


def docker(*arguments: str) -> str:
    """Run Docker's client and return its output."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def image() -> str:
    """Return the name of an image of this checkout, built as that version."""
    require("docker")
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
    """Return the page, once the container serves it."""
    port = docker("port", container, "8000/tcp").split()[0].rpartition(":")[2]
    deadline = time.monotonic() + 60
    while True:
        try:
            response = requests.get(f"http://{docker_host()}:{port}/", headers=HEADERS, timeout=5)
            if response.ok:
                return response
        except requests.ConnectionError:
            pass
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.1)


@pytest.mark.parametrize("user", [None, "1234567:7654321"])
def test_serves(start: Start, user: str | None) -> None:
    """The image migrates and serves its version as any user, with a read-only file system and no error in its log."""
    identity = ["--user", user] if user else []
    data = ["--tmpfs", "/data:mode=1777", "--env", "DATABASE_URL=sqlite:////data/app.db"]
    container = start(
        *data, *identity, "--publish", "8000",
        command=("sh", "-c", "alembic upgrade head && exec gunicorn"),
    )  # fmt: skip

    facts = wait(container).json()
    assert (facts["version"], facts["records"]) == (VERSION, 3)

    docker("stop", "--time", "20", container)
    lines = [json.loads(line) for line in docker("logs", container).splitlines()]
    assert [line for line in lines if line["level"] not in {"INFO", "DEBUG"}] == []
    assert docker("inspect", "--format", "{{.State.ExitCode}}", container).strip() == "0"


def test_user_is_a_number(image: str) -> None:
    """The user is a number other than 0, so Kubernetes can verify that it is not root."""
    assert docker("inspect", "--format", "{{.Config.User}}", image).strip() == "10001:10001"


def test_no_build_tools(image: str) -> None:
    """The image has no compiler, installer, tests or package cache."""
    present = "from importlib.util import find_spec; from shutil import which; "
    present += "print(find_spec('pip'), *map(which, ['pip', 'cc', 'gcc']))"
    assert docker("run", "--rm", image, "python", "-c", present).split() == ["None"] * 4

    unwanted = ["-name", "tests", "-o", "-name", "*.pyx", "-o", "-name", "*.pyi"]
    assert docker("run", "--rm", image, "find", "/venv", "/app", *unwanted) == ""

    folder = docker("run", "--rm", image, "ls").split()
    assert folder == ["app", "gunicorn.conf.py", "migrations", "pyproject.toml"]


def test_labels(image: str) -> None:
    """The image has the standard labels."""
    labels = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", image))

    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert docker("inspect", "--format", "{{.Config.StopSignal}} {{.Config.ExposedPorts}}", image).split() == [
        "SIGTERM",
        "map[8000/tcp:{}",
        "8001/tcp:{}]",
    ]


def test_wrong_setting(image: str) -> None:
    """A wrong setting results in exit status 2 and a line that names it."""
    result = subprocess.run(
        ["docker", "run", "--rm", "--env", "PORT=none", image], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr.split(":")[0]) == (2, "PORT")


def test_full_shared_memory(start: Start) -> None:
    """With no room for metrics in /dev/shm, the page is served all the same."""
    data = ["--tmpfs", "/data:mode=1777", "--env", "DATABASE_URL=sqlite:////data/app.db"]
    container = start(
        *data, "--shm-size", "64k", "--publish", "8000",
        command=("sh", "-c", "alembic upgrade head && exec gunicorn"),
    )  # fmt: skip

    assert wait(container).json()["version"] == VERSION
    assert "metrics of this worker are not served" in docker("logs", container)
