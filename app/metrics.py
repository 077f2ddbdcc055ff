"""What Prometheus scrapes, on a port of its own, for all worker processes together."""

import os
import time
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Protocol

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from app.database import Reading
from app.version import VERSION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)  # seconds
COUNTED_AT = "app_record_count_age_seconds"  # kept as the time of the count, scraped as its age


class Source(Protocol):
    """What metrics are read from: this process's, or the files of all of them."""

    def collect(self) -> Iterable[Metric]:
        """Return the metrics with their values as of now."""
        ...


class WithAges:
    """A source whose times of counting have become ages, as of the scrape."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        """Return the metrics of the source, those of no count yet left empty."""
        for metric in self._source.collect():
            if metric.name == COUNTED_AT:
                metric.samples = [s._replace(value=time.time() - s.value) for s in metric.samples if s.value]
            yield metric


class Metrics:
    """The service's metrics; with `PROMETHEUS_MULTIPROC_DIR`, each process keeps them in files there."""

    def __init__(self, port: int) -> None:
        self._port = str(port)
        own = CollectorRegistry()

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            """Return a gauge that says what the last of the living processes to know said."""
            return Gauge(name, text, labels, registry=own, multiprocess_mode="livemostrecent")

        self._requests = Counter("app_requests", "requests answered", ["route", "method", "status"], registry=own)
        self._latency = Histogram(
            "app_request_duration_seconds", "time to answer a request", ["route"], buckets=LATENCIES, registry=own
        )
        self._records = gauge("app_records", "records when last counted")
        self._counted_at = gauge(COUNTED_AT, "time since the last count")
        self._count_duration = Histogram(
            "app_record_count_duration_seconds", "time that a count took", buckets=LATENCIES, registry=own
        )
        self._database_up = gauge("app_database_up", "1 where the last reading succeeded, 0 where it failed")
        build = gauge("app_build_info", "1, labelled by the version that runs", ("version",))
        build.labels(VERSION).set(1)
        # The series of each combination are looked up once: there are few.
        self._series = cache(lambda *labels: (self._requests.labels(*labels), self._latency.labels(labels[0])))
        self._scraped = CollectorRegistry()
        files = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        source: Source = MultiProcessCollector(None) if files else own  # type: ignore[no-untyped-call]  # not typed there
        self._scraped.register(WithAges(source))

    def observe_request(self, route: str, method: str, status: int, duration: float) -> None:
        """Count a request; the route is a pattern of ours, never what a client made up."""
        requests, latency = self._series(route, method if method in METHODS else "other", status)
        requests.inc()
        latency.observe(duration)

    def observe_reading(self, reading: Reading) -> None:
        """Keep what the database said."""
        self._records.set(reading.records)
        self._counted_at.set(reading.counted_at.timestamp())
        self._count_duration.observe(reading.duration)
        self._database_up.set(1)

    def observe_away(self) -> None:
        """Keep that the database did not answer."""
        self._database_up.set(0)

    def init_app(self, app: Flask) -> None:
        """Serve `/metrics`, and nothing else, to what arrives at the port of the metrics."""
        page, scrape = app.wsgi_app, make_wsgi_app(self._scraped)

        def by_port(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            served: WSGIApplication = page
            if environ["SERVER_PORT"] == self._port:  # of the socket that accepted, not of a header
                served = scrape if environ["PATH_INFO"] == "/metrics" else _not_found
            return served(environ, start_response)

        app.wsgi_app = by_port  # type: ignore[method-assign]  # Flask's documented way


def _not_found(_: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"not found\n"]
