"""What gunicorn calls: the kept page without a thread, whatever may wait in one."""

import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, request, request_started
from sqlalchemy import URL

from app.asgi import Server
from tests.app.dispatched import Dispatched
from tests.conftest import NewApp


@dataclass
class Answer:
    """What was sent."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def ask(server: Server, path: str = "/", method: str = "GET") -> Answer:
    """Send a request as gunicorn does."""
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "query_string": b"", "root_path": "", "headers": [(b"host", b"localhost")],
        "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 50000),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401  an event of ASGI
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Any) -> None:  # noqa: ANN401  an event of ASGI
        sent.append(event)

    await server(scope, receive, send)
    head, *body = sent
    return Answer(head["status"], dict(head["headers"]), b"".join(part["body"] for part in body))


def test_same_answer_both_ways(app: Flask) -> None:
    """The page that was kept is the one that Flask gave, with an id of its own."""

    async def twice() -> tuple[Answer, Answer]:
        server = Server(app)
        return await ask(server), await ask(server)

    first, second = asyncio.run(twice())

    assert first.headers.pop(b"x-request-id") != second.headers.pop(b"x-request-id")
    assert first == second
    assert first.status == 200


def test_kept_page_needs_no_thread(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every thread is taken, the page is still answered."""
    monkeypatch.setattr("app.asgi.THREADS", 1)
    taken, free = threading.Event(), threading.Event()

    def take(_: Flask) -> None:
        if request.path == "/version":
            taken.set()
            free.wait(10)

    request_started.connect(take, app)

    async def meanwhile() -> tuple[int, int]:
        server = Server(app)
        await ask(server)
        waiting = asyncio.create_task(ask(server, "/version"))
        await asyncio.to_thread(taken.wait, 10)
        page = await asyncio.wait_for(ask(server), 5)
        free.set()
        return page.status, (await waiting).status

    assert asyncio.run(meanwhile()) == (200, 200)


@pytest.mark.parametrize(("path", "method"), [("/", "HEAD"), ("/", "POST"), ("/healthz", "GET"), ("/nowhere", "GET")])
def test_all_else_in_a_thread(app: Flask, path: str, method: str) -> None:
    """Whatever Flask is called for, the event loop does not wait for it."""
    dispatched = Dispatched(app)

    answer = asyncio.run(ask(Server(app), path, method))

    assert answer.status in {200, 404, 405}
    assert len(dispatched.threads) == 1
    assert threading.get_ident() not in dispatched.threads


def test_page_to_wait_for_in_a_thread(new_app: NewApp, shared_database: URL) -> None:
    """A page whose count is too old waits for the next one in a thread."""
    app = new_app(shared_database, record_count_max_age=0)
    dispatched = Dispatched(app)

    async def thrice() -> list[int]:
        server = Server(app)
        return [(await ask(server)).status for _ in range(3)]

    assert asyncio.run(thrice()) == [200, 200, 200]
    assert len(dispatched.threads) == 3
    assert threading.get_ident() not in dispatched.threads
