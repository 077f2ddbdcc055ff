"""Fixtures for the tests of the application."""

import pytest
from flask import Flask
from sqlalchemy import URL

from tests.conftest import MakeApp


@pytest.fixture
def app(make_app: MakeApp, shared_database: URL) -> Flask:
    """Return the application, with a count that stays."""
    return make_app(shared_database, record_count_max_age=3600)
