"""Policies of an organization: only service control policies decide anything here, and only they can be made."""

from __future__ import annotations

import json
from dataclasses import replace

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.organizations.model import FULL_ACCESS, SCP, Account, Organization, Policy, Unit
from headgate.localcloud.organizations.rules import (
    Office,
    constraint,
    given_tags,
    page,
    target_arn,
    target_type,
)
from headgate.localcloud.organizations.units_api import attach_full_access, full_access_id
from headgate.localcloud.seams import Caller, Json, Operation

_ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Policies:
    """The operations on policies and what they are attached to; the management account's, except for reading."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.store

    def operations(self) -> dict[str, Operation]:
        return {
            "EnablePolicyType": self.enable,
            "DisablePolicyType": self.disable,
            "CreatePolicy": self.create,
            "UpdatePolicy": self.update,
            "DeletePolicy": self.delete,
            "DescribePolicy": self.describe,
            "ListPolicies": self.list_all,
            "AttachPolicy": self.attach,
            "DetachPolicy": self.detach,
            "ListPoliciesForTarget": self.list_for_target,
            "ListTargetsForPolicy": self.list_targets,
        }

    def enable(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        kind = _only_scp(request["PolicyType"])
        with self._store.changing():
            root = self._office.unit(organization, request["RootId"], "RootNotFoundException")
            if kind in organization.policy_types:
                raise AwsError("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
            organization = replace(organization, policy_types=(*organization.policy_types, kind))
            self._store.put(organization)
            self._restore_full_access(organization)
        types = [{"Type": one, "Status": "ENABLED"} for one in organization.policy_types]
        return {"Root": {"Id": root.id, "Arn": target_arn(organization, root), "Name": root.name, "PolicyTypes": types}}

    def disable(self, caller: Caller, request: Json) -> Json:
        """Detaches every policy of the type from everything; enabling it again attaches FullAWSAccess only."""
        organization = self._office.manager(caller)
        kind = request["PolicyType"]
        with self._store.changing():
            root = self._office.unit(organization, request["RootId"], "RootNotFoundException")
            if kind not in organization.policy_types:
                raise AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't enabled.")
            for policy in self._store.all(Policy, organization.id):
                if policy.type == kind:
                    self._store.put(replace(policy, targets=()))
            self._store.put(replace(organization, policy_types=()))
        return {"Root": {"Id": root.id, "Arn": target_arn(organization, root), "Name": root.name, "PolicyTypes": []}}

    def create(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            self._check_name(organization, request["Name"])
            own = [policy for policy in self._store.all(Policy, organization.id) if not policy.aws_managed]
            if len(own) >= self._office.quotas().policies:
                raise constraint("POLICY_NUMBER_LIMIT_EXCEEDED", "You have reached the number of policies.")
            kind = _only_scp(request["Type"])
            content = self._checked(request["Content"])
            name, text = request["Name"], request["Description"]
            policy = Policy(self._office.identifier("p", 8), organization.id, name, text, kind, content)
            self._store.put(policy)
            self._office.set_tags(organization, policy.id, given_tags(request))
        return {"Policy": _whole(organization, policy)}

    def update(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            policy = self._own(organization, request["PolicyId"])
            if request.get("Name", policy.name) != policy.name:
                self._check_name(organization, request["Name"])
            policy = replace(
                policy,
                name=request.get("Name", policy.name),
                description=request.get("Description", policy.description),
                content=self._checked(request["Content"]) if "Content" in request else policy.content,
            )
            self._store.put(policy)
        return {"Policy": _whole(organization, policy)}

    def delete(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            policy = self._own(organization, request["PolicyId"])
            if policy.targets:
                raise AwsError(
                    "PolicyInUseException",
                    f"The policy is attached to {len(policy.targets)} root, OU or account; detach it first.",
                )
            self._store.remove(policy)
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        return {"Policy": _whole(organization, self._policy(organization, request["PolicyId"]))}

    def list_all(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        found = [policy for policy in self._store.all(Policy, organization.id) if policy.type == request["Filter"]]
        return page([_summary(organization, policy) for policy in found], request, "Policies")

    def attach(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            policy = self._policy(organization, request["PolicyId"])
            target = self._office.target(organization, request["TargetId"])
            if policy.type not in organization.policy_types:
                raise AwsError("PolicyTypeNotEnabledException", "The specified policy type isn't enabled.")
            if target.id in policy.targets:
                message = "The selected policy is already attached to the specified target."
                raise AwsError("DuplicatePolicyAttachmentException", message)
            most = self._office.quotas().policies_per_target
            if len(self._attached(organization, target.id, policy.type)) >= most:
                message = f"You have attached the maximum number of policies ({most}) to the specified target."
                raise constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message)
            self._store.put(replace(policy, targets=(*policy.targets, target.id)))
        return {}

    def detach(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            policy = self._policy(organization, request["PolicyId"])
            target = self._office.target(organization, request["TargetId"])
            if target.id not in policy.targets:
                message = "The policy isn't attached to the specified target in the specified root."
                raise AwsError("PolicyNotAttachedException", message)
            if len(self._attached(organization, target.id, policy.type)) == 1:
                message = "You cannot remove the last policy attached to the specified target."
                raise constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message)
            left = tuple(one for one in policy.targets if one != target.id)
            self._store.put(replace(policy, targets=left))
        return {}

    def list_for_target(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        target = self._office.target(organization, request["TargetId"])
        found = self._attached(organization, target.id, request["Filter"])
        return page([_summary(organization, policy) for policy in found], request, "Policies")

    def list_targets(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        policy = self._policy(organization, request["PolicyId"])
        rows = [self._store.targets(organization.id, one) for one in policy.targets]
        shown = [
            {
                "TargetId": row.id,
                "Arn": target_arn(organization, row),
                "Name": row.name,
                "Type": target_type(row),
            }
            for row in rows
            if row is not None
        ]
        return page(shown, request, "Targets")

    def _restore_full_access(self, organization: Organization) -> None:
        identifier = full_access_id(organization)
        if self._store.find(Policy, identifier) is None:
            text = "Allows access to every operation"
            content = json.dumps(_ALLOW_ALL)
            self._store.put(Policy(identifier, organization.id, "FullAWSAccess", text, SCP, content, aws_managed=True))
        rows: list[Unit | Account] = [*self._store.all(Unit, organization.id)]
        for row in [*rows, *self._store.all(Account, organization.id)]:
            attach_full_access(self._office, organization, row.id)

    def _attached(self, organization: Organization, target: str, kind: str) -> list[Policy]:
        policies = self._store.all(Policy, organization.id)
        return [policy for policy in policies if target in policy.targets and policy.type == kind]

    def _policy(self, organization: Organization, identifier: str) -> Policy:
        kept = full_access_id(organization) if identifier == FULL_ACCESS else identifier
        policy = self._store.find(Policy, kept)
        if policy is None or policy.organization != organization.id:
            raise AwsError("PolicyNotFoundException", f"We can't find a policy with the PolicyId {identifier}.")
        return policy

    def _own(self, organization: Organization, identifier: str) -> Policy:
        policy = self._policy(organization, identifier)
        if policy.aws_managed:
            raise AwsError("AccessDeniedException", "AWS managed policies cannot be changed or deleted.")
        return policy

    def _check_name(self, organization: Organization, name: str) -> None:
        if any(policy.name == name for policy in self._store.all(Policy, organization.id)):
            raise AwsError("DuplicatePolicyException", f"A policy with the name {name} already exists.")

    def _checked(self, content: str) -> str:
        """The policy's text. Raises AwsError: MalformedPolicyDocumentException, ConstraintViolationException."""
        most = self._office.quotas().policy_characters
        if len(content) > most:
            message = f"You have exceeded the allowed size of a policy: {len(content)} characters, {most} are allowed."
            raise constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message)
        check_scp(content)
        return content


def check_scp(content: str) -> None:
    """Raises AwsError (MalformedPolicyDocumentException) for what is no service control policy."""
    from headgate.localcloud.identity.errors import PolicyError
    from headgate.localcloud.identity.policy import compile_policy

    try:
        compile_policy(content, "scp")
    except PolicyError as error:
        message = f"The provided policy document does not meet the requirements of the specified policy type: {error}"
        raise AwsError("MalformedPolicyDocumentException", message) from error


def _only_scp(kind: str) -> str:
    if kind != SCP:
        raise unsupported(f"organization policies of type {kind} (only {SCP})")
    return kind


def _summary(organization: Organization, policy: Policy) -> Json:
    identifier = FULL_ACCESS if policy.aws_managed else policy.id
    kind = policy.type.lower()
    own = organization.arn(f"policy/{organization.id}/{kind}/{identifier}")
    return {
        "Id": identifier,
        "Arn": f"arn:aws:organizations::aws:policy/{kind}/{identifier}" if policy.aws_managed else own,
        "Name": policy.name,
        "Description": policy.description,
        "Type": policy.type,
        "AwsManaged": policy.aws_managed,
    }


def _whole(organization: Organization, policy: Policy) -> Json:
    return {"PolicySummary": _summary(organization, policy), "Content": policy.content}
