"""What kills a migration: at one of its statements or commits, in its own process, as nothing else could in time."""

import os
import signal
from itertools import count
from typing import Any

from sqlalchemy import Engine, event


def kill_at(event_name: str, number: int) -> None:
    """End this process by SIGKILL at that event of that number, counted from 1, of any connection."""
    seen = count(1)

    def kill(*_: Any) -> None:  # noqa: ANN401  each event has arguments of its own
        if next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, event_name, kill)
