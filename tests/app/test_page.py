"""The page, for people and as JSON."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import URL

from app.version import VERSION
from tests.conftest import NewApp

JSON = {"Accept": "application/json"}


def test_page(client: FlaskClient) -> None:
    """The page shows the environment, the count, the version, the schema's revision and the secret."""
    response = client.get("/")

    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    for shown in ("local", '<span class="number">3</span> records', VERSION, "0002", "tell-nobody"):
        assert shown in response.text


def test_json(client: FlaskClient) -> None:
    """The same is there as JSON, with the time of the count."""
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
    ],
)
def test_negotiation(client: FlaskClient, accept: str, expected: str) -> None:
    """JSON is served to who prefers it, the page to everybody else; caches are told so."""
    response = client.get("/", headers={"Accept": accept})

    assert response.mimetype == expected
    assert response.headers["Vary"] == "Accept"


def test_what_is_shown_is_escaped(new_app: NewApp, shared_database: URL) -> None:
    """A secret with markup in it is shown, not obeyed."""
    client = new_app(shared_database, app_secret="<b>&bold</b>").test_client()

    assert "&lt;b&gt;&amp;bold&lt;/b&gt;" in client.get("/").text
    assert client.get("/", headers=JSON).get_json()["secret"] == "<b>&bold</b>"


def test_head(client: FlaskClient) -> None:
    """HEAD is answered like GET, without the body."""
    response = client.head("/")

    assert response.status_code == 200
    assert response.data == b""


def test_version(client: FlaskClient) -> None:
    """The version is there for machines."""
    assert client.get("/version").get_json() == {"version": VERSION}
