"""Errors."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import NewApp


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/nowhere", 404, "Not Found"),
        ("GET", "/metrics", 404, "Not Found"),
        ("GET", "/static/style.css", 404, "Not Found"),
        ("POST", "/", 405, "Method Not Allowed"),
        ("DELETE", "/version", 405, "Method Not Allowed"),
    ],
)
def test_error(client: FlaskClient, method: str, path: str, status: int, title: str) -> None:
    """What cannot be answered gets a page in the service's style, or JSON where JSON was asked for."""
    response = client.open(path, method=method)
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert f"<h1>{title}</h1>" in response.text
    assert "<style>" in response.text

    response = client.open(path, method=method, headers={"Accept": "application/json"})
    answer = response.get_json()
    assert (response.status_code, answer["status"], answer["error"]) == (status, status, title)
    assert answer["version"] == VERSION


def test_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    """A wrong method is told the right ones."""
    assert client.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_path_is_not_obeyed(client: FlaskClient) -> None:
    """Markup in a path does not come back."""
    assert "script" not in client.get("/<script>alert(1)</script>").text


def test_unexpected_error(new_app: NewApp, shared_database: URL, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of ours is a plain page for the client, and a trace with the request's id in the log."""
    app = new_app(shared_database)

    @app.get("/fault")
    def fault() -> str:
        raise RuntimeError("tell-nobody")

    response = app.test_client().get("/fault", headers={"X-Request-ID": "id-of-the-fault"})

    assert response.status_code == 500
    assert "tell-nobody" not in response.text
    trace, line = capsys.readouterr().out.splitlines()
    assert "RuntimeError: tell-nobody" in trace
    assert '"request_id": "id-of-the-fault"' in trace
    assert '"status": 500' in line
