"""Settings: environment variables with the same names in capitals, validated once at the start."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import database_url
from app.secret import read_secret

AnySettings = TypeVar("AnySettings", bound=BaseSettings)


def _hosts(value: object) -> object:
    if not isinstance(value, str):
        return value
    hosts = tuple(filter(None, (host.strip().lower() for host in value.split(","))))
    for host in hosts:
        if not re.fullmatch(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", host):
            raise ValueError(
                f"{host!r} is not a host name; expected names such as app.example.com or .example.com, or *"
            )
    return hosts


DatabaseUrl = Annotated[SecretStr, AfterValidator(database_url.validate)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Logging(BaseSettings):
    """Settings that the service and the migrations have in common."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="minimum level of log lines")
    log_format: Literal["json", "console"] = Field("json", description="`json` for machines, `console` for a terminal")

    @model_validator(mode="before")
    @classmethod
    def _strip(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Remove surrounding white space, such as a trailing newline of a Secret; treat an empty value as unset."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != ""}


class Settings(Logging):
    """Settings of the service."""

    database_url: DatabaseUrl = Field(
        SecretStr("sqlite:///var/app.db"),
        description="`mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME`, with `?ssl_ca=FILE` for verified TLS; "
        "or `sqlite:///FILE`",
    )
    app_environment: str = Field(
        "local", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="name of the environment, shown on the page"
    )
    app_secret: SecretStr | None = Field(
        None, description="secret to show; required unless `APP_SECRET_FILE` is set or `APP_ENVIRONMENT` is `local`"
    )
    app_secret_file: Annotated[Path, AfterValidator(lambda file: read_secret(file) and file)] | None = Field(
        None, description="file with the secret; a change of the file is noticed within a second"
    )
    secret_display: Literal["plain", "masked"] = Field(
        "plain", description="`plain` shows the secret, `masked` only a fingerprint"
    )
    record_count_max_age: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="seconds between two counts; more if a count takes longer than a tenth of it, or while idle",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="number of proxies that set `X-Forwarded-*`; 0 ignores these headers"
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = Field(
        ("localhost", "127.0.0.1", "[::1]"),
        min_length=1,
        description="host names to answer to, separated by commas; `.example.com` includes subdomains, `*` is any",
    )
    bind_address: str = Field(
        "*",
        pattern=r"^(\*|localhost|[0-9a-fA-F:.]+)$",
        description="address to listen on: `*` for all, `localhost` for this machine only, or an IP address",
    )
    port: Port = Field(8000, description="TCP port of the page")
    metrics_port: Port = Field(8001, description="TCP port of `/metrics`")
    web_concurrency: int = Field(2, ge=1, le=64, description="number of worker processes")

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.app_secret and self.app_secret_file:
            raise ValueError("APP_SECRET, APP_SECRET_FILE: both are set; expected only one of them")
        if not (self.app_secret or self.app_secret_file or self.app_environment == "local"):
            raise ValueError("APP_SECRET: missing; expected APP_SECRET or APP_SECRET_FILE to be set")
        if self.port == self.metrics_port:
            raise ValueError("METRICS_PORT: expected a port other than PORT")
        return self


class MigrationSettings(Logging):
    """Settings of `alembic upgrade head`."""

    migrations_database_url: DatabaseUrl | None = Field(
        None, description="like `DATABASE_URL`, for a user that may change the schema; used by migrations only"
    )
    database_url: DatabaseUrl = Settings.model_fields["database_url"].default

    @property
    def url(self) -> SecretStr:
        """URL of the database to migrate."""
        return self.migrations_database_url or self.database_url


def load(settings: type[AnySettings]) -> AnySettings:
    """Read settings from the environment. If any is wrong, print one line for each and exit with status 2."""
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = f"{problem['loc'][0]}: ".upper() if problem["loc"] else ""
            sys.stderr.write(f"{name}{problem['msg'].removeprefix('Value error, ')}\n")
        raise SystemExit(2) from None
