"""Each job's image has the programs that the job's scripts run."""

import re

import pytest

from tests.ci.shell import Commands, programs
from tests.ci.test_file import JOBS, image_of, script_of


def words(text: str) -> set[str]:
    """Return the words of a text."""
    return set(text.split())


# Of the shell, in POSIX. `sh` itself is a program.
BUILTINS = words("""
    ! . : [ { } break case cd command continue do done echo elif else esac eval exec exit export false fi for if local
    printf pwd read return set shift test then trap true umask unset until wait while
""")
BASH = words("bash [[ (( declare mapfile shopt source")
# Of busybox, as Alpine and distroless have them, and of Debian's essential packages
COMMON = words("""
    awk base64 basename cat chmod chown cmp cp cut date diff dirname du env expr find grep gunzip gzip head id install
    ln ls mkdir mktemp mv nice od paste rm rmdir sed sha256sum sh sleep sort stat tac tail tar tee touch tr uname uniq
    wc xargs
""")
ALPINE = COMMON | {"/bin/sh", "wget"}
BUSYBOX = COMMON | {"wget"}  # without /bin/sh and /usr/bin/env: no script starts by its first line
# Programs of the images, as published
PROGRAMS = {
    "python": COMMON | BASH | words("/bin/sh apt-get curl dpkg gcc git make perl pip python3 ssh wget"),
    "ghcr.io/gitleaks/gitleaks": ALPINE | BASH | words("git gitleaks ssh"),
    "hashicorp/terraform": ALPINE | words("git ssh terraform"),
    "alpine/k8s": ALPINE | BASH | words("curl envsubst git helm jq kubectl kubeseal python3 yq"),
    "anchore/syft": BUSYBOX | {"syft"},  # after its script has put / on the PATH
    "anchore/grype": BUSYBOX | {"grype"},  # the same
    "registry.gitlab.com/gitlab-org/cli": ALPINE | words("git glab ssh"),
}
# Programs that an installing script adds, and packages with a program of another name
INSTALLED = {
    "ci/install-uv.sh": {"uv"},
    "ci/install-k8s-tools.sh": {"helm", "kubectl", "kubeseal"},
    "docker-cli": {"docker"},
    "docker-buildx": {"docker"},
}
OPTIONAL = {"tflint"}  # run only if it is found


def available(job: str) -> set[str]:
    """Return the programs of the job's image, and those that its own lines install."""
    name = re.sub(r":[^/]*$", "", image_of(job))
    found = set(PROGRAMS[name])
    for command, *arguments in (line.split() for line in script_of(job)):
        found |= INSTALLED.get(command, set())
        if command == "ci/install-packages.sh":
            found |= {program for package in arguments for program in INSTALLED.get(package, {package})}
    return found


@pytest.mark.parametrize("job", JOBS)
def test_programs(job: str) -> None:
    """A job's scripts run only programs that its image has or the job installs."""
    ran = programs(job, script_of(job))
    lacking = {word: where for word, where in ran.items() if word not in BUILTINS | available(job) | OPTIONAL}
    assert lacking == {}


def test_programs_are_found() -> None:
    """Programs are found in make targets, scripts, functions and substitutions, but not in texts."""
    assert {"docker", "helm", "cosign", "git", "curl"} - set(programs("release", script_of("release"))) == {"curl"}
    assert {"kubectl", "jq", "curl", "helm"} <= set(programs("release-diff", script_of("release-diff")))
    assert "git" not in programs("scan", script_of("scan"))  # only in a function that it does not call
    code = """
case $1 in a | jq) x=$(yq "$(openssl it)" | curl --data '; wget') ;; esac
echo "use docker; or helm" >kubectl # terraform
cat <<TEXT
glab
TEXT
if A=1 grep -q it; then exec git status; fi
"""
    assert Commands(code).words - BUILTINS == {"yq", "openssl", "curl", "cat", "grep", "git"}


def test_lacking_program() -> None:
    """A program that an image lacks is found: alpine/k8s and docker have no openssl, alpine/helm no jq."""
    assert "openssl" not in PROGRAMS["alpine/k8s"]
    assert set(programs("job", ["ci/notify-flux.sh"])) - BUILTINS - PROGRAMS["alpine/k8s"] == set()
    assert set(programs("job", ["ci/sbom.sh"])) - BUILTINS - PROGRAMS["anchore/syft"] == {"/bin/sh"}
    lacking = set(programs("install_gitops", ["provision/run-job.sh $CI_JOB_NAME"])) - PROGRAMS["hashicorp/terraform"]
    assert {"bash", "jq"} <= lacking
