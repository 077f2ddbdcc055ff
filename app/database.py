"""The way to the database: connections that give up in time, and the one thing that the page asks for."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Pool, QueuePool, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.models import Record

# Seconds; a database that takes longer to connect, or to answer the simplest question, is away. A try that began just
# before its return waits for so long in vain, and the next must still be done within a second of it.
PROMPT = 0.5
PATIENT = 30.0  # seconds; a count of a large table, or a batch of new records, may take this long


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from the database at one moment."""

    records: int
    schema_revision: str | None  # None where no migration has run
    counted_at: datetime  # UTC, when the count began
    duration: float  # seconds that the count took


def create_engine(url: SecretStr, patience: float, poolclass: type[Pool] | None = None) -> Engine:
    """Return an engine, not yet connected, whose every wait ends after `patience` seconds.

    The time-outs for reading and writing are what ends a wait for a server that accepts and says nothing: PyMySQL's
    time-out for connecting ends before the server's greeting, and without the others it would wait for ever.
    """
    address = make_url(url.get_secret_value())
    options: dict[str, Any] = {"hide_parameters": True, "poolclass": poolclass or QueuePool}
    if options["poolclass"] is QueuePool:
        options |= {"pool_pre_ping": True, "pool_size": 2, "max_overflow": 0, "pool_timeout": PROMPT}
    if address.get_backend_name() == "mysql":
        options["connect_args"] = {
            "connect_timeout": PROMPT,
            "read_timeout": patience,
            "write_timeout": patience,
            "init_command": "SET time_zone = '+00:00'",
        }
    return sqlalchemy.create_engine(address, **options)


def create_folder(url: SecretStr) -> None:
    """Make the folder of a SQLite file, which SQLite itself does not; nothing for other databases."""
    address = make_url(url.get_secret_value())
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)


def _be_patient(connection: Connection, seconds: float) -> None:
    """Let this connection, which has just answered, take longer for what follows.

    PyMySQL has no public way to change the time-out of an open connection; it reads this before each packet.
    """
    if connection.dialect.name == "mysql":
        connection.connection.driver_connection._read_timeout = seconds  # type: ignore[union-attr]  # noqa: SLF001


class Database:
    """The database that the service reads."""

    def __init__(self, url: SecretStr) -> None:
        self.url = url
        self.engine = create_engine(url, PROMPT)

    def read(self) -> Reading:
        """Return what the database says now; raises SQLAlchemyError where it does not."""
        with self.engine.connect() as connection:
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
            _be_patient(connection, PATIENT)
            counted_at, started = datetime.now(UTC), time.perf_counter()
            with self._watched(connection):
                records = connection.scalars(select(func.count()).select_from(Record)).one()
            duration = time.perf_counter() - started
            _be_patient(connection, PROMPT)
        return Reading(records, revision, counted_at, duration)

    @contextmanager
    def _watched(self, connection: Connection) -> Iterator[None]:
        """End a wait for an answer that was lost on its way, which a long count alone cannot be told from.

        Every now and then the server is asked, on another connection, whether it is still at work on this one's.
        """
        if connection.dialect.name != "mysql":
            yield
            return
        waiting: Any = connection.connection.driver_connection
        answered = threading.Event()

        def watch() -> None:
            while not answered.wait(PROMPT):
                if not self._at_work(waiting.thread_id()):
                    with suppress(OSError, AttributeError):  # it has just been closed, or is gone
                        waiting._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001  what else wakes a thread that reads
                    return

        threading.Thread(target=watch, name="count-watch", daemon=True).start()
        try:
            yield
        finally:
            answered.set()

    def _at_work(self, number: int) -> bool:
        """Whether the server says that it is at work on what the connection of this number has asked for."""
        try:
            with self.engine.connect() as connection:
                rows = connection.execute(text("SHOW PROCESSLIST")).mappings()
                return any(row["Id"] == number and row["Command"] == "Query" for row in rows)
        except SQLAlchemyError:
            return False
