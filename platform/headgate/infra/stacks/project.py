"""A project's place in the tooling account: its model package group and images, which outlive the team's accounts."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from headgate.infra.constructs import settings
from headgate.infra.constructs.repositories import repository
from headgate.infra.permissions import sharing
from headgate.infra.permissions.places import PROJECT_TAG, TEAM_TAG
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import policy, sub

GROUP = "${Team}-${Project}"


class ProjectStack(KindStack):
    """Model package group with a policy for the team's roles, and an image repository."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "project", synthesizer)
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "Models",
            model_package_group_name=sub(GROUP),
            model_package_group_description=sub("Models of ${Project}, team ${Team}"),
            model_package_group_policy=policy([sharing.team_group()]),
            tags=[
                cdk.CfnTag(key=TEAM_TAG, value=sub("${Team}")),
                cdk.CfnTag(key=PROJECT_TAG, value=sub("${Project}")),
            ],
        )
        self.group.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.images = repository(
            self,
            "Images",
            repository_name="headgate/${Team}/${Project}",
            key="alias/headgate-tooling",
            puller=sharing.team_repository(),
        )
        settings.publish(
            self,
            "/headgate/tooling/projects/${Team}/${Project}",
            {
                "model-package-group-arn": (self.group.attr_model_package_group_arn, "Where its models are registered"),
                "images-uri": (self.images.attr_repository_uri, "Where its images are"),
            },
        )
