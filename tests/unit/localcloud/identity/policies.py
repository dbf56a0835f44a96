"""Small policies, principals and requests for the tests of IAM's evaluation."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.identity import principals
from headgate.localcloud.identity.evaluate import AccessRequest, Decision, PolicySet, evaluate
from headgate.localcloud.identity.policy import Policy, PolicyKind, parse_policy

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/worker"
SESSION = principals.session(f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/run", ROLE)
USER = principals.user(f"arn:aws:iam::{ACCOUNT}:user/somebody")
BUCKET = "arn:aws:s3:::bucket"
OBJECT = f"{BUCKET}/key"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(*statements: dict[str, Any], kind: PolicyKind = "identity", name: str = "") -> Policy:
    return parse_policy(document(*statements), kind, name)


def on_bucket(*statements: dict[str, Any]) -> Policy:
    return policy(*statements, kind="resource")


EVERYTHING = policy(allow())


def ask(
    *,
    principal: principals.Principal = SESSION,
    action: str = "s3:GetObject",
    arn: str = OBJECT,
    context: dict[str, Any] | None = None,
    **policies: Any,
) -> Decision:
    """The decision about one request; `policies` are those of PolicySet."""
    return evaluate(AccessRequest(principal, action, arn, context or {}), PolicySet(**policies))


def holds(condition: dict[str, Any], context: dict[str, Any]) -> bool:
    """Whether an Allow with this condition allows."""
    made = policy(allow(Condition=condition))
    return ask(identity=(made,), context={key.lower(): value for key, value in context.items()}).allowed
