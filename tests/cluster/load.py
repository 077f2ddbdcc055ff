"""Load generator: requests for the page at a constant rate (an open loop)."""

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

RATE = 100  # requests per second; every other one opens a connection, the others reuse kept-alive connections
MAX_CONCURRENT = 100  # requests; a request that is due meanwhile is dropped, and counts as failed
TIMEOUT = 10.0  # seconds for each request


@dataclass
class LoadGenerator:
    """Load on one URL during the `with` block. Its figures are complete after the block."""

    url: str
    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    responses: list[tuple[float, int, str]] = field(default_factory=list)  # monotonic time, status, version

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        self._end = threading.Event()
        self._slots = threading.Semaphore(MAX_CONCURRENT)
        self._kept: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT)
        self._scheduler = threading.Thread(target=self._schedule)
        self._scheduler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._scheduler.join()
        self._pool.shutdown()
        while not self._kept.empty():
            self._kept.get().close()
        self.seconds = time.monotonic() - self.began

    @property
    def failed(self) -> int:
        """Number of requests without a response of status 200."""
        return self.failures.total()

    @property
    def longest_gap(self) -> float:
        """Longest time between two responses of status 200, in seconds."""
        successful = sorted(at for at, status, _ in self.responses if status == http.HTTPStatus.OK)
        return max((later - earlier for earlier, later in pairwise(successful)), default=0.0)

    def versions(self) -> list[str]:
        """Return the versions of the responses, in the order of their first appearance."""
        return list(
            dict.fromkeys(version for _, status, version in sorted(self.responses) if status == http.HTTPStatus.OK)
        )

    def _schedule(self) -> None:
        while not self._end.wait(max(0.0, self.began + self.requests / RATE - time.monotonic())):
            self.requests += 1
            if self._slots.acquire(blocking=False):
                self._pool.submit(self._request, keep=self.requests % 2 == 0)
            else:
                self.failures["dropped"] += 1

    def _request(self, *, keep: bool) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=TIMEOUT)
        if keep and not self._kept.empty():
            connection = self._kept.get()
        try:
            connection.request("GET", "/", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            shown = json.loads(answer.read())
            self.responses.append((time.monotonic(), answer.status, shown["version"]))
            if answer.status != http.HTTPStatus.OK:
                self.failures[f"status {answer.status}"] += 1
        except Exception as error:  # noqa: BLE001  any error means that a request failed
            self.failures[repr(error)] += 1
            connection.close()
        else:
            if keep:
                self._kept.put(connection)  # http.client reconnects if the server has closed it
            else:
                connection.close()
        finally:
            self._slots.release()
