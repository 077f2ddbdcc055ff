"""Write the tables of docs/configuration.md from `app/settings.py` and `app/metrics.py`: `make docs`."""

from pathlib import Path
from unittest.mock import patch

from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app import metrics
from app.settings import MigrationSettings, Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"


def settings_table() -> list[str]:
    """Return a row for each environment variable."""
    own = {"migrations_database_url": MigrationSettings.model_fields["migrations_database_url"]}
    fields = {**Settings.model_fields, **own}
    rows = [f"| `{name.upper()}` | {default(field)} | {field.description} |" for name, field in fields.items()]
    return ["| variable | default | meaning |", "|---|---|---|", *rows]


def default(field: FieldInfo) -> str:
    """Return a setting's default as it would be written into the environment."""
    value = getattr(field.default, "get_secret_value", lambda: field.default)()
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def metrics_table() -> list[str]:
    """Return a row for each metric. Series of Prometheus' client library itself are left out."""
    registry = CollectorRegistry()
    with patch.object(metrics, "CollectorRegistry", lambda: registry):
        metrics.Metrics()
    rows = []
    for metric in registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = sorted({label for sample in metric.samples for label in sample.labels} - {"le"})
        rows.append(
            f"| `{name}` | {metric.type} | {', '.join(f'`{label}`' for label in labels)} | {metric.documentation} |"
        )
    return ["| metric | type | labels | meaning |", "|---|---|---|---|", *rows]


def with_tables(page: str) -> str:
    """Return the page with its tables as they should be."""
    for name, table in {"settings": settings_table(), "metrics": metrics_table()}.items():
        begin, end = f"<!-- {name}: written by `make docs` -->\n", f"<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "\n".join([before + begin.rstrip(), *table, end + after])
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
