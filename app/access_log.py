"""Access log: an id, the security headers, a log line and an observation for each request."""

import logging
import re
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context, request

from app.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # an id that a client or a proxy may choose
ID = "app.request_id"  # key of the id in the WSGI environment
MAX_PATH = 200  # characters of a path in a line

log = logging.getLogger(__name__)


def init_app(app: Flask, metrics: Metrics, security_headers: list[tuple[str, str]]) -> None:
    """Give each request an id, the client's own if it is valid, add the headers, and record the response."""
    inner = app.wsgi_app

    def recorded(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        environ[ID] = sent if VALID_ID.fullmatch(sent) else secrets.token_hex(16)
        status, route = 500, "unmatched"

        def start(line: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:  # noqa: ANN401  passed on
            nonlocal status, route
            status = int(line[:3])
            if rule := environ["werkzeug.request"].url_rule:
                route = rule.rule
            return start_response(line, [*headers, *security_headers, ("X-Request-ID", environ[ID])], *exc_info)

        body = inner(environ, start)
        duration = time.perf_counter() - started
        metrics.observe_request(route, environ["REQUEST_METHOD"], status, duration)
        log.info(
            "request",
            extra={
                "request_id": environ[ID],
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"].encode("latin-1").decode(errors="replace")[:MAX_PATH],
                "status": status,
                "duration_ms": round(duration * 1000, 2),
                "remote_address": environ.get("REMOTE_ADDR", "").removeprefix("::ffff:"),  # IPv4 on an IPv6 socket
            },
        )
        return body

    app.wsgi_app = recorded  # type: ignore[method-assign]  # Flask's documented way
    app.logger.addFilter(_add_id)


def _add_id(record: logging.LogRecord) -> bool:
    """Add the request's id to the lines that Flask logs, such as the traceback of an unexpected error."""
    if has_request_context():
        record.request_id = request.environ.get(ID)
    return True
