"""The service as a process, as it is shipped."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import requests
from sqlalchemy import URL

from tests.programs import environment, start

LINE = dict[str, Any]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """The service under gunicorn, from its start until the end of the `with` block."""

    def __init__(self, url: URL, folder: Path, settings: dict[str, str]) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self._log = folder / "log"
        self._count = int(settings.get("WEB_CONCURRENCY", "2"))
        metrics = folder / "metrics"
        metrics.mkdir()
        ports = {"PORT": str(self.port), "METRICS_PORT": str(self.metrics_port)}
        self._environment = environment(url, PROMETHEUS_MULTIPROC_DIR=str(metrics), **ports, **settings)

    def __enter__(self) -> Self:
        self._process = start("gunicorn", files=(self._log, self._log), env=self._environment)
        deadline = time.monotonic() + 30
        while len(self.workers()) < self._count or not self._answers():
            if self._process.exitcode is not None or time.monotonic() > deadline:
                raise AssertionError(f"the service has not started: {self._log.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.exitcode is None and self._process.pid:
            os.killpg(self._process.pid, signal.SIGKILL)  # at once, where the end is not what is tested
            self._process.join()

    def _answers(self) -> bool:
        try:
            return self.get("/healthz").ok
        except requests.ConnectionError:
            return False

    def get(self, path: str, port: int | None = None, method: str = "GET", **headers: str) -> requests.Response:
        """Ask for a path by a connection of its own, for at most 5 seconds."""
        return requests.request(method, f"http://127.0.0.1:{port or self.port}{path}", headers=headers, timeout=5)

    def metrics(self) -> dict[str, float]:
        """Return what Prometheus would scrape."""
        lines = self.get("/metrics", self.metrics_port).text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def lines(self, message: str | None = None) -> list[LINE]:
        """Return the lines of the log, all or those with this message; each has to be JSON."""
        lines: list[LINE] = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if message in (None, line["message"])]

    def workers(self) -> list[int]:
        """Return the ids of the worker processes."""
        listed = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False)
        return [int(word) for word in listed.stdout.split()]

    def kill_workers(self) -> None:
        """End the worker processes as a crash would; others take their place."""
        gone = set(self.workers())
        for pid in gone:
            os.kill(pid, signal.SIGKILL)
        while not set(self.workers()) - gone:
            time.sleep(0.05)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def stop(self, limit: float = 25) -> int | None:
        """End the service as Kubernetes does, and return its exit status, or None where it outlived the limit."""
        self.terminate()
        self._process.join(limit)
        return self._process.exitcode
