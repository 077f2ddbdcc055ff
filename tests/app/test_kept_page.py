"""The page as it was last answered: kept while it would be the same, and for nobody who would get another."""

from flask import Flask
from sqlalchemy import URL

from app.kept_page import MOST
from tests.app.dispatched import Dispatched
from tests.conftest import NewApp

JSON = {"Accept": "application/json"}


def test_same_again(app: Flask) -> None:
    """The same page is dispatched once, and each answer is complete and has an id of its own."""
    client, dispatched = app.test_client(), Dispatched(app)

    first, second = client.get("/"), client.get("/?anything")

    assert len(dispatched.threads) == 1
    assert (second.status, second.data) == (first.status, first.data)
    assert first.headers.pop("X-Request-ID") != second.headers.pop("X-Request-ID")
    assert first.headers == second.headers


def test_by_what_was_asked_for(app: Flask) -> None:
    """JSON and the page are kept apart, and only GET is answered so."""
    client = app.test_client()
    for _ in range(2):
        assert client.get("/").mimetype == "text/html"
        assert client.get("/", headers=JSON).mimetype == "application/json"
        assert client.head("/").data == b""
        assert client.post("/").status_code == 405


def test_not_for_other_hosts(app: Flask) -> None:
    """A host name that the service does not go by stays refused while the page is kept for others."""
    client = app.test_client()
    for _ in range(2):
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_new_count(new_app: NewApp, shared_database: URL) -> None:
    """A new count is a new page."""
    client = new_app(shared_database, record_count_max_age=0).test_client()

    first, second = (client.get("/", headers=JSON).get_json()["counted_at"] for _ in range(2))

    assert first < second


def test_only_so_many(app: Flask) -> None:
    """Headers that a client makes up take no more memory than a few pages."""
    client, dispatched = app.test_client(), Dispatched(app)
    for _ in range(2):
        for number in range(MOST + 1):
            assert client.get("/", headers={"Accept": f"text/{number}"}).status_code == 200

    assert len(dispatched.threads) > MOST + 1
