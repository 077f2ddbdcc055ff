"""An unavailable database: the page answers 503 within 3 s, probes answer, and the page recovers within a second."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError

from app.version import VERSION
from tests.conftest import MakeServer
from tests.resilience.proxy import Mode, Proxy
from tests.server import GunicornServer, LogLine, eventually

SHOWN_WITHIN = 3.0  # seconds from a failure to the last 200 of any worker
RECOVERED_WITHIN = 1.0  # seconds from the recovery to the last 503 of any worker
BUSY = 1.0  # seconds more on a machine that is busy with other tests
RECOVERED_WITHIN_DURING_COUNT = 3.0  # the same, if the network was lost in the middle of a count


class Outage:
    """Ways to make a database unavailable to its user, whose URL this is."""

    def __init__(self, root: Connection, url: URL, proxy: Proxy) -> None:
        self._root = root
        self._proxy = proxy
        self.url = url.set(host="127.0.0.1", port=proxy.port)

    def execute(self, statement: str) -> None:
        """Execute a statement as an administrator."""
        self._root.execute(text(statement))

    def kill(self, *spared: Connection) -> None:
        """Close the connections of the user, except for some, as an administrator or a failover does."""
        query = text("SELECT id FROM information_schema.processlist WHERE user = :user")
        ids = {connection.scalar(text("SELECT CONNECTION_ID()")) for connection in spared}
        for number in self._root.scalars(query, {"user": self.url.username}).all():
            if number not in ids:
                with suppress(OperationalError):  # closed meanwhile
                    self._root.execute(text("KILL :number"), {"number": number})

    @contextmanager
    def network(self, mode: Mode) -> Iterator[None]:
        """Break the network in one of the proxy's modes."""
        self._proxy.set(mode)
        yield
        self._proxy.set("pass")

    @contextmanager
    def wrong_password(self) -> Iterator[None]:
        """Change the password, and close the connections that used the old one."""
        self.execute(f"ALTER USER {self.url.username} IDENTIFIED BY 'another'")
        self.kill()
        yield
        self.execute(f"ALTER USER {self.url.username} IDENTIFIED BY 'tell-nobody'")

    @contextmanager
    def too_many_connections(self) -> Iterator[None]:
        """Let another client hold all connections that the user may have."""
        self.execute(f"ALTER USER {self.url.username} WITH MAX_USER_CONNECTIONS 2")
        hog = create_engine(self.url, pool_size=2)
        held: list[Connection] = []
        while len(held) < 2:  # until the service has lost the race for both
            self.kill(*held)
            with suppress(OperationalError):
                held.append(hog.connect())
        yield
        for connection in held:
            connection.close()
        hog.dispose()

    @contextmanager
    def locked_table(self) -> Iterator[None]:
        """Hold the table, so that a count has to wait."""
        self.execute(f"LOCK TABLES {self.url.database}.records WRITE")
        yield
        self.execute("UNLOCK TABLES")

    def count_waits(self) -> bool:
        """Return whether a count of the user waits for the table."""
        query = text("SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE :state AND user = :user")
        return bool(self._root.scalar(query, {"state": "%metadata lock%", "user": self.url.username}))


@pytest.fixture
def outage(database: URL, make_user: Callable[[URL, str], URL]) -> Iterator[Outage]:
    """Return the ways to make the test's database unavailable."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as root, Proxy(str(database.host), database.port or 3306) as proxy:
        yield Outage(root, make_user(database, "ALL"), proxy)
    engine.dispose()


WAYS: dict[str, Callable[[Outage], AbstractContextManager[None]]] = {
    "refused": lambda outage: outage.network("refuse"),
    "silent": lambda outage: outage.network("silent"),
    "reset": lambda outage: outage.network("reset"),
    "wrong password": Outage.wrong_password,
    "too many connections": Outage.too_many_connections,
}


class Prober(threading.Thread):
    """Requests /healthz and /version again and again, and records the durations."""

    def __init__(self, server: GunicornServer) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._stopping = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Send requests until stopped."""
        while not self._stopping.wait(0.05):
            for path in ("/healthz", "/version"):
                started = time.monotonic()
                assert self._server.get(path).status_code == 200
                self.seconds.append(time.monotonic() - started)

    def stop(self) -> None:
        """Send no more requests."""
        self._stopping.set()
        self.join()


def wait_for_page(server: GunicornServer, status: int, seconds: float) -> None:
    """Wait until 20 successive requests have this status; fail if another one comes after that many seconds."""
    started = last_other = time.monotonic()
    successive = 0
    while successive < 20:
        if server.get("/").status_code == status:
            successive += 1
        else:
            successive, last_other = 0, time.monotonic()
        assert last_other - started < seconds + BUSY, changes(server)


def changes(server: GunicornServer) -> list[LogLine]:
    """Return the log lines about the database."""
    return [line for line in server.lines() if line["logger"] == "app.refresher"]


def wait_for_lines(server: GunicornServer, message: str, number: int) -> None:
    """Wait until the log has that number of lines with this message."""
    eventually(lambda: len(server.lines(message)) == number, lambda: changes(server))


@pytest.mark.parametrize("max_age", ["0.1", "60"])
@pytest.mark.parametrize("way", WAYS)
def test_outage_and_recovery(outage: Outage, make_server: MakeServer, way: str, max_age: str) -> None:
    """The page answers 503 with an explanation, immediately; probes go on; no worker is restarted."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE=max_age)
    workers = set(server.workers())
    prober = Prober(server)
    prober.start()

    with WAYS[way](outage):
        wait_for_page(server, 503, SHOWN_WITHIN)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: server.get("/", Accept="application/json"), range(60)))
        page = server.get("/")
    wait_for_page(server, 200, RECOVERED_WITHIN)
    after = server.get("/", Accept="application/json")
    prober.stop()

    assert {answer.status_code for answer in answers} == {503}
    assert statistics.median(answer.elapsed.total_seconds() for answer in answers) < 0.5
    assert all(answer.json()["version"] == VERSION for answer in answers)
    assert int(page.headers["Retry-After"]) > 0
    assert "<h1>The database is unavailable</h1>" in page.text
    assert VERSION in page.text
    assert "tell-nobody" not in page.text + str(server.lines())
    assert after.json()["records"] == 3
    assert statistics.median(prober.seconds) < 0.25  # a request that waited for the database would take 0.5 s
    assert max(prober.seconds) < 2
    assert set(server.workers()) == workers


def test_killed_connections_are_replaced(outage: Outage, make_server: MakeServer) -> None:
    """Connections that are closed while idle are replaced, and the page stays available."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1")

    for _ in range(3):
        outage.kill()
        assert server.statuses() == {200}
    assert server.lines("database unavailable") == []


def test_one_log_line_for_each_change(outage: Outage, make_server: MakeServer) -> None:
    """The log has one line for each outage and one for each recovery, not one for each request or attempt."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")

    for number in (1, 2):
        with outage.network("refuse"):
            wait_for_lines(server, "database unavailable", number)
            assert server.statuses() == {503}
        wait_for_lines(server, "database recovered", number)
        assert server.statuses() == {200}

    assert [line["message"] for line in changes(server)] == ["database unavailable", "database recovered"] * 2
    (down, *_) = server.lines("database unavailable")
    assert "Can't connect" in down["reason"] or "Lost connection" in down["reason"]
    (recovered, *_) = server.lines("database recovered")
    assert 0.5 < recovered["down_seconds"] < 30
    assert "tell-nobody" not in str(server.lines())


@pytest.mark.parametrize("seconds", [8, 60])
def test_a_blocked_count_is_no_outage(outage: Outage, make_server: MakeServer, seconds: int) -> None:
    """While the table is locked, so that counts fail or wait, the last count is shown."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1")
    with outage.locked_table():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert server.statuses(number=5) == {200}
    assert server.lines("database unavailable") == []
    assert server.get("/", Accept="application/json").json()["records"] == 3


def test_start_with_a_locked_table(outage: Outage, make_server: MakeServer) -> None:
    """A service that cannot count yet serves the page without a number, and is ready."""
    with outage.locked_table():
        server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1")
        assert server.statuses() == {200}
        assert server.statuses("/readyz") == {200}
        assert server.get("/", Accept="application/json").json()["records"] is None
    eventually(lambda: server.get("/", Accept="application/json").json()["records"] == 3)


def test_network_lost_during_a_count(outage: Outage, make_server: MakeServer) -> None:
    """If the network is lost while the server counts, the page recovers within 3 s of the network."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")
    with outage.locked_table():
        eventually(outage.count_waits)
        with outage.network("silent"):
            outage.execute("UNLOCK TABLES")
            wait_for_page(server, 503, SHOWN_WITHIN)
    wait_for_page(server, 200, RECOVERED_WITHIN_DURING_COUNT)


def test_metrics_of_an_outage(outage: Outage, make_server: MakeServer) -> None:
    """The metrics report the outage, the last count and the answers."""
    server = make_server(outage.url, RECORD_COUNT_MAX_AGE="0.1", WEB_CONCURRENCY="1")
    counted_at = server.metrics()["app_record_count_timestamp_seconds"]
    assert server.metrics()["app_database_up"] == 1

    with outage.network("refuse"):
        eventually(lambda: server.metrics()["app_database_up"] == 0)
        assert server.get("/").status_code == 503
        metrics = server.metrics()

    assert metrics["app_records"] == 3
    assert metrics["app_record_count_timestamp_seconds"] >= counted_at
    assert metrics['app_requests_total{method="GET",route="/",status="503"}'] == 1
    eventually(lambda: server.metrics()["app_database_up"] == 1)


def test_start_without_a_database(outage: Outage, make_server: MakeServer) -> None:
    """A service that starts during an outage answers 503, is not ready, and recovers like any other."""
    with outage.network("refuse"):
        server = make_server(outage.url)
        assert server.statuses() == {503}
        assert server.statuses("/readyz") == {503}
        assert server.statuses("/healthz") == {200}
    wait_for_page(server, 200, RECOVERED_WITHIN)
    assert server.statuses("/readyz") == {200}
