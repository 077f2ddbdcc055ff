"""Logs: one line for each event on standard output, in one format for the service, gunicorn and the migrations."""

import json
import logging
import os
import select
from contextlib import suppress
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from app.settings import Logging

BUILTIN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}
STDOUT = 1  # file descriptor
PIPE_SIZE = 4096  # bytes that a pipe takes without blocking if it is writable at all (PIPE_BUF)


class StdoutHandler(logging.Handler):
    """Write to standard output, but drop a line rather than wait: if no process reads it, the service goes on."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        line = f"{self.format(record)}\n".encode(errors="replace")
        with suppress(OSError):  # closed
            for start in range(0, len(line), PIPE_SIZE):
                if not select.select([], [STDOUT], [], 0)[1]:
                    return
                os.write(STDOUT, line[start : start + PIPE_SIZE])


class ConsoleFormatter(logging.Formatter):
    """Time, level, message and further fields; values that a client may have chosen are quoted."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's name
        """Return the line, without the traceback of an exception."""
        fields = ((name, value) for name, value in vars(record).items() if name not in BUILTIN_ATTRIBUTES)
        return " ".join([super().formatMessage(record), *(f"{name}={_quoted(value)}" for name, value in fields)])


def _quoted(value: Any) -> str:  # noqa: ANN401  fields have any type
    if isinstance(value, str) and value.replace("-", "").isalnum():
        return value
    text = json.dumps(value, default=str, ensure_ascii=False)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def configure(settings: Logging) -> None:
    """Send the lines of all loggers to standard output. Safe to call again."""
    handler = StdoutHandler()
    handler.setFormatter(
        ConsoleFormatter()
        if settings.log_format == "console"
        else JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            "%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
