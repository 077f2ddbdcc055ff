"""The log: its format, its lines and request ids."""

import os
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import MakeApp, MakeServer
from tests.server import GunicornServer


def test_one_format(make_server: MakeServer, shared_database: URL) -> None:
    """Every line is JSON in the same format, also gunicorn's; the first one contains the version."""
    service = make_server(shared_database)
    service.get("/")
    service.stop()

    lines = service.lines()

    assert (lines[0]["message"], lines[0]["version"]) == (f"app {VERSION}", VERSION)
    assert {"gunicorn.error", "app.access_log"} == {line["logger"] for line in lines}
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", line["time"])


def test_one_line_for_each_request(make_server: MakeServer, shared_database: URL) -> None:
    """A request is one line, with the id of the response, and without the query."""
    service = make_server(shared_database)
    response = service.get("/nowhere?token=tell-nobody")

    (line,) = (line for line in service.lines("request") if line["path"] == "/nowhere")

    assert line["request_id"] == response.headers["X-Request-ID"]
    assert (line["method"], line["status"], line["remote_address"]) == ("GET", 404, "127.0.0.1")
    assert 0 < line["duration_ms"] < 5000


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", "x" * 64])
def test_valid_request_id_is_kept(client: FlaskClient, sent: str) -> None:
    """A valid id of the client is kept."""
    assert client.get("/", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "ä", "<script>"])
def test_invalid_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    """An invalid id is replaced."""
    assert re.fullmatch("[0-9a-f]{32}", client.get("/", headers={"X-Request-ID": sent}).headers["X-Request-ID"])


def test_console(make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]) -> None:
    """In the console format, a client cannot forge a line or send control characters to the terminal."""
    client = make_app(shared_database, log_format="console").test_client()

    client.get("/a%0A12:00:00 INFO forged%1B%5B31m%C2%9B%E2%80%AE")

    (line,) = capfd.readouterr().out.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d INFO +request request_id=", line)
    assert r'path="/a\n12:00:00 INFO forged\u001b[31m\x9b\u202e"' in line


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_non_ascii_path_is_readable(
    make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str], log_format: str
) -> None:
    """A path in another script is logged as the user sees it; bytes that are no UTF-8 do no harm."""
    client = make_app(shared_database, log_format=log_format).test_client()

    client.get("/grün/日本")
    client.get("/%ff")

    lines = capfd.readouterr().out.splitlines()
    assert "/grün/日本" in lines[0]
    assert len(lines) == 2


def test_unread_stdout_blocks_nothing(shared_database: URL, tmp_path: Path) -> None:
    """If no process reads the log, lines are dropped; requests, probes and SIGTERM still work."""
    read, write = os.pipe()
    with GunicornServer(shared_database, tmp_path, {}, stdout=write) as server:
        for _ in range(600):  # some 600 bytes each; a pipe holds 64 KiB
            assert server.get("/nowhere/" + "x" * 200).status_code == 404
        assert server.get("/healthz").status_code == 200
        assert server.stop() == 0
    os.close(read)
    os.close(write)


def test_level(make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]) -> None:
    """Lines below LOG_LEVEL are not logged."""
    make_app(shared_database, log_level="WARNING").test_client().get("/")

    assert capfd.readouterr().out == ""
