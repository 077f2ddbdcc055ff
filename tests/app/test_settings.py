"""The settings."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from app.settings import MigrationSettings, Settings, load
from tests.programs import ROOT, environment, program


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "s3cret-but-no-url", "DATABASE_URL: expected a URL"),
        ("DATABASE_URL", "postgresql://u:s3cret@h/d", "DATABASE_URL: expected mysql+pymysql:// or sqlite://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h", "DATABASE_URL: expected a user, a host and a database's name"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=nowhere", "DATABASE_URL: expected ssl_ca to be a file"),
        ("APP_ENVIRONMENT", "Not A Name", "APP_ENVIRONMENT: String should match pattern"),
        ("APP_ENVIRONMENT", "prod", "APP_SECRET: missing; expected it or APP_SECRET_FILE to be set"),
        ("SECRET_DISPLAY", "hidden", "SECRET_DISPLAY: Input should be 'plain' or 'masked'"),
        ("RECORD_COUNT_MAX_AGE", "-1", "RECORD_COUNT_MAX_AGE: Input should be greater than or equal to 0"),
        ("RECORD_COUNT_MAX_AGE", "nan", "RECORD_COUNT_MAX_AGE: Input should be"),
        ("TRUSTED_PROXIES", "many", "TRUSTED_PROXIES: Input should be a valid integer"),
        ("TRUSTED_HOSTS", " , ", "TRUSTED_HOSTS: Tuple should have at least 1 item"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: Input should be 'json' or 'console'"),
        ("PORT", "70000", "PORT: Input should be less than or equal to 65535"),
        ("METRICS_PORT", "8000", "METRICS_PORT: expected another port than that of PORT"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY: Input should be greater than or equal to 1"),
    ],
)
def test_wrong_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    """A wrong value ends the start with status 2 and one line that names the variable, never a secret's value."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as end:
        load(Settings)

    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith(expected)
    assert said.count("\n") == 1
    assert "s3cret" not in said


def test_every_wrong_value_is_named() -> None:
    """All wrong values are named at once, by gunicorn too, which then does not start."""
    result = program("gunicorn", env=environment(PORT="x", LOG_LEVEL="y"))

    assert result.returncode == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["LOG_LEVEL", "PORT"]


def test_only_one_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sources for the secret are refused, as one of them would be ignored."""
    monkeypatch.setenv("APP_SECRET", "s3cret")
    monkeypatch.setenv("APP_SECRET_FILE", "/dev/null")

    with pytest.raises(SystemExit):
        load(Settings)

    assert capsys.readouterr().err == "APP_SECRET, APP_SECRET_FILE: expected only one of them to be set\n"


def test_a_secret_is_not_printed() -> None:
    """Printing the settings prints neither the secret nor the password of the database."""
    settings = Settings(app_secret="s3cret", database_url="mysql+pymysql://u:s3cret@h/d")

    assert "s3cret" not in repr(settings)


def test_settings_cannot_be_changed() -> None:
    """What was checked at the start stays as it was."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # what must not be done


def test_migrations_have_a_url_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The migrations use their own user where there is one, else the service's."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///service.db")
    assert load(MigrationSettings).url.get_secret_value() == "sqlite:///service.db"

    monkeypatch.setenv("MIGRATIONS_DATABASE_URL", "sqlite:///migrations.db")
    assert load(MigrationSettings).url.get_secret_value() == "sqlite:///migrations.db"


def table() -> list[str]:
    """Return the rows of the README's table, as the settings themselves say it."""
    fields = {
        **Settings.model_fields,
        "migrations_database_url": MigrationSettings.model_fields["migrations_database_url"],
    }
    rows = []
    for name, field in fields.items():
        value = getattr(field.default, "get_secret_value", lambda value=field.default: value)()
        shown = (
            ",".join(value)
            if isinstance(value, tuple)
            else ""
            if value in (None, PydanticUndefined)
            else f"{value:g}"
            if isinstance(value, float)
            else value
        )
        rows.append(f"| `{name.upper()}` | {f'`{shown}`' if shown != '' else ''} | {field.description} |")
    return rows


def test_readme_says_what_there_is() -> None:
    """The README's table has every setting, with its default and its description."""
    text = Path(ROOT, "README.md").read_text(encoding="utf-8")
    assert table() == re.findall(r"^\| `[A-Z_]+` \|.*", text, re.MULTILINE)
