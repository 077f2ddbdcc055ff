"""The page as it was last answered, while what it shows is the same: to dispatch it again takes three times as long."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response

from app.database import Reading
from app.record_count import RecordCount
from app.request_log import ROUTE
from app.secret import Secret

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/"
AT_ONCE = "app.at_once"  # in the environment of a request that is to be answered without waiting, or not at all
MOST = 16  # answers that are kept; people and probes send few different headers

Shown = tuple[Reading | None, str]
Answer = tuple[Shown, list[tuple[str, str]], bytes]


class NotAtOnceError(Exception):
    """The page is not kept as it is now."""


def init_app(app: Flask, count: RecordCount, secret: Secret) -> None:
    """Answer for Flask where it would answer as before: a page depends on what it shows and on these two headers."""
    inner = app.wsgi_app
    kept: dict[tuple[str | None, str | None], Answer] = {}

    def shown() -> Shown:
        return count.at_once(), secret.shown()

    def keeping(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET":
            return inner(environ, start_response)
        environ[ROUTE] = PATH
        asked = environ.get("HTTP_HOST"), environ.get("HTTP_ACCEPT")
        now = shown()
        if (answer := kept.get(asked)) and answer[0] == now:
            start_response("200 OK", answer[1])
            return [answer[2]]
        if AT_ONCE in environ:
            raise NotAtOnceError
        response = Response.from_app(inner, environ, buffered=True)
        if response.status_code == HTTPStatus.OK and now[0] and shown() == now:  # so it shows this, and nothing newer
            if len(kept) >= MOST:
                kept.clear()
            kept[asked] = now, list(response.headers), response.get_data()
        return response(environ, start_response)

    app.wsgi_app = keeping  # type: ignore[method-assign]  # Flask's documented way
