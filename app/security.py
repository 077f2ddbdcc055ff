"""What is believed of a request, and what a browser is told to allow."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, abort, request
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wsgi import get_host

from app.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROBES = {"health.healthz", "health.readyz"}  # Kubernetes sends them to the address of the pod, whatever that is


def init_app(app: Flask, settings: Settings) -> None:
    """Believe as many proxies as there are, answer to the known names only, and send the security headers."""
    _add_headers(app)
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # Flask's documented way

    if "*" not in settings.trusted_hosts:

        @app.before_request
        def check_host() -> None:
            if request.endpoint in PROBES:
                return
            try:
                get_host(request.environ, settings.trusted_hosts)
            except SecurityError:
                abort(400, "This service does not go by the host name that the request was sent to.")


def _add_headers(app: Flask) -> None:
    """Send the same headers with every answer; the style sheet, which is part of each page, is allowed by its hash."""
    style = Path(app.root_path, "templates", "style.css").read_text(encoding="utf-8")
    app.jinja_env.globals["style"] = style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
    policy += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    security_headers = [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ]
    inner = app.wsgi_app

    def with_headers(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: object) -> object:
            return start_response(status, headers + security_headers, *exc_info)  # type: ignore[arg-type]  # as it came

        return inner(environ, start)  # type: ignore[arg-type]  # the same protocol

    app.wsgi_app = with_headers  # type: ignore[method-assign]  # Flask's documented way
