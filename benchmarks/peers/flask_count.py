"""A plain Flask service that counts for each request; with the service's own packages."""

import os
from pathlib import Path

import sqlalchemy
from flask import Flask, render_template_string
from sqlalchemy import text

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ number }} records</title><style>{{ style | safe }}</style></head>
<body><main><h1><span class="number">{{ number }}</span> records</h1></main></body>
</html>
"""


def create_app() -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__)
    engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"])
    style = Path("../../app/templates/style.css").read_text(encoding="utf-8")

    @app.get("/")
    def index() -> str:
        with engine.connect() as connection:
            number = connection.scalar(text("SELECT COUNT(*) FROM records"))
        return render_template_string(PAGE, number=f"{number:,}", style=style)

    return app
