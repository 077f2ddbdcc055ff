"""What the service is made of, in the order in which it is put together."""

from flask import Flask

from app import commands, errors, health, kept_page, logs, page, request_log, security
from app.database import Database
from app.metrics import Metrics
from app.record_count import RecordCount
from app.secret import Secret
from app.settings import Settings, load


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application; settings come from the environment where none are given."""
    settings = settings or load(Settings)
    logs.configure(settings)
    app = Flask("app", static_folder=None)  # the package, as its log lines name it
    database = Database(settings.database_url)
    metrics = Metrics(settings.metrics_port)
    count = RecordCount(database.read, settings.record_count_max_age, metrics)
    secret = Secret(settings)

    kept_page.init_app(app, count, secret)
    request_log.init_app(app, metrics)
    security.init_app(app, settings)
    errors.init_app(app)
    commands.init_app(app, database)
    app.register_blueprint(page.blueprint(count, secret, settings))
    app.register_blueprint(health.blueprint(count))
    metrics.init_app(app)
    return app
