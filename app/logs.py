"""Logs: one line for each event, on standard output, in one form for the service, gunicorn and the migrations."""

import json
import logging
import logging.config
from typing import Any

from app.settings import Logging

FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}


class ConsoleFormatter(logging.Formatter):
    """For people: time, level, message and the further fields, quoted where a client could have chosen them."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the library's name
        """Return the line, without the trace of an exception."""
        fields = ((name, value) for name, value in vars(record).items() if name not in STANDARD)
        return " ".join([super().formatMessage(record), *(f"{name}={_quoted(value)}" for name, value in fields)])


def _quoted(value: Any) -> str:  # noqa: ANN401  whatever a line says
    return value if isinstance(value, str) and value.replace("-", "").isalnum() else json.dumps(value, default=str)


def configure(settings: Logging) -> None:
    """Send every logger's lines to standard output; safe to call again."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {"()": ConsoleFormatter},
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "fmt": FIELDS,
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                    "datefmt": "%Y-%m-%dT%H:%M:%S%z",
                },
            },
            "handlers": {
                "stdout": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": settings.log_format,
                }
            },
            "root": {"handlers": ["stdout"], "level": settings.log_level},
        }
    )
