"""Fixtures of the cluster tests: images, a namespace for each test, and the report."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import report
from tests.cluster import releases
from tests.cluster.cluster import Namespace, Result, provide
from tests.cluster.database import Database
from tests.cluster.load import RATE, LoadGenerator

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
    """Return a namespace of the test's own. It is deleted afterwards."""
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
    """Return a function that installs a version, or upgrades to it, and waits until only its pods are left."""

    def install(version: str, *options: str, timeout: str = "180s") -> Result:
        result = namespace.helm(releases.package(tmp_path, version), *options, timeout=timeout)
        if result.returncode == 0:
            namespace.settle()
        return result

    return install


@pytest.fixture
def installed_release(release: Release, database: Database) -> Release:
    """Install 1.0.0, and return the function that upgrades to other versions."""
    assert database
    result = release("1.0.0")
    assert result.returncode == 0, result.stderr
    return release


MakeLoad = Callable[[], LoadGenerator]


@pytest.fixture
def load(namespace: Namespace, request: pytest.FixtureRequest) -> MakeLoad:
    """Return a context manager that requests the page. Its figures become a row of the report."""

    @contextmanager
    def generate() -> Iterator[LoadGenerator]:
        with LoadGenerator(namespace.url) as load:
            yield load
        name = request.node.name.removeprefix("test_").replace("_", " ")
        numbers = str(load.requests), str(load.failed), f"{load.longest_gap:.2f} s", f"{load.seconds:.0f} s"
        report.add(request.config, name, *numbers)

    return generate  # type: ignore[return-value]  # a context manager that yields it


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the report, and write it to a file."""
    report.show(terminalreporter, config, "cluster", HEAD)
