"""Measure the page beside its peers: print the results, write results.md and pages.svg."""

import argparse
import asyncio
import json
import math
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import URL, Engine, text
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

HERE = Path(__file__).parent
ROOT, PEERS, BIN = HERE.parent, HERE / "peers", Path(sys.executable).parent
FEW, MANY = 1_000, 1_000_000  # rows that the targets compare
# Rows by `innodb_parallel_read_threads`. The targets use 1: small counts are cheapest with it. 4 is MySQL's default.
SIZES = {1: (30_000, FEW, MANY), 4: (FEW, MANY)}
ROUNDS, WARM_UP, CLOSED, CLOSED_MANY, OPEN = 3, 1, 3, 10, 4  # seconds of load; with many rows, for several counts
CONNECTIONS = 32  # closed loop
RATE, OPEN_CONNECTIONS, GRACE = 200, 64, 2  # open loop: requests per second; seconds to wait for the last responses
START_TIMEOUT, STOP_TIMEOUT, COMMAND_TIMEOUT = 30, 10, 600  # seconds
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": str(Path.home())}  # without the caller's settings of the service
# In memory, so that disks do not matter. Without TLS, because only some of the peers would use it.
MYSQL = "--skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=512M --tls-version="
COUNTS = text("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT COUNT%'")
GUNICORN = f"{BIN}/gunicorn"
FLASK = "--workers 2 --no-control-socket --worker-class gthread --threads 8 --keep-alive 75 --worker-tmp-dir /dev/shm"


class Service(NamedTuple):
    """A service to compare."""

    label: str
    color: str
    driver: str  # of its DATABASE_URL
    folder: Path
    command: str


APP = Service("this service", "#6366f1", "mysql+pymysql", ROOT, GUNICORN)
EXPRESS_CACHED = Service("Express, 1 s cache", "#0891b2", "mysql", PEERS, "node express_cached.js")
EXPRESS_COUNT = Service("Express, COUNT per page", "#d97706", "mysql", PEERS, "node express_count.js")
PLAIN_FLASK = f"{GUNICORN} {FLASK} --bind 127.0.0.1:{{port}} flask_count:create_app()"
FLASK_COUNT = Service("Flask, COUNT per page", "#db2777", "mysql+pymysql", PEERS, PLAIN_FLASK)
SERVICES = (APP, EXPRESS_CACHED, EXPRESS_COUNT, FLASK_COUNT)


class Case(NamedTuple):
    """A service, the rows of its table and MySQL's `innodb_parallel_read_threads`."""

    service: Service
    rows: int
    threads: int


class Measurement(NamedTuple):
    """Results of one service; CPU is user and system time of all its processes."""

    rate: float
    p50: float
    p99: float
    open_p99: float
    unanswered: float
    cpu: float
    mysql_cpu: float
    mysql_cores: float
    start: float


# The columns of the report, in the order of a Measurement, and their formats.
COLUMNS = {
    "Requests/s": ",.0f", "p50 ms": ",.1f", "p99 ms": ",.1f", "p99 ms at 200/s": ",.1f", "Unanswered": ",.0f",
    "CPU ms/page": ".3f", "MySQL CPU ms/page": ",.3f", "MySQL cores": ".2f", "Start s": ".2f",
}  # fmt: skip


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run a program and return its output."""
    result = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=COMMAND_TIMEOUT, check=False
    )  # fmt: skip
    if result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        sys.exit(f"{Path(command[0]).name} {command[1]}: {lines[0]}")
    return result.stdout.strip()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its descendants; gunicorn and Node fork in the main thread."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # from the third field
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def get_page(port: int) -> str:
    """Return the page, or an empty string unless the status is 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=START_TIMEOUT) as response:
            return str(response.read().decode())
    except OSError:
        return ""


@contextmanager
def run_service(command: str, folder: Path, database_url: str, content: str) -> Iterator[tuple[int, int, float]]:
    """Run a service; yield its port, its pid and the seconds to the first page with this content."""
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "METRICS_PORT": str(free_port())}
    settings |= {"WEB_CONCURRENCY": "2", "BIND_ADDRESS": "localhost", "LOG_FORMAT": "json", "NODE_ENV": "production"}
    begin = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            command.format(port=port).split(),
            cwd=folder, env=ENVIRONMENT | settings, stdout=output, stderr=output, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            while content not in get_page(port):
                if process.poll() is not None or time.monotonic() > begin + START_TIMEOUT:
                    output.seek(0)
                    sys.exit(f"{command}: no page with {content!r}; last output: {output.read()[-500:].strip()}")
                time.sleep(0.005)
            yield port, process.pid, time.monotonic() - begin
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT)
            with suppress(ProcessLookupError):  # workers that are left
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def mysql_server() -> Iterator[tuple[Engine, int]]:
    """Run MySQL in Docker; yield an engine for its root user, and its pid."""
    password = secrets.token_hex(16)
    container = DockerContainer("mysql:9.7").with_env("MYSQL_ROOT_PASSWORD", password).with_command(f"mysqld {MYSQL}")
    container.with_tmpfs_mount("/var/lib/mysql").waiting_for(LogMessageWaitStrategy(re.compile(r"port: 3306\b")))
    with container:
        host = container.get_docker_client().bridge_ip(container.get_container_id())
        url = URL.create("mysql+pymysql", "root", password, host, 3306)
        details = container.get_wrapped_container()
        details.reload()
        yield sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT"), details.attrs["State"]["Pid"]


def database_url(engine: Engine, rows: int, driver: str = "mysql+pymysql") -> str:
    """Return the URL of the database whose table has this many rows."""
    return engine.url.set(drivername=driver, database=f"rows_{rows}").render_as_string(hide_password=False)


def fill(engine: Engine, rows: int) -> None:
    """Create a database with this many rows by the service's own commands."""
    env = ENVIRONMENT | {"DATABASE_URL": database_url(engine, rows)}
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE rows_{rows}"))
        run(BIN / "alembic", "upgrade", "head", env=env)
        existing: int = connection.scalars(text(f"SELECT COUNT(*) FROM rows_{rows}.records")).one()  # noqa: S608  a number
    run(BIN / "flask", "--app", "app", "records", "add", str(rows - existing), env=env)


def wait_for_counts(engine: Engine) -> None:
    """Wait until no count runs; a count may outlive its service."""
    with engine.connect() as connection:
        while connection.scalars(COUNTS).all():
            time.sleep(0.1)


def closed_loop(port: int, seconds: int) -> dict[str, float]:
    """Load a service by wrk: each connection sends the next request after the last response."""
    options = f"--threads 1 --connections {CONNECTIONS} --duration {seconds} --timeout 60".split()
    output = run("wrk", *options, "--script", HERE / "load.lua", f"http://127.0.0.1:{port}/")
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    if result["errors"]:
        sys.exit(f"{result['errors']} of {result['requests']} requests failed")
    return result


async def open_loop(port: int, seconds: int) -> tuple[float, int]:
    """Send requests at a constant rate; return p99 from when each was due, in ms, and the number unanswered."""
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    slots = asyncio.Semaphore(OPEN_CONNECTIONS)

    async def request(due: float) -> float:
        async with slots:
            reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200 "):
                sys.exit(f"open loop: {head.splitlines()[0].decode()}")
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            idle.append((reader, writer))
        return time.perf_counter() - due

    begin = time.perf_counter()
    requests: dict[asyncio.Task[float], float] = {}
    for due in (begin + number / RATE for number in range(RATE * seconds)):
        await asyncio.sleep(due - time.perf_counter())
        requests[asyncio.create_task(request(due))] = due
    answered, unanswered = await asyncio.wait(requests, timeout=GRACE)
    end = time.perf_counter()
    for task in unanswered:
        task.cancel()
    await asyncio.gather(*unanswered, return_exceptions=True)
    for _, writer in idle:
        writer.transport.abort()
    latencies = [task.result() for task in answered] + [end - requests[task] for task in unanswered]
    return quantiles(latencies, n=100)[98] * 1000, len(unanswered)


def measure(case: Case, engine: Engine, mysql: int, longest: int) -> Measurement:
    """Start a service, warm it up, load it in both ways for at most `longest` seconds, and stop it."""
    service, rows, threads = case
    with engine.connect() as connection:  # for each count of a later connection
        connection.execute(text(f"SET GLOBAL innodb_parallel_read_threads = {threads}"))
    url = database_url(engine, rows, service.driver)
    with run_service(service.command, service.folder, url, f"{rows:,}") as (port, pid, start):
        closed_loop(port, WARM_UP)
        wait_for_counts(engine)
        before = cpu_seconds(pid), cpu_seconds(mysql)
        closed = closed_loop(port, min(longest, CLOSED_MANY if rows == MANY else CLOSED))
        cpu, mysql_cpu = cpu_seconds(pid) - before[0], cpu_seconds(mysql) - before[1]
        wait_for_counts(engine)
        open_p99, unanswered = asyncio.run(open_loop(port, min(longest, OPEN)))
    wait_for_counts(engine)
    pages, seconds = max(closed["requests"], 1), closed["seconds"]  # a short load may end before a response
    costs = cpu * 1000 / pages, mysql_cpu * 1000 / pages, mysql_cpu / seconds
    return Measurement(pages / seconds, closed["p50"], closed["p99"], open_p99, unanswered, *costs, start)


def measure_all(rounds: int, longest: int) -> dict[Case, list[Measurement]]:
    """Measure all services in each round, so that a change of the machine affects all alike.

    The sizes that the targets compare follow each other.
    """
    cases = [Case(service, rows, n) for n, sizes in SIZES.items() for service in SERVICES for rows in sizes]
    results: dict[Case, list[Measurement]] = {case: [] for case in cases}
    with mysql_server() as (engine, pid):
        for rows in sorted(SIZES[1]):
            print(f"filling a table of {rows:,} rows …", flush=True)
            fill(engine, rows)
        for number, case in enumerate(cases * rounds, 1):
            m = measure(case, engine, pid, longest)
            results[case].append(m)
            name = f"{case.service.label}, {case.rows:,} rows, {case.threads} read threads"
            print(f"{number:2}/{len(cases) * rounds} {name}: {m.rate:,.0f} requests/s", flush=True)
    return results


def measure_make_run(rounds: int) -> float:
    """Return the seconds from `make run` to its first page, on SQLite; the first run, which migrates, is left out."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds + 1):
            with run_service("make run", ROOT, f"sqlite:///{folder}/app.db", "<html") as (_, _, seconds):
                times.append(seconds)
    return median(times[1:])


def table(*lines: Sequence[str]) -> str:
    """Return a Markdown table, aligned for terminals too; the first line is its head."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (aligned[0], rule, *aligned[1:]))


def targets(rounds: Mapping[Case, Sequence[Measurement]], m: Mapping[Case, Measurement], make_run: float) -> str:
    """Return a table of the limits, the measured numbers and whether these are within."""
    few, many = Case(APP, FEW, 1), Case(APP, MANY, 1)
    growth = median(large.cpu / small.cpu for small, large in zip(rounds[few], rounds[many], strict=True))
    rate = {case.rows: m[case].rate / m[case._replace(service=EXPRESS_COUNT)].rate for case in (few, many)}
    cpu = max(m[case].cpu / m[case._replace(service=EXPRESS_CACHED)].cpu for case in (few, many))
    found = [
        ("CPU per page at 1,000,000 rows, ratio to 1,000 rows", growth, "≤", 1.05),
        ("Requests/s at 1,000 rows, ratio to Express with a COUNT", rate[FEW], "≥", 3),
        ("Requests/s at 1,000,000 rows, ratio to Express with a COUNT", rate[MANY], "≥", 50),
        ("CPU per page, ratio to Express with a cache, the higher of both sizes", cpu, "≤", 0.6),
        ("p99 at 200 requests/s and 1,000,000 rows, ms", m[many].open_p99, "≤", 20),
        ("First page after a second `make run`, s", make_run, "≤", 2),
        ("MySQL's CPU at 1,000,000 rows, cores", m[many].mysql_cores, "≤", 0.25),
    ]
    lines = []
    for name, value, sign, limit in found:
        reached = value <= limit if sign == "≤" else value >= limit
        lines.append((name, f"{value:.2f}", f"{sign} {limit:g}", "reached" if reached else "MISSED"))
    return table(("Target", "Measured", "Limit", ""), *lines)


def report(m: Mapping[Case, Measurement]) -> str:
    """Return a table of the medians."""
    lines = [
        (case.service.label, f"{case.rows:,}", str(case.threads), *map(format, each, COLUMNS.values()))
        for case, each in sorted(m.items(), key=lambda item: (item[0].threads, item[0].rows))
    ]
    return table(("Service", "Rows", "Read threads", *COLUMNS), *lines)


def plot(m: Mapping[Case, Measurement]) -> str:
    """Return an SVG image: CPU per page by rows, both axes logarithmic."""
    cpu = {case: math.log10(max(each.cpu + each.mysql_cpu, 0.01)) for case, each in m.items() if case.threads == 1}
    low, high = math.floor(min(cpu.values())), math.ceil(max(cpu.values()))
    x = {rows: 70 + 400 * math.log10(rows / FEW) / math.log10(MANY / FEW) for rows in sorted(SIZES[1])}

    def y(power: float) -> float:
        return 50 + 250 * (high - power) / (high - low)

    parts = []
    for power in range(low, high + 1):
        parts.append(f'<path d="M70 {y(power):.0f}h400" stroke="#ddd"/>')
        parts.append(f'<text x="60" y="{y(power) + 4:.0f}" text-anchor="end">{10.0**power:,g}</text>')
    parts += [f'<text x="{x[rows]:.0f}" y="322" text-anchor="middle">{rows:,}</text>' for rows in x]
    for top, service in zip((100, 128, 156, 184), SERVICES, strict=True):
        points = " ".join(f"{x[rows]:.1f},{y(cpu[Case(service, rows, 1)]):.1f}" for rows in x)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{service.color}" stroke-width="2.5"/>')
        parts.append(f'<path d="M500 {top}h20" stroke="{service.color}" stroke-width="2.5"/>')
        parts.append(f'<text x="528" y="{top + 4}">{service.label}</text>')
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 360" role="img">
<style>text {{ font: 13px sans-serif }}</style>
<title>CPU per page by rows in the table</title>
<rect width="720" height="360" fill="#fff"/>
<text x="70" y="28" style="font-weight: bold">CPU of the service and MySQL, ms per page</text>
<text x="270" y="346" text-anchor="middle">rows in the table</text>
{body}
</svg>
"""


def main() -> None:
    """Measure, print the tables and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=CLOSED_MANY, help="limit of each load")
    options = parser.parse_args()
    if missing := [program for program in ("docker", "make", "npm", "wrk") if not shutil.which(program)]:
        sys.exit(f"{', '.join(missing)}: not found; expected on PATH")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("interrupted"))  # everything that was started is stopped
    run("docker", "version")
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=PEERS)
    make_run = measure_make_run(options.rounds)
    rounds = measure_all(options.rounds, options.seconds)
    medians = {case: Measurement(*map(median, zip(*each, strict=True))) for case, each in rounds.items()}
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[:1]
    machine = ", ".join([f"{os.cpu_count()} cores", *model, f"Python {platform.python_version()}"])
    commit = run("git", "describe", "--always", "--dirty", "--exclude", "*")
    document = f"""# Results
Medians; rounds: {options.rounds}. {machine}, Node.js {run("node", "--version")}, commit {commit}.

{targets(rounds, medians, make_run)}

{report(medians)}
"""
    full = options.rounds >= ROUNDS and options.seconds >= CLOSED_MANY
    folder = HERE if full else ROOT / "var"  # a short run does not replace the results
    folder.mkdir(exist_ok=True)
    (folder / "results.md").write_text(document, encoding="utf-8")
    (folder / "pages.svg").write_text(plot(medians), encoding="utf-8")
    print(f"\n{document}\nwritten: {folder}/results.md, {folder}/pages.svg")


if __name__ == "__main__":
    main()
