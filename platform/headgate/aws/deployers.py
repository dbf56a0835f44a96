"""CI's way into a governed account: from its own identity through the tooling account to the environment's deployer.

People have no such way: what runs in dev and beyond is deployed by CI. In the local cloud CI is signed in like a
person, with the persona `deployer`; everything after that is decided by the same trust policies as on AWS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from headgate.aws.landing import read_landing
from headgate.aws.people import TEAM_TAG, sign_in
from headgate.aws.sessions import Session, root_session

PERSONA = "deployer"


@dataclass(frozen=True, slots=True)
class Way:
    """Where CI is going, and by which accounts. `identity` is where the local cloud signs it in."""

    account: str
    environment: str
    team: str
    tooling: str
    identity: str


def land(session: Session, project: str, way: Way, folder: Path) -> Session:
    """A session as the deployer of a team's environment, which knows the project's landing there.

    `session` has CI's credentials, or is any of the local cloud; `folder` is the local cloud's state folder. Raises
    UserError when the credentials are not CI's, or the account has no such environment.
    """
    ci = session
    if session.target == "local":
        ci = sign_in(root_session(session, way.identity), PERSONA, folder, way.team)
    tags = {TEAM_TAG: way.team}
    between = ci.assume(f"arn:aws:iam::{way.tooling}:role/headgate/headgate-tooling-deployer", tags)
    deployer = between.assume(f"arn:aws:iam::{way.account}:role/headgate/headgate-{way.environment}-deployer", tags)
    landing = read_landing(deployer.client("ssm"), way.account, way.environment, project)
    registry = between if landing.model_package_group else None
    return replace(
        deployer,
        landing=landing,
        in_registry=registry,
        declared_role=landing.role_arn,
        declared_bucket=landing.bucket,
    )
