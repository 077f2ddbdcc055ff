"""Validation of database URLs. No message repeats a URL, as it may contain a password."""

import re
import ssl
from pathlib import Path
from urllib.parse import parse_qsl

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

EXPECTED = "expected mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///FILE"


def validate(secret: SecretStr) -> SecretStr:
    """Return the URL. Raises ValueError if it is ambiguous, or if this service cannot use it."""
    text = secret.get_secret_value()
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(EXPECTED) from None
    if url.drivername == "sqlite":
        if url.host or url.query or url.database in {None, ":memory:"} or Path(str(url.database)).is_dir():
            raise ValueError("no file in the URL; expected sqlite:///FILE, or sqlite:////FILE for an absolute path")
    elif url.drivername == "mysql+pymysql":
        _validate_mysql(url, text)
    else:
        raise ValueError(f"{url.drivername}:// is not supported; {EXPECTED}")
    return secret


def _validate_mysql(url: URL, text: str) -> None:
    if text.count("@") != 1 or re.search(r"%(?![0-9A-Fa-f]{2})|[\s#]", text):
        raise ValueError(f"{EXPECTED}; in USER and PASSWORD, the characters : / ? # @ % must be percent-encoded")
    if not (url.username and re.fullmatch(r"[\w.-]+|[0-9A-Fa-f:.]+", url.host or "")):
        raise ValueError(f"no user, or no valid host; {EXPECTED}")
    if not re.fullmatch(r"[\w$-]+", url.database or "") or not 1 <= (url.port or 3306) <= 65535:  # noqa: PLR2004  ports
        raise ValueError(f"no valid port, or no valid database name; {EXPECTED}")
    for name, file in parse_qsl(text.partition("?")[2], keep_blank_values=True):
        if name != "ssl_ca":
            raise ValueError(f"unknown parameter {name}; expected only ssl_ca=FILE")
        if not Path(file).is_file() or isinstance(url.query[name], tuple):  # a tuple if it is given twice
            raise ValueError(f"ssl_ca: no file {file!r}; expected one file with CA certificates (PEM)")
        try:
            ssl.create_default_context(cafile=file)
        except OSError:  # also ssl.SSLError
            raise ValueError(
                f"ssl_ca: no certificate in {file!r}; expected a file with CA certificates (PEM)"
            ) from None
