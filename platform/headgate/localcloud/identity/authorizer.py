"""One question for a whole request: may this caller do this operation with these parameters?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import Directory, Document, ResourceRecord
from headgate.localcloud.identity.evaluate import (
    AccessRequest,
    Decision,
    PolicySet,
    endpoint_denial,
    evaluate,
    spares_own_root,
)
from headgate.localcloud.identity.policy import Policy
from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.identity.requests import Needed, UnknownOperationError, required
from headgate.localcloud.identity.resources import (
    policy_kind,
    resource_keys,
    resource_layer,
    service_keys_of,
    service_of,
)
from headgate.localcloud.identity.standing import Standing, compiled, organization_keys, standing_of
from headgate.localcloud.seams import Caller, Clock

_GLOBAL_SERVICES = frozenset({"iam", "organizations", "budgets"})
_GLOBAL_REGION = "us-east-1"
_S3 = "arn:aws:s3:::"
_ORGANIZATIONS = "arn:aws:organizations::"
_NAMES_NEW = frozenset({"iam:CreatePolicy", "iam:CreateRole", "iam:CreateUser"})
"""Actions on what is not there yet: the path is the one asked for, whatever else has the name."""
_REMEMBERED = 4096
_NOTHING_NEEDED = Decision(True, "none", "allow", "")
_SANDBOX = Decision(True, "root", "allow", "")


@dataclass(frozen=True, slots=True)
class Authorization:
    """The decision about a request, and the account that has to answer it.

    `needed` is what decided: the first that was denied, else the request's main one; None if nothing was needed.
    """

    decision: Decision
    owner_account: str
    principal: Principal
    needed: Needed | None = None

    @property
    def message(self) -> str:
        """AWS's text of an AccessDenied for this request; empty when it is allowed."""
        if self.decision.allowed or self.needed is None:
            return ""
        who = f"User: {self.principal.shown}" if self.principal.kind != "service" else self.principal.name
        what = f"{who} is not authorized to perform: {self.needed.action}"
        return f"{what} on resource: {self.needed.resource} {self.decision.reason}"

    def require(self, code: str = "AccessDeniedException") -> None:
        """Raises AwsError with a service's own error code (`AccessDenied` for S3, STS, IAM, …) unless allowed."""
        if not self.decision.allowed:
            raise AwsError(code, self.message, status=403)


class Authorizer:
    """Decides every request from compiled policies.

    What the directory says of a caller is kept until its version changes; what it says of resources is asked anew.
    """

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._version: int | None = None
        self._standings: dict[tuple[str, str, str, str], Standing] = {}

    def authorize(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        caller: Caller,
        endpoint: Document | None = None,
    ) -> Authorization:
        """Decide a request; `endpoint` is the policy of the VPC endpoint that it came by.

        Raises AwsError: UnsupportedByLocalCloud for an operation that the tables do not know, unless an account's root
        asks for it whom no service control policy and no endpoint governs; 403 for a principal that its account does
        not have.
        """
        standing = self.standing(caller)
        try:
            needs = required(service, operation, parameters, caller)
        except UnknownOperationError as error:
            if standing.unrestricted and endpoint is None:
                return Authorization(_SANDBOX, caller.account, standing.principal)
            raise AwsError("UnsupportedByLocalCloud", str(error), status=501) from error
        if not needs:
            return Authorization(_NOTHING_NEEDED, caller.account, standing.principal)
        region = _GLOBAL_REGION if service in _GLOBAL_SERVICES else caller.region
        main: Authorization | None = None
        for need in needs:
            # What a service does for the caller beside its own (iam:PassRole) does not come by its endpoint.
            asked_here = need.action.partition(":")[0] == needs[0].action.partition(":")[0]
            found = self._decide(need, standing, caller, region, endpoint if asked_here else None)
            if not found.decision.allowed:
                return found
            main = main or found
        return main or Authorization(_NOTHING_NEEDED, caller.account, standing.principal)

    def check(self, needed: Needed, caller: Caller) -> Authorization:
        """Decide one action on one ARN, for what no operation of an API stands for. Raises AwsError as `authorize`."""
        return self._decide(needed, self.standing(caller), caller, caller.region)

    def standing(self, caller: Caller) -> Standing:
        """Who a caller is and what governs them. Raises AwsError (InvalidClientTokenId)."""
        version = self._directory.version()
        if version != self._version or len(self._standings) > _REMEMBERED:
            self._standings = {}
            self._version = version
        known = self._standings
        key = (caller.account, caller.principal, caller.service, caller.access_key)
        found = known.get(key)
        if found is None:
            found = standing_of(caller, self._directory)
            known[key] = found  # into the table of the version that was asked, whichever is current by now
        return found

    def _decide(
        self, needed: Needed, standing: Standing, caller: Caller, region: str, endpoint: Document | None = None
    ) -> Authorization:
        arn = needed.resource if needed.action in _NAMES_NEW else self._own_arn(needed.resource, caller)
        record = self._record(arn)
        owner = record.owner_account if record else needed.owner_account or caller.account
        if arn.startswith(_ORGANIZATIONS):
            owner = caller.account  # the organization decides who may ask; no policy of its parts does
        context = {
            **standing.context,
            **self._request_keys(caller, region),
            **self._resource_keys(needed, arn, owner, standing, record),
            **needed.context,
        }
        asked = AccessRequest(standing.principal, needed.action, arn, context)
        refused = _by_endpoint(asked, endpoint) if endpoint is not None else None
        decision = refused or self._evaluated(asked, standing, record, owner)
        shown = replace(needed, resource=arn, owner_account=owner)
        if decision.allowed and needed.kms_action:
            by_key = self._key_decision(needed, arn, standing, caller, region)
            if by_key is not None and not by_key.decision.allowed:
                return by_key
        return Authorization(decision, owner, standing.principal, shown)

    def _record(self, arn: str) -> ResourceRecord | None:
        """What is known of a resource. An object, there or not, has its bucket's owner and policy."""
        if arn == "*":
            return None
        record = self._directory.resource(arn)
        if not arn.startswith(_S3) or "/" not in arn:
            return record
        bucket = self._directory.resource(arn.partition("/")[0])
        if bucket is None:
            return record
        known = record or ResourceRecord(bucket.owner_account)
        return replace(known, owner_account=bucket.owner_account, policy=bucket.policy)

    def _own_arn(self, arn: str, caller: Caller) -> str:
        """The ARN that policies name: with an IAM path, a secret's suffix, an organization's id."""
        if arn == "*":
            return arn
        if arn.startswith(_ORGANIZATIONS) and "/o-*/" in arn:
            membership = self._directory.membership(caller.account)
            if membership is None:
                return arn
            start, kind, rest = f"{_ORGANIZATIONS}{membership.management_account}:", *arn.split(":", 5)[5].split("/", 1)
            return f"{start}{kind}/{membership.organization_id}/{rest.partition('/')[2]}"
        return self._directory.resolve(arn)

    def _evaluated(
        self, asked: AccessRequest, standing: Standing, record: ResourceRecord | None, owner: str
    ) -> Decision:
        if standing.broken is not None:
            return standing.broken
        same = owner == standing.principal.account
        layer = resource_layer(asked.action, asked.resource, exists=record is not None)
        if standing.sandboxed and self._is_free(same=same, layer=layer, record=record, owner=owner):
            return _SANDBOX
        policy: Policy | Decision | None = None
        if record is not None and record.policy is not None and layer != "none":
            policy = compiled(record.policy, policy_kind(asked.resource, layer), layer)
        if isinstance(policy, Decision):
            if not spares_own_root(asked, same_account=same):
                return policy
            policy = None
        return evaluate(
            asked,
            PolicySet(
                standing.identity,
                standing.boundary,
                standing.session,
                standing.scps,
                policy,
                same,
                "resource" if layer == "none" else layer,
            ),
        )

    def _is_free(self, *, same: bool, layer: str, record: ResourceRecord | None, owner: str) -> bool:
        """Whether a sandbox's root may without further question: roles of its own account, and what does not exist.

        Ready-made examples name roles that nobody has created. An organization's accounts assume nothing.
        """
        if same:
            return layer == "trust"
        return record is None and self._directory.membership(owner) is None

    def _key_decision(
        self, needed: Needed, arn: str, standing: Standing, caller: Caller, region: str
    ) -> Authorization | None:
        """The decision about the KMS key that protects a resource, used by the resource's service for the caller."""
        source = needed.kms_from or arn
        if service_of(source) == "kms":
            key = source
        else:
            record = self._directory.resource(source)
            key = record.kms_key if record else ""
        if not key:
            return None
        service = service_of(arn)
        context: dict[str, str | tuple[str, ...]] = {
            "kms:viaservice": f"{service}.{region}.amazonaws.com",
            "aws:viaawsservice": "true",
        }
        if service == "s3":
            context |= {"kms:encryptioncontext:aws:s3:arn": arn, "kms:encryptioncontextkeys": ("aws:s3:arn",)}
        return self._decide(Needed(needed.kms_action, key, "", context), standing, caller, region)

    def _request_keys(self, caller: Caller, region: str) -> dict[str, str | tuple[str, ...]]:
        now = self._clock.now()
        found: dict[str, str | tuple[str, ...]] = {
            "aws:requestedregion": region,
            "aws:securetransport": "true",  # the loopback interface: nobody listens in
            "aws:viaawsservice": "false",
            "aws:currenttime": datetime.fromtimestamp(now, UTC).isoformat(),
            "aws:epochtime": str(int(now)),
        }
        found |= {key.lower(): value for key, value in caller.context.items()}
        if "aws:sourcevpce" in found:
            found |= organization_keys(self._directory.membership(str(found.get("aws:vpceaccount", ""))), "vpce")
        elif not caller.service:
            found.setdefault("aws:sourceip", "127.0.0.1")
        source = found.get("aws:sourceaccount")
        if isinstance(source, str) and "aws:sourceorgid" not in found:
            found |= organization_keys(self._directory.membership(source), "source")
        return found

    def _resource_keys(
        self, needed: Needed, arn: str, owner: str, standing: Standing, record: ResourceRecord | None
    ) -> dict[str, str | tuple[str, ...]]:
        found: dict[str, str | tuple[str, ...]] = {"aws:resourceaccount": owner}
        found |= organization_keys(self._directory.membership(owner), "resource")
        found |= service_keys_of(needed.action, owner, standing.principal.account)
        if record is not None:
            found |= resource_keys(arn, record)
            if record.partition_key in needed.attributes:
                found["dynamodb:leadingkeys"] = needed.attributes[record.partition_key]
        return found


def _by_endpoint(asked: AccessRequest, endpoint: Document) -> Decision | None:
    policy = compiled(endpoint, "resource", "endpoint")
    return policy if isinstance(policy, Decision) else endpoint_denial(asked, policy)
