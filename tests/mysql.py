"""Where tests get MySQL from: `TEST_DATABASE_URL`, else Docker, else an installed mysqld."""

import gc
import os
import shutil
import subprocess
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
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.exc import OperationalError
from testcontainers.core.container import DockerContainer

from tests.service import free_port

IMAGE = "mysql:9.7"
FAST = "--skip-log-bin --innodb-flush-log-at-trx-commit=0 --performance-schema=OFF"  # what tests need no durability for


class NoServerError(Exception):
    """There is no MySQL to be had; the message says what to install."""


def source() -> str:
    """Return what `server` will use."""
    if os.environ.get("TEST_DATABASE_URL"):
        return "TEST_DATABASE_URL"
    if has_docker():
        return f"Docker, {IMAGE}"
    return "mysqld" if has_mysqld() else "none: tests of MySQL are not run"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the address of a server, to be waited for, as a user that may do everything there, without a database."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given)
    elif has_docker():
        with container(FAST) as url:
            yield url
    elif has_mysqld():
        with tempfile.TemporaryDirectory() as folder, _installed(Path(folder)) as url:
            yield url
    else:
        raise NoServerError("no MySQL: set TEST_DATABASE_URL, or start Docker, or install mysqld")


@contextmanager
def container(command: str, folders: dict[Path, str] | None = None) -> Iterator[URL]:
    """Yield the address of a new server in Docker, with these options and copies of these folders, to be waited for."""
    if not has_docker():
        raise NoServerError("no Docker: start it, for the tests that need a MySQL of their own")
    mysql = DockerContainer(IMAGE).with_env("MYSQL_ROOT_PASSWORD", "root").with_exposed_ports(3306)
    mysql.with_command(f"mysqld {command}").with_tmpfs_mount("/var/lib/mysql")
    for folder, path in (folders or {}).items():
        for file in folder.iterdir():  # a mount would need an engine that sees our files
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
    """Return when the server answers; raise OperationalError where it refuses, or has not answered for a minute."""
    deadline = time.monotonic() + 60
    while True:
        try:
            create_engine(url).connect().close()
        except OperationalError as error:
            answered = error.orig is not None and error.orig.args[0] < 2000  # the greater numbers are the client's own
            if answered or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def docker_host() -> str:
    """Return the name of the machine on which ports of containers are published: another one in a pipeline."""
    return urlsplit(os.environ.get("DOCKER_HOST", "")).hostname or "localhost"


def has_mysqld() -> bool:
    """Whether MySQL itself is installed: MariaDB's mysqld has other options."""
    if not shutil.which("mysqld"):
        return False
    return "MariaDB" not in subprocess.run(["mysqld", "--version"], check=True, capture_output=True, text=True).stdout


def has_docker() -> bool:
    """Whether a Docker engine answers."""
    try:
        with closing(docker.from_env(version="1.41")) as client:
            return bool(client.ping())
    except (DockerException, RequestException):
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # the client leaves a socket open that reached nobody
    return False
