"""The libraries of the project's programs, loaded by the process that these are forked from (tests/programs.py).

Not among them: Prometheus, which decides by the environment when it is loaded.
"""

import gc
from importlib import import_module

for name in (
    "a2wsgi", "alembic.config", "flask.cli", "gunicorn.app.wsgiapp", "gunicorn.workers.gasgi", "pydantic_settings",
    "pymysql", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "uvloop",
):  # fmt: skip
    import_module(name)
gc.freeze()  # what is loaded stays: half of a short program's time would go to looking through it for garbage
