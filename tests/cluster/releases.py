"""Releases of the app to install: images in the registry, each with the chart of the same number."""

import os
import tempfile
from pathlib import Path

import yaml

from tests.cluster.cluster import Object, must
from tests.gitops.rendered import substitute
from tests.processes import ROOT

MIGRATION = '''"""{what}"""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "0002"


def upgrade() -> None:
    {statement}


def downgrade() -> None:
    op.drop_column("records", "colour")
'''
ADD_COLUMN = 'op.add_column("records", sa.Column("colour", sa.String(10)))'
WRONG = 'op.add_column("nowhere", sa.Column("colour", sa.String(10)))'

# Differences from this checkout's own image, which is 1.0.0: files, by their path in it.
DIFFERENCES: dict[str, dict[str, str]] = {
    "1.0.0": {},
    "1.1.0": {"migrations/versions/9001_colour.py": MIGRATION.format(what="Add a column.", statement=ADD_COLUMN)},
    "1.2.0": {"migrations/versions/9001_wrong.py": MIGRATION.format(what="Fail.", statement=WRONG)},
    "1.3.0": {"gunicorn.conf.py": "raise SystemExit('this release cannot start')\n"},
}


def publish(repository: str) -> None:
    """Build this checkout's image and those that differ from it, and push them."""
    must("docker", "build", "--tag", f"{repository}:1.0.0", "--build-arg", "VERSION=1.0.0", ".")
    for version, files in DIFFERENCES.items():
        if files:
            with tempfile.TemporaryDirectory() as folder:
                _build(Path(folder), repository, version, files)
        must("docker", "push", f"{repository}:{version}")


def _build(folder: Path, repository: str, version: str, files: dict[str, str]) -> None:
    for path, text in {**files, "app/version.txt": f"{version}\n"}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "Dockerfile").write_text(
        f"FROM {repository}:1.0.0\nCOPY . /app/\nUSER root\nRUN rm /app/Dockerfile\nUSER 10001:10001\n"
    )
    must("docker", "build", "--tag", f"{repository}:{version}", str(folder))


def package(folder: Path, version: str) -> Path:
    """Package the chart as the release of that version, and return the file."""
    numbers = ("--version", version, "--app-version", version)
    must("helm", "package", "charts/app", *numbers, "--destination", str(folder))
    return folder / f"app-{version}.tgz"


def push(repository: str, folder: Path, *versions: str) -> None:
    """Push the charts of these versions."""
    plain_http = ["--plain-http"] if os.environ.get("CHARTS_PLAIN_HTTP") == "true" else []
    for version in versions:
        must("helm", "push", str(package(folder, version)), f"oci://{repository}/charts", *plain_http)


def flux_tenant(namespace: str) -> list[Object]:
    """Return the ServiceAccount of a namespace's HelmRelease with its rights, as provisioning creates them."""
    template = ("provision", "provision/manifests", "--show-only", "templates/flux-tenant.yaml")
    text = must("helm", "template", *template, "--set", f"env.NAMESPACE={namespace}")
    return [each for each in yaml.safe_load_all(text) if each and each["metadata"].get("namespace") == namespace]


def flux_objects(repository: str, values: Object, semver: str) -> tuple[Object, Object]:
    """Return the objects of `releases/base`, for a range of versions and with these values."""
    settings = {"REGISTRY": repository, "REGISTRY_INSECURE": os.environ.get("CHARTS_PLAIN_HTTP", "false")}
    text = substitute((ROOT / "releases/base/app.yml").read_text(), settings)
    source, release = yaml.safe_load_all(text)
    del source["spec"]["secretRef"]  # the registry of the tests needs no login
    source["spec"] |= {"interval": "2s", "ref": {"semver": semver}}
    release["spec"]["values"] = values
    return source, release
