"""ECR repositories: scanned, encrypted, with tags that never change their image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from headgate.infra.permissions.document import Statement
from headgate.infra.tokens import policy, sub

UNTAGGED_DAYS = 14


def repository(scope: Construct, name: str, *, repository_name: str, key: str, puller: Statement) -> ecr.CfnRepository:
    """A repository that outlives its stack; `puller` is its policy's statement, which knows no resource but itself."""
    made = ecr.CfnRepository(
        scope,
        name,
        repository_name=sub(repository_name),
        encryption_configuration=ecr.CfnRepository.EncryptionConfigurationProperty(encryption_type="KMS", kms_key=key),
        image_scanning_configuration=ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=True),
        image_tag_mutability="IMMUTABLE",
        lifecycle_policy=ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=json.dumps(_untagged_go())),
        repository_policy_text=policy([puller]),
    )
    made.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return made


def _untagged_go() -> Mapping[str, Any]:
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": "untagged images go after two weeks",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            }
        ]
    }
