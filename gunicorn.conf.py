"""How gunicorn serves the application; ports and the number of processes come from the service's own settings."""

import os
import shutil
import signal
import tempfile

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker
from gunicorn.workers.gasgi import ASGIWorker

# Files that are written often belong in memory: a slow disk would stop a heartbeat and end a healthy worker. It is
# also writable where the root file system is not.
memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108  a folder of its own in it
# Prometheus decides by this, when it is imported, to keep its numbers in files that all processes add up.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="app-metrics-", dir=memory)

# ruff: disable[E402]  they import Prometheus
from prometheus_client import multiprocess

import app.asgi  # noqa: F401  all of the service: read once here, not by each process after the fork
from app import logs
from app.settings import Settings, load
from app.version import VERSION

# ruff: enable[E402]

settings = load(Settings)

wsgi_app = "app.asgi:create_server()"
bind = [f"0.0.0.0:{settings.port}", f"0.0.0.0:{settings.metrics_port}"]
# Processes use all cores; each makes its own pool of connections after the fork, which must never share one.
workers = settings.web_concurrency
preload_app = False
# An event loop for each process: a slow client holds nobody up, and the page that is kept costs half of what it does
# where each request is handed to a thread (`gthread`; benchmarks/README.md). What may wait is (app/asgi.py).
worker_class = "asgi"
# Quicker than Python's own, which would also let one process take all connections of a burst.
asgi_loop = "uvloop"
# Nothing is to be started or ended with the loop.
asgi_lifespan = "off"
worker_tmp_dir = memory
# Longer than proxies keep an idle connection (60 s is usual), or one would send a request into a closing connection.
keepalive = 75
# A worker whose main thread has not moved for this many seconds is replaced.
timeout = 30
# On SIGTERM, what runs may finish within so many seconds (a page takes 3 at most); idle connections are closed then.
graceful_timeout = 5
# Nothing needs the control socket, and it cannot be made on a read-only file system.
control_socket_disable = True
# What proxies say is read in one place only, by `TRUSTED_PROXIES`.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}


class logger_class(Logger):  # noqa: N801  the name that gunicorn looks for
    """Gunicorn's lines in the service's form; requests are logged by the service itself."""

    def setup(self, cfg: Config) -> None:
        """Hand gunicorn's lines on to the root logger instead of giving them handlers of their own."""
        self.cfg = cfg
        self._access_log_enabled = False
        logs.configure(settings)
        self.error_log.propagate = True
        self.error_log.info("app %s", VERSION, extra={"version": VERSION, "environment": settings.app_environment})


def post_fork(_: Arbiter, __: Worker) -> None:
    """Hold SIGTERM back until a worker can follow it: before its loop runs, it would be lost."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def post_worker_init(worker: ASGIWorker) -> None:
    """Let a worker meet the database at once, and make it unready as soon as it is told to end."""
    readiness = worker.asgi.app.extensions["readiness"]  # type: ignore[attr-defined]  # it is app.asgi's server
    readiness.begin()

    def drain(*_: object) -> None:
        readiness.drain()
        worker.handle_exit_signal()

    signal.signal(signal.SIGTERM, drain)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def child_exit(_: Arbiter, worker: Worker) -> None:
    """Forget the gauges of a worker that has ended; its counters stay."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # not typed there


def on_exit(_: Arbiter) -> None:
    """Leave nothing behind in memory."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
