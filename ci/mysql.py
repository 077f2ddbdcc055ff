"""A MySQL server to try things on: that of `TEST_DATABASE_URL`, else one from Docker, else an installed mysqld."""

import gc
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException
from requests import RequestException
from sqlalchemy import URL, NullPool, create_engine, make_url
from sqlalchemy.exc import OperationalError
from testcontainers.core.container import DockerContainer

IMAGE = "mysql:9.7"
FAST = "--skip-log-bin --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF"  # without durability


def is_docker_available() -> bool:
    """Return whether there is a Docker engine."""
    try:
        with closing(docker.from_env(version="1.41")) as client:
            return bool(client.ping())
    except (DockerException, RequestException):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # the client leaves a socket open if there is no engine
    return False


def is_mysqld_available() -> bool:
    """Return whether MySQL is installed; MariaDB's mysqld has other options."""
    if not shutil.which("mysqld"):
        return False
    return "MariaDB" not in subprocess.check_output(["mysqld", "--version"], text=True)


def source() -> str | None:
    """Return the name of the server that `server` uses, None if there is none."""
    if os.environ.get("TEST_DATABASE_URL"):
        return "TEST_DATABASE_URL"
    if is_docker_available():
        return f"Docker, {IMAGE}"
    return "mysqld" if is_mysqld_available() else None


def require() -> None:
    """Exit with status 2 if there is no server to use."""
    if not source():
        sys.stderr.write("MySQL: not found; expected TEST_DATABASE_URL, Docker or an installed mysqld\n")
        raise SystemExit(2)


@contextmanager
def server() -> Iterator[URL]:
    """Yield the URL of a server for an administrator, without a database; use `wait` before the first query."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given)
    elif not is_docker_available() and is_mysqld_available():
        with tempfile.TemporaryDirectory() as directory, _installed(Path(directory)) as url:
            yield url
    else:
        with container(FAST) as url:
            yield url


@contextmanager
def container(command: str, directories: dict[Path, str] | None = None) -> Iterator[URL]:
    """Yield the URL of a new server in Docker, with these options of mysqld and copies of these directories."""
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
        program = ["mysqld", "--no-defaults"]
        subprocess.run([*program, "--initialize-insecure", *options], check=True, stderr=log)
        options += ["--bind-address=127.0.0.1", f"--port={port}"]
        process = subprocess.Popen([*program, *options], stderr=log)
    try:
        yield URL.create("mysql+pymysql", "root", "", "127.0.0.1", port)
    finally:
        process.terminate()
        process.wait(30)


def wait(url: URL) -> None:
    """Return when the server answers. Raise OperationalError if it refuses, or does not answer for two minutes."""
    deadline = time.monotonic() + 120
    while True:
        try:
            create_engine(url, poolclass=NullPool).connect().close()
        except OperationalError as error:
            answered = error.orig is not None and error.orig.args[0] < 2000  # noqa: PLR2004  greater: the client's own
            if answered or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def docker_host() -> str:
    """Return the host on which ports of containers are published; in a pipeline it is another one."""
    return urlsplit(os.environ.get("DOCKER_HOST", "")).hostname or "localhost"


def free_port() -> int:
    """Return a port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
