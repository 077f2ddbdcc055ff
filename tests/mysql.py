"""MySQL for the tests: that of `TEST_DATABASE_URL`, else one from Docker, else an installed mysqld."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import OperationalError
from testcontainers.core.container import DockerContainer

from tests.requirements import is_available, require
from tests.server import free_port

IMAGE = "mysql:9.7"
FAST = "--skip-log-bin --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF"  # without durability


def source() -> str:
    """Return the name of the server that `server` uses."""
    if os.environ.get("TEST_DATABASE_URL"):
        return "TEST_DATABASE_URL"
    if is_available("docker"):
        return f"Docker, {IMAGE}"
    return "mysqld" if is_available("mysqld") else "none: tests of MySQL are not run"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the URL of a server for an administrator, without a database; use `wait` before the first query."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given)
    elif not is_available("docker") and is_available("mysqld"):
        with tempfile.TemporaryDirectory() as directory, _installed(Path(directory)) as url:
            yield url
    else:
        with container(FAST) as url:
            yield url


@contextmanager
def container(command: str, directories: dict[Path, str] | None = None) -> Iterator[URL]:
    """Yield the URL of a new server in Docker, with these options of mysqld and copies of these directories."""
    require("docker")
    mysql = DockerContainer(IMAGE).with_env("MYSQL_ROOT_PASSWORD", "root").with_exposed_ports(3306)
    mysql.with_command(f"mysqld {command}").with_tmpfs_mount("/var/lib/mysql")
    for directory, path in (directories or {}).items():
        for file in directory.iterdir():  # the engine may be on another machine, so a mount would not do
            mysql.with_copy_into_container(file, f"{path}/{file.name}")
    with mysql:
        host, port = mysql.get_container_host_ip(), int(mysql.get_exposed_port(3306))
        yield URL.create("mysql+pymysql", "root", "root", host, port)


@contextmanager
def _installed(folder: Path) -> Iterator[URL]:
    data, port = folder / "data", free_port()
    options = [f"--datadir={data}", f"--socket={folder}/socket", "--mysqlx=OFF", *FAST.split()]
    if os.geteuid() == 0:
        options.append("--user=root")
    with (folder / "log").open("w") as log:
        subprocess.run(["mysqld", "--no-defaults", "--initialize-insecure", *options], check=True, stderr=log)
        process = subprocess.Popen(
            ["mysqld", "--no-defaults", *options, "--bind-address=127.0.0.1", f"--port={port}"], stderr=log
        )
    try:
        yield URL.create("mysql+pymysql", "root", "", "127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(30)


def wait(url: URL) -> None:
    """Return when the server answers. Raises OperationalError if it refuses, or does not answer for two minutes."""
    deadline = time.monotonic() + 120
    while True:
        try:
            create_engine(url).connect().close()
        except OperationalError as error:
            answered = error.orig is not None and error.orig.args[0] < 2000  # greater numbers are the client's own
            if answered or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def docker_host() -> str:
    """Return the host on which ports of containers are published; in a pipeline it is another one."""
    return urlsplit(os.environ.get("DOCKER_HOST", "")).hostname or "localhost"
