"""Landing in a governed account: which role, network, keys, bucket and registry a project has there.

An environment's stack publishes these as parameters of SSM under `/headgate/<environment>/`; nothing is typed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.errors import UserError

Json = dict[str, Any]

_NEEDED = (
    *("artifacts-bucket", "key-arn", "subnet-ids", "security-group-ids", "execution-role-arn"),
    *("registry-prefix", "shared-artifacts", "shared-key-arn"),
)


@dataclass(frozen=True, slots=True)
class Landing:
    """A place for jobs: `key_arn` encrypts volumes, `output_key_arn` what is written to S3 under `bucket`/`prefix`.

    `model_package_group` is the group's ARN when the registry is in another account.
    """

    environment: str
    account: str
    role_arn: str
    bucket: str
    prefix: str
    key_arn: str
    output_key_arn: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    model_package_group: str | None = None

    @property
    def vpc(self) -> Json:
        """SageMaker's VpcConfig."""
        return {"SecurityGroupIds": list(self.security_group_ids), "Subnets": list(self.subnet_ids)}


def read_landing(ssm: Any, account: str, environment: str, project: str) -> Landing:
    """What the environment's parameters say. Models leave dev only: there alone the registry and its bucket are used.

    Raises UserError when the account has no such environment.
    """
    folder = f"/headgate/{environment}"
    answer = ssm.get_parameters(Names=[f"{folder}/{name}" for name in _NEEDED])
    found = {each["Name"].rsplit("/", 1)[1]: each["Value"] for each in answer["Parameters"]}
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise UserError(
            f"account {account} has no environment '{environment}': its parameters lack {', '.join(missing)}",
            where="headgate.yaml: landing.environment",
            expected="an environment that the account was vended with",
            next_command="headgate accounts list",
        )
    return _landing(found, account, environment, project)


def _landing(found: Mapping[str, str], account: str, environment: str, project: str) -> Landing:
    bucket, key, prefix = found["artifacts-bucket"], found["key-arn"], "builds"
    group = None
    if environment == "dev":
        bucket, _, folder = found["shared-artifacts"].removeprefix("s3://").partition("/")
        key, prefix = found["shared-key-arn"], f"{folder.rstrip('/')}/builds"
        group = f"{found['registry-prefix']}{project}"
    return Landing(
        environment=environment,
        account=account,
        role_arn=found["execution-role-arn"],
        bucket=bucket,
        prefix=prefix,
        key_arn=found["key-arn"],
        output_key_arn=key,
        subnet_ids=tuple(found["subnet-ids"].split(",")),
        security_group_ids=tuple(found["security-group-ids"].split(",")),
        model_package_group=group,
    )
