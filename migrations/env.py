"""How Alembic reaches the database: `alembic upgrade head` is the one command, on a laptop and in the cluster."""

import logging
import sys
import time
import traceback
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from app import logs
from app.database import create_engine, create_folder
from app.models import Base
from app.settings import MigrationSettings, load

LONGEST_STATEMENT = 900.0  # seconds; what changes a large table takes its time
TURN_LIMIT = 60  # seconds to wait for another migration to finish
LOCK_LIMIT = 1  # seconds to wait for a table: every reader queues behind the one who waits, so it must be short
LOCK_TRIES = 10  # then the table is somebody's for too long
PAUSE = 1.0  # seconds between two tries, in which the readers go ahead
LOCK_ERRORS = {1205, 1213}  # MySQL's numbers for a lock that was not granted in time, and for a deadlock

log = logging.getLogger("alembic.env")


class MigrationError(Exception):
    """What ended the migration, for people."""


def take_turn(connection: Connection) -> None:
    """Make other migrations of this database wait until this connection ends, however it ends."""
    connection.exec_driver_sql(f"SET SESSION lock_wait_timeout = {LOCK_LIMIT}, innodb_lock_wait_timeout = {LOCK_LIMIT}")
    # Locks are the server's, so the name has the database in it, in as many characters as a lock's name may have.
    name = "CONCAT('migrations-', LEFT(SHA2(DATABASE(), 256), 32))"
    log.info("waiting for other migrations of this database, at most %d s", TURN_LIMIT)
    if connection.scalar(text(f"SELECT GET_LOCK({name}, {TURN_LIMIT})")) != 1:
        raise MigrationError(f"another migration has been running for {TURN_LIMIT} s")
    connection.commit()


def migrate(connection: Connection) -> None:
    """Run the revisions that are missing, one transaction for each; a table that is in use is tried again."""
    for left in reversed(range(LOCK_TRIES)):
        # Read anew by every try: what an earlier one has finished is not repeated.
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
        try:
            with context.begin_transaction():
                context.run_migrations()
        except OperationalError as error:
            connection.rollback()
            if error.orig is None or error.orig.args[0] not in LOCK_ERRORS or not left:
                raise
            log.warning("%s is waiting for a lock, %d tries left", revision_of(error), left)
            time.sleep(PAUSE)
        else:
            return


def revision_of(error: BaseException) -> str:
    """Return which revision an error comes from: the file in `versions/` that its trace passes through."""
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).parent.name == "versions":
            return f"revision {Path(frame.filename).stem}"
    return "the look at which revision the database is at"


def explain(error: SQLAlchemyError) -> str:
    """Return one line: which revision, what the database said, to which statement."""
    said = getattr(error, "orig", None) or error
    statement = " ".join(
        (error.statement if isinstance(error, DBAPIError) and error.statement else "connecting").split()
    )
    return f"{revision_of(error)} failed: {said}; statement: {statement}"


def run() -> None:
    """Connect and migrate, or end the process with one line on standard error and status 1."""
    settings = load(MigrationSettings)
    logs.configure(settings)
    if context.is_offline_mode():
        dialect = settings.url.get_secret_value().split("+")[0].split(":")[0]
        context.configure(dialect_name=dialect, target_metadata=Base.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    create_folder(settings.url)
    engine = create_engine(settings.url, LONGEST_STATEMENT, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "mysql":
                take_turn(connection)
            migrate(connection)
    except MigrationError as error:
        sys.exit(f"migration failed: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"migration failed: {explain(error)}")


run()
