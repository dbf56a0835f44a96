"""A project's place in the organization: requested from Service Catalog, and written down for its headgate.yaml."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.actions.accounts.products import Products, reasons
from headgate.aws.sessions import Session
from headgate.errors import FailedError, UserError
from headgate.spec.load import FILE_NAME, LANDING_NAME
from headgate.spec.organization import Organization
from headgate.views.accounts import AccountView, Member

PRODUCT = "ML project"


def request_project(session: Session, team: str, project: str) -> None:
    """Launch the product, or bring it up to its newest version, and wait. `session` is the platform team's.

    Raises UserError when there is no such product, FailedError with the reason when it cannot be launched.
    """
    products = Products(session)
    record = products.launch(PRODUCT, f"project-{team}-{project}", {"Team": team, "Project": project})
    detail = products.wait(record)
    if detail["Status"] != "SUCCEEDED":
        raise FailedError(f"project '{project}' of team '{team}' has no place in tooling", details=reasons(detail))


def landing_settings(
    organization: Organization, team: str, accounts: tuple[AccountView, ...], members: Mapping[str, Member]
) -> dict[str, Any]:
    """What a project's headgate.yaml says of a team's accounts: an overlay for each environment that is active."""
    tooling = organization.durable["tooling"]
    address = (tooling.email or "").lower()
    tooling_id = tooling.account_id or next(
        (each.account_id for each in members.values() if each.email.lower() == address), ""
    )
    overlays = {
        environment: {
            "team": team,
            "account": account.account_id,
            "region": account.region,
            "landing": {
                "environment": environment,
                "tooling": tooling_id,
                "identity": organization.identity_account_id,
            },
        }
        for account in accounts
        if account.state == "active"
        for environment in account.environments
    }
    return {"environments": overlays}


def write_landing(folder: Path, settings: Mapping[str, Any]) -> Path:
    """Write a project's landing.yaml, whole or not at all. Raises UserError where there is no project."""
    import yaml

    file = folder / LANDING_NAME
    if not (folder / FILE_NAME).is_file():
        raise UserError(f"no {FILE_NAME} in {folder}", expected="a project's folder", next_command="headgate new NAME")
    text = f"# Written by `headgate accounts project`: where {FILE_NAME} lands. To be committed with it.\n"
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".landing-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text + yaml.safe_dump(settings, sort_keys=False))
    Path(name).replace(file)
    file.chmod(0o644)
    return file
