"""What machines ask: alive, ready, which version."""

from flask import Blueprint, Response, jsonify

from app import schema
from app.record_count import DatabaseAwayError, RecordCount
from app.version import VERSION


class Readiness:
    """Whether this process may be sent requests: it has once met its database, and is not about to end.

    It does not follow the database up and down: the page's own explanation is better than a proxy's bare error.
    """

    def __init__(self, count: RecordCount) -> None:
        self._count = count
        self._met = False
        self._draining = False

    def begin(self) -> None:
        """Begin to meet the database."""
        self._count.begin()

    def drain(self) -> None:
        """Be unready from now on, as the process has been told to end."""
        self._draining = True

    def obstacle(self) -> str | None:
        """Return what stands in the way, or None."""
        if self._draining:
            return "draining"
        if not self._met:
            try:
                revision = self._count.current().schema_revision
            except DatabaseAwayError:
                return "database away"
            if not schema.suits(revision):
                return f"schema not migrated yet: it is at revision {revision}"
            self._met = True
        return None


def blueprint(count: RecordCount) -> Blueprint:
    """Return the endpoints; the blueprint's `record_once` puts the readiness where gunicorn's hooks find it."""
    views = Blueprint("health", __name__)
    readiness = Readiness(count)
    views.record_once(lambda state: state.app.extensions.update(readiness=readiness))

    @views.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @views.get("/readyz")
    def readyz() -> tuple[Response, int]:
        obstacle = readiness.obstacle()
        return jsonify(status=obstacle or "ready"), 503 if obstacle else 200

    @views.get("/version")
    def version() -> Response:
        return jsonify(version=VERSION)

    return views
