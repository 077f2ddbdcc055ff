"""Two clients of a table, to measure the blocking of a statement."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ci.lint_migrations.scratch import Scratch


class Clients:
    """Two clients of a table, which read and write while a statement runs; the waiting time of each is measured."""

    def __init__(self, scratch: Scratch, table: str) -> None:
        self._scratch = scratch
        self._done = threading.Event()
        self._started = threading.Barrier(3)  # each client, and the statement
        # A DELETE that deletes nothing waits for the same lock as one that does.
        self._statements = {"reads": f"SELECT 1 FROM `{table}` LIMIT 1", "writes": f"DELETE FROM `{table}` LIMIT 0"}
        self.longest = dict.fromkeys(self._statements, 0.0)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run them meanwhile."""
        threads = [threading.Thread(target=self._run, args=(name,)) for name in self._statements]
        for thread in threads:
            thread.start()
        self._started.wait(10)
        try:
            yield
        finally:
            self._done.set()
            for thread in threads:
                thread.join()

    def _run(self, name: str) -> None:
        with self._scratch.engine.connect() as connection:
            connection.exec_driver_sql(self._statements[name])
            self._started.wait(10)
            while not self._done.is_set():
                started = time.monotonic()
                connection.exec_driver_sql(self._statements[name])
                self.longest[name] = max(self.longest[name], time.monotonic() - started)
                time.sleep(0.005)
