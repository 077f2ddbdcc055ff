"""Kill a migration at each of its statements in turn, and report what the next one made of it.

Run as a program, with the address of a MySQL server in `DATABASE_URL`, and the event at which to kill as its argument:
before_cursor_execute, after_cursor_execute or commit. Prints a line of JSON for each kill. A process that has
everything loaded is forked for each run, so that the many runs are quick.
"""

import json
import os
import signal
import sys
from itertools import count
from typing import Any

from alembic.config import main
from sqlalchemy import Engine, NullPool, create_engine, event, make_url, text

ROOT = make_url(os.environ["DATABASE_URL"])
Statement = tuple[str, str]


def upgrade(event_name: str, number: int) -> int:
    """Migrate in a process of its own, killed at that event of that number; return how the process ended."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if number:
            seen = count(1)

            def kill(*_: Any) -> None:  # noqa: ANN401  each event has arguments of its own
                if next(seen) == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(Engine, event_name, kill)
        main(["upgrade", "head"])
        os._exit(0)
    return os.waitpid(child, 0)[1]


def state(name: str) -> list[str]:
    """Return all that the migrations have made."""
    engine = create_engine(ROOT.set(database=name), poolclass=NullPool)
    with engine.connect() as connection:
        tables = connection.scalars(text("SHOW TABLES")).all()
        made = [str(row) for table in tables for row in connection.execute(text(f"SHOW CREATE TABLE {table}"))]
        rows = connection.execute(text("SELECT id, note FROM records ORDER BY id")).all()
        revisions = connection.execute(text("SELECT * FROM alembic_version")).all()
    return [*made, str(rows), str(revisions)]


def attempt(engine: Engine, event_name: str, number: int) -> tuple[bool, int, list[str]]:
    """Migrate an empty database with a kill, then again; return whether it was killed, the second's end, the state."""
    name = f"{ROOT.database}_killed"
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    os.environ["DATABASE_URL"] = ROOT.set(database=name).render_as_string(hide_password=False)
    killed = upgrade(event_name, number) == signal.SIGKILL
    return killed, upgrade(event_name, 0), state(name)


def run(event_name: str) -> None:
    """Kill at the first, second, … of these events, until there are no more."""
    engine = create_engine(ROOT, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    _, _, expected = attempt(engine, event_name, 0)
    for number in count(1):
        killed, status, actual = attempt(engine, event_name, number)
        if not killed:
            break
        sys.stdout.write(json.dumps({"number": number, "status": status, "same": actual == expected}) + "\n")
        sys.stdout.flush()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {ROOT.database}_killed"))


if __name__ == "__main__":
    run(sys.argv[1])
