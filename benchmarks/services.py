"""The service and its peers: how each is started, with two processes, and ended."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes
from benchmarks.commands import PEERS, ROOT, FailedError, environment
from benchmarks.containers import OURS
from benchmarks.database import Database

Started = AbstractContextManager["Running"]
LONGEST_START = 30  # seconds
# A plain service's usual threads; the rest as ours.
PLAIN = (
    "--workers 2 --no-control-socket --worker-class gthread --threads 8 --keep-alive 75 "
    "--worker-tmp-dir /dev/shm --bind 127.0.0.1:$PORT"
)


@dataclass(frozen=True, slots=True)
class Running:
    """A service that has shown its first page."""

    port: int
    pid: int  # of the process above its workers
    cold_start: float  # seconds from that process's start to the first page


@dataclass(frozen=True, slots=True)
class Service:
    """One of those compared."""

    key: str
    label: str
    start: Callable[[Database, int], Started]  # on the table with so many rows


def _process(driver: str, folder: Path, *command: str | Path) -> Callable[[Database, int], Started]:
    """Return how to start a command on this machine; the driver is that of its database's address."""

    @contextmanager
    def start(database: Database, rows: int) -> Iterator[Running]:
        port = _free_port()
        ports = {"PORT": str(port), "METRICS_PORT": str(_free_port())}
        settings = {"DATABASE_URL": database.url(rows, driver), "NODE_ENV": "production", **ports}
        with ExitStack() as stack:
            metrics = stack.enter_context(tempfile.TemporaryDirectory(prefix=OURS))
            log = stack.enter_context(tempfile.NamedTemporaryFile(prefix=OURS))
            service = stack.enter_context(
                subprocess.Popen(
                    [str(word).replace("$PORT", str(port)) for word in command],
                    cwd=folder, env=environment(PROMETHEUS_MULTIPROC_DIR=metrics, **settings),
                    stdout=log, stderr=log, start_new_session=True,
                )
            )  # fmt: skip
            stack.callback(os.killpg, service.pid, signal.SIGKILL)  # the session that was started here, nothing else
            yield Running(port, service.pid, _first_page(port, service.pid, rows, Path(log.name)))

    return start


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _first_page(port: int, pid: int, rows: int, log: Path) -> float:
    """Return the process's age when its page first showed the right number."""
    end = time.monotonic() + LONGEST_START
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONGEST_START) as answer:
                if f"{rows:,}" not in answer.read().decode():
                    raise FailedError(f"the page does not show {rows:,} records")
                return processes.age(pid)
        except OSError:
            time.sleep(0.005)
    said = (log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
    raise FailedError(f"no page within {LONGEST_START} s; the last that was said: {said}")


GUNICORN = Path(sys.executable).with_name("gunicorn")
SERVICES = (
    Service("app", "this service", _process("mysql+pymysql", ROOT, GUNICORN)),
    Service("express_cached", "Express, 1 s cache", _process("mysql", PEERS, "node", "express_cached.js")),
    Service("express_count", "Express, COUNT per page", _process("mysql", PEERS, "node", "express_count.js")),
    Service(
        "flask_count",
        "Flask, COUNT per page",
        _process("mysql+pymysql", PEERS, GUNICORN, *PLAIN.split(), "flask_count:create_app()"),
    ),
)
