"""Errors, as a page or as JSON."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import MakeApp


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
    """An error is a page in the service's style, or JSON if the client prefers JSON."""
    response = client.open(path, method=method)
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert f"<h1>{title}</h1>" in response.text
    assert "<style>" in response.text

    response = client.open(path, method=method, headers={"Accept": "application/json"})
    answer = response.get_json()
    assert (response.status_code, answer["status"], answer["error"]) == (status, status, title)
    assert answer["version"] == VERSION


def test_method_not_allowed_lists_allowed_methods(client: FlaskClient) -> None:
    """The response to a wrong method lists the allowed ones."""
    assert client.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_markup_in_a_path_is_not_repeated(client: FlaskClient) -> None:
    """Markup in a path does not appear in the response."""
    assert "script" not in client.get("/<script>alert(1)</script>").text


def test_unexpected_error(make_app: MakeApp, shared_database: URL, capfd: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is a plain page for the client, and a traceback with the request id in the log."""
    app = make_app(shared_database)

    @app.get("/fault")
    def fault() -> str:
        raise RuntimeError("tell-nobody")

    response = app.test_client().get("/fault", headers={"X-Request-ID": "id-of-the-fault"})

    assert response.status_code == 500
    assert "tell-nobody" not in response.text
    trace, line = capfd.readouterr().out.splitlines()
    assert "RuntimeError: tell-nobody" in trace
    assert '"request_id": "id-of-the-fault"' in trace
    assert '"status": 500' in line
