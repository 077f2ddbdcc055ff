"""The metrics."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import NewService


def test_all_processes_add_up(new_service: NewService, shared_database: URL) -> None:
    """Requests are counted by route, method and status, whichever process answered them."""
    service = new_service(shared_database, WEB_CONCURRENCY="3")
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
    assert 0 <= metrics["app_record_count_age_seconds"] < 30
    assert metrics["app_record_count_duration_seconds_count"] >= 1
    assert metrics["app_database_up"] == 1
    assert metrics[f'app_build_info{{version="{VERSION}"}}'] == 1
    assert not [name for name in metrics if "nowhere" in name]


def test_a_process_that_ended_stays_counted(new_service: NewService, shared_database: URL) -> None:
    """What a worker counted before it was killed is not lost, and another one takes its place."""
    service = new_service(shared_database, WEB_CONCURRENCY="1")
    service.get("/")
    service.kill_workers()
    service.get("/")

    metrics = service.metrics()

    assert metrics['app_requests_total{method="GET",route="/",status="200"}'] == 2
    assert metrics["app_database_up"] == 1


def test_made_up_methods_are_one_label(new_service: NewService, shared_database: URL) -> None:
    """A client cannot make new time series by methods of its own."""
    service = new_service(shared_database)
    for method in ("BREW", "CHURN"):
        service.get("/", method=method)

    names = [name for name in service.metrics() if name.startswith("app_requests_total")]
    assert 'app_requests_total{method="other",route="unmatched",status="405"}' in names
    assert not [name for name in names if "BREW" in name or "CHURN" in name]


def test_only_at_their_own_port(new_service: NewService, shared_database: URL) -> None:
    """The port of the page has no metrics, and the port of the metrics has no page, whatever a header says."""
    service = new_service(shared_database)

    assert service.get("/metrics").status_code == 404
    assert service.get("/metrics", Host=f"localhost:{service.metrics_port}").status_code == 404
    assert service.get("/metrics", service.metrics_port).status_code == 200
    assert service.get("/", service.metrics_port).status_code == 404
