"""Trusted proxies, trusted hosts and security headers."""

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PROBES = {"/healthz", "/readyz"}  # Kubernetes sends them to the address of the pod
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::[0-9]*)?")


def init_app(app: Flask, settings: Settings) -> None:
    """Trust the configured number of proxies, and refuse unknown hosts."""
    if proxies := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]  # Flask's documented way

    @app.before_request
    def check_host() -> None:
        environ, hosts = request.environ, settings.trusted_hosts
        if "*" not in hosts and environ["PATH_INFO"] not in PROBES and not _is_trusted(environ, hosts):
            abort(400, "The host name of this request is not one of this service; see TRUSTED_HOSTS.")


def _is_trusted(environ: "WSGIEnvironment", hosts: tuple[str, ...]) -> bool:
    """Return whether the request is for one of the hosts, or for a subdomain of one that begins with a dot."""
    host, target = environ.get("HTTP_HOST", ""), environ.get("RAW_URI", "")
    if target[:1] != "/" and "://" in target:  # RFC 9112, 3.2.2: an absolute target replaces the Host header
        host = urlsplit(target).netloc
    match = HOST.fullmatch(host.lower())
    name = match["name"] if match else ""
    return any(name == host or (host[0] == "." and f".{name}".endswith(host)) for host in hosts)


def headers(app: Flask) -> list[tuple[str, str]]:
    """Return the security headers of each response. They allow the style sheet, a part of each page, by its hash."""
    style = Path(app.root_path, "templates", "style.css").read_text(encoding="utf-8")
    app.jinja_env.globals["style"] = style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
    policy += "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ]
