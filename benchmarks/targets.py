"""What is aimed at, and whether it was reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.measurement import Case, Measurement

Medians = Mapping[Case, Measurement]
Rounds = Mapping[Case, Sequence[Measurement]]
FEW, MANY = 1_000, 1_000_000  # rows
THREADS = 1  # MySQL's `innodb_parallel_read_threads` that the targets are for: small counts are cheapest with it


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a number."""

    what: str
    sign: Literal["≤", "≥"]
    bound: float
    measured: float

    @property
    def reached(self) -> bool:
        """Whether the number is within the bound."""
        return self.measured >= self.bound if self.sign == "≥" else self.measured <= self.bound

    def __str__(self) -> str:
        verdict = "reached" if self.reached else "MISSED "
        return f"{verdict}  {self.measured:8.2f} {self.sign} {self.bound:<5g}  {self.what}"


def targets(medians: Medians, rounds: Rounds) -> list[Target]:
    """Return each target beside what was measured; both sizes of the table are compared within each round."""

    def of(service: str, rows: int) -> Measurement:
        return medians[Case(service, rows, THREADS)]

    def rate_ratio(rows: int) -> float:
        return of("app", rows).rate / of("express_count", rows).rate

    few, many = of("app", FEW), of("app", MANY)
    pairs = zip(rounds[Case("app", FEW, THREADS)], rounds[Case("app", MANY, THREADS)], strict=True)
    growth = median(with_many.cpu / with_few.cpu for with_few, with_many in pairs)
    cpu_ratio = max(of("app", rows).cpu / of("express_cached", rows).cpu for rows in (FEW, MANY))
    return [
        Target("CPU for a page at 1,000,000 rows, times that at 1,000", "≤", 1.05, growth),
        Target("requests/s, times those of Express with a COUNT for each page, 1,000 rows", "≥", 3, rate_ratio(FEW)),
        Target("the same, 1,000,000 rows", "≥", 50, rate_ratio(MANY)),
        Target("CPU for a page, times that of Express with a cache, the worse of both sizes", "≤", 2, cpu_ratio),
        Target("ms, p99 at 200 requests/s, 1,000,000 rows", "≤", 50, many.open_p99 * 1000),
        Target("s from the start of the process to the first page", "≤", 2, max(few.cold_start, many.cold_start)),
    ]
