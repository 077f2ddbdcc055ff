"""Measure the page beside its peers, and print, draw and save what was found: about 12 minutes."""

import contextlib
import signal
import sys
import time
from pathlib import Path

from benchmarks import containers
from benchmarks.commands import PEERS, FailedError, MissingError, require, run
from benchmarks.database import Database, database
from benchmarks.measurement import Case, Measurement, measure, medians
from benchmarks.plot import plot
from benchmarks.report import save, table
from benchmarks.services import SERVICES
from benchmarks.targets import FEW, MANY, THREADS, Rounds, targets

ROUNDS = 3
DEFAULT_THREADS = 4  # MySQL's own default
SIZES = {THREADS: (30_000, FEW, MANY), DEFAULT_THREADS: (FEW, MANY)}  # rows, by MySQL's threads for a count
FOLDER = Path(__file__).parent


def say(text: str) -> None:
    """Print a line with the time, at once."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


def measure_all(mysql: Database) -> Rounds:
    """Measure all services in turn, again and again, so that what changes on the machine meets all alike.

    Both sizes of the table that are compared are measured one after the other.
    """
    found: dict[Case, list[Measurement]] = {}
    turns = [(service, rows, n) for n, sizes in SIZES.items() for service in SERVICES for rows in sizes] * ROUNDS
    for number, (service, rows, threads) in enumerate(turns, 1):
        case = Case(service.key, rows, threads)
        place = (
            f"{number:2}/{len(turns)} {service.label}, {rows:,} rows, {threads} read thread{'s' if threads > 1 else ''}"
        )
        try:
            m = measure(service, mysql, case)
        except FailedError as error:
            raise FailedError(f"{place}: {error}") from None
        found.setdefault(case, []).append(m)
        say(f"{place}: {m.rate:,.0f} requests/s, {m.cpu:.3f} CPU s / 1,000, p99 {m.open_p99 * 1000:,.1f} ms at 200/s")
    return found


def bench() -> None:
    """Run everything; what was started is ended again, whatever happens."""
    with contextlib.ExitStack() as started:
        say("installing the peers' packages …")
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=PEERS)
        say("starting MySQL …")
        started.enter_context(containers.network())
        mysql = started.enter_context(database())
        for rows in sorted(set().union(*SIZES.values())):
            say(f"migrating and filling a table of {rows:,} rows …")
            mysql.fill(rows)
        rounds = measure_all(mysql)
        found = {case: medians(each) for case, each in rounds.items()}
    for threads, sizes in SIZES.items():
        for rows in sorted(sizes):
            print(f"\n{table(found, rows, threads)}")
    print(f"\nTargets, at innodb_parallel_read_threads={THREADS}, medians of {ROUNDS} rounds:")
    print("\n".join(str(target) for target in targets(found, rounds)))
    save(FOLDER / "results.json", found, rounds)
    plot(FOLDER / "pages.svg", found, THREADS)
    print("\nwritten: benchmarks/results.json, benchmarks/pages.svg")


def main() -> int:
    """Return the exit status: 1 where something did not run, 2 where the machine lacks something."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, so that everything is ended
    try:
        require()
        bench()
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    except FailedError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was started has been ended", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
