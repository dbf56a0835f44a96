"""What `headgate doctor` looks at when there is an organization.yaml: the tools of deploying, and drift."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from headgate.cli.findings import Finding
from headgate.errors import HeadgateError
from headgate.localcloud.folder import Folder
from headgate.spec.organization import Organization, find_organization, load_organization

if TYPE_CHECKING:
    from headgate.actions.accounts.changes import Change

_INFRA = "pip install 'headgate[infra]'"
_MOST = 3
"""So many differences are named; `headgate accounts plan` shows them all."""

MakePlan = Callable[[Path, str], Sequence["Change"]]


def examine_organization(start: Path, target: str) -> Iterator[Finding]:
    """The checks of an organization at or above a folder; none when there is none."""
    file = find_organization(start)
    if file is None:
        return
    yield check_cdk()
    try:
        organization = load_organization(file)
    except HeadgateError as error:
        yield Finding("organization.yaml", "problem", error.message, "headgate accounts plan")
        return
    yield check_drift(organization, target)


def check_cdk() -> Finding:
    """Templates are synthesized by the CDK, in Node; what has been synthesized before is read from a cache."""
    from headgate.infra.processes import node

    try:
        program = node()
        version = importlib.metadata.version("aws-cdk-lib")
        found = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except HeadgateError as error:
        return Finding("cdk", "warning", error.message, error.next_command or _INFRA)
    except (OSError, subprocess.SubprocessError, importlib.metadata.PackageNotFoundError) as error:
        return Finding("cdk", "problem", f"Node or the CDK does not work: {error}", _INFRA)
    return Finding("cdk", "ok", f"aws-cdk-lib {version}, Node {found.stdout.strip()} (deploying organizations)")


def check_drift(organization: Organization, target: str, make_plan: MakePlan | None = None) -> Finding:
    """The declaration against what there is. The local cloud is not started for it."""
    from headgate.actions.accounts.opening import organization_root
    from headgate.aws.sessions import state_folder

    state = state_folder(organization_root(organization), os.environ)
    if target == "local" and Folder(state).daemon() is None:
        return Finding("organization", "ok", "declared; not compared, as the local cloud does not run")
    try:
        changes = (make_plan or _plan)(organization.file or Path(), target)
    except HeadgateError as error:
        return Finding("organization", "problem", error.message, error.next_command or "headgate accounts plan")
    if not changes:
        return Finding("organization", "ok", "everything is as declared")
    worst = sorted(changes, key=lambda change: change.kind != "drift")[:_MOST]
    named = "; ".join(f"{change.subject} {change.message}" for change in worst)
    more = f"; and {len(changes) - _MOST} more" if len(changes) > _MOST else ""
    drifted = any(change.kind == "drift" for change in changes)
    verdict: Literal["problem", "warning"] = "problem" if drifted else "warning"
    return Finding("organization", verdict, f"{named}{more}", "headgate accounts plan")


def _plan(file: Path, target: str) -> Sequence[Change]:
    from headgate.actions.accounts.opening import open_organization
    from headgate.actions.accounts.planning import make_plan

    return make_plan(open_organization(file, cast("Literal['local', 'aws']", target)))
