"""The commands: `flask --app app records …`."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.database import PATIENT, Database, create_engine
from app.models import Record

BATCH = 10_000  # records in one transaction: few round trips, and short locks
MOST = 100_000_000  # records that one call adds


class BadInputError(click.ClickException):
    """One line on standard error, and exit status 2."""

    exit_code = 2


def _number(_: click.Context, __: click.Parameter, value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MOST:
        raise BadInputError(f"N: expected a whole number from 1 to {MOST}, not {value!r}")
    return int(value)


def _note(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    longest = Record.note.type.length
    if value is not None and len(value) > longest:
        raise BadInputError(f"--note: expected at most {longest} characters, not {len(value)}")
    return value


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what goes wrong with the database into one line and exit status 1."""
    try:
        yield
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database cannot be used: {getattr(error, 'orig', None) or error}") from None


def init_app(app: Flask, database: Database) -> None:
    """Add the commands; they use connections that may take long."""
    group = AppGroup("records", help="Add and count records.")

    @group.command(context_settings={"ignore_unknown_options": True})  # so that -5 is a bad N, not an unknown option
    @click.argument("number", metavar="N", callback=_number)
    @click.option("--note", metavar="TEXT", callback=_note, help="A text to keep with each record.")
    def add(number: int, note: str | None) -> None:
        """Add N records, in transactions of 10,000; what is interrupted keeps those that are done."""
        engine = create_engine(database.url, PATIENT)
        with _explained(), click.progressbar(length=number, label=f"adding {number} records") as bar:
            for done in range(0, number, BATCH):
                batch = min(BATCH, number - done)
                with engine.begin() as connection:
                    connection.execute(insert(Record), [{"note": note}] * batch)
                bar.update(batch)
        click.echo(f"added {number} records")

    @group.command()
    def count() -> None:
        """Print the number of records."""
        with _explained(), create_engine(database.url, PATIENT).connect() as connection:
            click.echo(connection.scalars(select(func.count()).select_from(Record)).one())

    app.cli.add_command(group)
