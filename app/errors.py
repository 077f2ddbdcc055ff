"""Errors, in the form that was asked for."""

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.version import VERSION


def wants_json() -> bool:
    """Whether JSON was asked for, rather than what browsers and curl ask for."""
    return "json" in request.headers.get("Accept", "") and (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def error_response(status: int, title: str, explanation: str) -> Response:
    """Return an error as a page or as JSON."""
    if wants_json():
        response = jsonify(status=status, error=title, explanation=explanation, version=VERSION)
    else:
        response = make_response(
            render_template("error.html", status=status, title=title, explanation=explanation, version=VERSION)
        )
    response.status_code = status
    return response


def init_app(app: Flask) -> None:
    """Answer every error in the service's own form, without a word of what the request sent."""

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = error_response(status, HTTP_STATUS_CODES[status], error.description or "")
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response
