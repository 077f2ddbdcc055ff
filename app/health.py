"""Endpoints for machines: liveness, readiness and version."""

from flask import Blueprint, Response, jsonify

from app import schema
from app.refresher import Refresher
from app.version import VERSION


class Readiness:
    """Whether this process may receive requests: it has once reached a database that it can serve, and does not drain.

    Readiness does not follow the database: the page's own explanation is better than a proxy's bare error.
    """

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._schema_seen = False
        self._draining = False

    def drain(self) -> None:
        """Become unready for good, as the process shuts down."""
        self._draining = True

    def reason_not_ready(self) -> str | None:
        """Return the reason, or None if the process is ready."""
        if self._draining:
            return "draining"
        if not self._schema_seen:
            if self._refresher.snapshot is None:
                return "database unavailable"
            revision = self._refresher.snapshot.schema_revision
            if not schema.is_compatible(revision):
                return f"schema not migrated yet: it is at revision {revision}"
            self._schema_seen = True
        return None


def blueprint(refresher: Refresher, readiness: Readiness) -> Blueprint:
    """Return the endpoints."""
    views = Blueprint("health", __name__)

    @views.get("/healthz")
    def healthz() -> tuple[Response, int]:
        alive = refresher.is_alive()
        return jsonify(status="alive" if alive else "refresher has ended"), 200 if alive else 503

    @views.get("/readyz")
    def readyz() -> tuple[Response, int]:
        reason = readiness.reason_not_ready()
        return jsonify(status=reason or "ready"), 503 if reason else 200

    @views.get("/version")
    def version() -> Response:
        return jsonify(version=VERSION)

    return views
