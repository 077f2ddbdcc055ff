"""The service as a process: start, shutdown and addresses."""

import http.client
import socket
import subprocess
import time

import pytest
from sqlalchemy import URL

from tests.conftest import MakeServer
from tests.processes import ROOT, command, environment
from tests.requirements import require_ipv6
from tests.server import eventually, free_port


def connections(port: int, number: int) -> list[http.client.HTTPConnection]:
    """Return connections that have been used once and are kept alive."""
    kept = [http.client.HTTPConnection("127.0.0.1", port, timeout=10) for _ in range(number)]
    for connection in kept:
        connection.request("GET", "/readyz")
        assert connection.getresponse().read() == b'{"status":"ready"}\n'
    return kept


def test_exits_despite_idle_connections(make_server: MakeServer, shared_database: URL) -> None:
    """On SIGTERM the service exits with status 0 before its limit, also with 20 idle connections."""
    service = make_server(shared_database)
    idle = connections(service.port, 20)

    started = time.monotonic()
    assert service.stop() == 0
    assert time.monotonic() - started < 10
    for connection in idle:
        connection.close()


def test_finishes_requests_in_progress(make_server: MakeServer, shared_database: URL) -> None:
    """A request that is being sent at SIGTERM is answered; meanwhile the service reports that it drains."""
    service = make_server(shared_database, WEB_CONCURRENCY="1")
    (probe,) = connections(service.port, 1)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as request:
        request.sendall(b"GET /version HTTP/1.1\r\nHost: localhost\r\n")
        service.get("/healthz")  # the other request has been accepted
        service.process.terminate()
        eventually(lambda: service.lines("Handling signal: term"))
        time.sleep(0.2)  # the signal reaches the worker; if it is late, the assertion below fails
        probe.request("GET", "/readyz")
        answer = probe.getresponse()
        assert (answer.status, answer.read()) == (503, b'{"status":"draining"}\n')
        request.sendall(b"\r\n")
        assert request.recv(65536).startswith(b"HTTP/1.1 200")

    assert service.process.wait(30) == 0
    probe.close()


def test_sigterm_during_start(shared_database: URL) -> None:
    """SIGTERM at any moment of the start ends the service, and no worker has to be killed."""
    for delay in (0.3, 0.6, 0.9, 1.2, 1.5):
        env = environment(shared_database, PORT=str(free_port()), METRICS_PORT=str(free_port()), WEB_CONCURRENCY="3")
        with subprocess.Popen(command("gunicorn"), cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
            time.sleep(delay)
            process.terminate()
            output, _ = process.communicate(timeout=30)
        assert process.returncode in {0, -15}, output  # -15 before gunicorn handles signals
        assert "SIGKILL" not in output
        assert '"ERROR"' not in output


def test_sigterm_while_a_worker_loads(shared_database: URL) -> None:
    """A worker that gets SIGTERM before it has loaded the application exits without an error."""
    env = environment(shared_database, PORT=str(free_port()), METRICS_PORT=str(free_port()))
    with subprocess.Popen(command("gunicorn"), cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        output = ""
        while "Booting worker" not in output:
            output += process.stdout.readline()
        process.terminate()
        output += process.communicate(timeout=30)[0]
    assert process.returncode == 0, output
    assert '"ERROR"' not in output


@pytest.mark.parametrize("count", ["1", "3"])
def test_number_of_workers(make_server: MakeServer, shared_database: URL, count: str) -> None:
    """WEB_CONCURRENCY is the number of worker processes."""
    assert len(make_server(shared_database, WEB_CONCURRENCY=count).workers()) == int(count)


def test_successor_of_a_killed_worker_serves_immediately(make_server: MakeServer, shared_database: URL) -> None:
    """A new worker accepts no request before it has a snapshot, so no page is lost."""
    service = make_server(shared_database, WEB_CONCURRENCY="1")
    service.kill_workers()

    assert service.statuses() == {200}


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
@pytest.mark.parametrize("bind", ["*", "localhost", None])
def test_addresses(
    make_server: MakeServer, shared_database: URL, bind: str | None, address: str, family: socket.AddressFamily
) -> None:
    """By default IPv4 and IPv6 are bound; IPv4 clients of an IPv6 socket are logged with their IPv4 address."""
    if family == socket.AF_INET6:
        require_ipv6()
    service = make_server(shared_database, BIND_ADDRESS=bind or address)
    with socket.socket(family) as client:
        client.connect((address, service.port))
        client.sendall(b"GET /nowhere HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.0 404")

    eventually(lambda: [line for line in service.lines("request") if line["path"] == "/nowhere"])
    (line,) = (line for line in service.lines("request") if line["path"] == "/nowhere")
    assert line["remote_address"] == address


def test_only_this_machine(make_server: MakeServer, shared_database: URL) -> None:
    """With BIND_ADDRESS=localhost, as with `make run`, other addresses of the machine are not bound."""
    service = make_server(shared_database, BIND_ADDRESS="localhost")
    for port in (service.port, service.metrics_port):
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.2", port))  # loopback, but not localhost


@pytest.mark.parametrize("name", ["PORT", "METRICS_PORT"])
def test_port_in_use(shared_database: URL, name: str) -> None:
    """A port in use ends the start with a message, not with a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"PORT": str(free_port()), "METRICS_PORT": str(free_port()), name: str(other.getsockname()[1])}
        env = environment(shared_database, BIND_ADDRESS="127.0.0.1", PYTHONWARNINGS="default", **ports)
        result = subprocess.run(
            command("gunicorn"), cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
        )
    assert result.returncode == (2 if name == "METRICS_PORT" else 1)
    assert ports[name] in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
