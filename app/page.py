"""The page."""

from flask import Blueprint, Response, current_app, render_template

from app.database import Reading
from app.errors import error_response, wants_json
from app.record_count import DatabaseAwayError, RecordCount
from app.secret import Secret
from app.settings import Settings
from app.version import VERSION

RETRY_AFTER = "1"  # seconds; the service is back that soon after its database


def blueprint(count: RecordCount, secret: Secret, settings: Settings) -> Blueprint:
    """Return the page, for people and as JSON."""
    views = Blueprint("page", __name__)

    def body(reading: Reading, shown_secret: str, *, as_json: bool) -> str:
        facts = {
            "environment": settings.app_environment,
            "records": reading.records,
            "version": VERSION,
            "schema_revision": reading.schema_revision,
            "secret": shown_secret,
            "counted_at": reading.counted_at.isoformat(timespec="milliseconds"),
        }
        if as_json:
            return current_app.json.dumps(facts) + "\n"
        return render_template("page.html", masked=settings.masked, **facts)

    @views.get("/")
    def index() -> Response:
        as_json = wants_json()
        content_type = "application/json" if as_json else "text/html; charset=utf-8"
        return Response(body(count.current(), secret.shown(), as_json=as_json), content_type=content_type)

    @views.errorhandler(DatabaseAwayError)
    def database_away(_: DatabaseAwayError) -> Response:
        response = error_response(
            503,
            "The database is away",
            "The service runs, but its database does not answer, so the records cannot be counted. "
            "It tries again by itself; reload the page in a moment.",
        )
        response.headers["Retry-After"] = RETRY_AFTER
        return response

    return views
