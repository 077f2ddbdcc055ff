"""What tests of the application share."""

import pytest
from flask import Flask
from sqlalchemy import URL

from tests.conftest import NewApp


@pytest.fixture
def app(new_app: NewApp, shared_database: URL) -> Flask:
    """Return the application once it has counted, with a count that stays."""
    app = new_app(shared_database, record_count_max_age=60)
    app.test_client().get("/", headers={"Accept": "text/plain"})
    return app
