"""IAM. A role, user or policy is named without its path; the directory adds it. New ones get the path that is asked."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    allowed_by,
    constant,
    creates,
    pass_role,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_ROLE = "arn:aws:iam::{account}:role/{RoleName}"
_GROUP = "arn:aws:iam::{account}:group/{GroupName}"
_PROFILE = "arn:aws:iam::{account}:instance-profile/{InstanceProfileName}"
_POLICY = "{PolicyArn}"
_PROVIDER = "{OpenIDConnectProviderArn}"
_SAML = "{SAMLProviderArn}"
_BOUNDARY: Keys = {"iam:PermissionsBoundary": "PermissionsBoundary"}
_ATTACHED: Keys = {"iam:PolicyARN": "PolicyArn"}


def _new(kind: str, name: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        path = at(parameters, "Path") or "/"
        return (f"arn:aws:iam::{caller.account}:{kind}{path}{at(parameters, name) or '*'}",)

    return arns


def _user(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """A user without a name is the caller."""
    name = at(parameters, "UserName")
    own = caller.principal if ":user/" in caller.principal else f"arn:aws:iam::{caller.account}:user/*"
    return (f"arn:aws:iam::{caller.account}:user/{name}" if name else own,)


def _service_linked(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    service = at(parameters, "AWSServiceName") or "*"
    return (f"arn:aws:iam::{caller.account}:role/aws-service-role/{service}/*",)


def _provider(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    host = str(at(parameters, "Url") or "*").removeprefix("https://")
    return (f"arn:aws:iam::{caller.account}:oidc-provider/{host}",)


_ROLES: Operations = {
    "CreateRole": creates("iam:CreateRole", _new("role", "RoleName"), _BOUNDARY, tag_action="iam:TagRole"),
    **same("iam", _ROLE, "AttachRolePolicy DetachRolePolicy", _ATTACHED),
    **same("iam", _ROLE, "PutRolePermissionsBoundary", _BOUNDARY),
    **same(
        "iam",
        _ROLE,
        "DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
        "ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePolicy UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
    ),
    "TagRole": tags_resource("iam:TagRole", _ROLE),
    "UntagRole": untags_resource("iam:UntagRole", _ROLE),
    "CreateServiceLinkedRole": (
        Need("iam:CreateServiceLinkedRole", _service_linked, {"iam:AWSServiceName": "AWSServiceName"}),
    ),
    "DeleteServiceLinkedRole": (Need("iam:DeleteServiceLinkedRole", _ROLE),),
    "GetServiceLinkedRoleDeletionStatus": (
        Need("iam:GetServiceLinkedRoleDeletionStatus", "arn:aws:iam::{account}:role/aws-service-role/*"),
    ),
    **same("iam", "*", "ListRoles"),
}
_USERS: Operations = {
    "CreateUser": creates("iam:CreateUser", _new("user", "UserName"), _BOUNDARY, tag_action="iam:TagUser"),
    **same("iam", _user, "AttachUserPolicy DetachUserPolicy", _ATTACHED),
    **same("iam", _user, "PutUserPermissionsBoundary", _BOUNDARY),
    **same(
        "iam",
        _user,
        "CreateAccessKey CreateLoginProfile DeleteAccessKey DeleteLoginProfile DeleteUser "
        "DeleteUserPermissionsBoundary DeleteUserPolicy GetLoginProfile GetUser GetUserPolicy ListAccessKeys "
        "ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSigningCertificates ListUserPolicies "
        "ListUserTags PutUserPolicy UpdateAccessKey UpdateLoginProfile UpdateUser",
    ),
    "GetAccessKeyLastUsed": (Need("iam:GetAccessKeyLastUsed", "arn:aws:iam::{account}:user/*"),),
    "TagUser": tags_resource("iam:TagUser", _user),
    "UntagUser": untags_resource("iam:UntagUser", _user),
    **same("iam", "*", "ListUsers"),
}
_GROUPS: Operations = {
    "CreateGroup": (Need("iam:CreateGroup", _new("group", "GroupName")),),
    **same("iam", _GROUP, "AttachGroupPolicy DetachGroupPolicy", _ATTACHED),
    **same(
        "iam",
        _GROUP,
        "AddUserToGroup DeleteGroup DeleteGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies "
        "ListGroupPolicies PutGroupPolicy RemoveUserFromGroup UpdateGroup",
    ),
    **same("iam", "*", "ListGroups"),
}
_POLICIES: Operations = {
    "CreatePolicy": creates("iam:CreatePolicy", _new("policy", "PolicyName"), tag_action="iam:TagPolicy"),
    **same(
        "iam",
        _POLICY,
        "CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion ListEntitiesForPolicy "
        "ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion",
    ),
    "TagPolicy": tags_resource("iam:TagPolicy", _POLICY),
    "UntagPolicy": untags_resource("iam:UntagPolicy", _POLICY),
    **same("iam", "*", "ListPolicies SimulateCustomPolicy"),
    "SimulatePrincipalPolicy": (Need("iam:SimulatePrincipalPolicy", "{PolicySourceArn}"),),
}
_REST: Operations = {
    "CreateInstanceProfile": creates(
        "iam:CreateInstanceProfile",
        _new("instance-profile", "InstanceProfileName"),
        tag_action="iam:TagInstanceProfile",
    ),
    "AddRoleToInstanceProfile": (
        Need("iam:AddRoleToInstanceProfile", _PROFILE),
        pass_role("RoleName", constant("ec2.amazonaws.com")),
    ),
    **same("iam", _PROFILE, "DeleteInstanceProfile GetInstanceProfile RemoveRoleFromInstanceProfile"),
    **same("iam", "*", "ListInstanceProfiles"),
    "CreateOpenIDConnectProvider": creates(
        "iam:CreateOpenIDConnectProvider", _provider, tag_action="iam:TagOpenIDConnectProvider"
    ),
    **same(
        "iam",
        _PROVIDER,
        "AddClientIDToOpenIDConnectProvider DeleteOpenIDConnectProvider GetOpenIDConnectProvider "
        "RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint",
    ),
    "CreateSAMLProvider": creates(
        "iam:CreateSAMLProvider", "arn:aws:iam::{account}:saml-provider/{Name}", tag_action="iam:TagSAMLProvider"
    ),
    **same("iam", _SAML, "DeleteSAMLProvider GetSAMLProvider UpdateSAMLProvider"),
    **same(
        "iam",
        "*",
        "CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport "
        "GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetCredentialReport "
        "ListAccountAliases ListOpenIDConnectProviders ListSAMLProviders ListServerCertificates ListVirtualMFADevices "
        "UpdateAccountPasswordPolicy",
    ),
    **allowed_by("iam:GetContextKeysForCustomPolicy", "*", "GetContextKeysForCustomPolicy"),
}

OPERATIONS: Operations = {**_ROLES, **_USERS, **_GROUPS, **_POLICIES, **_REST}
