"""Metrics for Prometheus: each process keeps them in files of `PROMETHEUS_MULTIPROC_DIR`."""

from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from app.database import Snapshot
from app.version import VERSION

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)  # seconds
COUNT_BUCKETS = (0.001, 0.01, 0.1, 1, 10, 100)  # seconds


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            """Return a gauge that reports the most recent value set by a live process."""
            return Gauge(name, text, labels, registry=registry, multiprocess_mode="livemostrecent")

        requests = Counter("app_requests", "requests answered", ["route", "method", "status"], registry=registry)
        duration = Histogram(
            "app_request_duration_seconds", "request duration", ["route"], buckets=LATENCY_BUCKETS, registry=registry
        )
        # The series of each combination of labels are looked up once; there are few combinations.
        self._series = cache(lambda *labels: (requests.labels(*labels), duration.labels(labels[0])))
        self._series("/", "GET", 200)
        self._records = gauge("app_records", "records at the last count")
        self._counted_at = gauge("app_record_count_timestamp_seconds", "start of the last count, as a Unix timestamp")
        self._count_duration = Histogram(
            "app_record_count_duration_seconds", "duration of a count", buckets=COUNT_BUCKETS, registry=registry
        )
        self._database_up = gauge("app_database_up", "1 if the database is available, else 0")
        gauge("app_build_info", "1, labelled with the running version", "version").labels(VERSION).set(1)

    def observe_request(self, route: str, method: str, status: int, duration: float) -> None:
        """Count a request. The route is a pattern of ours: a client must not be able to create time series."""
        requests, latency = self._series(route, method if method in METHODS else "other", status)
        requests.inc()
        latency.observe(duration)

    def observe_snapshot(self, snapshot: Snapshot) -> None:
        """Record a count."""
        if snapshot.records is not None and snapshot.counted_at is not None:
            self._records.set(snapshot.records)
            self._counted_at.set(snapshot.counted_at.timestamp())
            self._count_duration.observe(snapshot.duration)

    def set_database_up(self) -> None:
        """Record that the database is available."""
        self._database_up.set(1)

    def set_database_down(self) -> None:
        """Record that the database is unavailable."""
        self._database_up.set(0)


def all_processes(directory: Path) -> CollectorRegistry:
    """Return the registry to scrape: the metrics of all processes, read from their files in a directory."""
    registry = CollectorRegistry()
    if directory.is_dir():
        MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]  # has no types
    return registry
