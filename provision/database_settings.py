#!/usr/bin/env python3
"""Print the settings of the database, from a file of Terraform's outputs, as JSON for the templates of `manifests/`.

usage: database_settings.py FILE
Exit with status 2 and one line if an output is missing or has another form. The line never has the output's value.
"""

import ipaddress
import json
import re
import sys
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote

FORM = "mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE, each part URL-encoded"
URL = re.compile(
    r"mysql\+pymysql://(?P<user>[^:@/?]+):(?P<password>[^:@/?]+)"
    r"@(?P<host>\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]|[^]:@/?[]+):(?P<port>[1-9][0-9]{0,4})/(?P<name>[A-Za-z0-9]+)"
)


def die(message: str) -> NoReturn:
    """Exit with status 2 and a line."""
    print(message, file=sys.stderr)
    sys.exit(2)


def output(outputs: dict[str, dict[str, object]], name: str, expected: str) -> str:
    """Return one of Terraform's outputs, which must be a text."""
    value = outputs.get(name, {}).get("value")
    if not isinstance(value, str) or not value:
        die(f"no output {name}; expected {expected}")
    return value


def url(outputs: dict[str, dict[str, object]], name: str) -> dict[str, str]:
    """Return the decoded parts of a URL, and the URL itself as `url`."""
    text = output(outputs, name, FORM)
    found = URL.fullmatch(text)
    if not found or int(found["port"]) > 65535:  # noqa: PLR2004  the highest port
        die(f"{name} is of another form; expected {FORM}")
    parts = {key: unquote(value) for key, value in found.groupdict().items()}
    return {**parts, "host": parts["host"].strip("[]"), "url": text}


def cidr(host: str) -> str | None:
    """Return the address range of an IP address, and nothing for a name, as a name's address may change."""
    try:
        return str(ipaddress.ip_network(host))
    except ValueError:
        return None


def main(path: str) -> None:
    """Print the settings."""
    try:
        outputs = json.loads(Path(path).read_text())
    except ValueError:
        die("not JSON; expected what `terraform output -json` prints")
    app, migrations, admin = (url(outputs, f"{name}database_url") for name in ("", "migrations_", "admin_"))
    ca = output(outputs, "database_ca", "the PEM certificate of the database's CA")
    if "BEGIN CERTIFICATE" not in ca:
        die("database_ca is no PEM certificate; expected -----BEGIN CERTIFICATE-----")
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", each["user"]) for each in (app, migrations)):  # for statements
        die("the user's name has other characters; expected A-Z a-z 0-9 _ . -")
    if migrations["port"] != app["port"]:
        die(f"migrations_database_url has another port; expected that of database_url, {app['port']}")
    cidrs = {cidr(each["host"]) for each in (app, migrations)}
    settings = {
        "database_url": app["url"],
        "migrations_database_url": migrations["url"],
        "database_ca": ca,
        "app_user": app["user"],
        "migrations_user": migrations["user"],
        "admin_user": admin["user"],
        "admin_password": admin["password"],
        "host": admin["host"],
        "port": admin["port"],
        "app_port": app["port"],
        "name": app["name"],
        "cidrs": [] if None in cidrs else sorted(filter(None, cidrs)),
    }
    print(json.dumps(settings))


if __name__ == "__main__":
    main(*sys.argv[1:])
