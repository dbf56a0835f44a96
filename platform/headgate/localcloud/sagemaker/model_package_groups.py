"""Model package groups, and the resource policies that open them to other accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError, validation
from headgate.localcloud.sagemaker.listing import Order, page, pick, select
from headgate.localcloud.sagemaker.pipelines import user
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "model-package-group"
POLICY_KIND = "model-package-group-policy"
_ORDER = Order({"Name": "ModelPackageGroupName", "CreationTime": "CreationTime"}, order="Ascending")
_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)

Authorize = Callable[[Caller, str, str], None]
"""Takes a caller, an IAM action and an ARN; raises AwsError unless every policy that has a say allows it."""


class ModelPackageGroups:
    """The operations on groups. A group of another account is named by its ARN, and its policy has to allow it."""

    def __init__(self, documents: Documents, clock: Clock, authorize: Authorize | None = None) -> None:
        self._documents = documents
        self._clock = clock
        self._authorize = authorize

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackageGroup": self.create,
            "DescribeModelPackageGroup": self.describe,
            "ListModelPackageGroups": self.list_all,
            "DeleteModelPackageGroup": self.delete,
            "PutModelPackageGroupPolicy": self.put_policy,
            "GetModelPackageGroupPolicy": self.get_policy,
            "DeleteModelPackageGroupPolicy": self.delete_policy,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        if "ManagedConfiguration" in request:
            raise validation("ManagedConfiguration is for groups that AWS manages; the local cloud has none")
        name = request["ModelPackageGroupName"]
        arn = caller.arn("sagemaker", f"model-package-group/{name}")
        body = {
            **pick(request, "ModelPackageGroupName", "ModelPackageGroupDescription"),
            "ModelPackageGroupArn": arn,
            "CreationTime": self._clock.now(),
            "CreatedBy": user(caller),
            "ModelPackageGroupStatus": "Completed",
        }
        try:
            self._documents.insert(Key(caller.account, caller.region, KIND, name), body)
        except DuplicateError as error:
            raise validation(f"Model Package Group already exists: {arn}") from error
        return {"ModelPackageGroupArn": arn}

    def describe(self, caller: Caller, request: Json) -> Json:
        return self.find(caller, request["ModelPackageGroupName"], "DescribeModelPackageGroup")[1]

    def list_all(self, caller: Caller, request: Json) -> Json:
        if request.get("CrossAccountFilterOption") == "CrossAccount":
            raise validation("CrossAccountFilterOption CrossAccount needs AWS RAM, which the local cloud does not have")
        found = self._documents.list(KIND, account=caller.account, region=caller.region)
        chosen = select((body for _, body in found), request, name="ModelPackageGroupName")
        summaries = [pick(body, *_SUMMARY) for body in chosen]
        return page(summaries, request, _ORDER, "ModelPackageGroupSummaryList")

    def delete(self, caller: Caller, request: Json) -> Json:
        """Delete an empty group. Raises AwsError (ConflictException) while it has versions."""
        key, body = self.find(caller, request["ModelPackageGroupName"], "DeleteModelPackageGroup")
        with self._documents.transaction():
            prefix = f"{body['ModelPackageGroupArn'].replace('model-package-group/', 'model-package/')}/"
            if self._documents.list("model-package", account=key.account, region=key.region, prefix=prefix):
                raise AwsError(
                    "ConflictException",
                    f"Model Package Group cannot be deleted since it still contains Model Packages: {key.name}",
                )
            self._documents.delete(key)
            policy = _policy_key(key)
            if self._documents.find(policy) is not None:
                self._documents.delete(policy)
        return {}

    def put_policy(self, caller: Caller, request: Json) -> Json:
        key, body = self.find(caller, request["ModelPackageGroupName"], "PutModelPackageGroupPolicy")
        try:
            policy = json.loads(request["ResourcePolicy"])
        except ValueError as error:
            raise validation(f"ResourcePolicy is not JSON: {error}") from error
        if not isinstance(policy, dict) or not policy.get("Statement"):
            raise validation("ResourcePolicy has to be a policy document with at least one Statement")
        self._documents.put(_policy_key(key), {"ResourcePolicy": request["ResourcePolicy"]})
        return pick(body, "ModelPackageGroupArn")

    def get_policy(self, caller: Caller, request: Json) -> Json:
        key, body = self.find(caller, request["ModelPackageGroupName"], "GetModelPackageGroupPolicy")
        policy = self._documents.find(_policy_key(key))
        if policy is None:
            raise validation(f"Cannot find resource policy for: {body['ModelPackageGroupArn']}")
        return policy

    def delete_policy(self, caller: Caller, request: Json) -> Json:
        key, _ = self.find(caller, request["ModelPackageGroupName"], "DeleteModelPackageGroupPolicy")
        self.get_policy(caller, request)
        self._documents.delete(_policy_key(key))
        return {}

    def find(self, caller: Caller, name_or_arn: str, action: str) -> tuple[Key, Json]:
        """A group by name or ARN. Raises AwsError: ValidationException, or AccessDeniedException across accounts."""
        key = self._key(caller, name_or_arn)
        body = self._documents.find(key)
        if body is None:
            arn = f"arn:aws:sagemaker:{key.region}:{key.account}:model-package-group/{key.name}"
            raise validation(f"ModelPackageGroup {arn} does not exist.")
        self.authorize(caller, key, action)
        return key, body

    def authorize(self, caller: Caller, group: Key, action: str) -> None:
        """A group's own account may; others need its resource policy. Raises AwsError (AccessDeniedException)."""
        if caller.account == group.account:
            return
        if self._authorize is not None:
            kind = "model-package-group" if "Group" in action else "model-package"
            name = group.name if "Group" in action else f"{group.name}/*"
            arn = f"arn:aws:sagemaker:{group.region}:{group.account}:{kind}/{name}"
            self._authorize(caller, f"sagemaker:{action}", arn)
            return
        policy = self._documents.find(_policy_key(group))
        if policy is None or not allows(json.loads(policy["ResourcePolicy"]), caller, action):
            raise AwsError(
                "AccessDeniedException",
                f"account {caller.account} is not authorized to perform sagemaker:{action} on model package group "
                f"{group.name} of account {group.account}: its resource policy does not allow it",
            )

    def _key(self, caller: Caller, name_or_arn: str) -> Key:
        if not name_or_arn.startswith("arn:"):
            return Key(caller.account, caller.region, KIND, name_or_arn)
        fields = name_or_arn.split(":", 5)
        return Key(fields[4], fields[3], KIND, fields[5].partition("/")[2])


def allows(policy: Json, caller: Caller, action: str) -> bool:
    """Whether a resource policy lets an account act: an Allow that names it, and no Deny. Conditions never match."""
    effects = {
        str(statement.get("Effect"))
        for statement in _list(policy.get("Statement"))
        if _names_account(statement.get("Principal"), caller.account)
        and _names_action(statement.get("Action"), action)
        and (statement.get("Effect") == "Deny" or not statement.get("Condition"))
    }
    return effects == {"Allow"}


def _names_account(principal: Any, account: str) -> bool:
    if principal == "*":
        return True
    names = _list(principal.get("AWS")) if isinstance(principal, dict) else []
    return any(name in ("*", account) or f"::{account}:" in str(name) for name in names)


def _names_action(actions: Any, action: str) -> bool:
    return any(str(one).lower() in (f"sagemaker:{action}".lower(), "sagemaker:*", "*") for one in _list(actions))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _policy_key(group: Key) -> Key:
    return Key(group.account, group.region, POLICY_KIND, group.name)
