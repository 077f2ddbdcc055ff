#!/usr/bin/env python3
"""Rename a clone: `make rename NAME=shop DOMAIN=shop.example.com`.

Changes every name that is visible in a cluster, a registry or a cloud, and the documents and tests that mention it.
Keeps the Python package `app`, settings (`APP_…`), metrics (`app_…`), the chart's value `secrets.app`, and the database
with its user, which are alone on their server. docs/your-own-service.md has the list.

The word "app" also has other meanings. So it is replaced only if the text around it shows that it is the name. The
patterns contain no file names: moved and new files are renamed by the same rules.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLD = "app"
PROJECT = "Mergeline"  # the title of README.md
UNTOUCHED = ("hack/rename.py", "tests/rename/")  # they are about the old name
NAME = re.compile(r"[a-z][a-z0-9]+(-[a-z0-9]+)*")
LONGEST = 20  # letters: `NAME-staging-secrets` and others must fit into 63, with a cloud's own prefixes
TAKEN = {
    "dev",
    "staging",
    "prod",
    "test",
    "default",
    "migrations",
    "mysql",
    "flux-system",
    "kube-system",
    "cert-manager",
}
DOMAIN = re.compile(r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")

# An end of the word: `app.git` and `app//` end it, `app-x`, `app.py`, `app/x`, `app[x]` and `application` do not.
END = r"(?![\w[-]|\.(?!git\b)\w|/(?!/))"
KINDS = (
    "deployment|service|pod|job|ingress|secret|networkpolicy|serviceaccount|namespace|ocirepository|gitrepository|helmrelease"
    "|kustomization|receiver|alert|provider|release|chart"
)
BETWEEN = r"""(?:[/ ]|", "|' ')"""  # deployment/app, deployment app, "deployment", "app"
# Of these the old name is a part, and stays.
KEPT = [
    r"(?<=://)app(?=[:@])",  # the user in a database's URL
    r":(?:\d+|\{PORT\})/app(?![\w-])",  # the database in it
    r"@[a-z0-9.]+/app(?![\w-]|\.git)",
    r"\btests/app\b",
    r"\bapp:create_app\b",
    r"\bapp\.terraform\.io(?:/app/)?",
]
# In these it is renamed. The group `before` is kept.
RENAMED = [
    rf"(?P<before1>\bdo-[A-Za-z0-9<>]+-){OLD}(?=-)",  # contexts of DigitalOcean: do-fra1-app-dev
    rf"(?<![\w-]){OLD}(?=-)",  # app-dev, app-$ENVIRONMENT, app-mysql
    rf"(?<![\w-]){OLD}(?=\.{OLD}-|\.yml\b)",  # a Service's host name; releases/<env>/app.yml
    rf"(?P<before2>\bcharts/){OLD}(?![\w-])",
    rf"(?<=[\w}}>]/){OLD}(?=/charts/)",
    rf"(?<=[\w}}>]/){OLD}{END}",  # Deployment/app, group/app, registry.example.com/group/app
    rf"(?P<before3>%/){OLD}(?=}})",  # ${{chart%/app}}
    rf"\b{OLD}(?=/(?:values|Chart)\.yaml)",
    rf"(?P<before4>\b(?:define|include|template) \"){OLD}(?=\.)",  # the chart's named templates
    rf"(?P<before5>(?:\bnname|\bname|releaseName|chart|repository|image\.title)[\"']?(?:: ?|=)[\"']?){OLD}{END}",
    rf"(?P<before6>\b(?:{KINDS}){BETWEEN}){OLD}{END}",
    rf"(?P<before7>(?:--install|\btemplate|\brollback|\btest|\buninstall)(?: |\", \")){OLD}{END}",  # helm's releases
    rf"(?P<before8>\b(?:tags|tag_names) +?= \[\"|\bNAME = \"|name\": \"|instance\": \"|\bname == \"){OLD}(?=\")",
    rf"(?P<before9>\}}:|:-|\bIMAGE \?= |, else ){OLD}{END}",  # system:serviceaccount:…:app; ${{IMAGE:-app}}
    rf"(?<![\w./@-]){OLD}(?=:(?:[a-zV]|\$|\{{|\d))",  # the image: app:test, app:$version
    rf"(?P<before10>\(\"){OLD}(?=\", version, version\))",
    rf"(?P<before11>`\"?){OLD}(?=\"?`)",
    rf"(?P<before12>THIS-REPOSITORY |&& cd ){OLD}{END}",
]


def main() -> None:
    """Rename everything, or exit with status 2 and one line."""
    name, domain = os.environ.get("NAME", ""), os.environ.get("DOMAIN", "").lower()
    check(name, domain)
    if (current := chart_name()) != OLD:
        if current != name:
            refuse(f"NAME: {name}; expected {current}, as this clone was renamed to that")
        print(f"this clone is named {name} already: nothing to do")
        return
    if git("status", "--porcelain"):
        refuse("git status: uncommitted changes; expected none, so that `git reset --hard` undoes the renaming")
    print(f"{rename(name, domain)} files changed; see `git diff`, then docs/your-own-service.md")


def check(name: str, domain: str) -> None:
    """Refuse names that Kubernetes, a registry, Terraform or DNS would refuse later."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        refuse(f"NAME: {name or 'missing'}; expected 2 to {LONGEST} of a-z, 0-9 and single dashes, such as shop")
    if name == OLD or name in TAKEN:
        refuse(f"NAME: {name}; expected a name that nothing else here has, such as shop")
    if not DOMAIN.fullmatch(domain):
        refuse(f"DOMAIN: {domain or 'missing'}; expected a name such as shop.example.com")


def chart_name() -> str:
    """Return the name that the clone has: its chart's."""
    charts = sorted(ROOT.glob("charts/*/Chart.yaml"))
    if len(charts) != 1:
        refuse(f"charts/: {len(charts)} charts; expected one")
    return charts[0].parent.name


def rename(name: str, domain: str) -> int:
    """Rename in all files that git knows, then the files. Return the number of changed files."""
    changed = set()
    for path in git("ls-files", "-z").split("\0"):
        file = ROOT / path
        if not path or path.startswith(UNTOUCHED) or file.is_symlink() or not file.is_file():
            continue
        try:
            before = file.read_bytes().decode()
        except UnicodeDecodeError:
            continue  # a picture
        after = renamed(before, name, domain, prose=path.endswith(".md"))
        if after != before:
            file.write_bytes(after.encode())
            changed.add(path)
        if (new := renamed_path(path, name)) != path:
            (ROOT / new).parent.mkdir(parents=True, exist_ok=True)
            git("mv", path, new)
            changed.add(path)
    return len(changed)


def renamed(text: str, name: str, domain: str, *, prose: bool = False) -> str:
    """Return a file's text with the new name and domain."""

    def replace(found: re.Match[str]) -> str:
        if found["kept"] is not None:
            return found[0]
        return next((value for key, value in found.groupdict().items() if key != "kept" and value), "") + name

    text = re.sub(rf"\b{PROJECT}\b", name, text)
    text = re.sub(rf"\b{OLD}(\\*)\.example\1\.com\b", lambda found: domain.replace(".", f"{found[1]}."), text)
    if prose:
        text = re.sub(r"\b(DOMAIN=|(?:dev|staging|prod)\.)example\.com\b", lambda found: found[1] + domain, text)
    return re.sub(rf"(?P<kept>{'|'.join(KEPT)})|{'|'.join(RENAMED)}", replace, text)


def renamed_path(path: str, name: str) -> str:
    """Return a file's path with the new name."""
    path = re.sub(rf"\bcharts/{OLD}/", f"charts/{name}/", path)
    return re.sub(rf"(?<=/){OLD}(?=\.yml$|-)", name, path)


def git(*arguments: str) -> str:
    """Return what git prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603, S607  git, as in a shell


def refuse(problem: str) -> None:
    """Print a problem in one line, and exit."""
    sys.exit(print(problem, file=sys.stderr) or 2)


if __name__ == "__main__":
    main()
