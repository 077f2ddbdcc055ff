"""Settings: defaults and validation."""

import pytest

from app.settings import MigrationSettings, Settings, load
from tests.processes import environment, program


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "s3cret-but-no-url", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "postgresql://u:s3cret@h/d", "DATABASE_URL: postgresql:// is not supported"),
        ("DATABASE_URL", "mysql://u:s3cret@h/d", "DATABASE_URL: mysql:// is not supported; expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h", "DATABASE_URL: no valid port, or no valid database name"),
        ("DATABASE_URL", "mysql+pymysql://h/d", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://:s3cret@h/d", "DATABASE_URL: no user, or no valid host"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@/d", "DATABASE_URL: no user, or no valid host"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h:70000/d", "DATABASE_URL: no valid port"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h:x/d", "DATABASE_URL: "),
        ("DATABASE_URL", "mysql+pymysql://u:half1@s3cret@127.0.0.1:1/db", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@pw/x@h/d", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:100%s3cret@h/d", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret#x@h/d", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3 cret@h/d", "DATABASE_URL: expected mysql+pymysql://"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d/e", "DATABASE_URL: no valid port, or no valid database name"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl-mode=REQUIRED", "DATABASE_URL: unknown parameter ssl-mode"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=", "DATABASE_URL: ssl_ca: no file"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca", "DATABASE_URL: "),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=/dev/null", "DATABASE_URL: ssl_ca: no"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=README.md", "DATABASE_URL: ssl_ca: no certificate"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=x&ssl_ca=y", "DATABASE_URL: ssl_ca: no file"),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "sqlite:///", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "sqlite:///:memory:", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "sqlite://var/app.db", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "sqlite:///app", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "sqlite:///x.db?mode=ro", "DATABASE_URL: no file in the URL"),
        ("DATABASE_URL", "mysql+pymysql://u:s3cret@h/d?ssl_ca=nowhere", "DATABASE_URL: ssl_ca: no file 'nowhere'"),
        ("APP_ENVIRONMENT", "Not A Name", "APP_ENVIRONMENT: String should match pattern"),
        ("APP_ENVIRONMENT", "prod", "APP_SECRET: missing; expected APP_SECRET or APP_SECRET_FILE to be set"),
        ("APP_SECRET_FILE", "/nonexistent", "APP_SECRET_FILE: no text in '/nonexistent'"),
        ("APP_SECRET_FILE", "/dev/zero", "APP_SECRET_FILE: no text in '/dev/zero'"),
        ("SECRET_DISPLAY", "hidden", "SECRET_DISPLAY: Input should be 'plain' or 'masked'"),
        ("RECORD_COUNT_MAX_AGE", "-1", "RECORD_COUNT_MAX_AGE: Input should be greater than or equal to 0"),
        ("RECORD_COUNT_MAX_AGE", "nan", "RECORD_COUNT_MAX_AGE: Input should be"),
        ("TRUSTED_PROXIES", "many", "TRUSTED_PROXIES: Input should be a valid integer"),
        ("TRUSTED_HOSTS", " , ", "TRUSTED_HOSTS: Tuple should have at least 1 item"),
        ("TRUSTED_HOSTS", "https://a.example", "TRUSTED_HOSTS: 'https://a.example' is not a host name"),
        ("TRUSTED_HOSTS", "a.example b.example", "TRUSTED_HOSTS: 'a.example b.example' is not a host name"),
        ("BIND_ADDRESS", "example.com", "BIND_ADDRESS: String should match pattern"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("LOG_FORMAT", "xml", "LOG_FORMAT: Input should be 'json' or 'console'"),
        ("PORT", "70000", "PORT: Input should be less than or equal to 65535"),
        ("METRICS_PORT", "8000", "METRICS_PORT: expected a port other than PORT"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY: Input should be greater than or equal to 1"),
    ],
)
def test_wrong_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    """A wrong value results in status 2 and one line, which names the variable and never contains a secret."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as end:
        load(Settings)

    output = capsys.readouterr().err
    assert end.value.code == 2
    assert output.startswith(expected)
    assert output.count("\n") == 1
    assert "s3cret" not in output


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://u:p%40ss%3A%2F%25@db.example.com:25060/app-1",
        "mysql+pymysql://u:p!$&'()*+,;=~._-@[::1]:3306/app",
        "mysql+pymysql://u:@127.0.0.1/app",
        "sqlite:////absolute/app.db",
    ],
)
def test_valid_url(url: str) -> None:
    """A URL whose reserved characters are percent-encoded is used as it is."""
    assert Settings(database_url=url).database_url.get_secret_value() == url


def test_surrounding_white_space_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trailing newline, as of a file that became a Secret, is not part of a value; a blank value counts as unset."""
    values = {"LOG_LEVEL": "DEBUG\n", "PORT": " 8080 ", "DATABASE_URL": "sqlite:///x.db\n", "APP_SECRET": "s3cret\n"}
    for name, value in {
        **values,
        "APP_ENVIRONMENT": "prod\r\n",
        "TRUSTED_HOSTS": "a.example\n",
        "LOG_FORMAT": " ",
    }.items():
        monkeypatch.setenv(name, value)

    settings = load(Settings)

    assert (settings.log_level, settings.port, settings.app_environment) == ("DEBUG", 8080, "prod")
    assert settings.database_url.get_secret_value() == "sqlite:///x.db"
    assert settings.app_secret
    assert settings.app_secret.get_secret_value() == "s3cret"
    assert (settings.trusted_hosts, settings.log_format) == (("a.example",), "json")


def test_every_wrong_value_is_named() -> None:
    """Gunicorn prints one line for each wrong value and does not start."""
    result = program("gunicorn", env=environment(PORT="x", LOG_LEVEL="y"))

    assert result.returncode == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["LOG_LEVEL", "PORT"]


def test_only_one_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Two sources of the secret are refused, because one of them would be ignored."""
    monkeypatch.setenv("APP_SECRET", "s3cret")
    monkeypatch.setenv("APP_SECRET_FILE", "README.md")

    with pytest.raises(SystemExit):
        load(Settings)

    assert capsys.readouterr().err == "APP_SECRET, APP_SECRET_FILE: both are set; expected only one of them\n"


def test_secrets_are_not_printed() -> None:
    """Printing the settings prints neither the secret nor the password of the database."""
    settings = Settings(app_secret="s3cret", database_url="mysql+pymysql://u:s3cret@h/d")

    assert "s3cret" not in repr(settings)


def test_settings_cannot_be_changed() -> None:
    """Settings are immutable."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # must fail


def test_url_of_the_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrations use their own user if there is one, else the service's."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///service.db")
    assert load(MigrationSettings).url.get_secret_value() == "sqlite:///service.db"

    monkeypatch.setenv("MIGRATIONS_DATABASE_URL", "sqlite:///migrations.db")
    assert load(MigrationSettings).url.get_secret_value() == "sqlite:///migrations.db"
