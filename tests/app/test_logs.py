"""The log."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import NewApp, NewService


def test_one_form(new_service: NewService, shared_database: URL) -> None:
    """Every line is JSON in the same form, gunicorn's too; the first one names the version."""
    service = new_service(shared_database)
    service.get("/")
    service.stop()

    lines = service.lines()

    assert (lines[0]["message"], lines[0]["version"]) == (f"app {VERSION}", VERSION)
    assert {"gunicorn.error", "app.request_log"} == {line["logger"] for line in lines}
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", line["time"])


def test_one_line_for_each_request(new_service: NewService, shared_database: URL) -> None:
    """A request is one line, with the id that its sender was given, and without what a query may hold."""
    service = new_service(shared_database)
    response = service.get("/nowhere?token=tell-nobody")

    (line,) = (line for line in service.lines("request") if line["path"] == "/nowhere")

    assert line["request_id"] == response.headers["X-Request-ID"]
    assert (line["method"], line["status"], line["remote_address"]) == ("GET", 404, "127.0.0.1")
    assert 0 < line["duration_ms"] < 5000


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", "x" * 64])
def test_id_from_the_sender(client: FlaskClient, sent: str) -> None:
    """A sound id of the sender's is kept."""
    assert client.get("/", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "ä", "<script>"])
def test_id_of_our_own(client: FlaskClient, sent: str) -> None:
    """Anything else is replaced by an id of the service's own."""
    assert re.fullmatch("[0-9a-f]{32}", client.get("/", headers={"X-Request-ID": sent}).headers["X-Request-ID"])


def test_console(new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]) -> None:
    """For people, a line is a line: what a client sends cannot begin another."""
    client = new_app(shared_database, log_format="console").test_client()

    client.get("/a%0A12:00:00 INFO forged")

    (line,) = capsys.readouterr().out.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d INFO +request request_id=", line)
    assert r'path="/a\n12:00:00 INFO forged"' in line


def test_level(new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]) -> None:
    """What is less severe than LOG_LEVEL is not logged."""
    new_app(shared_database, log_level="WARNING").test_client().get("/")

    assert capsys.readouterr().out == ""
