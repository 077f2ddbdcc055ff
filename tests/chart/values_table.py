"""The table of values in the chart's README: made of `values.yaml` and its comments.

`python -m tests.chart.values_table` writes it anew.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.helm import CHART

README = CHART / "README.md"
BEGIN = "a test compares -->\n"
END = "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """A value: its path such as `image.tag`, its description, and its default."""

    path: str
    text: str
    default: Any

    def __str__(self) -> str:
        return f"| `{self.path}` | {self.text} | `{json.dumps(self.default)}` |"


def documented(source: str) -> dict[str, str]:
    """Return the text of each comment that begins with `# --`, by the path of the key below it."""
    texts: dict[str, str] = {}
    parents: list[str] = []
    comment = ""
    for line in source.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            comment = stripped.removeprefix("# -- ")
        elif stripped.startswith("#"):
            comment = f"{comment} {stripped.removeprefix('# ')}" if comment else ""
        elif ":" in stripped and not stripped.startswith("- "):
            parents = [*parents[: (len(line) - len(line.lstrip())) // 2], stripped.split(":")[0]]
            if comment:
                texts[".".join(parents)] = comment
            comment = ""
    return texts


def rows() -> list[Row]:
    """Return the values that have a comment, as they come in the file."""
    source = (CHART / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(source)
    return [Row(path, text, at(values, path)) for path, text in documented(source).items()]


def at(values: Any, path: str) -> Any:  # noqa: ANN401  YAML
    """Return the value at a path; raises KeyError if there is none."""
    for key in path.split("."):
        values = values[key]
    return values


def undocumented(values: dict[str, Any], known: set[str], parent: str = "") -> list[str]:
    """Return the paths that no row has, and no row above them."""
    missing: list[str] = []
    for key, value in values.items():
        path = f"{parent}{key}"
        if path not in known:
            missing += undocumented(value, known, f"{path}.") if isinstance(value, dict) and value else [path]
    return missing


def with_table(readme: str) -> str:
    """Return the README with the table as it should be."""
    before, rest = readme.split(BEGIN)
    table = "\n".join(["| value | description | default |", "|---|---|---|", *map(str, rows())])
    return f"{before}{BEGIN}{table}\n{END}{rest.split(END)[1]}"


def write(readme: Path = README) -> None:
    """Put the table into the README."""
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()
