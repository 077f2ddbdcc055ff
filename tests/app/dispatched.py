"""Which requests came to Flask."""

import threading

from flask import Flask, request_started


class Dispatched:
    """In which thread each request came to Flask, from now on."""

    def __init__(self, app: Flask) -> None:
        self.threads: list[int] = []
        request_started.connect(self._add, app)

    def _add(self, _: Flask) -> None:
        self.threads.append(threading.get_ident())
