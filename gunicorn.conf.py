"""How gunicorn serves the application. Ports and the number of processes come from the service's own settings."""

import os
import shutil
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from app import logs
from app.settings import Settings, load
from app.version import VERSION

settings = load(Settings)
# Files that are written often belong in memory: a slow disk would stop a heartbeat and end a healthy worker.
memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108  see METRICS
# A directory of our own. Its name contains the port, so the next start replaces the directory of a killed service.
METRICS = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", memory), f"app-metrics-{os.getuid()}-{settings.port}")
METRICS_RESERVE = 1_000_000  # bytes that must be free for the files of a worker
METRICS_FILE = 65_536  # bytes that the series of one file take at most
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS)

# ruff: disable[E402]  prometheus_client reads that variable when it is imported
from prometheus_client import multiprocess, start_http_server, values

import app.factory  # noqa: F401  imports the service once, not in each worker after its fork
from app.metrics import all_processes

# ruff: enable[E402]


def addresses() -> list[str]:
    """Return the addresses to listen on. Those that this machine does not have are left out."""
    names = {"*": ["::"], "localhost": ["127.0.0.1", "::1"]}.get(settings.bind_address)
    return [name for name in names if _exists(name)] or ["0.0.0.0"] if names else [settings.bind_address]  # noqa: S104


def _exists(address: str) -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return True
    return False


wsgi_app = "app:create_app()"
bind = [f"[{name}]:{settings.port}" if ":" in name else f"{name}:{settings.port}" for name in addresses()]
workers = settings.web_concurrency
preload_app = False  # each process starts its own refresher, with its own connection to the database
# Correct and bounded for any input of clients (tests/app/test_http.py), unlike the faster `asgi`.
worker_class = "app.worker.Worker"
threads = 100  # no view blocks, so threads wait only for clients; idle ones cost almost nothing
limit_request_fields = 50  # of up to 8 KiB each: bounds the memory that 100 requests can take
worker_tmp_dir = memory
keepalive = 75  # seconds; longer than that of proxies (60 s is usual), or they would use a closing connection
timeout = 30  # seconds after which a worker whose main thread does not respond is replaced
graceful_timeout = 10  # seconds for requests in progress at SIGTERM; longer than a worker's REQUEST_TIMEOUT
control_socket_disable = True  # it has no user, and a read-only file system has no place for it
forwarded_allow_ips = ""  # TRUSTED_PROXIES is the only setting about proxies
secure_scheme_headers: dict[str, str] = {}


class logger_class(Logger):  # noqa: N801  the name of gunicorn's setting
    """Gunicorn's lines in the service's format. Requests are logged by the service itself."""

    def setup(self, cfg: Config) -> None:
        """Pass gunicorn's lines to the root logger instead of handlers of its own."""
        self.cfg = cfg
        self._access_log_enabled = False
        logs.configure(settings)
        self.error_log.propagate = True
        self.error_log.info("app %s", VERSION, extra={"version": VERSION, "environment": settings.app_environment})


def when_ready(arbiter: Arbiter) -> None:
    """Serve the metrics of all workers. The page's port is bound by now, so no other service uses METRICS."""
    with suppress(OSError):  # `post_fork` reports it
        shutil.rmtree(METRICS, ignore_errors=True)
        METRICS.mkdir(mode=0o700, parents=True, exist_ok=True)
        arbiter.cfg.set("on_exit", lambda _: shutil.rmtree(METRICS, ignore_errors=True))
    try:
        start_http_server(settings.metrics_port, addresses()[0], all_processes(METRICS))
    except OSError as error:
        sys.stderr.write(f"METRICS_PORT: cannot listen on port {settings.metrics_port}: {error.strerror}\n")
        raise SystemExit(2) from None


def post_fork(_: Arbiter, worker: Worker) -> None:
    """Keep a worker's metrics in its own memory if METRICS is full or not writable, as pages matter more."""
    if not os.access(METRICS, os.W_OK) or shutil.disk_usage(METRICS).free < METRICS_RESERVE:
        worker.log.error("metrics of this worker are not served: %s is full or not writable", METRICS)
        values.ValueClass = values.MutexValue


def post_worker_init(worker: Worker) -> None:
    """Reserve the space of its metrics: to write to a sparse file on a full disk would end the process."""
    for file in METRICS.glob(f"*_{worker.pid}.db"):
        with file.open("r+b") as opened, suppress(AttributeError):  # macOS has no such call
            os.posix_fallocate(opened.fileno(), 0, METRICS_FILE)
    worker.log.info("worker started")


def child_exit(_: Arbiter, worker: Worker) -> None:
    """Remove the gauges of a worker that has ended; its counters remain."""
    with suppress(OSError):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library has no types for it
