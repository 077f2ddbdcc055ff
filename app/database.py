"""Database access: engines with timeouts, and the queries of the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Integer, Pool, QueuePool, String, column, func, literal_column, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from app.models import Record

CONNECT_TIMEOUT = 0.5  # seconds
# Seconds for one query of the page. An attempt may start just before the database recovers and run into this timeout.
# The next one must still finish within a second of the recovery.
QUERY_TIMEOUT = 0.5
SERVER_TIMEOUT = 400  # milliseconds until MySQL itself ends a query, before the client gives up the connection
TIMEOUTS = {1205, 2013, 3024}  # MySQL: lock wait, connection lost or silent, SERVER_TIMEOUT
BATCH = 20_000  # rows that one query counts: a few milliseconds


class DatabaseUnavailableError(Exception):
    """There is no usable database; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Facts from the database at one moment."""

    schema_revision: str | None  # None if no migration has run
    records: int | None = None  # None until a count has finished
    counted_at: datetime | None = None  # UTC, start of the count
    duration: float = 0.0  # seconds that the count took


def create_engine(
    url: SecretStr, read_timeout: float, poolclass: type[Pool] = QueuePool, server_timeout: int = 0
) -> Engine:
    """Return an engine, not yet connected, whose every wait for MySQL ends after `read_timeout` seconds.

    `server_timeout` is in milliseconds; 0 is none. PyMySQL's `connect_timeout` does not cover the server's greeting:
    without `read_timeout`, a silent server would block the caller forever.
    """
    address = make_url(url.get_secret_value())
    options: dict[str, Any] = {"hide_parameters": True, "poolclass": poolclass}
    if poolclass is QueuePool:
        options |= {"pool_size": 1, "max_overflow": 0}
    if address.get_backend_name() == "mysql":
        options["connect_args"] = {
            "connect_timeout": CONNECT_TIMEOUT,
            "read_timeout": read_timeout,
            "write_timeout": read_timeout,
            "init_command": f"SET time_zone = '+00:00', max_execution_time = {server_timeout}",
        }
    return sqlalchemy.create_engine(address, **options)


class Database:
    """The database as the page reads it, over one connection.

    The methods raise SQLAlchemyError on failure, and DatabaseUnavailableError if MySQL is read-only. They close the
    connection then: after a failover it may lead to the old primary.
    """

    def __init__(self, url: SecretStr) -> None:
        self._engine = create_engine(url, QUERY_TIMEOUT, server_timeout=SERVER_TIMEOUT)
        is_mysql = self._engine.dialect.name == "mysql"
        self._read_only = literal_column("@@read_only" if is_mysql else "0", Integer)

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def schema_revision(self) -> str | None:
        """Return the revision of the schema, None if there is none: the probe for availability."""
        revision = select(self._read_only, column("version_num", String)).select_from(text("alembic_version"))
        with self._engine.connect() as connection:
            row = connection.execute(revision).one_or_none()
            if row is None:
                return None
            _require_primary(connection, row[0])
            return str(row[1])

    def count(self) -> Iterator[int]:
        """Yield the numbers of records of successive batches, all as of the same moment.

        Each query has the probe's timeout, so a slow count and an unavailable database are never confused. Raises
        TimeoutError if a query exceeds it.
        """
        first = batch = select(Record.id).order_by(Record.id).limit(BATCH)
        try:
            with self._engine.connect() as connection:  # one transaction: InnoDB reads from one consistent view
                while True:
                    ids = batch.subquery().c.id
                    query = select(self._read_only, func.count(ids), func.max(ids))
                    read_only, counted, last = connection.execute(query).one()
                    _require_primary(connection, read_only)
                    yield counted
                    if counted < BATCH:
                        return
                    batch = first.where(Record.id > last)
        except OperationalError as error:
            if error.orig and error.orig.args[0] in TIMEOUTS:
                raise TimeoutError(str(error.orig)) from None
            raise


def _require_primary(connection: Connection, read_only: int) -> None:
    if read_only:
        connection.invalidate()
        raise DatabaseUnavailableError("the server is read-only")
