"""MySQL, with a database for each size of the table."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy import URL, text
from sqlalchemy.exc import OperationalError

from benchmarks.commands import FailedError, project
from benchmarks.containers import Container, container

IMAGE = "mysql:9.7"
# All in memory, so that disks play no part; without TLS, which only some of the peers would use.
OPTIONS = ("--skip-log-bin", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=512M", "--tls-version=")
LONGEST_START = 90  # seconds
LONGEST_COUNTS = 20  # seconds that counts which nobody waits for any more may go on
COUNTS = text("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT COUNT%'")


class Database:
    """The server, and who may do everything on it."""

    def __init__(self, server: Container, password: str) -> None:
        self.pid = server.pid
        self._url = URL.create("mysql+pymysql", "root", password, server.address, 3306)
        self._engine = sqlalchemy.create_engine(self._url, isolation_level="AUTOCOMMIT")

    def url(self, rows: int, driver: str = "mysql+pymysql") -> str:
        """Return the address of the database whose table has this many rows."""
        return self._url.set(drivername=driver, database=f"rows_{rows}").render_as_string(hide_password=False)

    def wait(self) -> None:
        """Return when the server answers."""
        end = time.monotonic() + LONGEST_START
        while True:
            try:
                self._engine.connect().close()
            except OperationalError as error:
                if time.monotonic() > end:
                    raise FailedError(f"MySQL has not started within {LONGEST_START} s: {error.orig}") from None
                time.sleep(0.2)
            else:
                return

    def fill(self, rows: int) -> None:
        """Migrate a database and bring its table to this many rows, with the service's own commands."""
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE rows_{rows}"))
            project("alembic", "upgrade", "head", database_url=self.url(rows))
            there: int = connection.scalars(text(f"SELECT COUNT(*) FROM rows_{rows}.records")).one()  # noqa: S608  a number of ours
        project("flask", "--app", "app", "records", "add", str(rows - there), database_url=self.url(rows))

    def read_in_parallel(self, threads: int) -> None:
        """Let each count of connections made from now on use this many threads."""
        with self._engine.connect() as connection:
            connection.execute(text("SET GLOBAL innodb_parallel_read_threads = :threads"), {"threads": threads})

    def settle(self) -> None:
        """Return when no count runs any more; those that outlive their service by far are ended."""
        end = time.monotonic() + LONGEST_COUNTS
        with self._engine.connect() as connection:
            while running := connection.scalars(COUNTS).all():
                if time.monotonic() > end:
                    for connection_id in running:
                        connection.execute(text("KILL :id"), {"id": connection_id})
                time.sleep(0.1)


@contextmanager
def database() -> Iterator[Database]:
    """Start MySQL, for as long as the block lasts."""
    password = secrets.token_hex(16)
    settings = ["--tmpfs", "/var/lib/mysql", "--env", f"MYSQL_ROOT_PASSWORD={password}"]
    with container("mysql", *settings, IMAGE, "mysqld", *OPTIONS) as server:
        started = Database(server, password)
        started.wait()
        yield started
