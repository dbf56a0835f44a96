"""The same world as `world.from_model`, read from synthesized templates: what CloudFormation would really create.

Only what the templates of Headgate use of CloudFormation's functions is here; anything else raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unit.infra.permissions.world import (
    DATA_SETS,
    ENVIRONMENTS,
    IDS,
    REGION,
    Bucket,
    Held,
    World,
    add_strangers,
    values,
)

CIDR = "10.20.0.0/20"
_ABSENT = object()
_KEYS = {"environment": "{Environment}", "tooling": "tooling", "data-lake": "data-lake"}


@dataclass
class Stack:
    """One stack of a template in an account, with the values of its parameters."""

    kind: str
    account: str
    template: Mapping[str, Any]
    given: Mapping[str, Any]
    exports: Mapping[str, str] = field(default_factory=dict)

    def resources(self, *types: str) -> list[tuple[str, Mapping[str, Any]]]:
        """Logical ids and properties of the resources of some types that are created here."""
        return [
            (name, self.value(resource.get("Properties", {})))
            for name, resource in self.template["Resources"].items()
            if resource["Type"] in types and self.holds(resource.get("Condition"))
        ]

    def holds(self, condition: str | None) -> bool:
        return condition is None or self._holds(self.template["Conditions"][condition])

    def _holds(self, test: Any) -> bool:
        ((function, of),) = test.items()
        if function == "Condition":
            return self.holds(of)
        if function == "Fn::Equals":
            return bool(self.value(of[0]) == self.value(of[1]))
        if function == "Fn::Not":
            return not self._holds(of[0])
        return {"Fn::And": all, "Fn::Or": any}[function](self._holds(each) for each in of)

    def value(self, value: Any) -> Any:
        """A value of the template with its functions worked out."""
        if isinstance(value, list):
            return [made for each in value if (made := self.value(each)) is not _ABSENT]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((function, of),) = value.items()
            if function == "Ref":
                return self.ref(of)
            if function == "Fn::If":
                return self.value(of[1] if self.holds(of[0]) else of[2])
            if function.startswith("Fn::"):
                return self._function(function, of)
        return {key: made for key, each in value.items() if (made := self.value(each)) is not _ABSENT}

    def _function(self, function: str, of: Any) -> Any:
        if function == "Fn::Sub":
            return self._sub(of)
        if function == "Fn::GetAtt":
            return self.attribute(*of)
        if function == "Fn::ImportValue":
            return self.exports.get(self.value(of), f"imported-{self.value(of)}")
        if function == "Fn::Join":
            return of[0].join(str(self.value(each)) for each in self.value(of[1]))
        if function in {"Fn::Select", "Fn::Split", "Fn::Cidr", "Fn::GetAZs"}:
            return f"{function} of something"
        raise ValueError(f"no template of ours used {function}, and nothing here resolves it")

    def _sub(self, text: str) -> str:
        def one(found: re.Match[str]) -> str:
            if found[1]:
                return f"${{{found[2]}}}"
            return str(self.attribute(*found[2].split(".")) if "." in found[2] else self.ref(found[2]))

        return re.sub(r"\$\{(!?)([^}]+)\}", one, text)

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name == "AWS::URLSuffix":
            return "amazonaws.com"
        if name in self.given:
            return self.given[name]
        if name in self.template.get("Parameters", {}):
            return self.template["Parameters"][name].get("Default", f"value-of-{name}")
        properties = self.template["Resources"][name]["Properties"]
        for key in ("RoleName", "BucketName", "TopicName", "QueueName", "Name"):
            if key in properties:
                return self.value(properties[key])
        return f"id-of-{name}"

    def attribute(self, name: str, attribute: str) -> str:
        resource = self.template["Resources"][name]
        number = IDS[self.account]
        if resource["Type"] == "AWS::IAM::Role":
            return f"arn:aws:iam::{number}:role{resource['Properties']['Path']}{self.ref(name)}"
        if resource["Type"] == "AWS::KMS::Key":
            return f"arn:aws:kms:{REGION}:{number}:key/{self.key_id(name)}"
        if resource["Type"] == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{self.ref(name)}"
        if resource["Type"] == "AWS::Organizations::OrganizationalUnit":
            return f"ou-{self.ref(name)}"
        return f"arn:aws:{name}:{attribute}"

    def key_id(self, name: str) -> str:
        """A name for a key that the rows of the table use: the environment's, or the durable account's."""
        return _KEYS.get(self.kind, f"{self.kind}-{name}").format(**self.given)


def from_templates(bodies: Mapping[str, str]) -> World:
    """The world as the templates of every kind would make it."""
    world = World()
    templates = {kind: json.loads(body) for kind, body in bodies.items()}
    for stack in _stacks(templates):
        _add(world, stack)
        if stack.kind == "governance":
            _guardrails(world, stack)
    for account in IDS:
        if account not in {"identity", "stranger"}:
            boundary = next(
                each.boundary for arn, each in world.roles.items() if f"::{IDS[account]}:" in arn and each.boundary
            )
            add_strangers(world, account, boundary)
    return world


def _stacks(templates: Mapping[str, Any]) -> list[Stack]:
    def stack(kind: str, account: str, **more: str) -> Stack:
        internet = "true" if ENVIRONMENTS.get(account) == ("experimentation",) else "false"
        # A list as a parameter of CloudFormation's; the rest are texts.
        given = {
            **values(account, more.get("Environment", "")),
            "Internet": internet,
            "VpcId": "",
            "VpcCidr": CIDR,
            **more,
        }
        exports = dict.fromkeys(("headgate-account-vpc-id", "headgate-vpc-id"), f"vpc-{account}")
        return Stack(kind, account, templates[kind], given, exports)

    made = [stack("bootstrap", "governance"), stack("governance", "governance")]
    for account in ("tooling", "data-lake"):
        made += [stack("guard", account), stack(account, account)]
    made += [stack("project", "tooling", Team=team) for team in DATA_SETS]
    for account, environments in ENVIRONMENTS.items():
        made += [stack("guard", account), stack("account", account)]
        made += [stack("environment", account, Environment=each) for each in environments]
    return made


def _add(world: World, stack: Stack) -> None:
    number = IDS[stack.account]
    policies = stack.resources("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    for _, properties in policies:
        if properties.get("ManagedPolicyName") == "headgate-boundary":
            world.policies[f"arn:aws:iam::{number}:policy/headgate/headgate-boundary"] = properties["PolicyDocument"]
    for _, role in stack.resources("AWS::IAM::Role"):
        arn = f"arn:aws:iam::{number}:role{role['Path']}{role['RoleName']}"
        world.roles[arn] = Held(
            arn,
            role["AssumeRolePolicyDocument"],
            tuple(each["PolicyDocument"] for _, each in policies if role["RoleName"] in each.get("Roles", ())),
            world.policies[role["PermissionsBoundary"]],
            {tag["Key"]: tag["Value"] for tag in role["Tags"]},
        )
    for name, key in stack.resources("AWS::KMS::Key"):
        tags = {tag["Key"]: tag["Value"] for tag in key.get("Tags", ())}
        world.keys[stack.attribute(name, "Arn")] = (key["KeyPolicy"], tags)
    _add_buckets(world, stack)
    _add_endpoints(world, stack)
    _add_shared(world, stack, number)


def _add_buckets(world: World, stack: Stack) -> None:
    policies = {each["Bucket"]: each["PolicyDocument"] for _, each in stack.resources("AWS::S3::BucketPolicy")}
    for _, bucket in stack.resources("AWS::S3::Bucket"):
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["ServerSideEncryptionByDefault"]
        name = bucket["BucketName"]
        world.buckets[name] = Bucket(IDS[stack.account], policies.get(name), rule.get("KMSMasterKeyID", ""))


def _add_shared(world: World, stack: Stack, number: str) -> None:
    for _, each in stack.resources("AWS::Events::EventBusPolicy"):
        bus = f"arn:aws:events:{REGION}:{number}:event-bus/{each['EventBusName']}"
        world.policies[bus] = {"Version": "2012-10-17", "Statement": [each["Statement"]]}
    for _, group in stack.resources("AWS::SageMaker::ModelPackageGroup"):
        start = f"arn:aws:sagemaker:{REGION}:{number}:model-package"
        name = group["ModelPackageGroupName"]
        for arn in (f"{start}-group/{name}", f"{start}/{name}/"):
            world.policies[arn] = group["ModelPackageGroupPolicy"]
            world.tags[arn] = {tag["Key"]: tag["Value"] for tag in group.get("Tags", ())}
    for _, repository in stack.resources("AWS::ECR::Repository"):
        arn = f"arn:aws:ecr:{REGION}:{number}:repository/{repository['RepositoryName']}"
        world.policies[arn] = repository["RepositoryPolicyText"]


def _add_endpoints(world: World, stack: Stack) -> None:
    for _, each in stack.resources("AWS::EC2::VPCEndpoint"):
        world.endpoints[stack.account, each["ServiceName"]] = each["PolicyDocument"]


def _guardrails(world: World, stack: Stack) -> None:
    for _, policy in stack.resources("AWS::Organizations::Policy"):
        for target in policy["TargetIds"]:
            world.scps.setdefault(target.removeprefix("ou-"), []).append(policy["Content"])
