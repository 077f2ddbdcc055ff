"""The refresher: the thread that keeps the snapshot of the database current, so that no request waits for it."""

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

from app.database import Database, DatabaseUnavailableError, Snapshot
from app.metrics import Metrics

PROBE_INTERVAL = 1.0  # seconds, at most; shorter if RECORD_COUNT_MAX_AGE is
MIN_INTERVAL = 0.05  # seconds
RETRY_INTERVAL = 0.5  # seconds between the starts of two attempts while the database is unavailable
GRACE_PERIOD = 1.25  # seconds in which a failure may be cured by a new connection, before it is shown
COUNT_SHARE = 10  # a count may take one part in so many of the time
IDLE_AFTER = 60.0  # seconds without a request
IDLE_COUNT_INTERVAL = 30.0  # seconds between two counts while idle

log = logging.getLogger(__name__)


class Refresher:
    """Probes the database about once a second and counts when a count is due. Requests read the newest snapshot."""

    def __init__(self, database: Database, max_age: float, metrics: Metrics) -> None:
        self._database = database
        self._max_age = max_age
        self._metrics = metrics
        self.snapshot: Snapshot | None = None  # the newest one, also during an outage
        self._failing_since: float | None = None  # monotonic time, as are all that follow
        self._down = False  # whether the failure was logged
        self._reason = "not connected yet"
        self._count_started = float("-inf")
        self._count_duration = 0.0
        self._count_broken = False
        self._last_request = time.monotonic()
        self._stopping = False
        self._wake = threading.Event()
        self._attempted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="refresher", daemon=True)

    def start(self, timeout: float) -> None:
        """Start the thread, and wait at most `timeout` seconds for its first attempt."""
        self._thread.start()
        self._attempted.wait(timeout)

    def stop(self) -> None:
        """End the thread and close its connection."""
        self._stopping = True
        self._wake.set()
        self._thread.join(1)
        self._database.close()

    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def current(self) -> Snapshot:
        """Return the newest snapshot immediately. Raises DatabaseUnavailableError while there is none to show."""
        now = time.monotonic()
        idle, self._last_request = now - self._last_request > IDLE_AFTER, now
        if idle:
            self._wake.set()
        failing_since = self._failing_since
        if self.snapshot is None or (failing_since is not None and now - failing_since > GRACE_PERIOD):
            raise DatabaseUnavailableError(self._reason)
        return self.snapshot

    def _run(self) -> None:
        while not self._stopping:
            started = time.monotonic()
            first_failure = self._failing_since is None
            try:
                self._refresh(started)
            except Exception as error:  # noqa: BLE001  also drivers' own errors; the next attempt may succeed
                self._fail(started, error)
                pause = 0.0 if first_failure else RETRY_INTERVAL  # a pooled connection may just be stale
            else:
                pause = max(min(self._max_age, PROBE_INTERVAL), MIN_INTERVAL)
            self._attempted.set()
            self._wake.wait(max(0.0, started + pause - time.monotonic()))
            self._wake.clear()

    def _refresh(self, now: float) -> None:
        """Probe the database, and count if a count is due."""
        revision = self._database.schema_revision()
        if not self._count_broken:
            self._recover(now)
        if self.snapshot and self.snapshot.schema_revision != revision:
            self.snapshot = replace(self.snapshot, schema_revision=revision)
        idle = now - self._last_request > IDLE_AFTER
        interval = max(self._max_age, IDLE_COUNT_INTERVAL if idle else 0.0, COUNT_SHARE * self._count_duration)
        if self._count_broken or now - self._count_started >= interval:
            self._count(now, revision)
            self._recover(now)

    def _count(self, now: float, revision: str | None) -> None:
        """Count, and publish a new snapshot. A slow count is repeated later; any other failure is raised."""
        self._count_started, counted_at, records = now, datetime.now(UTC), 0
        try:
            for batch in self._database.count():
                if records and self.snapshot is None:
                    self.snapshot = Snapshot(revision)  # a large table: serve without a number meanwhile
                records += batch
            self.snapshot = Snapshot(revision, records, counted_at, time.monotonic() - now)
            self._metrics.observe_snapshot(self.snapshot)
            self._count_broken = False
        except TimeoutError as error:  # the next probe decides whether the database is available
            log.warning("count timed out", extra={"reason": str(error)})
            self.snapshot = self.snapshot or Snapshot(revision)
        except Exception:
            self._count_broken = True  # a missing table or privilege: the page is unavailable until a count succeeds
            raise
        finally:
            self._count_duration = time.monotonic() - now

    def _recover(self, now: float) -> None:
        if self._down and self._failing_since is not None:
            log.info("database recovered", extra={"down_seconds": round(now - self._failing_since, 3)})
        self._failing_since, self._down = None, False
        self._metrics.set_database_up()

    def _fail(self, started: float, error: Exception) -> None:
        self._reason = str(getattr(error, "orig", None) or error)
        self._failing_since = self._failing_since or started
        if not self._down and time.monotonic() - self._failing_since > GRACE_PERIOD:
            self._down = True
            log.error("database unavailable", extra={"reason": self._reason})
            self._metrics.set_database_down()
