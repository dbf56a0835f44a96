"""Roots and organizational units: making, finding, emptying."""

from __future__ import annotations

from dataclasses import replace

from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import SCP, Account, Organization, Policy, Unit
from headgate.localcloud.organizations.rules import Office, constraint, given_tags, page, target_arn, target_type
from headgate.localcloud.seams import Caller, Json, Operation


class Units:
    """The operations on the tree. All but the listing ones are the management account's."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.store

    def operations(self) -> dict[str, Operation]:
        return {
            "ListRoots": self.list_roots,
            "CreateOrganizationalUnit": self.create,
            "UpdateOrganizationalUnit": self.update,
            "DeleteOrganizationalUnit": self.delete,
            "DescribeOrganizationalUnit": self.describe,
            "ListOrganizationalUnitsForParent": self.list_units,
            "ListAccountsForParent": self.list_accounts,
            "ListChildren": self.list_children,
            "ListParents": self.list_parents,
        }

    def list_roots(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        root = self._office.unit(organization, organization.root, "ParentNotFoundException")
        types = [{"Type": kind, "Status": "ENABLED"} for kind in organization.policy_types]
        shown = {"Id": root.id, "Arn": target_arn(organization, root), "Name": root.name, "PolicyTypes": types}
        return page([shown], request, "Roots")

    def create(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            parent = self._office.unit(organization, request["ParentId"], "ParentNotFoundException")
            self._check_name(parent, request["Name"])
            self._check_quotas(organization, parent)
            suffix = organization.root.partition("-")[2]
            unit = Unit(self._office.identifier(f"ou-{suffix}", 8), organization.id, parent.id, request["Name"])
            self._store.put(unit)
            self._office.set_tags(organization, unit.id, given_tags(request))
            self._attach_full_access(organization, unit)
        return {"OrganizationalUnit": _shown(organization, unit)}

    def update(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            unit = self._unit(organization, request)
            name = request.get("Name", unit.name)
            if name != unit.name:
                self._check_name(self._office.unit(organization, unit.parent, "ParentNotFoundException"), name)
            unit = replace(unit, name=name)
            self._store.put(unit)
        return {"OrganizationalUnit": _shown(organization, unit)}

    def delete(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            unit = self._unit(organization, request)
            if self._units(unit.id) or self._accounts(unit.id):
                raise AwsError(
                    "OrganizationalUnitNotEmptyException",
                    "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all "
                    "child OUs, and try the operation again.",
                )
            for policy in self._store.all(Policy, organization.id):
                if unit.id in policy.targets:
                    self._store.put(replace(policy, targets=tuple(one for one in policy.targets if one != unit.id)))
            self._store.remove(unit)
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        return {"OrganizationalUnit": _shown(organization, self._unit(organization, request))}

    def list_units(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        parent = self._office.unit(organization, request["ParentId"], "ParentNotFoundException")
        return page([_shown(organization, unit) for unit in self._units(parent.id)], request, "OrganizationalUnits")

    def list_accounts(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        parent = self._office.unit(organization, request["ParentId"], "ParentNotFoundException")
        shown = [shown_account(organization, account) for account in self._accounts(parent.id)]
        return page(shown, request, "Accounts")

    def list_children(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        parent = self._office.unit(organization, request["ParentId"], "ParentNotFoundException")
        found = self._accounts(parent.id) if request["ChildType"] == "ACCOUNT" else self._units(parent.id)
        return page([{"Id": row.id, "Type": request["ChildType"]} for row in found], request, "Children")

    def list_parents(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        child = self._store.targets(organization.id, request["ChildId"])
        if child is None:
            raise AwsError("ChildNotFoundException", f"You specified a child that doesn't exist: {request['ChildId']}")
        parent = self._store.find(Unit, child.parent)
        shown = [{"Id": parent.id, "Type": target_type(parent)}] if parent else []
        return page(shown, request, "Parents")

    def _unit(self, organization: Organization, request: Json) -> Unit:
        identifier = request["OrganizationalUnitId"]
        unit = self._office.unit(organization, identifier, "OrganizationalUnitNotFoundException")
        if not unit.parent:
            raise AwsError("OrganizationalUnitNotFoundException", f"{identifier} is a root, no organizational unit")
        return unit

    def _units(self, parent: str) -> list[Unit]:
        return [unit for unit in self._store.all(Unit) if unit.parent == parent]

    def _accounts(self, parent: str) -> list[Account]:
        return [account for account in self._store.all(Account) if account.parent == parent]

    def _check_name(self, parent: Unit, name: str) -> None:
        if any(unit.name == name for unit in self._units(parent.id)):
            raise AwsError("DuplicateOrganizationalUnitException", f"An OU with the name {name} already exists.")

    def _check_quotas(self, organization: Organization, parent: Unit) -> None:
        quotas = self._office.quotas()
        if len(self._store.way(parent)) > quotas.depth:
            raise constraint("OU_DEPTH_LIMIT_EXCEEDED", f"OUs nest at most {quotas.depth} levels deep below the root")
        if len(self._store.all(Unit, organization.id)) > quotas.units:
            raise constraint("OU_NUMBER_LIMIT_EXCEEDED", f"an organization has at most {quotas.units} OUs")

    def _attach_full_access(self, organization: Organization, unit: Unit) -> None:
        if SCP in organization.policy_types:
            attach_full_access(self._office, organization, unit.id)


def attach_full_access(office: Office, organization: Organization, target: str) -> None:
    """Every root, unit and account gets FullAWSAccess while SCPs are enabled; deny lists rest on it."""
    policy = office.store.find(Policy, full_access_id(organization))
    if policy is not None and target not in policy.targets:
        office.store.put(replace(policy, targets=(*policy.targets, target)))


def full_access_id(organization: Organization) -> str:
    """Where this organization's attachments of the AWS managed policy are kept."""
    return f"p-FullAWSAccess@{organization.id}"


def _shown(organization: Organization, unit: Unit) -> Json:
    return {"Id": unit.id, "Arn": target_arn(organization, unit), "Name": unit.name}


def shown_account(organization: Organization, account: Account) -> Json:
    """An account as the API shows it."""
    return {
        "Id": account.id,
        "Arn": target_arn(organization, account),
        "Email": account.email,
        "Name": account.name,
        "Status": account.status,
        "State": account.status,
        "JoinedMethod": account.joined_by,
        "JoinedTimestamp": account.joined,
    }
