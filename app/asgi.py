"""What gunicorn calls: the page that is kept is answered in the event loop, everything else by Flask in a thread.

To hand a request over to a thread and back takes longer than to answer it with what is kept.
"""

import asyncio
from contextlib import suppress

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import HTTPResponseStartEvent, HTTPScope, Receive, Scope, Send
from a2wsgi.wsgi import Body, build_environ
from flask import Flask

from app.factory import create_app
from app.kept_page import AT_ONCE, PATH, NotAtOnceError
from app.record_count import MOST_WAITING

THREADS = MOST_WAITING + 8  # as many as may wait for the database, and some for probes; started when needed


class Server:
    """The Flask application, for a server with an event loop, which must never wait."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._in_thread = WSGIMiddleware(app, workers=THREADS)  # type: ignore[arg-type]  # the same protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            with suppress(NotAtOnceError):
                await self._at_once(scope, receive, send)
                return
        await self._in_thread(scope, receive, send)

    async def _at_once(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Call the application without a thread; raises NotAtOnceError, with nothing sent, where it would need one."""
        environ = {**build_environ(scope, Body(asyncio.get_running_loop(), receive)), AT_ONCE: True}
        head: HTTPResponseStartEvent = {"type": "http.response.start", "status": 0}

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            head["status"] = int(status[:3])
            head["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

        body = b"".join(self.app(environ, start_response))  # type: ignore[arg-type]  # as much of it as is used
        await send(head)
        await send({"type": "http.response.body", "body": body})


def create_server() -> Server:
    """Return the application with the settings of the environment."""
    return Server(create_app())
