"""Errors, as a page or as JSON."""

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.version import VERSION


def prefers_json() -> bool:
    """Return whether the client prefers JSON to HTML (RFC 9110, 12.5.1). Parameters of media ranges are ignored."""
    ranges = MIMEAccept([(value.partition(";")[0].strip(), quality) for value, quality in request.accept_mimetypes])
    return ranges.best_match(["text/html", "application/json"]) == "application/json"


def error_response(status: int, title: str, explanation: str) -> Response:
    """Return an error in the media type that the client prefers."""
    if prefers_json():
        response = jsonify(status=status, error=title, explanation=explanation, version=VERSION)
    else:
        response = make_response(
            render_template("error.html", status=status, title=title, explanation=explanation, version=VERSION)
        )
    response.status_code = status
    return response


def init_app(app: Flask) -> None:
    """Answer each error in the service's own form, without any text from the request."""

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = error_response(status, HTTP_STATUS_CODES[status], error.description or "")
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response
