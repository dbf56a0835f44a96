"""Invitations: how an account that exists already comes into an organization."""

from __future__ import annotations

from dataclasses import replace

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.organizations.model import Account, Handshake, Organization
from headgate.localcloud.organizations.organization_api import join
from headgate.localcloud.organizations.rules import Office, given_tags, page
from headgate.localcloud.seams import Caller, Json, Operation

_LIFETIME = 15 * 86400.0


class Handshakes:
    """The operations on invitations: the management account invites and cancels, the account accepts or declines."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._store = office.store

    def operations(self) -> dict[str, Operation]:
        return {
            "InviteAccountToOrganization": self.invite,
            "AcceptHandshake": self.accept,
            "DeclineHandshake": self.decline,
            "CancelHandshake": self.cancel,
            "DescribeHandshake": self.describe,
            "ListHandshakesForAccount": self.list_for_account,
            "ListHandshakesForOrganization": self.list_for_organization,
        }

    def invite(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        target = request["Target"]
        if target["Type"] != "ACCOUNT":
            raise unsupported(f"invitations by {target['Type']} (only by account id)")
        account = target["Id"]
        with self._store.changing():
            if self._store.of_account(account) is not None:
                reason = {"Reason": "ALREADY_IN_AN_ORGANIZATION"}
                message = f"Account {account} is already in an organization."
                raise AwsError("HandshakeConstraintViolationException", message, members=reason)
            if any(one.account == account for one in self._open(organization)):
                raise AwsError("DuplicateHandshakeException", f"Account {account} is already invited.")
            if len(self._store.all(Account, organization.id)) >= self._office.quotas().accounts:
                message = "You've exceeded the number of accounts you can have in an organization."
                reason = {"Reason": "ACCOUNT_NUMBER_LIMIT_EXCEEDED"}
                raise AwsError("HandshakeConstraintViolationException", message, members=reason)
            now = self._office.clock.now()
            identifier = self._office.identifier("h", 32)
            handshake = Handshake(
                identifier,
                organization.id,
                account,
                f"account+{account}@example.com",
                now,
                now + _LIFETIME,
                notes=request.get("Notes", ""),
                tags=given_tags(request),
            )
            self._store.put(handshake)
        return {"Handshake": self._shown(handshake)}

    def accept(self, caller: Caller, request: Json) -> Json:
        with self._store.changing():
            handshake = self._answerable(request)
            if handshake.account != caller.account:
                raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
            organization = self._store.find(Organization, handshake.organization)
            if organization is None or self._store.of_account(caller.account) is not None:
                reason = {"Reason": "ALREADY_IN_AN_ORGANIZATION"}
                message = f"Account {caller.account} is already in an organization."
                raise AwsError("HandshakeConstraintViolationException", message, members=reason)
            now = self._office.clock.now()
            name = f"account-{caller.account}"
            account = Account(caller.account, organization.id, organization.root, name, handshake.email, now, "INVITED")
            join(self._office, organization, account)
            self._office.set_tags(organization, account.id, handshake.tags)
            handshake = self._ended(handshake, "ACCEPTED")
        return {"Handshake": self._shown(handshake)}

    def decline(self, caller: Caller, request: Json) -> Json:
        with self._store.changing():
            handshake = self._answerable(request)
            if handshake.account != caller.account:
                raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
            handshake = self._ended(handshake, "DECLINED")
        return {"Handshake": self._shown(handshake)}

    def cancel(self, caller: Caller, request: Json) -> Json:
        organization = self._office.manager(caller)
        with self._store.changing():
            handshake = self._answerable(request)
            if handshake.organization != organization.id:
                raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
            handshake = self._ended(handshake, "CANCELED")
        return {"Handshake": self._shown(handshake)}

    def describe(self, caller: Caller, request: Json) -> Json:
        handshake = self._find(request)
        organization = self._store.find(Organization, handshake.organization)
        manager = organization.management_account if organization else ""
        if caller.account not in {handshake.account, manager}:
            raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")
        return {"Handshake": self._shown(handshake)}

    def list_for_account(self, caller: Caller, request: Json) -> Json:
        found = [one for one in self._store.all(Handshake) if one.account == caller.account]
        return page([self._shown(one) for one in found], request, "Handshakes")

    def list_for_organization(self, caller: Caller, request: Json) -> Json:
        organization = self._office.reader(caller)
        found = self._store.all(Handshake, organization.id)
        return page([self._shown(one) for one in found], request, "Handshakes")

    def _open(self, organization: Organization) -> list[Handshake]:
        return [one for one in self._store.all(Handshake, organization.id) if self._state(one) == "OPEN"]

    def _state(self, handshake: Handshake) -> str:
        if handshake.state == "OPEN" and self._office.clock.now() > handshake.expires:
            return "EXPIRED"
        return handshake.state

    def _find(self, request: Json) -> Handshake:
        found = self._store.find(Handshake, request["HandshakeId"])
        if found is None:
            message = f"We can't find a handshake with the HandshakeId {request['HandshakeId']}."
            raise AwsError("HandshakeNotFoundException", message)
        return found

    def _answerable(self, request: Json) -> Handshake:
        found = self._find(request)
        state = self._state(found)
        if state != "OPEN":
            raise AwsError(
                "InvalidHandshakeTransitionException", f"The handshake is {state}; only an OPEN one changes."
            )
        return found

    def _ended(self, handshake: Handshake, state: str) -> Handshake:
        ended = replace(handshake, state=state)
        self._store.put(ended)
        return ended

    def _shown(self, handshake: Handshake) -> Json:
        organization = self._store.find(Organization, handshake.organization)
        manager = organization.management_account if organization else ""
        name = f"handshake/{handshake.organization}/invite/{handshake.id}"
        shown: Json = {
            "Id": handshake.id,
            "Arn": f"arn:aws:organizations::{manager}:{name}",
            "Parties": [
                {"Id": handshake.organization.removeprefix("o-"), "Type": "ORGANIZATION"},
                {"Id": handshake.account, "Type": "ACCOUNT"},
            ],
            "State": self._state(handshake),
            "RequestedTimestamp": handshake.requested,
            "ExpirationTimestamp": handshake.expires,
            "Action": "INVITE",
            "Resources": [
                {"Type": "ORGANIZATION", "Value": handshake.organization},
                {"Type": "ACCOUNT", "Value": handshake.account},
            ],
        }
        if handshake.notes:
            shown["Resources"].append({"Type": "NOTES", "Value": handshake.notes})
        return shown
