"""Resource policies: which AWS services and accounts may write to the log groups of an account and region."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.logs import resources
from headgate.localcloud.logs.errors import invalid_parameter
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "logs-resource-policy"
_MOST = 10
_LONGEST = 5120
_PAGE = 50
_FOR_A_RESOURCE = ("resourceArn", "expectedRevisionId", "policyScope")


class ResourcePolicies:
    """PutResourcePolicy and the like, for the account's policies; those of single resources are refused."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def table(self) -> Mapping[str, Operation]:
        """The operations by the API's names."""
        return {
            "PutResourcePolicy": self.put,
            "DeleteResourcePolicy": self.delete,
            "DescribeResourcePolicies": self.describe,
        }

    def put(self, caller: Caller, parameters: Json) -> Json:
        """Raises AwsError: InvalidParameterException, LimitExceededException."""
        _refuse(parameters)
        if not parameters.get("policyName") or not parameters.get("policyDocument"):
            raise invalid_parameter("policyName and policyDocument have to be given")
        key, text = _key(caller, parameters["policyName"]), parameters["policyDocument"]
        _check(text)
        body = {"policyName": key.name, "policyDocument": text, "lastUpdatedTime": round(self._clock.now() * 1000)}
        with self._documents.transaction():
            others = [one for one, _ in _of(self._documents, caller.account, caller.region) if one != key]
            if len(others) >= _MOST:
                raise AwsError("LimitExceededException", f"Resource limit exceeded: {_MOST} resource policies.")
            self._documents.put(key, body)
        return {"resourcePolicy": body}

    def delete(self, caller: Caller, parameters: Json) -> Json:
        """Raises AwsError (ResourceNotFoundException)."""
        _refuse(parameters)
        name = parameters.get("policyName", "")
        try:
            self._documents.delete(_key(caller, name))
        except MissingError as error:
            message = f"Policy with name [{name}] does not exist"
            raise AwsError("ResourceNotFoundException", message) from error
        return {}

    def describe(self, caller: Caller, parameters: Json) -> Json:
        _refuse(parameters)
        found = [body for _, body in _of(self._documents, caller.account, caller.region)]
        page, token = resources.page(found, parameters, _PAGE)
        return {"resourcePolicies": list(page), **token}


def statements(documents: Documents, account: str, region: str) -> list[Json]:
    """What all policies of an account and region say together."""
    found: list[Json] = []
    for _, body in _of(documents, account, region):
        given = json.loads(body["policyDocument"])["Statement"]
        found += given if isinstance(given, list) else [given]
    return found


def _of(documents: Documents, account: str, region: str) -> list[tuple[Key, Json]]:
    return documents.list(KIND, account=account, region=region)


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, KIND, name)


def _refuse(parameters: Json) -> None:
    for member in _FOR_A_RESOURCE:
        if member in parameters:
            raise unsupported(f"{member} of CloudWatch Logs' resource policies")


def _check(text: str) -> None:
    if len(text) > _LONGEST:
        raise AwsError("LimitExceededException", f"Resource limit exceeded: {_LONGEST} characters of a policy.")
    try:
        policy: Any = json.loads(text)
    except ValueError as error:
        raise invalid_parameter(f"policyDocument is not JSON: {error}") from error
    if not isinstance(policy, dict) or not policy.get("Statement"):
        raise invalid_parameter("policyDocument has no Statement")
