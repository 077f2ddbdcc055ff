"""The refresher: it probes often, counts rarely, and no request waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from app import refresher as module
from app.database import DatabaseUnavailableError, Snapshot
from app.metrics import Metrics
from app.refresher import Refresher
from tests.server import eventually


class FakeDatabase:
    """A database with settable answers, which records the start of each query."""

    def __init__(self) -> None:
        self.revision = "0002"
        self.batches = [3]
        self.seconds_per_batch = 0.0
        self.probe_error: BaseException | None = None
        self.count_error: Exception | None = None
        self.probes: list[float] = []
        self.counts: list[float] = []
        self.closed = False

    def schema_revision(self) -> str:
        """Return the revision, or fail."""
        self.probes.append(time.monotonic())
        if self.probe_error:
            raise self.probe_error
        return self.revision

    def count(self) -> Iterator[int]:
        """Yield the batches, or fail."""
        self.counts.append(time.monotonic())
        for batch in self.batches:
            time.sleep(self.seconds_per_batch)
            if self.count_error:
                raise self.count_error
            yield batch

    def close(self) -> None:
        """Close."""
        self.closed = True


@pytest.fixture
def database() -> FakeDatabase:
    """Return the database."""
    return FakeDatabase()


Make = Callable[..., Refresher]


@pytest.fixture
def make(database: FakeDatabase) -> Iterator[Make]:
    """Return a function that makes a refresher and starts it."""
    made: list[Refresher] = []

    def new(max_age: float = 0.1, timeout: float = 5) -> Refresher:
        made.append(Refresher(database, max_age, Metrics()))  # type: ignore[arg-type]  # a fake
        made[-1].start(timeout)
        return made[-1]

    yield new
    for each in made:
        each.stop()


def records(refresher: Refresher) -> int | None:
    """Return the number of records, None while they are being counted."""
    return refresher.current().records


def unavailable(refresher: Refresher) -> bool:
    """Return whether the database counts as unavailable."""
    try:
        refresher.current()
    except DatabaseUnavailableError:
        return True
    return False


def gaps(times: list[float]) -> list[float]:
    """Return the times between successive events."""
    return [after - before for before, after in pairwise(times)]


def test_first_snapshot_exists_after_start(make: Make) -> None:
    """The first request has a snapshot to show."""
    snapshot = make().current()

    assert (snapshot.records, snapshot.schema_revision) == (3, "0002")
    assert snapshot.counted_at is not None


def test_batches_add_up(make: Make, database: FakeDatabase) -> None:
    """The number of records is the sum of all batches."""
    database.batches = [20_000, 20_000, 7]

    assert records(make()) == 40_007


def test_snapshot_is_replaced_only_by_a_change(make: Make, database: FakeDatabase) -> None:
    """Between two counts the snapshot is the same object, so a rendered page can be reused."""
    refresher = make(max_age=3600)
    first = refresher.current()
    eventually(lambda: len(database.probes) >= 3)
    assert refresher.current() is first

    database.revision = "0003"
    eventually(lambda: refresher.current().schema_revision == "0003")
    assert records(refresher) == 3


@pytest.mark.parametrize("max_age", [0.0, 0.1, 0.3])
def test_counts_start_at_most_once_per_max_age(make: Make, database: FakeDatabase, max_age: float) -> None:
    """Counts follow each other no faster than RECORD_COUNT_MAX_AGE, and never without a pause."""
    make(max_age)

    eventually(lambda: len(database.counts) >= 5)

    assert min(gaps(database.counts)) >= max(max_age, module.MIN_INTERVAL) - 0.01


def test_a_count_takes_at_most_a_tenth_of_the_time(make: Make, database: FakeDatabase) -> None:
    """A count that takes 0.1 s is repeated after a second at the earliest; probes go on meanwhile."""
    database.seconds_per_batch = 0.1
    make()

    eventually(lambda: len(database.counts) >= 3)

    assert min(gaps(database.counts)) >= 0.99
    assert len(database.probes) > 2 * len(database.counts)


def test_probes_continue_if_counts_are_rare(make: Make, database: FakeDatabase) -> None:
    """With a long RECORD_COUNT_MAX_AGE, the database is still probed about once a second."""
    make(max_age=3600)

    eventually(lambda: len(database.probes) >= 3)

    assert len(database.counts) == 1
    assert min(gaps(database.probes)) <= module.PROBE_INTERVAL + 0.5


@pytest.mark.parametrize("batches", [40, 200])
def test_a_slow_count_is_no_outage(make: Make, database: FakeDatabase, batches: int) -> None:
    """Before the first count ends, requests get a snapshot without a number, immediately."""
    database.batches, database.seconds_per_batch = [20_000] * batches, 0.02
    refresher = make(timeout=0.1)

    assert records(refresher) is None
    assert refresher.current().schema_revision == "0002"
    eventually(lambda: records(refresher) == 20_000 * batches)
    assert not unavailable(refresher)


def test_last_count_is_shown_during_the_next(make: Make, database: FakeDatabase) -> None:
    """While a slow count runs, requests get the number before it."""
    refresher = make()
    database.batches, database.seconds_per_batch = [20_000] * 100, 0.02
    before = len(database.counts)
    eventually(lambda: len(database.counts) > before)

    assert records(refresher) == 3
    assert not unavailable(refresher)


def test_a_count_that_times_out_is_no_outage(make: Make, database: FakeDatabase) -> None:
    """If a count times out, as on a locked table, the last number stays, or none if there was no count yet."""
    database.count_error = TimeoutError("the table is locked")
    refresher = make()
    assert records(refresher) is None

    database.count_error = None
    eventually(lambda: records(refresher) == 3)
    database.count_error = TimeoutError("the table is locked")
    before = len(database.counts)
    eventually(lambda: len(database.counts) > before + 1)
    assert records(refresher) == 3


def test_a_broken_count_is_an_outage(make: Make, database: FakeDatabase) -> None:
    """If counts cannot succeed, as without the table, the database is unavailable until one does."""
    refresher = make()
    database.count_error = LookupError("no such table")
    eventually(lambda: unavailable(refresher))
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        assert unavailable(refresher)
        time.sleep(0.01)

    database.count_error = None
    eventually(lambda: not unavailable(refresher))
    assert records(refresher) == 3


def test_one_failure_is_no_outage(make: Make, database: FakeDatabase) -> None:
    """A stale connection fails once, and the next attempt follows immediately."""
    refresher = make()
    database.probe_error = ConnectionError("gone")
    before = len(database.probes)
    eventually(lambda: len(database.probes) > before)
    database.probe_error = None

    end = time.monotonic() + 2 * module.GRACE_PERIOD
    while time.monotonic() < end:
        assert not unavailable(refresher)
        time.sleep(0.01)


def test_outage_and_recovery(make: Make, database: FakeDatabase) -> None:
    """An outage is shown within 3 s; after the recovery, the last number is shown within a second."""
    refresher = make(max_age=3600)
    database.probe_error = ConnectionError("gone")
    started = time.monotonic()
    eventually(lambda: unavailable(refresher))
    assert time.monotonic() - started < 3
    with pytest.raises(DatabaseUnavailableError, match="gone"):
        refresher.current()

    database.probe_error = None
    started = time.monotonic()
    eventually(lambda: not unavailable(refresher))
    assert time.monotonic() - started < 1
    assert records(refresher) == 3


def test_a_hanging_attempt_is_an_outage(make: Make, database: FakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that hangs after a failure, as in a name server's timeout, does not delay the 503."""
    refresher = make()
    hanging, proceed = threading.Event(), threading.Event()

    def hang() -> str:
        if not hanging.is_set():
            hanging.set()
            raise ConnectionError("gone")
        proceed.wait(30)
        return "0002"

    monkeypatch.setattr(database, "schema_revision", hang)
    eventually(hanging.is_set)
    eventually(lambda: unavailable(refresher), seconds=3)
    proceed.set()
    eventually(lambda: not unavailable(refresher))


def test_requests_never_wait(make: Make, database: FakeDatabase) -> None:
    """While the database is silent from the start, the answer is immediate."""
    database.batches, database.seconds_per_batch = [1], 1.0
    refresher = make(timeout=0.05)

    started = time.monotonic()
    assert unavailable(refresher)
    assert time.monotonic() - started < 0.5


def test_idle(make: Make, database: FakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without requests it counts less often; the first request is answered immediately, and a count follows it."""
    monkeypatch.setattr(module, "IDLE_AFTER", 0.3)
    monkeypatch.setattr(module, "IDLE_COUNT_INTERVAL", 3600.0)
    refresher = make()
    eventually(lambda: time.monotonic() - database.counts[-1] > 1)  # idle: no count for ten times RECORD_COUNT_MAX_AGE

    before, snapshot = len(database.counts), refresher.current()
    assert snapshot.records == 3
    eventually(lambda: len(database.counts) > before, seconds=module.PROBE_INTERVAL)
    eventually(lambda: refresher.current() is not snapshot)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # provoked
def test_dead_thread_is_reported(make: Make, database: FakeDatabase) -> None:
    """If the thread ends, `is_alive` reports it."""
    refresher = make()
    assert refresher.is_alive()

    database.probe_error = SystemExit()
    eventually(lambda: not refresher.is_alive())


def test_stop_closes_the_connection(make: Make, database: FakeDatabase) -> None:
    """After `stop`, the thread has ended and the connection is closed."""
    refresher = make()

    refresher.stop()

    assert not refresher.is_alive()
    assert database.closed


def test_snapshots_are_immutable() -> None:
    """A snapshot that a request reads cannot change."""
    with pytest.raises(AttributeError):
        Snapshot("0002").records = 1  # type: ignore[misc]  # must fail
