"""What the tests on a cluster share: images, a namespace for each test, and the report."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import report
from tests.e2e import releases
from tests.e2e.cluster import Namespace, Result, provide
from tests.e2e.database import Database
from tests.e2e.load import RATE, Load

MYSQL = "mysql:9.7"
HEAD = f"| at {RATE} requests/s | requests | failed | longest gap | time |", "|---|--:|--:|--:|--:|"


@pytest.fixture(scope="session")
def repository(cluster: dict[str, str]) -> str:
    """Return the repository of this checkout's images, built and pushed; a node has cached none of its tags."""
    assert cluster
    repository = f"{os.environ['REGISTRY']}/e2e/app-{secrets.token_hex(4)}"
    releases.publish(repository)
    provide(MYSQL)
    return repository


@pytest.fixture
def namespace(repository: str, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """Return a namespace of the test's own, gone afterwards."""
    namespace = Namespace(f"e2e-{request.node.name.removeprefix('test_').replace('_', '-')}"[:50], repository)
    namespace.create()
    yield namespace
    namespace.delete()


@pytest.fixture
def database(namespace: Namespace) -> Database:
    """Return MySQL in that namespace, and the Secrets that the chart refers to."""
    database = Database(namespace, f"{os.environ['REGISTRY']}/e2e/{MYSQL}")
    database.create()
    namespace.kubectl("create", "secret", "generic", "app-secret", "--from-literal=APP_SECRET=the-first-secret")
    return database


Release = Callable[..., Result]


@pytest.fixture
def release(namespace: Namespace, tmp_path: Path) -> Release:
    """Return a function that installs, or upgrades to, a version, and waits until nothing else is left."""

    def install(version: str, *options: str, timeout: str = "180s") -> Result:
        result = namespace.helm(releases.package(tmp_path, version), *options, timeout=timeout)
        if result.returncode == 0:
            namespace.settle()
        return result

    return install


@pytest.fixture
def served(release: Release, database: Database) -> Release:
    """Install 1.0.0, and return the function that installs others."""
    assert database
    result = release("1.0.0")
    assert result.returncode == 0, result.stderr
    return release


LoadOn = Callable[[], Load]


@pytest.fixture
def load(namespace: Namespace, request: pytest.FixtureRequest) -> LoadOn:
    """Return a function that puts load on the app; its figures become a row of the report."""

    @contextmanager
    def put() -> Iterator[Load]:
        with Load(namespace.url) as load:
            yield load
        name = request.node.name.removeprefix("test_").replace("_", " ")
        numbers = str(load.requests), str(load.failed), f"{load.longest_gap:.2f} s", f"{load.seconds:.0f} s"
        report.add(request.config, name, *numbers)

    return put  # type: ignore[return-value]  # a context manager that yields it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report, and keep it as a file."""
    report.show(terminalreporter, config, "e2e", HEAD)
