"""One line and one observation for each request, tied to what the client sees by an id."""

import logging
import re
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, has_request_context, request

from app.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")  # an id that a client or a proxy may choose
ID = "app.request_id"  # where a request's environment holds it
ROUTE = "app.route"  # where it holds the route of what may be answered without Flask

log = logging.getLogger(__name__)


def init_app(app: Flask, metrics: Metrics) -> None:
    """Give each request an id, its sender's where that is a sound one, and record how it was answered."""
    inner = app.wsgi_app

    def recorded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        environ[ID] = sent if ACCEPTABLE.fullmatch(sent) else secrets.token_hex(16)
        status, route = 500, "unmatched"

        def start(line: str, headers: list[tuple[str, str]], *exc_info: object) -> object:
            nonlocal status, route
            status = int(line[:3])
            if ROUTE in environ:
                route = environ[ROUTE]
            elif rule := environ["werkzeug.request"].url_rule:
                route = rule.rule
            return start_response(line, [*headers, ("X-Request-ID", environ[ID])], *exc_info)  # type: ignore[arg-type]  # as it came

        body = inner(environ, start)  # type: ignore[arg-type]  # the same protocol
        duration = time.perf_counter() - started
        metrics.observe_request(route, environ["REQUEST_METHOD"], status, duration)
        log.info(
            "request",
            extra={
                "request_id": environ[ID],
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"][:200],
                "status": status,
                "duration_ms": round(duration * 1000, 2),
                "remote_address": environ.get("REMOTE_ADDR"),
            },
        )
        return body

    app.wsgi_app = recorded  # type: ignore[method-assign]  # Flask's documented way
    app.logger.addFilter(_add_id)


def _add_id(record: logging.LogRecord) -> bool:
    """Tie what Flask logs, the trace of an unexpected error, to its request."""
    if has_request_context():
        record.request_id = request.environ.get(ID)
    return True
