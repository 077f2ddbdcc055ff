"""The service as a process: gunicorn, as it is shipped."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests
from sqlalchemy import URL

from ci.mysql import free_port
from tests.processes import ROOT, command, environment

__all__ = ["GunicornServer", "LogLine", "eventually", "free_port"]
LogLine = dict[str, Any]
DEADLINE = 90.0  # seconds; only guards against hanging


def eventually(condition: Callable[[], object], explain: Callable[[], object] = str, seconds: float = DEADLINE) -> None:
    """Wait until the condition holds, or fail with an explanation."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)


class GunicornServer:
    """The service under gunicorn, from its start until the end of the `with` block."""

    def __init__(self, url: URL, directory: Path, settings: dict[str, str], stdout: int | None = None) -> None:
        self.port, self.metrics_port = int(settings.get("PORT", free_port())), free_port()
        self.host = "[::1]" if settings.get("BIND_ADDRESS") == "::1" else "127.0.0.1"
        self._log = directory / "log"
        self._stdout = stdout  # file descriptor to use instead of the log
        self._count = int(settings.get("WEB_CONCURRENCY", "2"))
        ports = {"PORT": str(self.port), "METRICS_PORT": str(self.metrics_port)}
        defaults = {"BIND_ADDRESS": "localhost", "PROMETHEUS_MULTIPROC_DIR": str(directory)}
        self._environment = environment(url, **{**defaults, **settings, **ports})

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command("gunicorn"), cwd=ROOT, env=self._environment, stdout=self._stdout or log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            eventually(self._has_started, self._log.read_text)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill all processes of the service, unless it has exited."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _has_started(self) -> bool:
        assert self.process.poll() is None, f"the server has exited: {self._log.read_text()}"
        try:
            started = self._stdout or len(self.lines("worker started")) >= self._count
            return bool(started) and self.get("/healthz").ok
        except requests.ConnectionError:
            return False

    def get(self, path: str, port: int | None = None, method: str = "GET", **headers: str) -> requests.Response:
        """Request a path over a new connection, with a timeout of 5 seconds."""
        return requests.request(method, f"http://{self.host}:{port or self.port}{path}", headers=headers, timeout=5)

    def statuses(self, path: str = "/", number: int = 20) -> set[int]:
        """Return the statuses of successive requests, which different workers answer."""
        return {self.get(path).status_code for _ in range(number)}

    def metrics(self) -> dict[str, float]:
        """Return the metrics as Prometheus scrapes them."""
        lines = self.get("/metrics", self.metrics_port).text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def lines(self, message: str | None = None) -> list[LogLine]:
        """Return the lines of the log, all or those with this message; each has to be JSON."""
        lines: list[LogLine] = [json.loads(line) for line in self._log.read_text().split("\n")[:-1]]
        return [line for line in lines if message in (None, line["message"])]

    def workers(self) -> list[int]:
        """Return the ids of the worker processes."""
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(word) for word in listed.stdout.split()]

    def kill_workers(self) -> None:
        """Kill the worker processes, and wait until others have started."""
        started = len(self.lines("worker started"))
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(self.lines("worker started")) >= started + self._count)

    def stop(self, timeout: float = DEADLINE) -> int:
        """Stop the service as Kubernetes does, and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout)
