"""The page, as HTML and as JSON."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock, patch

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import MakeApp
from tests.server import eventually

JSON = {"Accept": "application/json"}


def test_page(client: FlaskClient) -> None:
    """The page shows the environment, the count, the version, the schema's revision and the secret."""
    response = client.get("/")

    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    for shown in ("local", '<span class="number">3</span> records', VERSION, "0002", "tell-nobody"):
        assert shown in response.text


def test_json(client: FlaskClient) -> None:
    """The same facts are available as JSON, with the time of the count."""
    facts = client.get("/", headers=JSON).get_json()

    age = datetime.now(UTC) - datetime.fromisoformat(facts.pop("counted_at"))
    assert timedelta() <= age < timedelta(seconds=10)
    assert facts == {
        "environment": "local",
        "records": 3,
        "version": VERSION,
        "schema_revision": "0002",
        "secret": "tell-nobody",
    }


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html, application/json;q=0.5", "text/html"),
        ("application/jsonlines", "text/html"),
        ("nonsense;;;json", "text/html"),
        ("application/json; charset=utf-8", "application/json"),
        ("APPLICATION/JSON;version=1;q=0.3, text/html;q=0.2", "application/json"),
        ("text/html;level=1;q=0.1, text/html;q=0.9, application/json;q=0.5", "text/html"),
        ("application/*", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("application/json;q=0, */*", "text/html"),
        ("text/html, application/json", "text/html"),
    ],
)
def test_negotiation(client: FlaskClient, accept: str, expected: str) -> None:
    """JSON is served if the client prefers it (RFC 9110, 12.5.1), else HTML; `Vary` informs caches."""
    response = client.get("/", headers={"Accept": accept})

    assert response.mimetype == expected
    assert response.headers["Vary"] == "Accept"


def test_secret_is_escaped(make_app: MakeApp, shared_database: URL) -> None:
    """Markup in a secret is escaped."""
    client = make_app(shared_database, app_secret="<b>&bold</b>").test_client()

    assert "&lt;b&gt;&amp;bold&lt;/b&gt;" in client.get("/").text
    assert client.get("/", headers=JSON).get_json()["secret"] == "<b>&bold</b>"


def test_head(client: FlaskClient) -> None:
    """HEAD has the headers of GET, but no body."""
    response = client.head("/")

    assert response.status_code == 200
    assert response.data == b""


def test_version(client: FlaskClient) -> None:
    """The version is available as JSON."""
    assert client.get("/version").get_json() == {"version": VERSION}


def test_page_before_the_first_count(make_app: MakeApp, shared_database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a large table is counted, the page has no number, but is served."""
    monkeypatch.setattr("app.database.Database.count", Mock(side_effect=TimeoutError("too slow")))
    client = make_app(shared_database).test_client()

    response = client.get("/")
    facts = client.get("/", headers=JSON).get_json()

    assert response.status_code == 200
    assert "The records are being counted" in response.text
    assert (facts["records"], facts["counted_at"], facts["schema_revision"]) == (None, None, "0002")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_rendered_once_for_each_snapshot(app: Flask, accept: str) -> None:
    """While snapshot and secret are the same objects, the page is not rendered again."""
    client, headers = app.test_client(), {"Accept": accept}
    first = client.get("/", headers=headers)
    with patch("app.page.render_template", Mock(side_effect=AssertionError)), patch.object(app.json, "dumps", Mock()):
        second = client.get("/", headers=headers)

    assert first.data == second.data
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert set(first.headers.keys()) == set(second.headers.keys())


def test_new_count_is_a_new_page(make_app: MakeApp, shared_database: URL) -> None:
    """A new count appears on the page."""
    client = make_app(shared_database, record_count_max_age=0.1).test_client()
    first = client.get("/", headers=JSON).get_json()["counted_at"]

    eventually(lambda: client.get("/", headers=JSON).get_json()["counted_at"] > first)


def test_media_types_and_hosts_do_not_mix(app: Flask) -> None:
    """The rendered page is not served as JSON, nor to an unknown host."""
    client = app.test_client()
    for _ in range(2):
        assert client.get("/").mimetype == "text/html"
        assert client.get("/", headers=JSON).mimetype == "application/json"
        assert client.head("/").data == b""
        assert client.post("/").status_code == 405
        assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
