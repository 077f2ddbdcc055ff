"""Alembic's environment: `alembic upgrade head` migrates the database of the settings, on a laptop and in a cluster."""

import logging
import sys
import time
import traceback
from pathlib import Path

from alembic import command, context
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from app import logs
from app.database import create_engine
from app.models import Base
from app.schema import is_newer, record_revisions
from app.settings import MigrationSettings, load

STATEMENT_TIMEOUT = 900.0  # seconds; to change a large table takes time
MIGRATION_LOCK_TIMEOUT = 60  # seconds to wait for another migration to finish
MIGRATION_LOCK_INTERVAL = 10  # seconds between two log lines about the other migration
TABLE_LOCK_TIMEOUT = 1  # seconds; short, because readers of the table queue behind a waiting DDL statement
MAX_ATTEMPTS = 10  # attempts to lock a table that is in use
RETRY_INTERVAL = 1.0  # seconds between two attempts, in which queued readers proceed
LOCK_ERRORS = {1205, 1213}  # MySQL: lock wait timeout exceeded, deadlock

log = logging.getLogger("alembic.env")


class MigrationError(Exception):
    """The reason for which the migration ends, for the log."""


def acquire_lock(connection: Connection) -> None:
    """Lock the migrations of this database until the connection ends."""
    connection.exec_driver_sql(
        f"SET SESSION lock_wait_timeout = {TABLE_LOCK_TIMEOUT}, innodb_lock_wait_timeout = {TABLE_LOCK_TIMEOUT}"
    )
    # Named locks are global to the server. The name contains the database, hashed: it may have 64 characters.
    name = "CONCAT('migrations-', LEFT(SHA2(DATABASE(), 256), 32))"
    log.info("waiting for other migrations of this database, at most %d s", MIGRATION_LOCK_TIMEOUT)
    for timeout in (0, *[MIGRATION_LOCK_INTERVAL] * (MIGRATION_LOCK_TIMEOUT // MIGRATION_LOCK_INTERVAL)):
        if connection.scalar(text(f"SELECT GET_LOCK({name}, {timeout})")) == 1:
            connection.commit()
            return
        running = running_statement(connection, name)
        log.info("another migration holds the lock: %s", running)
    raise MigrationError(f"another migration has been running for {MIGRATION_LOCK_TIMEOUT} s: {running}")


def running_statement(connection: Connection, lock: str) -> str:
    """Return what the connection that holds the lock is executing.

    If a migration is killed while MySQL executes its statement, MySQL finishes the statement, and holds the lock until
    then.
    """
    holder = connection.scalar(text(f"SELECT IS_USED_LOCK({lock})"))
    for number, *_, seconds, state, statement in connection.execute(text("SHOW FULL PROCESSLIST")):
        if number == holder:
            return f"connection {number} for {seconds} s: {' '.join((statement or 'no statement').split())} ({state})"
    return "its connection has just ended" if holder is None else f"connection {holder}, of another user"


def schema_is_newer(connection: Connection) -> bool:
    """Return whether the schema is a newer release's. Raises MigrationError if it is of another application."""
    scripts = ScriptDirectory.from_config(context.config)
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = [head for head in context.get_context().get_current_heads() if head not in known]
    for revision in unknown:
        if not is_newer(connection, revision, scripts.get_heads()):
            raise MigrationError(
                f"the database is at revision {revision}, which is unknown and not newer; "
                "expected a database that only releases of this application have migrated"
            )
        log.info("schema is at the newer revision %s: nothing to do", revision)
    if not unknown:
        record_revisions(connection, scripts)
    return bool(unknown)


def migrate(connection: Connection) -> None:
    """Run Alembic's command, one transaction for each revision. If a table is in use, try again."""
    options = context.config.cmd_opts
    upgrades = options is None or options.cmd[0] is command.upgrade
    for left in reversed(range(MAX_ATTEMPTS)):
        # Configured by each attempt: it reads the current revision, so nothing finished is repeated.
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
        try:
            if upgrades and schema_is_newer(connection):
                return
            with context.begin_transaction():
                context.run_migrations()
        except OperationalError as error:
            connection.rollback()
            if error.orig is None or error.orig.args[0] not in LOCK_ERRORS or not left:
                raise
            log.warning("%s is waiting for a lock, %d attempts left", failing_revision(error), left)
            time.sleep(RETRY_INTERVAL)
        else:
            return


def failing_revision(error: BaseException) -> str:
    """Return the revision that raised an error: the file of `versions/` in its traceback."""
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).parent.name == "versions":
            return f"revision {Path(frame.filename).stem}"
    return "reading the current revision"


def format_error(error: SQLAlchemyError) -> str:
    """Return one line: the revision, the database's message and the statement."""
    message = getattr(error, "orig", None) or error
    statement = error.statement if isinstance(error, DBAPIError) and error.statement else "connecting"
    return f"{failing_revision(error)} failed: {message}; statement: {' '.join(statement.split())}"


def run() -> None:
    """Connect and migrate, or exit with status 1 and one line on standard error."""
    settings = load(MigrationSettings)
    logs.configure(settings)
    if context.is_offline_mode():
        dialect = settings.url.get_secret_value().split("+")[0].split(":")[0]
        context.configure(dialect_name=dialect, target_metadata=Base.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = create_engine(settings.url, STATEMENT_TIMEOUT, NullPool)
    if engine.dialect.name == "sqlite":  # creates the file, but not its directory
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "mysql":
                acquire_lock(connection)
            migrate(connection)
    except MigrationError as error:
        sys.exit(f"migration failed: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"migration failed: {format_error(error)}")


run()
