"""`make rename` on a copy: no old name is left, the copy's tests pass, and a second run changes nothing."""

import json
import re
from pathlib import Path

import pytest

from tests.chart.switches import ALL
from tests.gitops.rendered import ENVIRONMENTS
from tests.processes import ROOT
from tests.rename.copy import Copy
from tests.requirements import require

if not (ROOT / "charts/app").is_dir():
    pytest.skip("this clone was renamed", allow_module_level=True)  # a second renaming is rejected

NAME = "shop"
# The old name as a word, not in a setting (`APP_SECRET`), a label (`app.kubernetes.io`) or a path (`app/factory.py`).
OLD_NAME = re.compile(r"(?<![\w.-])app(?![\w./]|-version)")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Return a copy that is not renamed."""
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Return a renamed copy."""
    copy = Copy(tmp_path_factory.mktemp("renamed"))
    done = copy.rename(NAME)
    assert done.returncode == 0, done.stderr
    copy.commit()
    return copy


@pytest.mark.parametrize("release", [NAME, "other"])
def test_chart(renamed: Copy, tmp_path: Path, release: str) -> None:
    """No object of the chart has the old name in it."""
    require("helm")
    values = tmp_path / "values.json"
    values.write_text(json.dumps(ALL).replace("app-tls", f"{NAME}-tls"))
    done = renamed.run("helm", "template", release, f"charts/{NAME}", "--values", str(values))

    assert done.returncode == 0, done.stderr
    assert f"app.kubernetes.io/name: {NAME}" in done.stdout
    assert OLD_NAME.findall(done.stdout) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("part", ["", "/secrets"])
def test_environments(renamed: Copy, environment: str, part: str) -> None:
    """No object that Flux applies has the old name in it."""
    require("kubectl")
    done = renamed.run("kubectl", "kustomize", f"releases/{environment}{part}")

    assert done.returncode == 0, done.stderr
    assert f"{NAME}-{environment}" in done.stdout
    assert OLD_NAME.findall(done.stdout) == []


def test_names_of_resources(renamed: Copy) -> None:
    """No file mentions a resource, a chart or a release by its old name."""
    left = r"(?<![\w-])app-(?!version)|charts/app\b|\bname: app\b(?!\.)|(?<=[a-z])/app\.git\b|\bapp\.example\.com\b"
    found = [
        f"{path}: {line}"
        for path, text in renamed.texts().items()
        for line in text.splitlines()
        if re.search(left, line)
    ]

    assert found == []
    assert [path for path in renamed.texts() if re.search(r"(^|/)app(-|\.yml)|charts/app", path)] == []


def test_readme(renamed: Copy) -> None:
    """The README has the new name as its title, and its links lead to files."""
    text = (renamed.folder / "README.md").read_text()

    assert text.startswith(f"# {NAME}")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (renamed.folder / link).exists(), link


@pytest.mark.parametrize(
    "command",
    [
        (".venv/bin/ruff", "check", "."),
        (".venv/bin/ruff", "format", "--check", "."),
        (".venv/bin/pytest", "-q", "-m", "not cluster", "tests/chart/test_network.py", "tests/chart/test_version.py"),
        (".venv/bin/pytest", "-q", "-m", "not cluster", "tests/gitops/test_environments.py"),
        (".venv/bin/pytest", "-q", "-m", "not cluster", "tests/provision/test_status.py"),
    ],
    ids=["lint", "format", "chart", "releases", "provisioning"],
)
def test_checks(renamed: Copy, command: tuple[str, ...]) -> None:
    """Checks and tests pass on the renamed copy. `make test-rename` runs the others."""
    done = renamed.run(*command)

    assert done.returncode == 0, done.stdout + done.stderr


def test_is_idempotent(renamed: Copy) -> None:
    """A second run changes nothing."""
    done = renamed.rename(NAME)

    assert (done.returncode, done.stdout) == (0, f"this clone is named {NAME} already: nothing to do\n")
    assert renamed.changes() == ""


@pytest.mark.parametrize("name", ["", "app", "prod", "Shop", "my_shop", "-shop", "shop-", "s", "x" * 21, "a;id", "a b"])
def test_bad_name(copy: Copy, name: str) -> None:
    """A name that Kubernetes or a registry would refuse, or that is taken, is refused in one line."""
    done = copy.rename(name)

    assert (done.returncode, done.stdout) == (2, "")
    problem, *rest = done.stderr.splitlines()
    assert problem.startswith(f"NAME: {name or 'missing'}; expected ")
    assert [line for line in rest if not line.startswith("make: ***")] == []
    assert copy.changes() == ""


@pytest.mark.parametrize("domain", ["", "shop", "https://shop.example.com", "shop..example.com", "-.example.com"])
def test_bad_domain(copy: Copy, domain: str) -> None:
    """A domain that is none is refused in one line."""
    done = copy.rename(NAME, domain)

    assert done.returncode == 2
    assert done.stderr.startswith(f"DOMAIN: {domain or 'missing'}; expected a name such as shop.example.com\n")
    assert copy.changes() == ""


def test_uncommitted_changes(copy: Copy) -> None:
    """Uncommitted changes are refused: to undo the renaming with git would undo them as well."""
    file = copy.folder / "README.md"
    text = file.read_text()
    file.write_text("changed")

    assert copy.rename(NAME).stderr.startswith("git status: uncommitted changes; expected none")
    assert copy.changes() == " M README.md\n"
    file.write_text(text)


def test_other_name(renamed: Copy) -> None:
    """A renamed clone is not renamed again, as the patterns know only the first name."""
    done = renamed.rename("store")

    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2, f"NAME: store; expected {NAME}, as this clone was renamed to that"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("namespace: app-${ENVIRONMENT}", "namespace: shop-${ENVIRONMENT}"),
        (
            "kind: Secret, metadata: {name: app, namespace: app-dev}",
            "kind: Secret, metadata: {name: shop, namespace: shop-dev}",
        ),
        ("do-fra1-app-dev", "do-fra1-shop-dev"),
        ("kubectl get helmrelease app", "kubectl get helmrelease shop"),
        ("http://app.app-dev.svc:80", "http://shop.shop-dev.svc:80"),
        ("helm package --app-version 1 charts/app", "helm package --app-version 1 charts/shop"),
        ("app.kubernetes.io/name: app", "app.kubernetes.io/name: shop"),
        (
            "from app.settings import Settings  # app/settings.py",
            "from app.settings import Settings  # app/settings.py",
        ),
        ("mysql+pymysql://app:x@app-dev.db:25060/app", "mysql+pymysql://app:x@shop-dev.db:25060/app"),
        ("https://app.terraform.io/app/acme/app-dev", "https://app.terraform.io/app/acme/shop-dev"),
        ("dev.app.example.com, ^app\\.example\\.com$", "dev.shop.example.com, ^shop\\.example\\.com$"),
        ("flask --app app; make_app(app); init_app", "flask --app app; make_app(app); init_app"),
        ("secrets.app: app-secret", "secrets.app: shop-secret"),
    ],
)
def test_patterns(before: str, after: str) -> None:
    """The text around the word decides whether it is the name."""
    from hack import rename  # noqa: PLC0415  not in a renamed clone

    assert rename.renamed(before, "shop", "shop.example.com") == after


def test_name_that_has_the_old_one_in_it() -> None:
    """A new name may have the old one in it."""
    from hack import rename  # noqa: PLC0415  not in a renamed clone

    assert rename.renamed("app-dev/app charts/app", "my-app", "x.example.com") == "my-app-dev/my-app charts/my-app"
