"""What attempts are made of: calls that have to be refused, the names of what they are about, jobs to run."""

from __future__ import annotations

from typing import Any

from e2e.organization.callers import REGION
from e2e.organization.furnishing import image, in_vpc, role_of
from e2e.organization.proofs import Proofs

PROJECT = "headgate-dev-api@churn-dev"
"""A role that a project has deployed for itself: it may do everything that the boundary lets it."""
ADMINISTRATOR = "OrganizationAccountAccessRole"


def denied(proofs: Proofs, layer: str, sid: str, who: str, call: str, **parameters: Any) -> None:
    """A call is refused by a layer, and by a statement of it if `sid` names one."""
    service, _, operation = call.partition(" ")
    region, context = parameters.pop("region", REGION), parameters.pop("context", None)
    found = proofs.call(who, service, operation, parameters, region=region, context=context)
    assert (found.allowed, found.layer) == (False, layer), f"{found.code}: {found.message}"
    if sid:
        assert sid in proofs.statements(found, who), found.message


def bucket(proofs: Proofs, account: str, environment: str, kind: str = "data") -> str:
    """The name of an environment's bucket."""
    return f"headgate-{environment}-{kind}-{proofs.names.accounts[account]}-{REGION}"


def key(proofs: Proofs, account: str, environment: str) -> str:
    """The ARN of an environment's key."""
    return proofs.names.keys[proofs.names.accounts[account], environment]


def role(proofs: Proofs, account: str, name: str, path: str = "/headgate/") -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{proofs.names.accounts[account]}:role{path}{name}"


def job(proofs: Proofs, who: str, environment: str = "dev", **more: Any) -> dict[str, Any]:
    """A processing job that guardrails have nothing against."""
    own = f"alias/headgate-{environment}"
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, "VolumeKmsKeyId": own}
    return {
        "ProcessingJobName": "attempt",
        "RoleArn": role_of(proofs.names, who, environment, "execution"),
        "AppSpecification": program(proofs, "pass"),
        "ProcessingResources": {"ClusterConfig": cluster},
        "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": own},
        "NetworkConfig": {"VpcConfig": in_vpc(proofs.names, who)},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def program(proofs: Proofs, program: str) -> dict[str, Any]:
    return {"ImageUri": image(proofs.names, "churn"), "ContainerEntrypoint": ["python3", "-c", program]}


def job_input(uri: str) -> dict[str, Any]:
    s3 = {
        "S3Uri": uri,
        "LocalPath": "/opt/ml/processing/in",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"InputName": "in", "S3Input": s3}
