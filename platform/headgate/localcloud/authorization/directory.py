"""The facts that decide requests: moto's IAM and resources, our own stores, the organization. All from memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from headgate.localcloud.authorization import arns, iam_facts, moto_facts
from headgate.localcloud.authorization.arns import Arn
from headgate.localcloud.authorization.iam_facts import RoleFacts, UserFacts
from headgate.localcloud.authorization.versions import Remembered, Versions
from headgate.localcloud.identity import principals
from headgate.localcloud.identity.directory import Document, Identity, Level, Membership, ResourceRecord
from headgate.localcloud.organizations.model import Account, Organization, Policy
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.seams import Caller
from headgate.localcloud.server.moto_host import MotoHost
from headgate.localcloud.sts.sessions import Session, Sessions

Answer = TypeVar("Answer")
Look = Callable[[Arn], ResourceRecord | None]
_NO_POLICY = Document("no policy", '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}')
_SIGNING_NAMES = {"cloudwatch": "monitoring"}
"""Services whose ARNs have another name than their requests."""


class CloudDirectory:
    """What the authorizer asks. `sources` and `resolvers` answer for services that are ours, by the name in an ARN."""

    def __init__(
        self,
        moto: MotoHost,
        sessions: Sessions,
        organizations: OrganizationStore,
        versions: Versions,
        sources: Mapping[str, Look],
        resolvers: Mapping[str, Callable[[Arn], str]],
    ) -> None:
        self._moto = moto
        self._sessions = sessions
        self._organizations = organizations
        self._versions = versions
        self._sources = sources
        self._resolvers = resolvers
        self._roles: Remembered[RoleFacts | None] = Remembered(lambda: versions.of("iam"))
        self._users: Remembered[UserFacts | None] = Remembered(lambda: versions.of("iam"))
        self._memberships: Remembered[Membership | None] = Remembered(lambda: organizations.version)
        self._records: dict[str, Remembered[ResourceRecord | None]] = {}
        self._resolved: dict[str, Remembered[str]] = {}

    def version(self) -> int:
        """Moves with IAM and with Organizations; both numbers only grow."""
        return self._versions.of("iam") + self._organizations.version

    def identity(self, caller: Caller) -> Identity | None:
        """A user, or the session of a role; None for one that does not exist."""
        session = self._sessions.find(caller.access_key)
        if ":user/" in caller.principal:
            return self._user_identity(caller, session)
        name = session.role_name if session is not None else caller.principal.split("/")[1]
        role = self.role(caller.account, name)
        if role is None:
            return _orphan(session) if session is not None and _was_real(session) else None
        if session is not None and not session.user_id.startswith(f"{role.id}:"):
            return _orphan(session)  # a role of the same name that was made later is another role
        return self._role_identity(caller, role, session)

    def membership(self, account: str) -> Membership | None:
        """The account's place in its organization."""
        return self._memberships.get(account, lambda: self._membership(account))

    def resolve(self, arn: str) -> str:
        """A resource's own ARN."""
        found = arns.parse(arn)
        if found is None:
            return arn
        if found.service in self._resolvers:
            return self._resolvers[found.service](found)
        if found.service not in {"iam", "kms", "secretsmanager"} or "*" in arn:
            return arn
        memory = self._resolved.setdefault(found.service, self._memory(found.service))
        return memory.get(arn, lambda: self._moto.look(lambda: moto_facts.resolve(found)))

    def resource(self, arn: str) -> ResourceRecord | None:
        """What exists under an ARN. Our own stores are asked every time, moto when something has changed there."""
        found = arns.parse(arn)
        if found is None:
            return None
        source = self._sources.get(found.service)
        if source is not None:
            return source(found)
        memory: Remembered[ResourceRecord | None]
        memory = self._records.setdefault(found.service, self._memory(found.service))
        return memory.get(arn, lambda: self._moto.look(lambda: moto_facts.resource(found)))

    def role(self, account: str, name: str) -> RoleFacts | None:
        """A role by name, or None."""
        return self._roles.get((account, name), lambda: self._moto.look(lambda: iam_facts.role(account, name)))

    def user(self, account: str, name: str) -> UserFacts | None:
        """An IAM user by name, or None."""
        return self._users.get((account, name), lambda: self._moto.look(lambda: iam_facts.user(account, name)))

    def is_closed(self, account: str) -> bool:
        """Whether the account was closed: nobody of it may do anything any more."""
        found = self._organizations.find(Account, account)
        return found is not None and found.status != "ACTIVE"

    def _memory(self, service: str) -> Remembered[Answer]:
        name = _SIGNING_NAMES.get(service, service)
        return Remembered(lambda: self._versions.of(name))

    def _user_identity(self, caller: Caller, session: Session | None) -> Identity | None:
        user = self.user(caller.account, caller.principal.rpartition("/")[2])
        if user is None:
            return None
        context = {"aws:userid": user.id}
        if session is not None:
            context["aws:TokenIssueTime"] = _iso(session.issued)
        return Identity(principals.user(user.arn), user.policies, tags=user.tags, context=context)

    def _role_identity(self, caller: Caller, role: RoleFacts, session: Session | None) -> Identity:
        principal = principals.session(caller.principal, role.arn)
        if session is None:  # the execution role's own key
            return Identity(principal, role.policies, role.boundary, tags=role.tags, context={"aws:userid": role.id})
        context = {"aws:userid": session.user_id, "aws:TokenIssueTime": _iso(session.issued)}
        if session.source_identity:
            context["aws:SourceIdentity"] = session.source_identity
        tags = {**role.tags, **session.tags}
        return Identity(principal, role.policies, role.boundary, self._session_policies(session), tags, context)

    def _session_policies(self, session: Session) -> tuple[Document, ...] | None:
        if session.policies is None:
            return None
        inline = tuple(Document("session policy", text) for text in session.policies)

        def managed() -> tuple[Document, ...]:
            found = (iam_facts.managed_document(session.account, arn) for arn in session.managed)
            return tuple(document or _NO_POLICY for document in found)

        return inline + (self._moto.look(managed) if session.managed else ())

    def _membership(self, account: str) -> Membership | None:
        found = self._organizations.of_account(account)
        if found is None:
            return None
        organization, member = found
        way = self._organizations.way(member)
        path = "/".join((organization.id, *(row.id for row in way[:-1]), ""))
        levels = tuple(Level(row.id, self._scps(organization, row.id)) for row in way)
        enabled = bool(organization.policy_types)
        return Membership(organization.id, path, organization.management_account, levels if enabled else ())

    def _scps(self, organization: Organization, target: str) -> tuple[Document, ...]:
        policies = self._organizations.all(Policy, organization.id)
        return tuple(Document(policy.name, policy.content) for policy in policies if target in policy.targets)


def _was_real(session: Session) -> bool:
    """Whether the role existed when the session began; a sandbox makes sessions of roles that never did."""
    return not session.pretended


def _orphan(session: Session) -> Identity:
    """A session whose role is gone: it may do nothing."""
    return Identity(principals.session(session.principal, session.role), (_NO_POLICY,))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
