"""The results, as a table for people and as JSON that the README's numbers can be checked against."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.commands import run
from benchmarks.measurement import Case, Measurement
from benchmarks.services import SERVICES
from benchmarks.targets import Medians, Rounds, targets

HEAD = (
    "service",
    "requests/s",
    "ours, times",
    "p50 ms",
    "p99 ms",
    "p99 ms at 200/s",
    "CPU s / 1,000",
    "ours, times",
    "MySQL's CPU s / 1,000",
    "start s",
    "worker MiB",
)


def table(medians: Medians, rows: int, read_threads: int) -> str:
    """Return the services on a table of one size, as Markdown that is aligned for terminals too."""
    ours = medians[Case("app", rows, read_threads)]
    lines = [HEAD, tuple("-" * len(title) for title in HEAD)]
    lines += [_line(s.label, medians[Case(s.key, rows, read_threads)], ours) for s in SERVICES]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    body = [
        "| "
        + " | ".join(_padded(cell, width, i) for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
        + " |"
        for line in lines
    ]
    return "\n".join([f"{rows:,} rows, innodb_parallel_read_threads={read_threads}", "", *body])


def _line(label: str, m: Measurement, ours: Measurement) -> tuple[str, ...]:
    return (
        label,
        f"{m.rate:,.0f}",
        f"{ours.rate / m.rate:.2f}",
        f"{m.p50 * 1000:,.1f}",
        f"{m.p99 * 1000:,.1f}",
        f"{'≥ ' if m.open_unanswered else ''}{m.open_p99 * 1000:,.1f}",
        f"{m.cpu:.3f}",
        f"{ours.cpu / m.cpu:.2f}",
        f"{m.mysql_cpu:,.3f}",
        f"{m.cold_start:.2f}",
        f"{m.resident_bytes / 2**20:.0f}",
    )


def _padded(cell: str, width: int, column: int) -> str:
    """Names to the left, numbers to the right."""
    if set(cell) == {"-"}:
        return "-" * width if column == 0 else "-" * (width - 1) + ":"
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def save(path: Path, medians: Medians, rounds: Rounds) -> None:
    """Write what was measured, and on what."""
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "kernel": platform.release()},
        "node": run("node", "--version"),
        "commit": run("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "targets": [asdict(target) | {"reached": target.reached} for target in targets(medians, rounds)],
        "medians": _listed((case, m) for case, m in medians.items()),
        "rounds": _listed((case, m) for case, each in rounds.items() for m in each),
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _listed(measurements: Iterable[tuple[Case, Measurement]]) -> list[dict[str, object]]:
    numbers = ((case, {name: round(value, 6) for name, value in asdict(m).items()}) for case, m in measurements)
    return [asdict(case) | found for case, found in numbers]


def _processor() -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return models[0].split(":")[1].strip() if models else platform.machine()
