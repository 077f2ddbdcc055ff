"""One measurement of one service, and the medians of several."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from statistics import median

from benchmarks import processes
from benchmarks.closed_loop import closed_loop
from benchmarks.database import Database
from benchmarks.open_loop import open_loop
from benchmarks.services import Service

WARM_UP = 1  # seconds
CLOSED = 3  # seconds
CLOSED_SLOW = 10  # seconds, for what answers fewer than `SLOW`: those not answered at the end count less
SLOW = 100  # requests a second
OPEN = 4  # seconds


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: a service on a table, with MySQL's `innodb_parallel_read_threads`."""

    service: str
    rows: int
    read_threads: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured; times in seconds."""

    rate: float  # requests a second, closed loop
    p50: float  # closed loop
    p99: float  # closed loop
    cpu: float  # of the service's processes, user and system, for 1,000 requests
    mysql_cpu: float  # of MySQL's, for 1,000 requests
    open_p99: float  # open loop
    open_unanswered: float  # requests of the open loop
    cold_start: float
    resident_bytes: float  # of one worker, after the load


def measure(service: Service, database: Database, case: Case) -> Measurement:
    """Start a service of its own, warm it up, load it in both ways, and end it."""
    database.read_in_parallel(case.read_threads)
    with service.start(database, case.rows) as running:
        warm_up = closed_loop(running.port, WARM_UP)
        database.settle()
        own, mysql = processes.cpu_seconds(running.pid), processes.cpu_seconds(database.pid)
        closed = closed_loop(running.port, CLOSED if warm_up.rate >= SLOW else CLOSED_SLOW)
        own, mysql = processes.cpu_seconds(running.pid) - own, processes.cpu_seconds(database.pid) - mysql
        database.settle()
        opened = open_loop(running.port, OPEN)
        resident = processes.resident_bytes(running.pid)
    database.settle()
    thousands = closed.requests / 1000
    return Measurement(
        rate=closed.rate,
        p50=closed.p50,
        p99=closed.p99,
        cpu=own / thousands,
        mysql_cpu=mysql / thousands,
        open_p99=opened.p99,
        open_unanswered=opened.unanswered,
        cold_start=running.cold_start,
        resident_bytes=resident,
    )


def medians(measurements: Iterable[Measurement]) -> Measurement:
    """Return the median of each number."""
    all_of_them = list(measurements)
    return Measurement(
        **{each.name: median(getattr(m, each.name) for m in all_of_them) for each in fields(Measurement)}
    )
