"""The service as a process: how it starts and how it ends."""

import http.client
import threading
import time

import pytest
from sqlalchemy import URL, create_engine, text

from tests.conftest import NewService


def test_ends_in_time(new_service: NewService, shared_database: URL) -> None:
    """On SIGTERM the service ends with status 0, long before its limit, with 20 idle connections that are kept."""
    service = new_service(shared_database)
    idle = [http.client.HTTPConnection("127.0.0.1", service.port, timeout=5) for _ in range(20)]
    for connection in idle:
        connection.request("GET", "/version")
        assert connection.getresponse().read()

    started = time.monotonic()
    status = service.stop()

    assert status == 0
    assert time.monotonic() - started < 10
    for connection in idle:
        connection.close()


def test_finishes_what_runs(new_service: NewService, database: URL) -> None:
    """A page under way when SIGTERM arrives is answered; meanwhile the service says that it is not ready."""
    service = new_service(database, RECORD_COUNT_MAX_AGE="0", WEB_CONCURRENCY="1")
    probe = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    probe.request("GET", "/readyz")
    assert probe.getresponse().read() == b'{"status":"ready"}\n'
    pages: list[int] = []
    page = threading.Thread(target=lambda: pages.append(service.get("/").status_code))

    engine = create_engine(database)
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLES records WRITE"))  # the count waits
        page.start()
        time.sleep(0.3)
        service.terminate()
        time.sleep(0.3)
        probe.request("GET", "/readyz")
        answer = probe.getresponse()
        assert (answer.status, answer.read()) == (503, b'{"status":"draining"}\n')
        connection.execute(text("UNLOCK TABLES"))
    page.join()

    assert pages == [200]
    assert service.stop() == 0
    probe.close()
    engine.dispose()


def test_ends_while_it_begins(new_service: NewService, shared_database: URL) -> None:
    """A process that has not begun to serve when SIGTERM arrives ends by itself too, and need not be killed."""
    service = new_service(shared_database, WEB_CONCURRENCY="4")  # answers as soon as one of them does
    workers = service.workers()

    assert service.stop() == 0
    ended = {line["message"] for line in service.lines()}
    assert {f"Worker exiting (pid: {pid})" for pid in workers} <= ended


@pytest.mark.parametrize("count", ["1", "3"])
def test_as_many_processes_as_set(new_service: NewService, shared_database: URL, count: str) -> None:
    """WEB_CONCURRENCY is how many processes serve, each with its own connections."""
    service = new_service(shared_database, WEB_CONCURRENCY=count)

    assert len(service.workers()) == int(count)


def test_many_clients_at_once(new_service: NewService, shared_database: URL) -> None:
    """A client that sends nothing holds nobody up."""
    service = new_service(shared_database, WEB_CONCURRENCY="1")
    silent = [http.client.HTTPConnection("127.0.0.1", service.port) for _ in range(20)]
    for connection in silent:
        connection.connect()

    started = time.monotonic()
    assert service.get("/").status_code == 200
    assert time.monotonic() - started < 1
    for connection in silent:
        connection.close()
