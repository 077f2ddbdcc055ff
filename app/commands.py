"""Commands: `flask --app app records …`."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask
from flask.cli import AppGroup
from pydantic import SecretStr
from sqlalchemy import NullPool, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.database import create_engine
from app.models import Record

BATCH = 10_000  # records in one transaction: few round trips, short locks
MAX_RECORDS = 100_000_000  # that one call adds
QUERY_TIMEOUT = 30.0  # seconds; a batch, or the count of a large table


class BadInputError(click.ClickException):
    """One line on standard error, and exit status 2."""

    exit_code = 2


def _number(_: click.Context, __: click.Parameter, value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MAX_RECORDS:
        raise BadInputError(f"N: expected a whole number from 1 to {MAX_RECORDS}, not {value!r}")
    return int(value)


def _note(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    longest = Record.note.type.length
    if value is not None and len(value) > longest:
        raise BadInputError(f"--note: expected at most {longest} characters, not {len(value)}")
    return value


@contextmanager
def _error_message() -> Iterator[None]:
    """Turn a database error into one line and exit status 1."""
    try:
        yield
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database cannot be used: {getattr(error, 'orig', None) or error}") from None


def init_app(app: Flask, url: SecretStr) -> None:
    """Add the commands. Their queries may take longer than those of the page."""
    group = AppGroup("records", help="Add and count records.")
    engine = create_engine(url, QUERY_TIMEOUT, NullPool)

    @group.command(context_settings={"ignore_unknown_options": True})  # so that -5 is a bad N, not an unknown option
    @click.argument("number", metavar="N", callback=_number)
    @click.option("--note", metavar="TEXT", callback=_note, help="A text to keep with each record.")
    def add(number: int, note: str | None) -> None:
        """Add N records, in transactions of 10,000. An interrupted run keeps those that are committed."""
        with _error_message(), click.progressbar(length=number, label=f"adding {number} records") as bar:
            for done in range(0, number, BATCH):
                batch = min(BATCH, number - done)
                with engine.begin() as connection:
                    connection.execute(insert(Record), [{"note": note}] * batch)
                bar.update(batch)
        click.echo(f"added {number} records")

    @group.command()
    def count() -> None:
        """Print the number of records."""
        with _error_message(), engine.connect() as connection:
            click.echo(connection.scalars(select(func.count()).select_from(Record)).one())

    app.cli.add_command(group)
