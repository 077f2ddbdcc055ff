"""Statements of the last release that fail on the new schema, found in MySQL's general log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.exc import SQLAlchemyError

SHOWN = 300  # characters of a statement
LOGGED = """SELECT DISTINCT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type = 'Query'
AND thread_id IN (SELECT thread_id FROM mysql.general_log WHERE command_type = 'Connect' AND argument LIKE %s)"""
TRIED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


@contextmanager
def logged(url: URL) -> Iterator[None]:
    """Log all statements to a table meanwhile."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("TRUNCATE mysql.general_log")
        connection.exec_driver_sql("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON")
        try:
            yield
        finally:
            connection.exec_driver_sql("SET GLOBAL general_log = OFF, GLOBAL log_output = 'FILE'")


def failed(url: URL) -> Iterator[str]:
    """Yield the logged statements of this database that fail if they are repeated, each with MySQL's message."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        statements = connection.exec_driver_sql(LOGGED, (f"% on {url.database} using %",)).scalars().all()
        for statement in filter(TRIED.match, statements):
            try:
                connection.exec_driver_sql(statement.replace("%", "%%"))
            except SQLAlchemyError as error:
                yield f"{' '.join(statement.split())[:SHOWN]}: {getattr(error, 'orig', error)}"
            connection.rollback()  # nothing is kept
