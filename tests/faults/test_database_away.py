"""The database away: the page explains, the probes answer, and all is well within a second of its return."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from app.record_count import LONGEST_WAIT
from app.version import VERSION
from tests.conftest import NewService
from tests.faults.proxy import Mode, Proxy
from tests.service import LINE, Service


class Outage:
    """A database that can be taken away from its user, whose URL this is, in several ways."""

    def __init__(self, root: Connection, url: URL, proxy: Proxy) -> None:
        self._root = root
        self._proxy = proxy
        self.url = url.set(host="127.0.0.1", port=proxy.port)

    def _do(self, statement: str) -> None:
        self._root.execute(text(statement))

    def kill(self) -> None:
        """End all of the user's connections, as an administrator or a fail-over does."""
        query = text("SELECT id FROM information_schema.processlist WHERE user = :user")
        for number in self._root.scalars(query, {"user": self.url.username}).all():
            self._root.execute(text("KILL :number"), {"number": number})

    @contextmanager
    def network(self, mode: Mode) -> Iterator[None]:
        """Break the network in one of the proxy's ways."""
        self._proxy.set(mode)
        yield
        self._proxy.set("pass")

    @contextmanager
    def wrong_credentials(self) -> Iterator[None]:
        """Change the password, and end the connections that used the old one."""
        self._do(f"ALTER USER {self.url.username} IDENTIFIED BY 'another'")
        self.kill()
        yield
        self._do(f"ALTER USER {self.url.username} IDENTIFIED BY 'tell-nobody'")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let the server accept no more connections of this user, while others hold those that there are."""
        self._do(f"ALTER USER {self.url.username} WITH MAX_USER_CONNECTIONS 2")
        self.kill()
        hog = create_engine(self.url, pool_size=2)
        held: list[Connection] = []
        while len(held) < 2:  # until the service has lost the race for both
            try:
                held.append(hog.connect())
            except OperationalError:
                for connection in held:
                    connection.invalidate()
                    connection.close()
                held.clear()
                self.kill()
        yield
        for connection in held:
            connection.close()
        hog.dispose()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the table for longer than a page may wait."""
        self._do(f"LOCK TABLES {self.url.database}.records WRITE")
        yield
        self.unlock()

    def unlock(self) -> None:
        """Let the table go, if it is held."""
        self._do("UNLOCK TABLES")


@pytest.fixture
def outage(database: URL, new_user: Callable[[URL, str], URL]) -> Iterator[Outage]:
    """Return the way to take the test's database away."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as root, Proxy(str(database.host), database.port or 3306) as proxy:
        yield Outage(root, new_user(database, "ALL"), proxy)
    engine.dispose()


WAYS: dict[str, Callable[[Outage], AbstractContextManager[None]]] = {
    "refused": lambda outage: outage.network("refuse"),
    "silent": lambda outage: outage.network("silent"),
    "reset": lambda outage: outage.network("reset"),
    "wrong credentials": Outage.wrong_credentials,
    "full": Outage.full,
    "locked": Outage.locked,
}


class Probe(threading.Thread):
    """Asks for /healthz and /version all the time, and keeps how long the answers took."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self._service = service
        self._end = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Ask until told to end."""
        while not self._end.wait(0.05):
            for path in ("/healthz", "/version"):
                started = time.monotonic()
                assert self._service.get(path).status_code == 200
                self.seconds.append(time.monotonic() - started)

    def end(self) -> None:
        """Ask no more."""
        self._end.set()
        self.join()


@pytest.mark.parametrize("way", WAYS)
def test_away_and_back(outage: Outage, new_service: NewService, way: str) -> None:
    """The page answers 503 with an explanation in 3 s, probes go on, and the page is back 1 s after the database is."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1")
    workers = set(service.workers())
    wait_for_all_workers(service)
    probe = Probe(service)
    probe.start()

    with WAYS[way](outage):
        time.sleep(0.2)  # what was counted before is too old now
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: service.get("/", Accept="application/json"), range(60)))
        page = service.get("/")
    time.sleep(1)
    after = [service.get("/", Accept="application/json") for _ in range(20)]
    probe.end()

    assert {answer.status_code for answer in answers} == {503}
    assert max(answer.elapsed.total_seconds() for answer in answers) < 3
    assert all(answer.json()["version"] == VERSION for answer in answers)
    assert int(page.headers["Retry-After"]) > 0
    assert "<h1>The database is away</h1>" in page.text
    assert VERSION in page.text
    assert "tell-nobody" not in page.text
    records = [(answer.status_code, answer.json().get("records")) for answer in after]
    assert records == [(200, 3)] * 20, changes(service)
    assert len(probe.seconds) > 40
    assert statistics.median(probe.seconds) < 0.1
    assert max(probe.seconds) < LONGEST_WAIT / 2  # a busy machine takes its time, but no probe waits as a page does
    assert set(service.workers()) == workers


def changes(service: Service) -> list[LINE]:
    """Return the log's lines of the database's going and coming."""
    return [line for line in service.lines() if line["logger"] == "app.record_count"]


def wait_for_all_workers(service: Service) -> None:
    """Wait until every process has counted, as it does at its start, so that its connection is one that can break."""
    deadline = time.monotonic() + 10
    while service.metrics().get("app_record_count_duration_seconds_count", 0) < len(service.workers()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_connections(outage: Outage, new_service: NewService) -> None:
    """Connections that were killed while nobody used them are replaced before anybody notices."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1")
    wait_for_all_workers(service)

    outage.kill()
    time.sleep(0.2)

    assert [service.get("/").status_code for _ in range(20)] == [200] * 20


def test_a_line_for_each_change(outage: Outage, new_service: NewService) -> None:
    """The log has one line when the database goes and one when it is back, not one for each request or try."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")
    service.get("/")

    for _ in range(2):
        with outage.network("refuse"):
            time.sleep(0.2)
            assert [service.get("/").status_code for _ in range(10)] == [503] * 10
            time.sleep(1)
        time.sleep(1)
        assert service.get("/").status_code == 200, changes(service)

    assert [line["message"] for line in changes(service)] == ["database is away", "database is back"] * 2
    (away, *_) = service.lines("database is away")
    assert "Can't connect" in away["reason"] or "Lost connection" in away["reason"]
    assert "tell-nobody" not in str(service.lines())
    (back, *_) = service.lines("database is back")
    assert 1 < back["away_seconds"] < 5


def test_a_long_count_is_no_outage(outage: Outage, new_service: NewService) -> None:
    """A count that takes longer than a database may take to answer a greeting is waited for."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1")
    wait_for_all_workers(service)
    with ThreadPoolExecutor(1) as pool:
        with outage.locked():
            time.sleep(0.2)
            page = pool.submit(service.get, "/")
            time.sleep(1.5)
        assert page.result().status_code == 200
    assert service.lines("database is away") == []


def test_an_answer_that_is_lost(outage: Outage, new_service: NewService) -> None:
    """A count whose answer was lost on its way is not waited for: the page is back 1 s after the database is."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")
    wait_for_all_workers(service)
    with ThreadPoolExecutor(1) as pool:
        with outage.locked():
            time.sleep(0.2)
            page = pool.submit(service.get, "/")
            time.sleep(0.3)  # the server is counting, or would be
            with outage.network("silent"):
                outage.unlock()
                time.sleep(0.2)
        time.sleep(1)
        assert service.get("/").status_code == 200
        page.result()


def test_metrics_say_so(outage: Outage, new_service: NewService) -> None:
    """A scrape tells that the database is away, and the age of the last count."""
    service = new_service(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")
    service.get("/")

    with outage.network("refuse"):
        time.sleep(0.2)
        service.get("/")
        metrics = service.metrics()

    assert metrics["app_database_up"] == 0
    assert metrics["app_record_count_age_seconds"] > 0.2
    assert metrics['app_requests_total{method="GET",route="/",status="503"}'] == 1


def test_starts_without_a_database(outage: Outage, new_service: NewService) -> None:
    """A service that starts while the database is away explains, is not ready, and is both as soon as it is there."""
    with outage.network("refuse"):
        service = new_service(outage.url)
        assert service.get("/").status_code == 503
        assert service.get("/readyz").status_code == 503
    time.sleep(1.2)
    assert [service.get("/").status_code for _ in range(10)] == [200] * 10
    assert service.get("/readyz").status_code == 200
