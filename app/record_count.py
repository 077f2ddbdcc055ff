"""The number of records: read rarely, by one thread, so that a page costs the same however many there are."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count

from app.database import Reading
from app.metrics import Metrics

PAUSE = 0.5  # seconds from the start of one try to the next while the database is away: it is back within a second
IN_TIME = 1.05  # times its age, by which a reading must have been followed by the beginning of the next
LONGEST_WAIT = 2.0  # seconds that a page waits for a reading that is under way, before it explains instead
MOST_WAITING = 56  # pages that may wait at once; app/asgi.py has a few threads more, for probes

log = logging.getLogger(__name__)


class DatabaseAwayError(Exception):
    """No reading that is young enough can be had; the message says why."""


class RecordCount:
    """The newest reading, and the thread that replaces it on demand.

    A reading is served until it is `max_age` seconds old, and while the next one is under way, where that was begun in
    time: so nobody waits in a service that is in use. While the database is away, the thread goes on trying, and nobody
    waits either.
    """

    def __init__(self, read: Callable[[], Reading], max_age: float, metrics: Metrics) -> None:
        self._read = read
        self._max_age = max_age
        self._metrics = metrics
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._latest: tuple[float, Reading] | None = None  # with the monotonic time when it was begun
        self._next: Future[Reading] | None = None  # the reading that is under way
        self._began = 0.0  # the monotonic time when that was begun
        self._away: str | None = None  # why there is none, while there is none

    def at_once(self) -> Reading | None:
        """Return a reading that is young enough, or None where there is none without waiting."""
        found = self._ask()
        return found if isinstance(found, Reading) else None

    def current(self) -> Reading:
        """Return a reading that is young enough, or raise DatabaseAwayError, in less than 3 seconds."""
        found = self._ask()
        if isinstance(found, Reading):
            return found
        if self._away:
            raise DatabaseAwayError(self._away)
        if not self._waiting.acquire(blocking=False):
            raise DatabaseAwayError("too many pages are waiting for it")
        try:
            return found.result(LONGEST_WAIT)
        except TimeoutError:
            raise DatabaseAwayError(f"it has not answered for {LONGEST_WAIT} s") from None
        finally:
            self._waiting.release()

    def _ask(self) -> Reading | Future[Reading]:
        """Return a reading that can be shown now, or else the one that is under way; it is begun where it is due."""
        if reading := self._younger_than(self._max_age):
            return reading
        with self._lock:  # where it may have been replaced meanwhile
            if reading := self._younger_than(self._max_age):
                return reading
            under_way = self._next = self._next or self._start()
        if not self._away and (reading := self._meanwhile()):
            return reading
        return under_way

    def _younger_than(self, age: float) -> Reading | None:
        latest = self._latest
        return latest[1] if latest and time.monotonic() - latest[0] <= age else None

    def _meanwhile(self) -> Reading | None:
        """Return the last reading where the next was begun as soon as that was too old, and not long ago."""
        if self._latest is None or time.monotonic() - self._began > LONGEST_WAIT:
            return None
        began, reading = self._latest
        return (
            reading if self._began - began <= max(self._max_age * IN_TIME, self._max_age + reading.duration) else None
        )

    def begin(self) -> None:
        """Read now, without waiting for the result, so that the first page need not wait so long."""
        with self._lock:
            self._next = self._next or self._start()

    def _start(self) -> Future[Reading]:
        self._began = time.monotonic()
        result: Future[Reading] = Future()
        # A daemon, so that a worker's end never waits for a database.
        threading.Thread(target=self._replace, args=[result], name="record-count", daemon=True).start()
        return result

    def _replace(self, result: Future[Reading]) -> None:
        """Read until it succeeds; those who wait are told when it has failed twice, as a connection may just be old."""
        left = time.monotonic()
        for number in count(1):
            started = time.monotonic()
            try:
                reading = self._read()
            except Exception as error:  # noqa: BLE001  whatever it is, the page explains and the next try may succeed
                if number > 1:
                    self._fail(error, result)
                    time.sleep(max(0.0, started + PAUSE - time.monotonic()))
                continue
            with self._lock:
                self._latest, self._next, away, self._away = (started, reading), None, self._away, None
            self._metrics.observe_reading(reading)
            if away:
                log.info("database is back", extra={"away_seconds": round(time.monotonic() - left, 3)})
            if not result.done():
                result.set_result(reading)
            return

    def _fail(self, error: Exception, result: Future[Reading]) -> None:
        reason = str(getattr(error, "orig", None) or error)
        if self._away is None:
            log.error("database is away", extra={"reason": reason})
        self._away = reason
        self._metrics.observe_away()
        if not result.done():
            result.set_exception(DatabaseAwayError(reason))
