"""The service: one page with the number of records in the database, the running version and a secret."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Return the WSGI application; settings come from the environment where none are given."""
    from app import factory  # noqa: PLC0415  here, so that the migrations, in this package too, start without Flask

    return factory.create_app(settings)
