"""What an environment's parameters say about where a project lands."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.aws.landing import read_landing
from headgate.errors import UserError

ACCOUNT = "333344445555"
GROUPS = "arn:aws:sagemaker:eu-west-1:222233334444:model-package-group/churn-"
PARAMETERS = {
    "artifacts-bucket": "headgate-dev-artifacts",
    "key-arn": "arn:key/own",
    "subnet-ids": "subnet-1,subnet-2",
    "security-group-ids": "sg-1",
    "execution-role-arn": f"arn:aws:iam::{ACCOUNT}:role/headgate/headgate-dev-execution",
    "registry-prefix": GROUPS,
    "shared-artifacts": "s3://headgate-tooling-artifacts/churn",
    "shared-key-arn": "arn:alias/shared",
}


class Ssm:
    """Parameters of one environment."""

    def __init__(self, environment: str, **parameters: str) -> None:
        self.parameters = {f"/headgate/{environment}/{name}": value for name, value in parameters.items()}

    def get_parameters(self, Names: list[str]) -> dict[str, Any]:  # noqa: N803
        assert len(Names) <= 10, "SSM takes ten names at a time"
        found = [{"Name": name, "Value": self.parameters[name]} for name in Names if name in self.parameters]
        return {"Parameters": found}


def test_what_dev_trains_lies_in_tooling_under_the_teams_folder() -> None:
    landing = read_landing(Ssm("dev", **PARAMETERS), ACCOUNT, "dev", "diabetes")
    assert (landing.bucket, landing.prefix) == ("headgate-tooling-artifacts", "churn/builds")
    assert (landing.key_arn, landing.output_key_arn) == ("arn:key/own", "arn:alias/shared")
    assert landing.model_package_group == f"{GROUPS}diabetes"
    assert landing.vpc == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}


def test_other_environments_keep_to_their_own_bucket_and_register_nothing() -> None:
    landing = read_landing(Ssm("experimentation", **PARAMETERS), ACCOUNT, "experimentation", "diabetes")
    assert (landing.bucket, landing.prefix) == ("headgate-dev-artifacts", "builds")
    assert landing.output_key_arn == "arn:key/own"
    assert landing.model_package_group is None


def test_an_account_without_the_environment_is_named() -> None:
    with pytest.raises(UserError, match=r"333344445555 has no environment 'prod'.*artifacts-bucket"):
        read_landing(Ssm("dev", **PARAMETERS), ACCOUNT, "prod", "diabetes")
