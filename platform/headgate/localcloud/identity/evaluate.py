"""IAM's decision about one request: every layer of policies in the order that AWS documents.

Source: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "IAM roles: role trust
policies"; KMS Developer Guide, "Key policies". Pure: the same question always has the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from headgate.localcloud.identity.errors import UndecidableError
from headgate.localcloud.identity.policy import Policy, Statement
from headgate.localcloud.identity.policy_principals import Grant
from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.seams import Json

Layer = Literal["identity", "boundary", "session", "scp", "resource", "trust", "key", "endpoint", "root", "none"]
DecisionEffect = Literal["allow", "explicit-deny", "implicit-deny"]

POLICY_NAMES: Mapping[Layer, str] = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "resource": "resource-based policy",
    "key": "resource-based policy",
    "trust": "role trust policy",
    "endpoint": "VPC endpoint policy",
}
_OWN_BUCKET_POLICY = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})
"""What no bucket policy can take from the root of the bucket's own account."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Who wants to do what to which ARN; `context` holds condition keys in lower case."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every policy that has a say.

    `scps` are the service control policies of each level from the root to the account; empty where none apply (in no
    organization, the management account). `session` is None without session policies. `resource_layer` is `trust` for
    a role that is assumed and `key` for a KMS key, where the resource's policy has to allow what happens in its own
    account too; elsewhere it is `resource`.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    resource: Policy | None = None
    same_account: bool = True
    resource_layer: Literal["resource", "trust", "key"] = "resource"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, by which layer, and why.

    `reason` is the end of AWS's message (`because no identity-based policy allows the s3:GetObject action`), empty for
    an allow. `policy` and `statement` are those that decided, where one did.
    """

    allowed: bool
    layer: Layer
    effect: DecisionEffect
    reason: str
    statement: Json | None = None
    policy: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one layer says: its first deny, else its strongest allow, else what could not be decided."""

    deny: tuple[Policy, Statement] | None = None
    allow: tuple[Policy, Statement] | None = None
    grant: Grant = Grant.NONE
    doubt: str = ""


def evaluate(request: AccessRequest, policies: PolicySet) -> Decision:
    """Whether a request is allowed. Never raises for a compiled policy: what cannot be decided is denied."""
    kind = request.principal.kind
    governed = kind in {"user", "role"}
    scps = [] if _beyond_scps(request.principal) else [_verdict(request, level) for level in policies.scps]
    identity = _verdict(request, policies.identity) if governed else _Verdict()
    boundary = _verdict(request, (policies.boundary,)) if governed and policies.boundary else None
    session = _verdict(request, policies.session) if governed and policies.session is not None else None
    resource = _resource_verdict(request, policies)
    layers: list[tuple[Layer, _Verdict | None]] = [("scp", scp) for scp in scps]
    layers += [("boundary", boundary), ("session", session), ("identity", identity)]
    layers.append((policies.resource_layer, resource))
    for layer, verdict in layers:
        if verdict is not None and verdict.deny is not None:
            return _denied(layer, verdict)
    for scp in scps:
        if scp.allow is None:
            return _not_allowed(request, "scp", scp)
    if not governed:
        return _without_identity(request, policies, resource)
    return _with_identity(request, policies, resource, identity, (("boundary", boundary), ("session", session)))


def endpoint_denial(request: AccessRequest, policy: Policy) -> Decision | None:
    """Why a VPC endpoint does not let a request through, by its policy; None if it does.

    It adds to the other layers: what passes an endpoint is allowed by nothing yet (AWS PrivateLink guide, 'Control
    access to VPC endpoints using endpoint policies'). Everybody is bound by it, an account's root too.
    """
    verdict = _verdict(request, (policy,))
    if verdict.deny is not None:
        return _denied("endpoint", verdict)
    return _not_allowed(request, "endpoint", verdict) if verdict.allow is None else None


def spares_own_root(request: AccessRequest, *, same_account: bool) -> bool:
    """Whether a bucket's policy has no say: its account's root can always read, replace and delete the policy."""
    return request.principal.kind == "root" and same_account and request.action.lower() in _OWN_BUCKET_POLICY


def _with_identity(
    request: AccessRequest,
    policies: PolicySet,
    resource: _Verdict,
    identity: _Verdict,
    limits: Iterable[tuple[Layer, _Verdict | None]],
) -> Decision:
    """Users and roles, when nothing denies."""
    layer = policies.resource_layer
    required = layer != "resource"
    if required and resource.grant is Grant.NONE:
        return _not_allowed(request, layer, resource)
    if policies.same_account and resource.grant is Grant.SESSION:
        return _allowed(layer, resource)
    by_resource = policies.same_account and resource.grant is Grant.PRINCIPAL
    if identity.allow is None and not by_resource:
        return _not_allowed(request, "identity", identity)
    for limit, verdict in limits:
        if verdict is not None and verdict.allow is None:
            return _not_allowed(request, limit, verdict)
    if not policies.same_account and resource.grant is Grant.NONE:
        return _not_allowed(request, layer, resource)
    return _allowed(layer, resource) if identity.allow is None else _allowed("identity", identity)


def _without_identity(request: AccessRequest, policies: PolicySet, resource: _Verdict) -> Decision:
    """Account roots, services, federated users and anonymous callers: they have no identity-based policies."""
    layer = policies.resource_layer
    if request.principal.kind == "root" and policies.same_account and layer != "trust":
        return Decision(True, "root", "allow", "")
    if resource.grant is Grant.NONE:
        return _not_allowed(request, layer, resource)
    return _allowed(layer, resource)


def _beyond_scps(principal: Principal) -> bool:
    return principal.kind in {"service", "federated", "anonymous"} or principal.is_service_linked


def _resource_verdict(request: AccessRequest, policies: PolicySet) -> _Verdict:
    if policies.resource is None:
        return _Verdict()
    if spares_own_root(request, same_account=policies.same_account):
        return _Verdict()
    return _verdict(request, (policies.resource,))


def _verdict(request: AccessRequest, policies: tuple[Policy, ...]) -> _Verdict:
    allow: tuple[Policy, Statement] | None = None
    grant, doubt = Grant.NONE, ""
    for policy in policies:
        for statement in policy.about(request.action):
            given = _named(statement, request.principal)
            if given is Grant.NONE:
                continue
            try:
                applies = statement.names_resource(request.resource, request.context) and statement.meets_conditions(
                    request.context
                )
            except UndecidableError as error:
                doubt = doubt or f"{_place(policy, statement)}: {error}"
                if statement.effect == "Deny":
                    return _Verdict(deny=(policy, statement), doubt=doubt)
                continue
            if applies and statement.effect == "Deny":
                return _Verdict(deny=(policy, statement))
            if applies and given.value > grant.value:
                allow, grant = (policy, statement), given
    return _Verdict(None, allow, grant, doubt)


def _named(statement: Statement, principal: Principal) -> Grant:
    """Whether a statement is about a principal, and how strongly it names it; all that have no Principal are."""
    if statement.principals is None:
        return Grant.PRINCIPAL
    if statement.effect == "Deny":
        return Grant.PRINCIPAL if statement.principals.denies(principal) else Grant.NONE
    return statement.principals.grant(principal)


def _place(policy: Policy, statement: Statement) -> str:
    label = statement.source.get("Sid") or f"statement {statement.number}"
    return f"{label} of {policy.name}" if policy.name else str(label)


def _allowed(layer: Layer, verdict: _Verdict) -> Decision:
    policy, statement = verdict.allow or (None, None)
    source = statement.source if statement else None
    return Decision(True, layer, "allow", "", source, policy.name if policy else "")


def _denied(layer: Layer, verdict: _Verdict) -> Decision:
    policy, statement = verdict.deny or (None, None)
    name = policy.name if policy else ""
    where = f": {name}" if name else ""
    reason = f"with an explicit deny in {_article(layer)}{where}"
    if verdict.doubt:
        reason += f" ({verdict.doubt})"
    return Decision(False, layer, "explicit-deny", reason, statement.source if statement else None, name)


def _not_allowed(request: AccessRequest, layer: Layer, verdict: _Verdict) -> Decision:
    reason = f"because no {POLICY_NAMES[layer]} allows the {request.action} action"
    if verdict.doubt:
        reason += f" ({verdict.doubt})"
    return Decision(False, layer, "implicit-deny", reason)


def _article(layer: Layer) -> str:
    name = POLICY_NAMES[layer]
    if layer == "trust":
        return f"the {name}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
