"""The picture: CPU of a page and its p99 against rows, on logarithmic axes, legible on light and on dark grounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measurement import Case, Measurement
from benchmarks.services import SERVICES
from benchmarks.targets import Medians

WIDTH, HEIGHT = 960, 420
LEFT, TOP, PANEL_WIDTH, PANEL_HEIGHT, GAP = 70, 84, 370, 270, 110
COLOURS = {"app": "#6366f1", "express_cached": "#0891b2", "express_count": "#d97706", "flask_count": "#db2777"}
STYLE = """
  svg { color-scheme: light dark; font: 13px system-ui, sans-serif; background: #ffffff; }
  text { fill: #1b1b2b; } .quiet { fill: #5a5a72; } .title { font-weight: 600; }
  .grid { stroke: #e3e3ec; } .line { fill: none; stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    svg { background: #101018; } text { fill: #ececf4; } .quiet { fill: #a5a5bd; } .grid { stroke: #2d2d3f; }
  }"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two diagrams."""

    title: str
    value: Callable[[Measurement], float]
    left: int

    def draw(self, medians: Medians, read_threads: int) -> str:
        """Return it as SVG elements."""
        cases = [case for case in medians if case.read_threads == read_threads]
        sizes = sorted({case.rows for case in cases})
        values = [self.value(medians[case]) for case in cases]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

        def x(rows: int) -> float:
            return self.left + PANEL_WIDTH * math.log10(rows / sizes[0]) / math.log10(sizes[-1] / sizes[0])

        def y(value: float) -> float:
            return TOP + PANEL_HEIGHT * (high - math.log10(value)) / (high - low)

        parts = [f'<text class="title" x="{self.left}" y="{TOP - 18}">{self.title}</text>']
        for power in range(low, high + 1):
            level = y(10**power)
            parts.append(f'<path class="grid" d="M{self.left} {level:.1f}h{PANEL_WIDTH}"/>')
            parts.append(_text(self.left - 8, level + 4, f"{10.0**power:,g}" if power < 0 else f"{10**power:,}", "end"))
        parts += [_text(x(rows), TOP + PANEL_HEIGHT + 22, f"{rows:,}", "middle") for rows in sizes]
        parts.append(_text(self.left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 44, "rows in the table", "middle"))
        for service in SERVICES:
            points = [(x(n), y(self.value(medians[Case(service.key, n, read_threads)]))) for n in sizes]
            colour = COLOURS[service.key]
            path = "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
            parts.append(f'<path class="line" stroke="{colour}" d="M{path}"/>')
            parts += [f'<circle fill="{colour}" r="4" cx="{across:.1f}" cy="{down:.1f}"/>' for across, down in points]
        return "\n".join(parts)


PANELS = (
    Panel("CPU of the service and MySQL, ms for a page", lambda m: max(m.cpu + m.mysql_cpu, 0.001), LEFT),
    Panel("p99 at 200 requests/s, ms", lambda m: m.open_p99 * 1000, LEFT + PANEL_WIDTH + GAP),
)


def plot(path: Path, medians: Medians, read_threads: int) -> None:
    """Write the picture; CPU seconds for 1,000 pages are milliseconds for one."""
    legend = "\n".join(
        f'<circle fill="{COLOURS[service.key]}" r="5" cx="{LEFT + 5 + 215 * i}" cy="24"/>'
        f'<text x="{LEFT + 17 + 215 * i}" y="29">{service.label}</text>'
        for i, service in enumerate(SERVICES)
    )
    panels = "\n".join(panel.draw(medians, read_threads) for panel in PANELS)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>CPU of a page and its p99 against the rows in the table</title>\n<style>{STYLE}\n</style>\n"
        f"{legend}\n{panels}\n</svg>\n",
        encoding="utf-8",
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="quiet" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
