"""Raw requests, as no well-behaved client sends them: correct answers (RFC 9110, RFC 9112) and bounded resources."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from sqlalchemy import URL

from app.worker import REQUEST_TIMEOUT
from tests.conftest import MakeServer
from tests.requirements import require_ipv6
from tests.server import GunicornServer, eventually

GET = b"GET /version HTTP/1.1\r\nHost: localhost\r\n"
END = b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(shared_database: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GunicornServer]:
    """Return a server that all these requests are sent to."""
    settings = {"WEB_CONCURRENCY": "1"}
    with GunicornServer(shared_database, tmp_path_factory.mktemp("server"), settings) as server:
        yield server


def connect(server: GunicornServer) -> socket.socket:
    """Return a new connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=REQUEST_TIMEOUT + 20)


def exchange(server: GunicornServer, data: bytes, *, half_close: bool = False) -> bytes:
    """Send data, optionally half-close, and return all received data until the server closes."""
    with connect(server) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with suppress(ConnectionResetError):  # the server may close with unread data
            while data := connection.recv(65536):
                received += data
    return received


def statuses(received: bytes) -> list[int]:
    """Return the statuses of all responses."""
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", received, re.MULTILINE)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(GET + END, [200], id="plain"),
        pytest.param(b"GET /version HTTP/1.0\r\nHost: localhost\r\n\r\n", [200], id="http-1.0"),
        pytest.param(b"GET /healthz HTTP/1.0\r\n\r\n", [200], id="probe-without-host"),
        pytest.param(b"GET /version HTTP/1.1\r\n" + END, [400], id="no-host"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: LOCALHOST\r\n" + END, [200], id="host-in-capitals"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: localhost.\r\n" + END, [200], id="host-with-final-dot"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: Localhost.:8000\r\n" + END, [200], id="host-with-dot-and-port"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: [::1]:8000\r\n" + END, [200], id="host-ipv6"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: localhost..\r\n" + END, [400], id="host-with-two-dots"),
        pytest.param(b"GET /version HTTP/1.1\r\nHost: evil.example\r\n" + END, [400], id="other-host"),
        pytest.param(GET + b"Host: evil.example\r\n" + END, [400], id="two-hosts"),
        pytest.param(b"GET http://localhost/version HTTP/1.1\r\nHost: localhost\r\n" + END, [200], id="absolute-form"),
        pytest.param(b"GET http://LOCALHOST:8000/ HTTP/1.1\r\nHost: x\r\n" + END, [200], id="absolute-form-decides"),
        pytest.param(b"GET http://localhost HTTP/1.1\r\nHost: localhost\r\n" + END, [308], id="absolute-form-no-path"),
        pytest.param(b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n" + END, [400], id="absolute-form-evil"),
        pytest.param(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n" + END, [200], id="head"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" + END, [404], id="asterisk-form"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n" + END + b"abc", [405], id="post"),
        pytest.param(b"BREW / HTTP/1.1\r\nHost: localhost\r\n" + END, [405], id="unknown-method"),
        pytest.param(GET + b"\r\n" + GET + END, [200, 200], id="pipelined"),
        pytest.param(b"\r\n" + GET + END, [200], id="empty-line-first"),
        pytest.param(b"GET /%00%ff%c3%a4 HTTP/1.1\r\nHost: localhost\r\n" + END, [404], id="odd-path"),
        pytest.param(b"GET //evil.example/ HTTP/1.1\r\nHost: localhost\r\n" + END, [404], id="two-slashes"),
        pytest.param(b"nonsense\r\n\r\n", [400], id="no-http"),
        pytest.param(b"\x16\x03\x01\x00\xa5\x01\x00\x00\r\n\r\n", [400], id="tls-on-a-plain-port"),
        pytest.param(b"GET /version HTTP/9.9\r\nHost: localhost\r\n\r\n", [400], id="unknown-version"),
        pytest.param(GET + b"A b: c\r\n" + END, [400], id="blank-in-a-header-name"),
        pytest.param(GET + b"A: b\r\n c\r\n" + END, [400], id="folded-header"),
        pytest.param(GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" + END, [400], id="two-lengths"),
        pytest.param(GET + b"Content-Length: -1\r\n" + END, [400], id="negative-length"),
        pytest.param(GET + b"Transfer-Encoding: chunked\r\n" + END + b"zz\r\n", [200], id="bad-chunk-unread"),
        pytest.param(GET + b"A: " + b"x" * 9000 + b"\r\n" + END, [431], id="long-header"),
        pytest.param(GET + b"".join(b"A%d: x\r\n" % n for n in range(60)) + END, [431], id="many-headers"),
        pytest.param(b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n" + END, [414], id="long-path"),
    ],
)
def test_raw_request(server: GunicornServer, data: bytes, expected: list[int]) -> None:
    """Each request gets the answer of the standard, also if the client closes its side after sending."""
    before = len(server.lines())

    assert statuses(exchange(server, data)) == expected
    assert statuses(exchange(server, data, half_close=True)) == expected

    assert not any("exc_info" in line or line["level"] == "ERROR" for line in server.lines()[before:])


def test_client_that_resets(server: GunicornServer) -> None:
    """A client that disappears at any moment causes no traceback."""
    before = len(server.lines())
    for data in (b"", b"GET", GET, GET + END, GET + b"Content-Length: 10\r\n\r\nabc", (GET + b"\r\n") * 500):
        connection = connect(server)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close by reset
        connection.sendall(data)
        connection.close()

    assert server.get("/healthz").ok
    assert not any("exc_info" in line or line["level"] == "ERROR" for line in server.lines()[before:])


@pytest.mark.parametrize(
    "start", [b"GET /version HT", GET, GET + b"Content-Length: 10\r\n\r\nabc"], ids=["line", "head", "body"]
)
def test_half_sent_requests_are_closed(server: GunicornServer, start: bytes) -> None:
    """50 connections that send half a request and stop are closed; meanwhile others are answered quickly."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(connect(server)) for _ in range(50)]
        for connection in stalled:
            connection.sendall(start)
        started = time.monotonic()
        for path in ("/", "/healthz", "/readyz", "/version"):
            assert server.get(path).status_code == 200
        assert time.monotonic() - started < REQUEST_TIMEOUT / 2

        for connection in stalled:  # by a timeout, or after a response that did not need the body
            with suppress(ConnectionResetError):
                while connection.recv(65536):
                    pass


def test_clients_that_do_not_close_delay_no_others(server: GunicornServer) -> None:
    """After `Connection: close` or an error, the server does not wait for the client to close, too."""
    with ExitStack() as stack:
        for data in (GET + END, b"nonsense\r\n\r\n") * 25:
            stack.enter_context(connect(server)).sendall(data)
        started = time.monotonic()
        assert server.get("/").status_code == 200
        assert time.monotonic() - started < REQUEST_TIMEOUT / 2


def test_trickled_request_is_closed(server: GunicornServer) -> None:
    """The deadline is for the whole head: a client that sends a byte now and then does not extend it."""
    with connect(server) as connection:
        started = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - started < REQUEST_TIMEOUT + 15:
                connection.sendall(b"G")
                time.sleep(0.2)
        assert time.monotonic() - started < REQUEST_TIMEOUT + 10


def test_silent_connections_delay_no_others(server: GunicornServer) -> None:
    """Clients that connect and send nothing do not delay others."""
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(connect(server))
        started = time.monotonic()
        assert server.get("/").status_code == 200
        assert time.monotonic() - started < REQUEST_TIMEOUT / 2


def resident(pid: int) -> int:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param((GET + b"\r\n") * 1000, id="pipelining-without-reading"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 8000 + b"\r\n", id="endless-head"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 65536, id="body"
        ),
    ],
)
def test_memory_is_bounded(make_server: MakeServer, shared_database: URL, flood: bytes) -> None:
    """Clients that send without end and read nothing do not fill the memory, and others are answered."""
    server = make_server(shared_database, WEB_CONCURRENCY="1")
    (worker,) = server.workers()
    before, end = resident(worker), time.monotonic() + 6

    def send() -> None:
        while time.monotonic() < end:
            with suppress(OSError), connect(server) as connection:
                connection.settimeout(1)
                while time.monotonic() < end:
                    connection.sendall(flood)

    clients = [threading.Thread(target=send) for _ in range(8)]
    for client in clients:
        client.start()
    eventually(lambda: time.monotonic() > end - 2)
    assert server.get("/healthz").ok
    peak = resident(worker)
    for client in clients:
        client.join()

    assert peak - before < 60  # a pod has 256 MiB for two workers of about 50


def test_ipv6(server: GunicornServer) -> None:
    """`localhost` is bound for IPv6, too."""
    require_ipv6()
    with socket.create_connection(("::1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: [::1]\r\n" + END)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
