"""The settings: environment variables of the same names in capitals, checked once, at the start."""

import sys
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Url = TypeVar("Url", bound=SecretStr | None)
AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def _database_url(value: Url) -> Url:
    """Refuse what is no URL of a supported database, without repeating it: it may hold a password."""
    if value is None:
        return value
    try:
        url = make_url(value.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError("expected a URL, mysql+pymysql://USER:PASSWORD@HOST/NAME or sqlite:///FILE") from None
    if url.drivername not in {"mysql+pymysql", "sqlite"}:
        raise ValueError(f"expected mysql+pymysql:// or sqlite://, not {url.drivername}://")
    if url.drivername == "mysql+pymysql" and not (url.host and url.database and url.username):
        raise ValueError("expected a user, a host and a database's name, mysql+pymysql://USER:PASSWORD@HOST/NAME")
    if (authority := url.query.get("ssl_ca")) and not Path(str(authority)).is_file():
        raise ValueError(f"expected ssl_ca to be a file of certificates; there is none at {authority}")
    return value


def _hosts(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Logging(BaseSettings):
    """How to log: what the service and the migrations have in common."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="the least severe line to log")
    log_format: Literal["json", "console"] = Field("json", description="`json` for machines, `console` for people")


class Settings(Logging):
    """The settings of the service."""

    database_url: DatabaseUrl = Field(
        SecretStr("sqlite:///var/app.db"),
        description="`mysql+pymysql://USER:PASSWORD@HOST/NAME`, with `?ssl_ca=FILE` for verified TLS; or `sqlite:///FILE`",
    )
    app_environment: str = Field(
        "local", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="the environment's name, shown on the page"
    )
    app_secret: SecretStr | None = Field(
        None, description="the secret to show; this or `APP_SECRET_FILE` is needed everywhere but in `local`"
    )
    app_secret_file: Path | None = Field(
        None, description="the file that holds the secret; read again when it changes, within a second"
    )
    secret_display: Literal["plain", "masked"] = Field(
        "plain", description="`plain` shows the secret, `masked` only a fingerprint of it"
    )
    record_count_max_age: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="how old a shown count may be, in seconds; each process counts at most that often",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="how many proxies in front of the service set `X-Forwarded-*`; 0 ignores those headers",
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = Field(
        ("localhost", "127.0.0.1"),
        min_length=1,
        description="the host names to answer to, separated by commas; `.example.com` means subdomains too, `*` any",
    )
    port: Port = Field(8000, description="the TCP port of the page")
    metrics_port: Port = Field(8001, description="the TCP port of `/metrics`")
    web_concurrency: int = Field(2, ge=1, le=64, description="how many worker processes serve the page")

    @property
    def masked(self) -> bool:
        """Whether only a fingerprint of the secret is shown."""
        return self.secret_display == "masked"  # noqa: S105  a choice, no secret

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.app_secret and self.app_secret_file:
            raise ValueError("APP_SECRET, APP_SECRET_FILE: expected only one of them to be set")
        if not (self.app_secret or self.app_secret_file or self.app_environment == "local"):
            raise ValueError("APP_SECRET: missing; expected it or APP_SECRET_FILE to be set")
        if self.port == self.metrics_port:
            raise ValueError("METRICS_PORT: expected another port than that of PORT")
        return self


class MigrationSettings(Logging):
    """The settings of `alembic upgrade head`."""

    migrations_database_url: Annotated[SecretStr | None, AfterValidator(_database_url)] = Field(
        None, description="as `DATABASE_URL`, with a user that may change the schema; for the migrations only"
    )
    database_url: DatabaseUrl = Settings.model_fields["database_url"].default

    @property
    def url(self) -> SecretStr:
        """The database to migrate."""
        return self.migrations_database_url or self.database_url


def load(settings: type[AnySettings]) -> AnySettings:
    """Read them from the environment, or end the process: a line for each that is wrong, and exit status 2."""
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = f"{problem['loc'][0]}: ".upper() if problem["loc"] else ""
            sys.stderr.write(f"{name}{problem['msg'].removeprefix('Value error, ')}\n")
        raise SystemExit(2) from None
