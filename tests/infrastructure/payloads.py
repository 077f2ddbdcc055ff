"""Payloads of HCP Terraform's generic notifications, as documented by it."""

from typing import Any

from tests.infrastructure.apis import ORGANIZATION

Payload = dict[str, Any]


def notification(run: str, status: str, *, environment: str = "dev", trigger: str = "run:completed") -> Payload:
    """Return the payload for a run; GitLab adds the variables of the address that received it."""
    return {
        "payload_version": 1,
        "notification_configuration_id": "nc-AeUQ2zfKZzW9TiGZ",
        "run_url": f"https://app.terraform.io/app/{ORGANIZATION}/app-{environment}/runs/{run}",
        "run_id": run,
        "run_message": "Merge branch 'sizes' into 'main'",
        "run_created_at": "2026-11-20T18:34:00.000Z",
        "run_created_by": "somebody",
        "workspace_id": f"ws-{environment}",
        "workspace_name": f"app-{environment}",
        "organization_name": ORGANIZATION,
        "notifications": [
            {
                "message": f"Run {status.capitalize()}",
                "trigger": trigger,
                "run_status": status,
                "run_updated_at": "2026-11-20T18:37:04.000Z",
                "run_updated_by": None,
            }
        ],
        "id": "4711",
        "ref": "main",
        "variables": {"ENVIRONMENT": environment},
    }


VERIFICATION: Payload = {
    "payload_version": 1,
    "notification_configuration_id": "nc-AeUQ2zfKZzW9TiGZ",
    "run_url": None,
    "run_id": None,
    "run_message": None,
    "run_created_at": None,
    "run_created_by": None,
    "workspace_id": None,
    "workspace_name": None,
    "organization_name": None,
    "notifications": [
        {
            "message": "Verification of GitLab: provision dev",
            "trigger": "verification",
            "run_status": None,
            "run_updated_at": None,
            "run_updated_by": None,
        }
    ],
}
