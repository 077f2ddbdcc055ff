"""The page, as HTML and as JSON."""

from flask import Blueprint, Response, current_app, render_template

from app.database import DatabaseUnavailableError, Snapshot
from app.errors import error_response, prefers_json
from app.refresher import Refresher
from app.secret import Secret
from app.settings import Settings
from app.version import VERSION

RETRY_AFTER = "1"  # seconds in which the page recovers after its database


def blueprint(refresher: Refresher, secret: Secret, settings: Settings) -> Blueprint:
    """Return the page."""
    views = Blueprint("page", __name__)
    rendered: dict[bool, tuple[Snapshot, str, bytes]] = {}  # the last response of each media type

    def render(snapshot: Snapshot, secret_value: str, *, as_json: bool) -> bytes:
        facts = {
            "environment": settings.app_environment,
            "records": snapshot.records,
            "version": VERSION,
            "schema_revision": snapshot.schema_revision,
            "secret": secret_value,
            "counted_at": snapshot.counted_at and snapshot.counted_at.isoformat(timespec="milliseconds"),
        }
        if as_json:
            return current_app.json.dumps(facts).encode() + b"\n"
        return render_template("page.html", masked=secret.masked, **facts).encode()

    @views.get("/")
    def index() -> Response:
        snapshot, secret_value, as_json = refresher.current(), secret.value, prefers_json()
        last = rendered.get(as_json)
        if last is None or last[0] is not snapshot or last[1] is not secret_value:
            last = snapshot, secret_value, render(snapshot, secret_value, as_json=as_json)
            rendered[as_json] = last
        return Response(last[2], content_type="application/json" if as_json else "text/html; charset=utf-8")

    @views.errorhandler(DatabaseUnavailableError)
    def database_unavailable(_: DatabaseUnavailableError) -> Response:
        response = error_response(
            503,
            "The database is unavailable",
            "The service is running, but it cannot reach its database to count the records. "
            "It keeps trying; reload the page in a moment.",
        )
        response.headers["Retry-After"] = RETRY_AFTER
        return response

    return views
