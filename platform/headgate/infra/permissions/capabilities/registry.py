"""The tooling account from outside and inside: models, images, artifacts and events, by team."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.data import (
    DECRYPT,
    ENCRYPT,
    LIST_BUCKETS,
    READ_OBJECTS,
    WRITE_OBJECTS,
)
from headgate.infra.permissions.capabilities.model import Capability, of_own_team
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.places import OWN_TEAM

READ_PACKAGES = (
    "sagemaker:BatchDescribeModelPackage",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
)
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")
TEAM_IMAGES = resources.TOOLING_IMAGES.replace("headgate/*", f"headgate/{OWN_TEAM}/*")
TEAM_ARTIFACTS = resources.objects(resources.TOOLING_ARTIFACTS, f"{OWN_TEAM}/")
_THROUGH_S3 = {"StringEquals": {"kms:ViaService": f"s3.{resources.HOME}.amazonaws.com"}}
_BELOW_OWN_TEAM = {"StringLike": {"s3:prefix": f"{OWN_TEAM}/*"}}

READ_REGISTRY = Capability(
    "read registry",
    "look at the team's model package groups and model packages",
    (
        Statement(
            "ReadPackages", READ_PACKAGES, (resources.MODEL_PACKAGE_GROUPS, resources.MODEL_PACKAGES), of_own_team()
        ),
        Statement("ListPackages", ("sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages")),
    ),
)
READ_ALL_PACKAGES = Capability(
    "read every team's registry",
    "look at all model package groups and model packages",
    (
        Statement("ReadAllPackages", READ_PACKAGES, (resources.MODEL_PACKAGE_GROUPS, resources.MODEL_PACKAGES)),
        Statement("ListPackages", ("sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages")),
    ),
)
REGISTER = Capability(
    "register models",
    "register model packages in the team's groups, waiting for approval",
    (
        Statement(
            "RegisterPackages",
            ("sagemaker:AddTags", "sagemaker:CreateModelPackage"),
            (resources.MODEL_PACKAGE_GROUPS, resources.MODEL_PACKAGES),
        ),
        Statement(
            "NeverApproveOnRegistration",
            ("sagemaker:CreateModelPackage",),
            (resources.MODEL_PACKAGE_GROUPS, resources.MODEL_PACKAGES),
            {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
            effect="Deny",
        ),
    ),
)
APPROVE = Capability(
    "approve model packages",
    "set the approval status of the team's model packages",
    (
        Statement(
            "ApprovePackages",
            ("sagemaker:UpdateModelPackage",),
            (resources.MODEL_PACKAGES,),
            of_own_team(),
        ),
    ),
)
TAG_PACKAGES = Capability(
    "record where models run",
    "update model packages with where they are deployed, never their approval",
    (
        Statement(
            "RecordDeployments", ("sagemaker:AddTags", "sagemaker:UpdateModelPackage"), (resources.MODEL_PACKAGES,)
        ),
        Statement(
            "NeverApprove",
            ("sagemaker:UpdateModelPackage",),
            (resources.MODEL_PACKAGES,),
            {"Null": {"sagemaker:ModelApprovalStatus": "false"}},
            effect="Deny",
        ),
    ),
)
ANNOTATE = Capability(
    "annotate model packages",
    "put facts on the team's model packages, such as where their experiment is kept, never their approval",
    (
        Statement("AnnotatePackages", ("sagemaker:UpdateModelPackage",), (resources.MODEL_PACKAGES,), of_own_team()),
        Statement(
            "NeverApprove",
            ("sagemaker:UpdateModelPackage",),
            (resources.MODEL_PACKAGES,),
            {"Null": {"sagemaker:ModelApprovalStatus": "false"}},
            effect="Deny",
        ),
    ),
)
PULL_IMAGES = Capability(
    "pull images",
    "pull the team's images from tooling, and AWS's own",
    (
        Statement("LogInToRegistry", ("ecr:GetAuthorizationToken",)),
        Statement("PullTeamImages", PULL, (TEAM_IMAGES,)),
    ),
)
PULL_AWS_IMAGES = Capability(
    "pull AWS images",
    "pull the images of AWS's algorithms and frameworks, from whichever account they are in",
    (Statement("PullAwsImages", PULL, (resources.arn("ecr", "repository/*", account="*"),)),),
)
PUSH_IMAGES = Capability(
    "push images",
    "push the team's images to tooling",
    (Statement("PushTeamImages", (*PUSH, "ecr:DescribeImages"), (TEAM_IMAGES,)),),
)
READ_SHARED = Capability(
    "read shared artifacts",
    "read the team's folder of tooling's artifacts bucket: models, baselines, code",
    (
        Statement(
            "ListShared",
            LIST_BUCKETS,
            (resources.TOOLING_ARTIFACTS,),
            {"StringLikeIfExists": _BELOW_OWN_TEAM["StringLike"]},
        ),
        Statement("ReadShared", READ_OBJECTS, (TEAM_ARTIFACTS,)),
        Statement("ReadWithToolingKey", DECRYPT, (resources.TOOLING_KEYS,), _THROUGH_S3),
    ),
)
WRITE_SHARED = Capability(
    "write shared artifacts",
    "put objects into the team's folder of tooling's artifacts bucket; versions stay",
    (
        Statement("WriteShared", WRITE_OBJECTS, (TEAM_ARTIFACTS,)),
        Statement("WriteWithToolingKey", ENCRYPT, (resources.TOOLING_KEYS,), _THROUGH_S3),
    ),
)
SEND_EVENTS = Capability(
    "send events",
    "put events on tooling's bus",
    (Statement("SendEvents", ("events:PutEvents",), (resources.TOOLING_BUS,)),),
)
