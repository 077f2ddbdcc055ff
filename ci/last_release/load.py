"""Load on the last release while the schema changes: requests of the page, and new rows."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests
from sqlalchemy import URL

from ci.last_release.release import Release

REQUESTS, CLIENTS = 100, 10  # in each second, by this number of clients
ROWS, BATCH = 20, 4  # rows in each second, and by one command
# Adds rows by the release's own command, and prints the duration and the errors of each.
WRITER = f"""
import json, time
from app import create_app
runner = create_app().test_cli_runner()
while True:
    started = time.monotonic()
    result = runner.invoke(args=["records", "add", "{BATCH}"])
    seconds = time.monotonic() - started
    print(json.dumps([seconds, result.exit_code, result.output]), flush=True)
    time.sleep(max(0, {BATCH / ROWS} - seconds))
"""


@dataclass
class Figures:
    """Observations of the clients."""

    requests: int = 0
    rows: int = 0
    failures: list[str] = field(default_factory=list)
    last_response: float = 0.0  # time
    longest_gap: float = 0.0  # seconds between two responses
    longest_write: float = 0.0  # seconds
    started: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __str__(self) -> str:
        return (
            f"{self.requests} requests and {self.rows} new rows in {time.monotonic() - self.started:.0f} s, "
            f"{len(self.failures)} failed; "
            f"longest gap between two responses {self.longest_gap:.2f} s, longest write {self.longest_write:.2f} s"
        )

    def responded(self) -> None:
        """Count a response."""
        with self.lock:
            now = time.monotonic()
            if self.requests:
                self.longest_gap = max(self.longest_gap, now - self.last_response)
            self.requests, self.last_response = self.requests + 1, now


@contextmanager
def running(release: Release, url: URL, page: str) -> Iterator[Figures]:
    """Yield the clients' observations meanwhile."""
    figures, done = Figures(), threading.Event()
    with release.running(url, "python", "-c", WRITER) as writer:
        threads = [threading.Thread(target=_request, args=(page, figures, done)) for _ in range(CLIENTS)]
        threads.append(threading.Thread(target=_write, args=(writer.stdout, figures, done)))
        for thread in threads:
            thread.start()
        try:
            yield figures
        finally:
            done.set()
            writer.terminate()
            for thread in threads:
                thread.join()


def _request(page: str, figures: Figures, done: threading.Event) -> None:
    with requests.Session() as session:
        while not done.is_set():
            due = time.monotonic() + CLIENTS / REQUESTS
            try:
                session.get(page, timeout=5).raise_for_status()
                figures.responded()
            except requests.RequestException as error:
                figures.failures.append(f"GET /: {error}")
            done.wait(max(0.0, due - time.monotonic()))


def _write(lines: Iterator[str], figures: Figures, done: threading.Event) -> None:
    for line in lines:
        try:
            seconds, status, output = json.loads(line)
        except ValueError:
            seconds, status, output = 0.0, 1, line
        if status and not done.is_set():
            figures.failures.append(f"records add: {output.strip()}")
        figures.rows += 0 if status else BATCH
        figures.longest_write = max(figures.longest_write, seconds)
