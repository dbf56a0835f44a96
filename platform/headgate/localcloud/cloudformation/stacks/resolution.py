"""A stack's values while an operation runs: references to what exists, imports, dynamic references, parameters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headgate.localcloud.cloudformation.registry.schemas import Schemas
from headgate.localcloud.cloudformation.stacks.acting import Acting, Sessions
from headgate.localcloud.cloudformation.stacks.records import Incarnation, Stack
from headgate.localcloud.cloudformation.stacks.store import SharedValues, StackStore
from headgate.localcloud.errors import AwsError, unsupported

_DESCRIBE = {
    "AWS::EC2::AvailabilityZone::Name": ("ec2", "describe_availability_zones", "ZoneNames"),
    "AWS::EC2::Image::Id": ("ec2", "describe_images", "ImageIds"),
    "AWS::EC2::Instance::Id": ("ec2", "describe_instances", "InstanceIds"),
    "AWS::EC2::KeyPair::KeyName": ("ec2", "describe_key_pairs", "KeyNames"),
    "AWS::EC2::SecurityGroup::GroupName": ("ec2", "describe_security_groups", "GroupNames"),
    "AWS::EC2::SecurityGroup::Id": ("ec2", "describe_security_groups", "GroupIds"),
    "AWS::EC2::Subnet::Id": ("ec2", "describe_subnets", "SubnetIds"),
    "AWS::EC2::VPC::Id": ("ec2", "describe_vpcs", "VpcIds"),
    "AWS::EC2::Volume::Id": ("ec2", "describe_volumes", "VolumeIds"),
}


class ActingLookup:
    """Asks SSM, Secrets Manager and EC2 as whoever a stack acts for. Each value is asked for once."""

    def __init__(self, sessions: Sessions, acting: Acting) -> None:
        self._client: Callable[[str], Any] = lambda service: sessions.client(acting, service)
        self._region = acting.region
        self._lock = threading.Lock()
        self._zones: dict[str, list[str]] = {}

    def parameter(self, name: str) -> str:
        return self.ssm(name, "", secure=False)

    def exists(self, kind: str, values: Sequence[str]) -> None:
        if kind not in _DESCRIBE:
            raise unsupported(f"parameters of the type {kind}")
        service, operation, member = _DESCRIBE[kind]
        with _as_validation(f"Parameter validation failed: a value of {kind} does not exist"):
            getattr(self._client(service), operation)(**{member: list(values)})

    def ssm(self, name: str, version: str, *, secure: bool) -> str:
        with _as_validation(f"Unable to fetch parameters [{name}] from parameter store for this account"):
            found = self._client("ssm").get_parameter(
                Name=f"{name}:{version}" if version else name, WithDecryption=secure
            )["Parameter"]
        if (found["Type"] == "SecureString") != secure:
            raise AwsError(
                "ValidationError",
                f"Parameters [{name}] referenced by template have types not supported by CloudFormation: "
                f"{found['Type']}",
            )
        return str(found["Value"])

    def secret(self, secret_id: str, stage: str, version: str) -> str:
        given = {"VersionStage": stage, "VersionId": version}
        more = {name: value for name, value in given.items() if value}
        with _as_validation(f"Could not resolve the secret {secret_id}"):
            found = self._client("secretsmanager").get_secret_value(SecretId=secret_id, **more)
        return str(found["SecretString"])

    def zones(self, region: str) -> list[str]:
        """Availability Zones, for Fn::GetAZs."""
        with self._lock:
            if region not in self._zones:
                if region != self._region:
                    raise unsupported("Fn::GetAZs of another region than the stack's")
                found = self._client("ec2").describe_availability_zones()["AvailabilityZones"]
                self._zones[region] = sorted(zone["ZoneName"] for zone in found)
            return self._zones[region]


class _as_validation:  # noqa: N801 - reads as the phrase that it is
    """Turns what AWS answers into CloudFormation's validation error, the answer included."""

    def __init__(self, message: str) -> None:
        self._message = message

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        response = getattr(error, "response", None)
        if response is not None:
            said = response.get("Error", {})
            raise AwsError("ValidationError", f"{self._message}: {said.get('Code')}: {said.get('Message')}") from error


class Existing:
    """What `Ref`, `Fn::GetAtt` and `Fn::ImportValue` find; notes what was imported."""

    def __init__(self, store: StackStore, stack: Stack, schemas: Schemas) -> None:
        self._store = store
        self._stack = stack
        self._schemas = schemas
        self.imports: set[str] = set()

    def reference(self, logical_id: str) -> Any:
        live = self._live(logical_id)
        return live.physical_id if live else None

    def attribute(self, logical_id: str, name: str) -> Any:
        live = self._live(logical_id)
        if live is None:
            return None
        if name in live.attributes:
            return live.attributes[name]
        nested = _nested(live.attributes, name)
        if nested is not None:
            return nested
        schema = self._schemas.find(live.type)
        if schema and name in schema.attributes:
            raise unsupported(f"the attribute {name} of {live.type}")
        return None

    def import_value(self, name: str) -> str:
        exports = exported(self._store, self._stack.account, self._stack.region)
        if name not in exports:
            raise AwsError("ValidationError", f"No export named {name} found.")
        self.imports.add(name)
        return exports[name][1]

    def _live(self, logical_id: str) -> Incarnation | None:
        record = self._store.resource(self._stack, logical_id)
        return record.live if record else None


def _nested(attributes: Mapping[str, Any], name: str) -> Any:
    """`Outputs.Key` where the attribute `Outputs` is an object."""
    node: Any = attributes
    for part in name.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def exported(store: StackStore, account: str, region: str) -> dict[str, tuple[SharedValues, str]]:
    """Exports of a region by name: whose, and the value."""
    return {name: (shared, value) for shared in store.shared(account, region) for name, value in shared.exports.items()}


def importers(store: StackStore, account: str, region: str, name: str) -> list[str]:
    """Names of the stacks that import an export."""
    return [shared.stack_name for shared in store.shared(account, region) if name in shared.imports]
