"""The organization itself: created, described, what it trusts, whom it delegates to, tags of all that it holds."""

from __future__ import annotations

import re
from dataclasses import replace

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.organizations.model import SCP, Account, Handshake, Organization, Policy, Tags, Unit
from headgate.localcloud.organizations.rules import Office, constraint, given_tags, invalid, page, target_arn
from headgate.localcloud.organizations.units_api import attach_full_access, shown_account
from headgate.localcloud.seams import Caller, Json, Operation

_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")


class OrganizationItself:
    """The operations on an organization as a whole."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.store

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateOrganization": self.create,
            "DescribeOrganization": self.describe,
            "DeleteOrganization": self.delete,
            "EnableAWSServiceAccess": self.trust,
            "DisableAWSServiceAccess": self.distrust,
            "ListAWSServiceAccessForOrganization": self.list_trusted,
            "RegisterDelegatedAdministrator": self.delegate,
            "DeregisterDelegatedAdministrator": self.end_delegation,
            "ListDelegatedAdministrators": self.list_delegated,
            "ListDelegatedServicesForAccount": self.list_delegated_services,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        if request.get("FeatureSet", "ALL") != "ALL":
            raise unsupported("organizations with consolidated billing only (FeatureSet has to be ALL)")
        with self._store.changing():
            if self._store.of_account(caller.account) is not None:
                message = "The AWS account is already a member of an organization."
                raise AwsError("AlreadyInOrganizationException", message)
            now = self._office.clock.now()
            identifier, root = self._office.identifier("o", 10), self._office.identifier("r", 4)
            organization = Organization(identifier, caller.account, root, now)
            self._store.put(organization)
            self._store.put(Unit(root, identifier, "", "Root"))
            email = f"management+{caller.account}@example.com"
            self._store.put(Account(caller.account, identifier, root, "management", email, now, "INVITED"))
        return {"Organization": self._shown(organization)}

    def describe(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - it has no parameters
        organization, _ = self._office.member(caller)
        return {"Organization": self._shown(organization)}

    def delete(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - it has no parameters
        organization = self._office.manager(caller)
        with self._store.changing():
            if len(self._store.all(Account, organization.id)) > 1 or len(self._store.all(Unit, organization.id)) > 1:
                message = "To delete an organization you must first remove all member accounts and OUs."
                raise AwsError("OrganizationNotEmptyException", message)
            for kind in (Policy, Handshake, Tags, Unit, Account):
                for row in self._store.all(kind, organization.id):
                    self._store.remove(row)
            self._store.remove(organization)
        return {}

    def trust(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        principal = _service(request)
        with self._store.changing():
            now = organization.trusted.get(principal, self._office.clock.now())
            self._store.put(replace(organization, trusted={**organization.trusted, principal: now}))
        return {}

    def distrust(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        principal = _service(request)
        with self._store.changing():
            if any(principal in services for services in organization.delegated.values()):
                message = f"{principal} has delegated administrators; deregister them first."
                raise constraint("CANNOT_DISABLE_SERVICE_WITH_DELEGATED_ADMIN", message)
            left = {name: at for name, at in organization.trusted.items() if name != principal}
            self._store.put(replace(organization, trusted=left))
        return {}

    def list_trusted(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        shown = [{"ServicePrincipal": name, "DateEnabled": at} for name, at in organization.trusted.items()]
        return page(shown, request, "EnabledServicePrincipals")

    def delegate(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        principal = _service(request)
        with self._store.changing():
            account = self._office.account(organization, request["AccountId"])
            if account.id == organization.management_account:
                message = "You cannot register the management account as a delegated administrator."
                raise constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", message)
            services = organization.delegated.get(account.id, {})
            if principal in services:
                message = "The specified account is already a delegated administrator for this AWS service."
                raise AwsError("AccountAlreadyRegisteredException", message)
            services = {**services, principal: self._office.clock.now()}
            self._store.put(replace(organization, delegated={**organization.delegated, account.id: services}))
        return {}

    def end_delegation(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        principal = _service(request)
        with self._store.changing():
            account = self._office.account(organization, request["AccountId"])
            services = organization.delegated.get(account.id, {})
            if principal not in services:
                message = "The specified account is not a delegated administrator for this AWS service."
                raise AwsError("AccountNotRegisteredException", message)
            left = {name: at for name, at in services.items() if name != principal}
            others = {name: given for name, given in organization.delegated.items() if name != account.id}
            self._store.put(replace(organization, delegated={**others, **({account.id: left} if left else {})}))
        return {}

    def list_delegated(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        wanted = request.get("ServicePrincipal")
        shown = []
        for account, services in organization.delegated.items():
            member = self._store.find(Account, account)
            if member is not None and (wanted is None or wanted in services):
                at = services[wanted] if wanted else min(services.values())
                shown.append({**shown_account(organization, member), "DelegationEnabledDate": at})
        return page(shown, request, "DelegatedAdministrators")

    def list_delegated_services(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        account = self._office.account(organization, request["AccountId"])
        services = organization.delegated.get(account.id, {})
        shown = [{"ServicePrincipal": name, "DelegationEnabledDate": at} for name, at in services.items()]
        return page(shown, request, "DelegatedServices")

    def tag(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            identifier = self._tagged(organization, request["ResourceId"])
            tags = {**self._store.tags(identifier), **given_tags(request)}
            self._office.set_tags(organization, identifier, tags)
        return {}

    def untag(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            identifier = self._tagged(organization, request["ResourceId"])
            gone = set(request["TagKeys"])
            left = {name: value for name, value in self._store.tags(identifier).items() if name not in gone}
            self._office.set_tags(organization, identifier, left)
        return {}

    def list_tags(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        tags = self._store.tags(self._tagged(organization, request["ResourceId"]))
        return page([{"Key": name, "Value": value} for name, value in tags.items()], request, "Tags")

    def _tagged(self, organization: Organization, identifier: str) -> str:
        policy = self._store.find(Policy, identifier)
        if policy is not None and policy.organization == organization.id:
            return policy.id
        return self._office.target(organization, identifier).id

    def _shown(self, organization: Organization) -> Json:
        manager = self._store.find(Account, organization.management_account)
        email = manager.email if manager else ""
        arn = target_arn(organization, manager) if manager else ""
        return {
            "Id": organization.id,
            "Arn": organization.own_arn,
            "FeatureSet": "ALL",
            "MasterAccountArn": arn,
            "MasterAccountId": organization.management_account,
            "MasterAccountEmail": email,
            "AvailablePolicyTypes": [{"Type": SCP, "Status": "ENABLED"}],
        }


def join(office: Office, organization: Organization, account: Account) -> None:
    """Put a new member into the root, with what every member has."""
    office.store.put(account)
    if SCP in organization.policy_types:
        attach_full_access(office, organization, account.id)


def _service(request: Json) -> str:
    principal = str(request["ServicePrincipal"])
    if not _SERVICE.fullmatch(principal):
        raise invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.")
    return principal
