"""Gunicorn's worker with threads, with a deadline for each request."""

import socket
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from flask import Flask

REQUEST_TIMEOUT = 8.0  # seconds to receive a request and to send its response, as no view blocks
START_TIMEOUT = 2.0  # seconds to wait for the database before the first request is accepted


class Worker(ThreadWorker):
    """Serves requests in threads. A client that stalls occupies one of them until the deadline, not forever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  passed on as they are
        super().__init__(*args, **kwargs)
        self._deadlines: dict[TConn, float] = {}

    def load_wsgi(self) -> None:
        """Load the application and start its refresher, after the fork."""
        super().load_wsgi()
        cast("Flask", self.wsgi).extensions["refresher"].start(START_TIMEOUT)

    def run(self) -> None:
        """Serve until the worker shuts down."""
        super().run()
        cast("Flask", self.wsgi).extensions["refresher"].stop()

    def handle(self, conn: TConn) -> bool:
        """Receive and answer a request, in a thread."""
        self._deadlines[conn] = time.monotonic() + REQUEST_TIMEOUT
        try:
            keep_alive = super().handle(conn)
            if not keep_alive:  # close in this thread: gunicorn would wait for the client in its main loop
                with suppress(OSError):
                    util.close_graceful(conn.sock.dup())
                    conn.sock.shutdown(socket.SHUT_RD)
            return keep_alive
        finally:
            del self._deadlines[conn]

    def notify(self) -> None:
        """Report to the arbiter, about once a second, and end the connections whose deadline has passed."""
        super().notify()
        now = time.monotonic()
        for conn, deadline in self._deadlines.copy().items():
            if now > deadline:
                with suppress(OSError):  # closed meanwhile
                    conn.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the client

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down gracefully; /readyz reports it to connections that are still open."""
        if app := getattr(self, "wsgi", None):  # None, or not yet an attribute, until the application is loaded
            app.extensions["readiness"].drain()
        super().handle_exit(sig, frame)
