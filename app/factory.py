"""The application: its parts, in the order in which they are put together."""

from flask import Flask

from app import access_log, commands, errors, health, logs, page, security
from app.database import Database
from app.metrics import Metrics
from app.refresher import Refresher
from app.secret import Secret
from app.settings import Settings, load


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application. Its refresher is not running: start `extensions["refresher"]` after any fork."""
    settings = settings or load(Settings)
    logs.configure(settings)
    app = Flask("app", static_folder=None)
    metrics = Metrics()
    refresher = Refresher(Database(settings.database_url), settings.record_count_max_age, metrics)
    readiness = health.Readiness(refresher)
    app.extensions.update(refresher=refresher, readiness=readiness)

    access_log.init_app(app, metrics, security.headers(app))
    security.init_app(app, settings)
    errors.init_app(app)
    commands.init_app(app, settings.database_url)
    app.register_blueprint(page.blueprint(refresher, Secret(settings), settings))
    app.register_blueprint(health.blueprint(refresher, readiness))
    return app
