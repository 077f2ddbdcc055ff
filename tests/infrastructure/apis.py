"""The APIs that the project asks: HCP Terraform's, and GitLab's of states, on this machine and as documented."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ORGANIZATION = "acme"
TOKEN = "token-of-hcp"
Json = dict[str, Any]


@dataclass
class Api:
    """Responses of the API, by path, and the requests that it received."""

    address: str
    answers: dict[str, Json] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)  # how often a path answers 503 before it answers
    authorization: str = f"Bearer {TOKEN}"
    asked: list[str] = field(default_factory=list)

    def add_workspace(self, environment: str) -> None:
        """Add an environment's workspace."""
        name = f"app-{environment}"
        self.answers[f"/organizations/{ORGANIZATION}/workspaces/{name}"] = {
            "data": {"id": f"ws-{environment}", "type": "workspaces", "attributes": {"name": name}}
        }

    def add_outputs(self, environment: str, outputs: dict[str, str]) -> None:
        """Add the outputs of an environment: in the list without their values, since all are sensitive."""
        listed = []
        for number, (name, value) in enumerate(outputs.items()):
            shown: Json = {"name": name, "sensitive": True, "type": "string", "value": value}
            output: Json = {"id": f"wsout-{number}", "type": "state-version-outputs", "attributes": shown}
            self.answers[f"/state-version-outputs/wsout-{number}"] = {"data": output}
            listed.append({**output, "attributes": {**shown, "value": None}})
        self.answers[f"/workspaces/ws-{environment}/current-state-version-outputs"] = {"data": listed}


class Handler(BaseHTTPRequestHandler):
    """Answers from `served`: HCP Terraform's API only reads, GitLab's also takes states."""

    served: Api

    def do_GET(self) -> None:
        """Answer with the response of the path."""
        api = self.served
        api.asked.append(self.path)
        if api.failing.get(self.path, 0) > 0:
            api.failing[self.path] -= 1
            self._answer(503, {"errors": [{"status": "503", "title": "being processed"}]})
        elif self.path in api.answers:
            self._answer(200, api.answers[self.path])
        else:
            self._answer(404, {"errors": [{"status": "404", "title": "not found"}]})

    def do_POST(self) -> None:
        """Take a lock or a state."""
        path = self.path.partition("?")[0]
        self.served.asked.append(f"POST {path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not path.endswith("/lock"):
            self.served.answers[path] = body
        self._answer(200, {})

    def do_DELETE(self) -> None:
        """Open a lock."""
        self.served.asked.append(f"DELETE {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(200, {})

    def _answer(self, status: int, body: Json) -> None:
        if self.headers["Authorization"] != self.served.authorization:
            status, body = 401, {"errors": [{"status": "401", "title": "unauthorized"}]}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: `asked` has it."""


@contextmanager
def api(host: str = "127.0.0.1") -> Iterator[Api]:
    """Serve such an API at an address of this machine; containers need another than their own."""
    server = ThreadingHTTPServer((host, 0), Handler)
    served = Api(f"http://{host}:{server.server_port}")
    server.RequestHandlerClass = type("ServingHandler", (Handler,), {"served": served})
    Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
