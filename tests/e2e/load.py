"""People who ask for the page at a constant rate, whatever becomes of those who asked before."""

import http.client
import json
import queue
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self
from urllib.parse import urlsplit

RATE = 100  # requests a second, every other one by a connection of its own, the others by connections that are kept
MOST_AT_ONCE = 100  # who arrives while so many are under way is dropped, and counted as failed
PATIENCE = 10.0  # seconds that each waits


@dataclass
class Load:
    """Load on one URL, from the beginning to the end of the `with` block; then the figures are there."""

    url: str
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    seen: list[tuple[float, int, str]] = field(default_factory=list)  # when, the status, and the version shown

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._end = threading.Event()
        self._places = threading.Semaphore(MOST_AT_ONCE)
        self._kept: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE)
        self._arrivals = threading.Thread(target=self._arrive)
        self._arrivals.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._arrivals.join()
        self._pool.shutdown()
        while not self._kept.empty():
            self._kept.get().close()
        self.seconds = time.monotonic() - self.began

    @property
    def failed(self) -> int:
        """How many were not answered with 200."""
        return self.failures.total()

    @property
    def longest_gap(self) -> float:
        """The longest time without a good answer, in seconds."""
        good = sorted(when for when, status, _ in self.seen if status == http.HTTPStatus.OK)
        return max((later - earlier for earlier, later in pairwise(good)), default=0.0)

    def versions(self) -> list[str]:
        """Return the versions that were shown, in the order of their first appearance."""
        return list(dict.fromkeys(version for _, status, version in sorted(self.seen) if status == http.HTTPStatus.OK))

    def _arrive(self) -> None:
        while not self._end.wait(max(0.0, self.began + self.requests / RATE - time.monotonic())):
            self.requests += 1
            if self._places.acquire(blocking=False):
                self._pool.submit(self._ask, keep=self.requests % 2 == 0)
            else:
                self.failures["dropped"] += 1

    def _ask(self, *, keep: bool) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        if keep and not self._kept.empty():
            connection = self._kept.get()
        try:
            connection.request("GET", "/", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            shown = json.loads(answer.read())
            self.seen.append((time.monotonic(), answer.status, shown["version"]))
            if answer.status != http.HTTPStatus.OK:
                self.failures[f"status {answer.status}"] += 1
        except Exception as error:  # noqa: BLE001  whatever it is, somebody was not served
            self.failures[repr(error)] += 1
            connection.close()
        else:
            if keep:
                self._kept.put(connection)  # http.client connects anew where the server has said that it closes
            else:
                connection.close()
        finally:
            self._places.release()
