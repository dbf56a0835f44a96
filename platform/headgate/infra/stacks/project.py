"""A project's place in the tooling account: its model package group and its images, which outlive the team's accounts."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from headgate.infra.constructs import settings
from headgate.infra.constructs.organization import let_in
from headgate.infra.constructs.repositories import PULL, PUSH, repository
from headgate.infra.stacks.base import KindStack, filled, sub

GROUP = "${Team}-${Project}"
_OF_TEAM = {"StringEquals": {"aws:PrincipalTag/headgate:team": "${Team}"}}
_ARN = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}"


class ProjectStack(KindStack):
    """Model package group with a policy for the team's roles, and an image repository."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "project", synthesizer)
        self.group = sagemaker.CfnModelPackageGroup(
            self,
            "Models",
            model_package_group_name=sub(GROUP),
            model_package_group_description=sub("Models of ${Project}, team ${Team}"),
            model_package_group_policy=filled(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        let_in(
                            "ReadAndRegister",
                            [
                                "sagemaker:CreateModelPackage",
                                "sagemaker:DescribeModelPackage",
                                "sagemaker:DescribeModelPackageGroup",
                                "sagemaker:ListModelPackages",
                                "sagemaker:UpdateModelPackage",
                            ],
                            [f"{_ARN}:model-package-group/{GROUP}", f"{_ARN}:model-package/{GROUP}/*"],
                            _OF_TEAM,
                        )
                    ],
                }
            ),
        )
        self.group.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.images = repository(
            self,
            "Images",
            repository_name="headgate/${Team}/${Project}",
            key="alias/headgate-tooling",
            statements=[let_in("PullAndPush", [*PULL, *PUSH], "*", _OF_TEAM)],
        )
        settings.publish(
            self,
            "/headgate/tooling/projects/${Team}/${Project}",
            {
                "model-package-group-arn": (self.group.attr_model_package_group_arn, "Where its models are registered"),
                "images-uri": (self.images.attr_repository_uri, "Where its images are"),
            },
        )
