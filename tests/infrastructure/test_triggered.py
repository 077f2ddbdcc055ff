"""From a notification to provisioning: accepted, ignored and refused notifications."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infrastructure.apis import Api
from tests.infrastructure.conftest import Script, refusal
from tests.infrastructure.payloads import VERIFICATION, Payload, notification
from tests.processes import Result

Trigger = Callable[..., Result]


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    """Return the file for the answer."""
    return tmp_path / "triggered.env"


@pytest.fixture
def trigger(script: Script, dotenv: Path, tmp_path: Path) -> Trigger:
    """Return a function that sends a payload, as an object or as the bytes it is."""

    def send(payload: Payload | bytes, **settings: str) -> Result:
        file = tmp_path / "payload.json"
        file.write_bytes(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
        return script("triggered.sh", dotenv, TRIGGER_PAYLOAD=str(file), **settings)

    return send


def test_an_applied_run_provisions_its_environment(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """The newest applied run of the environment's workspace starts provisioning."""
    hcp.add_workspace("dev", {"run-2": "applied", "run-1": "applied"})
    done = trigger(notification("run-2", "applied"))
    assert (done.returncode, done.stderr) == (0, "run-2 was applied to app-dev: provisioning dev\n")
    assert dotenv.read_text() == "PROVISION=true\nENVIRONMENT=dev\n"


def test_a_run_that_waits_does_not_hold_up_an_applied_one(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """A run that was only planned since then does not make an applied run outdated."""
    hcp.add_workspace("dev", {"run-3": "planned", "run-2": "applied"})
    assert trigger(notification("run-2", "applied")).returncode == 0
    assert dotenv.read_text() == "PROVISION=true\nENVIRONMENT=dev\n"


def test_a_verification_is_answered_and_ignored(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """The verification that HCP Terraform sends when the notification is made passes, before any token is set."""
    done = trigger(VERIFICATION, TF_TOKEN_app_terraform_io="")
    assert (done.returncode, done.stderr) == (0, "a verification of the notification: nothing to do\n")
    assert dotenv.read_text() == "PROVISION=false\nENVIRONMENT=dev\n"
    assert hcp.asked == []


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("planned", "run:needs_attention"),
        ("planned_and_finished", "run:completed"),
        ("errored", "run:errored"),
        ("canceled", "run:errored"),
    ],
)
def test_a_run_that_was_not_applied_starts_nothing(
    trigger: Trigger, dotenv: Path, hcp: Api, status: str, what: str
) -> None:
    """A run that planned, failed, or had nothing to do passes, and starts nothing."""
    done = trigger(notification("run-1", status, trigger=what))
    assert (done.returncode, done.stderr) == (0, f'run-1 is "{status}", not applied: nothing to do\n')
    assert dotenv.read_text() == "PROVISION=false\nENVIRONMENT=dev\n"
    assert hcp.asked == []


def test_a_removed_environment_is_not_provisioned(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """A run that destroyed the environment is applied as well, and starts nothing."""
    hcp.add_workspace("dev", {"run-1": "applied"})
    hcp.add_run("ws-dev", "run-1", status="applied", **{"is-destroy": True})
    assert trigger(notification("run-1", "applied")).stderr == "run-1 removed app-dev: nothing to do\n"
    assert dotenv.read_text() == "PROVISION=false\nENVIRONMENT=dev\n"


# --- refused: nothing is written, and one line has the expected value


def test_another_organisation_is_refused(trigger: Trigger, dotenv: Path) -> None:
    """A run of another organisation is refused."""
    foreign = notification("run-1", "applied") | {"organization_name": "other"}
    assert refusal(trigger(foreign)) == 'organization_name: "other"; expected "acme"'
    assert not dotenv.exists()


def test_the_workspace_of_another_environment_is_refused(trigger: Trigger) -> None:
    """A run in dev does not provision prod, even if the address names prod."""
    crossed = notification("run-1", "applied", environment="dev")
    assert refusal(trigger(crossed, ENVIRONMENT="prod")) == 'workspace_name: "app-dev"; expected "app-prod"'


def test_a_run_of_another_workspace_is_refused(trigger: Trigger, hcp: Api) -> None:
    """A payload that claims a run of another workspace is found out."""
    hcp.add_workspace("dev", {"run-1": "applied"})
    hcp.add_run("ws-elsewhere", "run-9", status="applied")
    line = "run-9: a run of the workspace ws-elsewhere; expected one of ws-dev, which is app-dev"
    assert refusal(trigger(notification("run-9", "applied"))) == line


def test_a_run_that_is_said_to_be_applied_and_is_not_is_refused(trigger: Trigger, hcp: Api) -> None:
    """A payload that claims more than HCP Terraform knows is found out."""
    hcp.add_workspace("dev", {"run-1": "errored"})
    line = "run-1: HCP Terraform says errored; expected applied"
    assert refusal(trigger(notification("run-1", "applied"))) == line


def test_an_old_notification_is_refused(trigger: Trigger, hcp: Api) -> None:
    """A notification that is sent again, after a newer run was applied, starts nothing."""
    hcp.add_workspace("dev", {"run-2": "applied", "run-1": "applied"})
    line = "run-1: not the newest; expected run-2, which was applied after it"
    assert refusal(trigger(notification("run-1", "applied"))) == line


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"run-1"',
        b"{}",
        b'{"notifications": {}}',
        b'{"notifications": ["run:completed"]}',
        b'{"notifications": []} {"notifications": []}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_notification_is_refused(trigger: Trigger, payload: bytes) -> None:
    """Any other payload is refused, with the expected form."""
    line = "TRIGGER_PAYLOAD: no notification of HCP Terraform; expected a JSON object with a list of notifications"
    assert refusal(trigger(payload)) == line


@pytest.mark.parametrize(
    ("run", "shown"),
    [
        ("run-1/../../workspaces", '"run-1/../../workspaces"'),
        ("run-1\nPROVISION=true", r'"run-1\nPROVISION=true"'),
        ("run-$(id)", '"run-$(id)"'),
        (7, "7"),
        (None, "null"),
        (["run-1"], '["run-1"]'),
    ],
)
def test_what_is_no_run_is_refused(trigger: Trigger, hcp: Api, run: object, shown: str) -> None:
    """Only the number of a run becomes part of an address; other values are reported in one line."""
    odd = notification("run-1", "applied") | {"run_id": run}
    assert refusal(trigger(odd)) == f'run_id: {shown}; expected the number of a run, "run-…"'
    assert hcp.asked == []


def test_a_verification_with_a_run_is_no_verification(trigger: Trigger) -> None:
    """The word alone does not make a payload pass unlooked at."""
    disguised = VERIFICATION | {"run_id": "run-1"}
    assert refusal(trigger(disguised)) == 'organization_name: null; expected "acme"'


def test_a_huge_payload_is_refused_unread(trigger: Trigger, hcp: Api) -> None:
    """A payload of more than 64 KiB is not looked into."""
    huge = notification("run-1", "applied") | {"run_message": "x" * 65536}
    size = len(json.dumps(huge))
    assert refusal(trigger(huge)) == f"TRIGGER_PAYLOAD: {size} bytes; expected at most 65536"
    assert hcp.asked == []


def test_a_long_name_is_shown_in_part(trigger: Trigger) -> None:
    """A refusal is one line, which stays readable."""
    long = notification("run-1", "applied") | {"organization_name": "y" * 5000}
    assert len(refusal(trigger(long))) < 150


# --- the settings, and an API that is away


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ENVIRONMENT": "test"}, 'ENVIRONMENT: "test"; expected dev, staging or prod'),
        (
            {"TF_CLOUD_ORGANIZATION": ""},
            "TF_CLOUD_ORGANIZATION: missing; expected the organisation's name in HCP Terraform",
        ),
        (
            {"TF_CLOUD_ORGANIZATION": "acme/../x"},
            'TF_CLOUD_ORGANIZATION: "acme/../x"; expected letters, digits, _ and -',
        ),
        (
            {"TF_TOKEN_app_terraform_io": ""},
            "TF_TOKEN_app_terraform_io: missing; expected a token of HCP Terraform that may read runs and outputs",
        ),
        (
            {"TF_CLOUD_HOSTNAME": "tf-e.example.com"},
            "TF_TOKEN_tf__e_example_com: missing; expected a token of HCP Terraform that may read runs and outputs",
        ),
    ],
)
def test_a_missing_setting_is_named(trigger: Trigger, settings: dict[str, str], line: str) -> None:
    """Each missing or wrong setting is named, with the expected value."""
    assert refusal(trigger(notification("run-1", "applied"), **settings)) == line


def test_no_payload_is_named(script: Script, dotenv: Path) -> None:
    """A pipeline that no notification started has no payload."""
    line = 'TRIGGER_PAYLOAD: "" cannot be read; expected the file that GitLab writes for a trigger'
    assert refusal(script("triggered.sh", dotenv)) == line


def test_a_token_that_is_not_accepted_is_told(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """A wrong token is said to be one, never shown, and provisions nothing."""
    done = trigger(notification("run-1", "applied"), TF_TOKEN_app_terraform_io="wrong-token")
    line = f"{hcp.address}/runs/run-1: refused (HTTP 401); expected a token that may read it\n"
    assert (done.returncode, done.stderr) == (1, line)
    assert not dotenv.exists()


def test_an_api_that_is_away_provisions_nothing(trigger: Trigger, dotenv: Path) -> None:
    """Nothing is believed while HCP Terraform cannot be asked."""
    done = trigger(notification("run-1", "applied"), TF_API="http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (1, "http://127.0.0.1:9/runs/run-1: no answer\n")
    assert not dotenv.exists()


def test_an_api_that_stumbles_is_asked_again(trigger: Trigger, dotenv: Path, hcp: Api) -> None:
    """A request that fails once is retried."""
    hcp.add_workspace("dev", {"run-1": "applied"})
    hcp.failing["/runs/run-1"] = 1
    assert trigger(notification("run-1", "applied")).returncode == 0
    assert dotenv.read_text() == "PROVISION=true\nENVIRONMENT=dev\n"
