"""Server that records requests, with the part of GitLab's API that scripts call: notes of a merge request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-with-api"


@dataclass
class Server:
    """Recorded requests, and the existing notes."""

    address: str
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)  # method, path, headers, body
    notes: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        state: Server = self.server.state  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        url = urlsplit(self.path)
        state.requests.append((self.command, url.path, dict(self.headers), body))
        status, answer = 200, json.loads("{}")
        if "/notes" not in url.path:
            status = 200 if url.path.startswith("/hook/good") else 404
        elif self.headers.get("PRIVATE-TOKEN") != TOKEN:
            status, answer = 401, {"message": "401 Unauthorized"}
        elif self.command == "GET":
            query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            first = (query["page"] - 1) * query["per_page"]
            answer = state.notes[first : first + query["per_page"]]
        elif self.command == "POST":
            answer = {"id": len(state.notes) + 1, **json.loads(body)}
            state.notes.append(answer)
            status = 201
        else:
            answer = state.notes[int(url.path.rpartition("/")[2]) - 1]
            answer |= json.loads(body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def do_PUT(self) -> None:
        """Answer."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Server]:
    """Serve on a free port of that address."""
    with ThreadingHTTPServer((host, 0), _Handler) as server:
        state = server.state = Server(f"http://{host}:{server.server_port}")  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()
