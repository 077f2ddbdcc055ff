"""MySQL for the tests, which are skipped on a laptop that has none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from ci import mysql
from ci.mysql import FAST, docker_host, wait
from tests.requirements import require

__all__ = ["FAST", "container", "docker_host", "server", "source", "wait"]


def source() -> str:
    """Return the name of the server that `server` uses."""
    return mysql.source() or "none: tests of MySQL are not run"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the URL of a server for an administrator, without a database; use `wait` before the first query."""
    if not mysql.source():
        require("docker")
    with mysql.server() as url:
        yield url


@contextmanager
def container(command: str, directories: dict[Path, str] | None = None) -> Iterator[URL]:
    """Yield the URL of a new server in Docker, with these options of mysqld and copies of these directories."""
    require("docker")
    with mysql.container(command, directories) as url:
        yield url
