"""Recorder of a revision's statements. It requests each DDL statement with the least algorithm that MySQL accepts."""

import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymysql import MySQLError  # type: ignore[import-untyped]  # it has no types
from pymysql.cursors import Cursor  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from ci.lint_migrations.clients import Clients
from ci.lint_migrations.scratch import Scratch

REFUSED = {1221, 1845, 1846}  # MySQL: this algorithm or lock is not supported
DDL = re.compile(r"\s*(CREATE|ALTER|DROP|RENAME|TRUNCATE)\b", re.IGNORECASE)
DML = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)
NAME = r"(?:`?\w+`?\.)?`?(\w+)`?"
ALTER_TABLE = re.compile(rf"\s*ALTER\s+TABLE\s+{NAME}", re.IGNORECASE)
INDEX = re.compile(rf"\s*(?:CREATE\s+(?:\w+\s+)?|DROP\s+)INDEX\s+\S+\s+(?:USING\s+\w+\s+)?ON\s+{NAME}", re.IGNORECASE)
CLAUSE = re.compile(
    r",?\s*\b(ALGORITHM|LOCK)\s*=?\s*(INSTANT|INPLACE|COPY|DEFAULT|NONE|SHARED|EXCLUSIVE)\b", re.IGNORECASE
)
ASKED = {"INSTANT": "ALGORITHM=INSTANT", "INPLACE": "ALGORITHM=INPLACE{comma} LOCK=NONE", "COPY": "ALGORITHM=COPY"}


@dataclass(frozen=True)
class Failure:
    """An error of MySQL."""

    line: int
    code: int
    message: str
    sql: str


def failure_of(error: BaseException, path: str) -> Failure:
    """Return MySQL's error that ended a run, with the line of the revision in that file."""
    cause: BaseException = error
    while cause.__context__ and not isinstance(cause, DBAPIError):
        cause = cause.__context__
    line = next((f.lineno or 1 for f in traceback.extract_tb(cause.__traceback__) if f.filename == path), 1)
    if not isinstance(cause, DBAPIError) or cause.orig is None:
        return Failure(line, 0, str(error), "")
    code, message = (*cause.orig.args, "")[:2]
    return Failure(line, code, str(message), cause.statement or "")


@dataclass
class Change:
    """A DDL statement."""

    line: int
    sql: str
    table: str | None = None  # that it alters, if MySQL has several algorithms for it
    stated: str | None = None  # algorithm
    accepted: str | None = None  # the least that MySQL accepts
    reason: str = ""  # why it accepts no lesser one
    rows: int = 0  # that were copied
    seconds: float = 0.0
    reads_blocked: float = 0.0  # seconds
    writes_blocked: float = 0.0


@dataclass
class Record:
    """Record of one run of a revision."""

    changes: list[Change] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)  # by line: changed or locked in one transaction
    failure: Failure | None = None


class Recorder:
    """Listener to the statements of revisions, from any engine."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    @contextmanager
    def recording(self, path: str, *, asking: bool) -> Iterator[Record]:
        """Record the statements of the revision in that file meanwhile; `asking`: request lesser algorithms first."""
        self._path, self._asking, self._record = path, asking, Record()
        listeners: list[tuple[str, Callable[..., Any]]] = [
            ("engine_connect", self._require_primary_key),
            ("before_cursor_execute", self._before),
            ("after_cursor_execute", self._after),
        ]
        for name, listener in listeners:
            event.listen(Engine, name, listener, retval=name == "before_cursor_execute")
        try:
            yield self._record
        finally:
            for name, listener in listeners:
                event.remove(Engine, name, listener)

    def _require_primary_key(self, connection: Connection) -> None:
        if connection.engine is not self._scratch.engine:
            connection.exec_driver_sql("SET SESSION sql_require_primary_key = ON")  # as managed MySQL has it
            connection.commit()

    def _line(self, engine: Engine | None) -> int:
        """Return the line of the revision that executes a statement; 0 if it is no statement of the revision."""
        if engine is self._scratch.engine:
            return 0
        frames = traceback.walk_stack(None)
        return next((line for frame, line in frames if frame.f_code.co_filename == self._path), 0)

    def _before(self, connection: Connection, cursor: Cursor, sql: str, parameters: Any, *_: object) -> tuple[str, Any]:  # noqa: ANN401  the driver's
        if DDL.match(sql) and (line := self._line(connection.engine)):
            statement = cursor.mogrify(sql, parameters or ())
            self._record.changes.append(Change(line, " ".join(statement.split())))
            if self._asking and self._ask(cursor, statement, self._record.changes[-1]):
                return "DO 0", ()
        return sql, parameters

    def _after(self, connection: Connection, cursor: Cursor, sql: str, *_: object) -> None:
        if DML.match(sql) and (line := self._line(connection.engine)):
            rows = max(cursor.rowcount, self._locked(cursor))
            self._record.rows[line] = max(self._record.rows.get(line, 0), rows)

    def _locked(self, cursor: Cursor) -> int:
        """Return the rows that the open transaction has locked, including those that it read to find its changes."""
        rows = self._scratch.query(
            "SELECT GREATEST(trx_rows_locked, trx_rows_modified) FROM information_schema.innodb_trx "
            f"WHERE trx_mysql_thread_id = {cursor.connection.thread_id()}"
        )
        return int(str(rows[0][0])) if rows else 0

    def _ask(self, cursor: Cursor, sql: str, change: Change) -> bool:
        """Run the statement by the least algorithm that MySQL accepts; return whether it has been run."""
        found = ALTER_TABLE.match(sql) or INDEX.match(sql)
        if found is None:
            return False
        change.table = found[1]
        change.stated = next((m[2].upper() for m in CLAUSE.finditer(sql) if m[1].upper() == "ALGORITHM"), None)
        comma = "," if ALTER_TABLE.match(sql) else ""
        bare = CLAUSE.sub("", sql).rstrip(" ;")
        for algorithm, clause in ASKED.items():
            clients = Clients(self._scratch, change.table)
            statement = f"{bare}{comma} {clause.format(comma=comma)}"
            try:
                started = time.monotonic()
                if algorithm == "COPY":
                    change.rows = self._scratch.count(change.table)
                if change.rows:
                    with clients.running():
                        started = time.monotonic()
                        cursor.execute(statement)
                else:
                    cursor.execute(statement)
            except MySQLError as error:
                if error.args[0] in REFUSED:
                    reason = re.search(r"Reason: ([^.]*)", str(error.args[1]))
                    change.reason = reason[1] if reason else change.reason
                    continue
                return False  # the statement fails as it is written, too
            change.accepted, change.seconds = algorithm, time.monotonic() - started
            change.reads_blocked, change.writes_blocked = clients.longest["reads"], clients.longest["writes"]
            return True
        return False
