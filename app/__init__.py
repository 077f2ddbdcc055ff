"""The service: one page with the number of records in the database, the running version and a secret."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Return the WSGI application. Settings default to those of the environment."""
    from app import factory  # noqa: PLC0415  migrations import this package, too, and start faster without Flask

    return factory.create_app(settings)
