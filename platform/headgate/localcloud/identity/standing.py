"""A caller's standing: principal, compiled policies and condition keys that stay the same from call to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity import principals
from headgate.localcloud.identity.directory import Directory, Document, Identity, Membership
from headgate.localcloud.identity.errors import PolicyError
from headgate.localcloud.identity.evaluate import POLICY_NAMES, Decision, Layer
from headgate.localcloud.identity.policy import Policy, PolicyKind, compile_policy
from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.seams import Caller

Context = Mapping[str, str | tuple[str, ...]]

_TYPES = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a caller is and what governs every call of theirs, until IAM or the organization changes.

    `sandboxed` callers act as the root of an account that is in no organization. `broken` is the denial of every
    call, where a stored policy cannot be compiled.
    """

    principal: Principal
    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] = ()
    context: Context = field(default_factory=dict)
    sandboxed: bool = False
    broken: Decision | None = None

    @property
    def unrestricted(self) -> bool:
        """Whether this is an account's root that no service control policy governs."""
        return self.principal.kind == "root" and not self.scps and self.broken is None


def standing_of(caller: Caller, directory: Directory) -> Standing:
    """Look a caller up. Raises AwsError (InvalidClientTokenId) for a principal that its account does not have."""
    if caller.service:
        return _service(caller.service)
    if not caller.principal:
        return Standing(principals.ANONYMOUS, context={"aws:principaltype": "Anonymous"})
    membership = directory.membership(caller.account)
    if principals.is_root(caller.principal):
        return _compiled(Identity(principals.root(caller.account)), membership)
    identity = directory.identity(caller)
    if identity is not None:
        return _compiled(identity, membership)
    if membership is not None:
        raise AwsError(
            "InvalidClientTokenId",
            f"the security token is invalid: account {caller.account} has no principal {caller.principal}",
            status=403,
        )
    return _compiled(Identity(principals.root(caller.account)), None)


def compiled(document: Document, kind: PolicyKind, layer: Layer) -> Policy | Decision:
    """A stored policy, or the denial that follows from its being malformed."""
    try:
        return compile_policy(document.text, kind, document.name)
    except PolicyError as error:
        reason = f"because the {POLICY_NAMES[layer]} {document.name} is malformed: {error}"
        return Decision(False, layer, "explicit-deny", reason, policy=document.name)


def organization_keys(membership: Membership | None, owner: str) -> dict[str, str | tuple[str, ...]]:
    """`aws:<owner>OrgID` and `aws:<owner>OrgPaths`, in lower case; nothing for an account in no organization."""
    if membership is None:
        return {}
    return {
        f"aws:{owner}orgid": membership.organization_id,
        f"aws:{owner}orgpaths": (membership.path,),
    }


def _service(name: str) -> Standing:
    context: dict[str, str | tuple[str, ...]] = {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": name,
        "aws:principalservicenameslist": (name,),
    }
    return Standing(principals.service(name), context=context)


def _compiled(identity: Identity, membership: Membership | None) -> Standing:
    principal = identity.principal
    context = _context(identity, membership)
    levels = membership.levels if membership and membership.management_account != principal.account else ()
    groups: tuple[tuple[Layer, PolicyKind, tuple[Document, ...]], ...] = (
        ("identity", "identity", identity.policies),
        ("boundary", "identity", (identity.boundary,) if identity.boundary else ()),
        ("session", "identity", identity.session or ()),
        *(("scp", "scp", level.policies) for level in levels),
    )
    made: list[tuple[Policy, ...]] = []
    for layer, kind, documents in groups:
        policies: list[Policy] = []
        for document in documents:
            found = compiled(document, kind, layer)
            if isinstance(found, Decision):
                return Standing(principal, context=context, broken=found)
            policies.append(found)
        made.append(tuple(policies))
    return Standing(
        principal,
        identity=made[0],
        boundary=made[1][0] if made[1] else None,
        session=None if identity.session is None else made[2],
        scps=tuple(made[3:]),
        context=context,
        sandboxed=membership is None and principal.kind == "root",
    )


def _context(identity: Identity, membership: Membership | None) -> Context:
    principal = identity.principal
    context: dict[str, str | tuple[str, ...]] = {
        "aws:principalarn": principal.policy_arn,
        "aws:principalaccount": principal.account,
        "aws:principaltype": _TYPES[principal.kind],
        "aws:principalisawsservice": "false",
    }
    if principal.kind == "user":
        context["aws:username"] = principal.arn.rpartition("/")[2]
    if principal.kind == "root":
        context["aws:userid"] = principal.account
    context |= organization_keys(membership, "principal")
    context |= {f"aws:principaltag/{key.lower()}": value for key, value in identity.tags.items()}
    context |= {key.lower(): value for key, value in identity.context.items()}
    return context
