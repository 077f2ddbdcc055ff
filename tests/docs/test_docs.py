"""Documents agree with the code, and lead to each other."""

import re
import subprocess
from pathlib import Path

import pytest

from hack import configuration, prose
from tests.processes import ROOT

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]


def test_configuration_is_current() -> None:
    """The page lists each setting and each metric: `make docs` would change nothing."""
    page = configuration.PAGE.read_text(encoding="utf-8")

    assert configuration.with_tables(page) == page
    assert page.count("\n| `") > len(configuration.settings_table()) + len(configuration.metrics_table()) - 4


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    """Each link to a file leads to one, and each link to a section to a heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", text):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_index_is_complete() -> None:
    """docs/README.md leads to every page."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")

    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index


def test_readme_shows_its_guarantees() -> None:
    """Each guarantee names an existing test, or a make target."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\|[^|]+\| `([^`]+)` \|$", text.partition("## Guarantees")[2], re.MULTILINE)

    assert len(shown) > 5
    for name in shown:
        if name.startswith("make "):
            assert re.search(rf"^{name.split()[1]}:.*##", (ROOT / "Makefile").read_text(), re.MULTILINE), name
        else:
            assert (ROOT / name).exists(), name


def test_readme_lists_the_top_level() -> None:
    """The README's layout has every file and folder of the top level, but for those that tools require."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Repository layout")[2]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = {path.split("/")[0] for path in listed}
    tools = {".dockerignore", ".gitignore", ".gitleaks.toml", ".pre-commit-config.yaml", ".terraformignore", ".gitlab"}

    missing = {name for name in names - tools if name not in text and not name.endswith(".lock")}
    assert missing - {"README.md", "pyproject.toml"} == set()


@pytest.mark.parametrize("page", PAGES)
def test_plain_words(page: str) -> None:
    """Pages name things instead of saying *what*, *where* or *who*: fewer than 0.5 of 100 words."""
    assert prose.rate(*prose.count(ROOT / page)) < 0.5


def test_words_of_code_and_text(tmp_path: Path) -> None:
    """Only prose is counted: no code, no strings, no code blocks."""
    python, markdown, shell = (tmp_path / name for name in ("x.py", "x.md", "x.sh"))
    python.write_text('"""What it is."""\n\nx = "who"  # where it was\n')
    markdown.write_text("Who `what`, [where](what.md)\n```\nwhat\n```\n")
    shell.write_text("# whoever\necho what # nobody knows\n")

    assert [prose.count(file) for file in (python, markdown, shell)] == [(2, 6), (2, 2), (2, 3)]


def test_owners_of_production() -> None:
    """A change of production needs its owners' approval."""
    lines = (ROOT / ".gitlab/CODEOWNERS").read_text().splitlines()
    owners = dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))

    assert "@release-managers" in owners["/releases/prod/"]
    assert [path for path in owners if path != "*" and not (ROOT / path.strip("/")).exists()] == []


def test_help_has_sections() -> None:
    """`make help` lists each target that has a description, in sections."""
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    described = re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE) == described
    assert {"Running", "Checking", "Environments", "This clone"} <= set(done.stdout.splitlines())
