"""The variables that `headgate cloud env` prints, and how each shell is told them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.errors import UserError

if TYPE_CHECKING:
    from headgate.aws.sessions import Session

Variables = Mapping[str, str | None]
"""A shell's variables; None takes one away."""

_WIN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SAGEMAKER")
"""What would win over our variables."""


def unset_variables(search_path: str | None) -> Variables:
    """What takes the variables away again; `search_path` is PYTHONPATH as it stands."""
    from headgate.aws.sessions import LOCAL_ACCOUNT, LOCAL_REGION, shell_environment
    from headgate.localcloud.fixed_addresses import without_folder

    names = dict.fromkeys(shell_environment("", LOCAL_ACCOUNT, LOCAL_REGION, None))
    return {**names, "PYTHONPATH": without_folder(search_path) or None}


def sandbox_variables(state: Path, account: str | None, region: str | None) -> Variables:
    """Somebody who may do everything in an account that is in no organization. Raises UserError for one that is."""
    from headgate.actions.accounts.personas import in_organization
    from headgate.aws.sessions import LOCAL_ACCOUNT, LOCAL_REGION, ensure_execution_role, shell_environment

    account, region = account or LOCAL_ACCOUNT, region or LOCAL_REGION
    session = _connect(state, account, region)
    if in_organization(session):
        raise UserError(
            f"account {account} is in an organization, where nobody works as root or with a role of their own making",
            where="--account",
            expected="a persona, in whose role to work",
            next_command=f"headgate cloud env --account {account} --as data-scientist --team TEAM",
        )
    ensure_execution_role(session)
    return shell_environment(session.endpoint_url or "", account, region, os.environ.get("PYTHONPATH"))


def persona_variables(
    state: Path, start: Path, persona: str, team: str | None, place: str | None, account: str | None
) -> Variables:
    """A persona of the organization declared at or above `start`. Raises UserError when it may not be there."""
    from headgate.actions.accounts.personas import Wish, become
    from headgate.localcloud.fixed_addresses import with_folder
    from headgate.spec.organization import load_organization

    organization = load_organization(start)
    local = _connect(state, organization.governance_account_id, organization.region)
    session = become(local, organization, Wish(persona, team, place, account), state)
    return {
        **session.environment(),
        "PYTHONPATH": with_folder(os.environ.get("PYTHONPATH")),
        "SAGEMAKER_VALIDATE_ROLE": "false",  # the SDK 3 simulates the role's policies, which is not built here
    }


def _connect(state: Path, account: str, region: str) -> Session:
    from headgate.aws.sessions import connect

    return connect(state.parent, account=account, region=region, environ={"HEADGATE_STATE_DIR": str(state)})


def _bash(variables: Variables) -> str:
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items() if value is not None]
    return "\n".join([f"unset {' '.join(_taken_away(variables))}", *exports])


def _fish(variables: Variables) -> str:
    exports = [f"set -gx {name} {shlex.quote(value)}" for name, value in variables.items() if value is not None]
    return "\n".join([f"set -e {' '.join(_taken_away(variables))}", *exports])


def _dotenv(variables: Variables) -> str:
    return "\n".join(f"{name}={value}" for name, value in variables.items() if value is not None)


def _taken_away(variables: Variables) -> tuple[str, ...]:
    """What a shell must forget: the variables without a value; without any, whatever would win over ours."""
    return tuple(name for name, value in variables.items() if value is None) or _WIN


WRITERS: Mapping[str, Callable[[Variables], str]] = {"bash": _bash, "fish": _fish, "dotenv": _dotenv}
