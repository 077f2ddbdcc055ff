"""Kills `alembic upgrade head` at a chosen event. Run as a program, so that it can fork with the libraries loaded.

For each line `EVENT NUMBER [TEXT]` on standard input, it migrates in a child process, which is killed at that event of
that number, and prints the exit status. Only statements that contain the text count. `none 0` kills nothing.
"""

import os
import signal
import sys
from itertools import count
from typing import Any

from alembic.config import main
from sqlalchemy import Engine, event
from sqlalchemy.dialects.mysql import pymysql

import app.schema
import app.settings


def kill_at(event_name: str, number: int, text: str) -> None:
    """Kill this process by SIGKILL at that event of that number, counted from 1, of any connection."""
    seen = count(1)

    def kill(*arguments: Any) -> None:  # noqa: ANN401  each event has its own arguments
        if (not text or text in arguments[2]) and next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, event_name, kill)


def migrate(event_name: str, number: int, text: str) -> None:
    """Migrate in this process, with its output on standard error."""
    os.dup2(2, 1)
    if number:
        kill_at(event_name, number, text)
    main(argv=["upgrade", "head"])


LOADED = (pymysql.dialect.import_dbapi(), app.schema, app.settings)  # before the forks

if __name__ == "__main__":
    for line in sys.stdin:
        name, number, *text = line.rstrip("\n").split(" ", 2)
        child = os.fork()
        if not child:
            migrate(name, int(number), *(text or [""]))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201  the answer
