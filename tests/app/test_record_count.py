"""The count: read rarely, by one reader, and young enough."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest

from app.database import Reading
from app.metrics import Metrics
from app.record_count import MOST_WAITING, DatabaseAwayError, RecordCount


class Table:
    """A database whose answers are numbered, and take as long as told."""

    def __init__(self) -> None:
        self.takes = 0.0
        self.fails = self.fails_once = False
        self.reads: list[float] = []
        self.readers = self.most_readers = 0
        self.answered = threading.Event()
        self._numbers = count(1)

    def read(self) -> Reading:
        """Answer, or fail, as set."""
        self.readers += 1
        self.most_readers = max(self.readers, self.most_readers)
        self.reads.append(time.monotonic())
        time.sleep(self.takes)
        self.readers -= 1
        if self.fails or self.fails_once:
            self.fails_once = False
            raise RuntimeError("gone")
        self.answered.set()
        return Reading(next(self._numbers), "0002", datetime.now(UTC), self.takes)


@pytest.fixture
def table() -> Table:
    """Return the table that is counted."""
    return Table()


def new(table: Table, max_age: float) -> RecordCount:
    """Return a count of that table."""
    return RecordCount(table.read, max_age, Metrics(0))


def test_read_once_for_all(table: Table) -> None:
    """Many who ask at once are served by one reading."""
    table.takes = 0.2
    counter = new(table, 60)

    with ThreadPoolExecutor(MOST_WAITING) as pool:
        numbers = list(pool.map(lambda _: counter.current().records, range(MOST_WAITING)))

    assert numbers == [1] * MOST_WAITING
    assert len(table.reads) == 1


def test_read_at_most_once_per_age(table: Table) -> None:
    """However many ask for a while, readings begin no closer to each other than the age, one at a time."""
    counter = new(table, 0.2)
    end = time.monotonic() + 1.1

    def ask(_: int) -> None:
        while time.monotonic() < end:
            counter.current()
            time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))

    gaps = [after - before for before, after in zip(table.reads, table.reads[1:], strict=False)]
    assert len(gaps) >= 3
    assert min(gaps) >= 0.19  # from within the reading, which begins a moment after it was decided
    assert table.most_readers == 1


def test_last_value_meanwhile(table: Table) -> None:
    """While a slow reading replaces it, the last value is served at once, for one reading longer than its age."""
    table.takes = 0.3
    counter = new(table, 0.2)
    assert counter.current().records == 1

    started = time.monotonic()
    assert counter.current().records == 1
    assert time.monotonic() - started < 0.1


def test_nobody_waits_for_an_unusual_reading(table: Table) -> None:
    """In a service that is in use, nobody waits for a reading that takes much longer than the one before."""
    counter = new(table, 0.6)
    assert counter.current().records == 1
    table.takes = 1.0
    longest = 0.0
    end = time.monotonic() + 1.4
    while time.monotonic() < end:
        started = time.monotonic()
        assert counter.current().records == 1
        longest = max(longest, time.monotonic() - started)
        time.sleep(0.002)
    assert len(table.reads) == 2
    assert longest < 0.2


def test_nobody_sees_an_old_value(table: Table) -> None:
    """After a quiet time, the first who asks waits for a new value instead of seeing the old one."""
    counter = new(table, 0.05)
    assert counter.current().records == 1
    time.sleep(0.2)
    assert counter.current().records == 2


def test_at_once(table: Table) -> None:
    """Who cannot wait gets a reading that is there, or none, and the next is begun where it is due."""
    table.takes = 0.1
    counter = new(table, 60)

    started = time.monotonic()
    assert counter.at_once() is None
    assert time.monotonic() - started < 0.05

    assert table.answered.wait(1)
    time.sleep(0.05)
    reading = counter.at_once()
    assert reading is not None
    assert reading is counter.current()
    assert len(table.reads) == 1


def test_age_zero(table: Table) -> None:
    """With an age of 0, each page has a count that is as old as one reading at most."""
    counter = new(table, 0)
    assert [counter.current().records for _ in range(3)] == [1, 2, 3]


def test_away(table: Table) -> None:
    """Who asks while the database is away is told at once, and its return is noticed without anybody asking."""
    table.fails = True
    counter = new(table, 0.1)
    with pytest.raises(DatabaseAwayError, match="gone"):
        counter.current()

    table.takes = 0.4
    time.sleep(0.6)  # in the middle of another try
    started = time.monotonic()
    with pytest.raises(DatabaseAwayError, match="gone"):
        counter.current()
    assert time.monotonic() - started < 0.1

    table.fails, table.takes = False, 0.0
    assert table.answered.wait(1)  # without anybody asking
    time.sleep(0.05)
    assert counter.current().records >= 1


def test_one_failure_is_nothing(table: Table) -> None:
    """A connection that was lost is no outage where the next try succeeds."""
    table.fails_once = True
    counter = new(table, 60)

    assert counter.current().records == 1
    assert len(table.reads) == 2


def test_only_so_many_wait(table: Table) -> None:
    """Those for whom there is no place to wait are told at once, so that probes are always answered."""
    table.takes = 1.0
    counter = new(table, 60)
    waiting = [threading.Thread(target=counter.current) for _ in range(MOST_WAITING)]
    for thread in waiting:
        thread.start()
    time.sleep(0.3)

    with pytest.raises(DatabaseAwayError, match="too many"):
        counter.current()

    for thread in waiting:
        thread.join()
    assert counter.current().records == 1


def test_a_page_waits_no_longer_than_it_may(table: Table) -> None:
    """A reading that takes too long is explained in less than 3 seconds, and served when it is there."""
    table.takes = 3.2
    counter = new(table, 60)
    started = time.monotonic()
    with pytest.raises(DatabaseAwayError, match="has not answered"):
        counter.current()
    assert time.monotonic() - started < 3

    assert counter.current().records == 1
