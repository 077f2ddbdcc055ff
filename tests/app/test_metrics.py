"""The metrics: added up over processes, on a port of their own."""

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import MakeServer
from tests.processes import environment, program
from tests.server import free_port


def test_all_processes_add_up(make_server: MakeServer, shared_database: URL) -> None:
    """Requests are counted by route, method and status, whichever process answered them."""
    service = make_server(shared_database, WEB_CONCURRENCY="3")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: service.get("/"), range(60)))
    for path in ("/nowhere", "/nowhere/else"):
        service.get(path)

    metrics = service.metrics()

    assert metrics['app_requests_total{method="GET",route="/",status="200"}'] == 60
    assert metrics['app_requests_total{method="GET",route="unmatched",status="404"}'] == 2
    assert metrics['app_request_duration_seconds_count{route="/"}'] == 60
    assert metrics['app_request_duration_seconds_bucket{le="+Inf",route="/"}'] == 60
    assert metrics["app_records"] == 3
    assert 0 <= time.time() - metrics["app_record_count_timestamp_seconds"] < 60
    assert metrics["app_record_count_duration_seconds_count"] >= 1
    assert metrics["app_database_up"] == 1
    assert metrics[f'app_build_info{{version="{VERSION}"}}'] == 1
    assert not [name for name in metrics if "nowhere" in name]


def test_counters_of_a_killed_worker_remain(make_server: MakeServer, shared_database: URL) -> None:
    """The requests that a killed worker counted are not lost, and another worker takes its place."""
    service = make_server(shared_database, WEB_CONCURRENCY="1")
    service.get("/")
    service.kill_workers()
    service.get("/")

    metrics = service.metrics()

    assert metrics['app_requests_total{method="GET",route="/",status="200"}'] == 2
    assert metrics["app_database_up"] == 1


def test_unknown_methods_share_a_label(make_server: MakeServer, shared_database: URL) -> None:
    """A client cannot create time series with invented methods."""
    service = make_server(shared_database)
    for method in ("BREW", "CHURN"):
        service.get("/", method=method)

    names = [name for name in service.metrics() if name.startswith("app_requests_total")]
    assert 'app_requests_total{method="other",route="unmatched",status="405"}' in names
    assert not [name for name in names if "BREW" in name or "CHURN" in name]


def test_metrics_have_their_own_port(make_server: MakeServer, shared_database: URL) -> None:
    """The port of the page has no metrics, and the port of the metrics has no page."""
    service = make_server(shared_database)

    assert service.get("/metrics").status_code == 404
    assert service.get("/metrics", Host=f"localhost:{service.metrics_port}").status_code == 404
    assert service.get("/metrics", service.metrics_port).status_code == 200
    assert "<html" not in service.get("/", service.metrics_port).text


def test_only_own_files_are_removed(make_server: MakeServer, shared_database: URL, tmp_path: Path) -> None:
    """PROMETHEUS_MULTIPROC_DIR may contain files of others: only the service's own directory is removed."""
    (tmp_path / "file-of-another").write_text("keep")
    for _ in range(2):
        service = make_server(shared_database, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
        assert len(list(tmp_path.glob("app-metrics-*"))) == 1
        assert service.stop() == 0
        assert list(tmp_path.glob("app-metrics-*")) == []
    assert (tmp_path / "file-of-another").read_text() == "keep"


def test_files_of_a_killed_service_are_replaced(make_server: MakeServer, shared_database: URL, tmp_path: Path) -> None:
    """A service that is killed leaves a directory; its next start on the same port counts from zero in it."""
    settings = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PORT": str(free_port())}
    for _ in range(2):
        service = make_server(shared_database, **settings)
        service.get("/")
        assert service.metrics()['app_requests_total{method="GET",route="/",status="200"}'] == 1
        service.kill()
    assert len(list(tmp_path.glob("app-metrics-*"))) == 1


def test_failed_start_leaves_nothing(tmp_path: Path) -> None:
    """A start with a wrong setting leaves no directory."""
    env = environment(PORT="none", PROMETHEUS_MULTIPROC_DIR=str(tmp_path))

    assert program("gunicorn", env=env).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_unusable_directory_does_not_affect_pages(
    make_server: MakeServer, shared_database: URL, tmp_path: Path
) -> None:
    """If the directory cannot be created, pages and probes are served, and the log contains the reason."""
    file = tmp_path / "file"
    file.write_text("")

    service = make_server(shared_database, PROMETHEUS_MULTIPROC_DIR=str(file))

    assert service.statuses() == {200}
    assert service.statuses("/healthz") == {200}
    assert service.get("/metrics", service.metrics_port).status_code == 200
    assert [line for line in service.lines() if "metrics of this worker are not served" in line["message"]]
    assert service.stop() == 0


@pytest.fixture
def small_filesystem(tmp_path: Path) -> Iterator[Path]:
    """Return a file system in memory with 2 MiB."""
    directory = tmp_path / "small"
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(directory)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount")  # in an unprivileged container; tests/image starts with a full one
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_full_directory_does_not_affect_pages(
    make_server: MakeServer, shared_database: URL, small_filesystem: Path
) -> None:
    """A file system that fills up ends no worker, neither a running one nor its successor."""
    service = make_server(shared_database, PROMETHEUS_MULTIPROC_DIR=str(small_filesystem))
    workers = service.workers()
    filler = os.open(small_filesystem / "filler", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(filler, b"x" * 4096)
    os.close(filler)

    for path in ("/", "/healthz", "/nowhere", "/readyz"):
        service.statuses(path)
    assert service.workers() == workers
    service.kill_workers()
    assert service.statuses() == {200}
    assert service.stop() == 0
