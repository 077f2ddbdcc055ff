"""Load as the world sends it: requests come at a constant rate, whether or not those before them are answered."""

import asyncio
import time
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.commands import FailedError

RATE = 200  # requests a second
CONNECTIONS = 64  # at most, kept alive; a request that finds none free waits for one
GRACE = 2  # seconds after the last was due; what is then unanswered has waited at least that long
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """What became of the requests; the latency, in seconds, is from when each was due, so no waiting is left out."""

    p99: float
    unanswered: int  # they count with as long as they had waited


class _Client:
    """A pool of connections; the one used last is used next."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._latencies: dict[float, float] = {}  # by when they were due

    async def send(self, due: float) -> None:
        """Ask for the page and note how long after it was due it was there."""
        async with self._slots:
            reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(REQUEST)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200 "):
                raise FailedError(f"it answered {head.splitlines()[0].decode()}")
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            self._idle.append((reader, writer))
        self._latencies[due] = time.perf_counter() - due

    def result(self, all_due: list[float]) -> OpenLoop:
        """Close the connections and sum up."""
        for _, writer in self._idle:
            writer.transport.abort()
        now = time.perf_counter()
        latencies = [self._latencies.get(due, now - due) for due in all_due]
        return OpenLoop(quantiles(latencies, n=100)[98], len(all_due) - len(self._latencies))


async def _run(port: int, seconds: int) -> OpenLoop:
    client, started = _Client(port), time.perf_counter()
    all_due = [started + number / RATE for number in range(RATE * seconds)]
    requests = []
    for due in all_due:
        await asyncio.sleep(due - time.perf_counter())
        requests.append(asyncio.create_task(client.send(due)))
    answered, unanswered = await asyncio.wait(requests, timeout=GRACE)
    result = client.result(all_due)
    for request in unanswered:
        request.cancel()
    await asyncio.gather(*unanswered, return_exceptions=True)
    for request in answered:
        request.result()
    return result


def open_loop(port: int, seconds: int) -> OpenLoop:
    """Load a service for some seconds; raises FailedError where it answered errors."""
    try:
        return asyncio.run(_run(port, seconds))
    except (OSError, asyncio.IncompleteReadError) as error:
        raise FailedError(f"a connection broke: {error}") from None
