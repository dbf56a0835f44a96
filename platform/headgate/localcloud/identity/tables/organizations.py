"""AWS Organizations.

A request knows ids only: `o-*` and the caller's account stand in the ARNs until the authorizer has put the
organization's id and its management account there.
"""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, creates, same, tags_resource, untags_resource
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_KINDS = {"r": "root", "ou": "ou", "p": "policy", "h": "handshake"}
_POLICY_TYPE: Keys = {"organizations:PolicyType": "PolicyType"}
_FILTER: Keys = {"organizations:PolicyType": "Filter"}
_PRINCIPAL: Keys = {"organizations:ServicePrincipal": "ServicePrincipal"}
_SCP = "service_control_policy"
_FULL_ACCESS = "p-FullAWSAccess"  # AWS's own, in every organization


def _thing(*paths: str) -> Arns:
    """The roots, OUs, accounts and policies that ids in the parameters name."""

    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        found = [str(value) for path in paths if (value := at(parameters, path))]
        return tuple(_arn(value, caller.account) for value in found) or ("*",)

    return arns


def _arn(identifier: str, account: str) -> str:
    start = f"arn:aws:organizations::{account}:"
    kind = "account" if identifier.isdigit() else _KINDS.get(identifier.partition("-")[0], "account")
    if identifier == _FULL_ACCESS:
        return f"arn:aws:organizations::aws:policy/{_SCP}/{identifier}"
    if kind == "policy":
        return f"{start}policy/o-*/{_SCP}/{identifier}"
    return f"{start}{kind}/o-*/{identifier}"


_ACCOUNT = _thing("AccountId")
_POLICY = _thing("PolicyId")
_PARENT = _thing("ParentId")
_UNIT = _thing("OrganizationalUnitId")
_TARGET = _thing("TargetId")
_HANDSHAKE = "arn:aws:organizations::{account}:handshake/o-*/*/{HandshakeId}"
_TAG = "organizations:TagResource"

OPERATIONS: Operations = {
    **same(
        "organizations",
        "*",
        "CreateOrganization DeleteOrganization DescribeOrganization EnableAllFeatures LeaveOrganization "
        "ListAWSServiceAccessForOrganization ListAccounts ListCreateAccountStatus ListHandshakesForAccount "
        "ListHandshakesForOrganization ListRoots DescribeCreateAccountStatus DescribeResourcePolicy",
    ),
    **same(
        "organizations", "*", "DisableAWSServiceAccess EnableAWSServiceAccess ListDelegatedAdministrators", _PRINCIPAL
    ),
    **same("organizations", _ACCOUNT, "RegisterDelegatedAdministrator DeregisterDelegatedAdministrator", _PRINCIPAL),
    **same(
        "organizations",
        _ACCOUNT,
        "CloseAccount DescribeAccount RemoveAccountFromOrganization ListDelegatedServicesForAccount",
    ),
    "CreateAccount": creates("organizations:CreateAccount", "*", tag_action=_TAG),
    "InviteAccountToOrganization": creates(
        "organizations:InviteAccountToOrganization", _thing("Target.Id"), tag_action=_TAG
    ),
    **same("organizations", _HANDSHAKE, "AcceptHandshake CancelHandshake DeclineHandshake DescribeHandshake"),
    "MoveAccount": (Need("organizations:MoveAccount", _thing("AccountId", "SourceParentId", "DestinationParentId")),),
    "CreateOrganizationalUnit": creates("organizations:CreateOrganizationalUnit", _PARENT, tag_action=_TAG),
    **same("organizations", _UNIT, "DeleteOrganizationalUnit DescribeOrganizationalUnit UpdateOrganizationalUnit"),
    **same("organizations", _PARENT, "ListAccountsForParent ListChildren ListOrganizationalUnitsForParent"),
    "ListParents": (Need("organizations:ListParents", _thing("ChildId")),),
    "CreatePolicy": creates("organizations:CreatePolicy", "*", {"organizations:PolicyType": "Type"}, tag_action=_TAG),
    **same("organizations", _POLICY, "DeletePolicy DescribePolicy UpdatePolicy ListTargetsForPolicy"),
    **same("organizations", _thing("PolicyId", "TargetId"), "AttachPolicy DetachPolicy"),
    **same("organizations", "*", "ListPolicies", _FILTER),
    **same("organizations", _TARGET, "ListPoliciesForTarget", _FILTER),
    **same("organizations", _TARGET, "DescribeEffectivePolicy", _POLICY_TYPE),
    **same("organizations", _thing("RootId"), "EnablePolicyType DisablePolicyType", _POLICY_TYPE),
    "PutResourcePolicy": creates(
        "organizations:PutResourcePolicy", "arn:aws:organizations::{account}:resourcepolicy/o-*/rp-*"
    ),
    **same("organizations", "*", "DeleteResourcePolicy"),
    "ListTagsForResource": (Need("organizations:ListTagsForResource", _thing("ResourceId")),),
    "TagResource": tags_resource(_TAG, _thing("ResourceId")),
    "UntagResource": untags_resource("organizations:UntagResource", _thing("ResourceId")),
}
