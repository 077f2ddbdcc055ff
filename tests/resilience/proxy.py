"""A TCP proxy between the service and its database, which fails as networks fail."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Literal, Self

Mode = Literal["pass", "refuse", "silent", "reset"]
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on loopback and forwards to a server, until its mode is changed.

    `refuse`: the port is closed and open connections are reset. `silent`: connections are accepted but nothing is
    forwarded; connections that were open then stay dead, as after a silent network loss. `reset`: connections are
    accepted and reset.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._mode: Mode = "pass"
        self._open: list[socket.socket] = []
        self._listener = self._listen(0)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.set("refuse")

    def set(self, mode: Mode) -> None:
        """Change the mode."""
        before, self._mode = self._mode, mode
        if mode in {"refuse", "reset"}:
            self._reset_all()
        if mode == "refuse":
            self._listener.close()
        elif before == "refuse":
            self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=100)
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed by `refuse`
            while True:
                client, _ = listener.accept()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                self._open.append(client)
                if self._mode == "reset":
                    self._reset_all()
                elif self._mode == "pass":
                    server = socket.create_connection(self._target)
                    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                    self._open.append(server)
                    for source, sink in ((client, server), (server, client)):
                        threading.Thread(target=self._pass, args=[source, sink], daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # reset by either side
            while data := source.recv(65536):
                if self._mode != "pass":
                    return  # the connection stays open but dead
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _reset_all(self) -> None:
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)  # wakes the reading thread, unlike `close` alone
            connection.close()
