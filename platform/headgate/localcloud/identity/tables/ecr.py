"""ECR: repositories of images."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at, values
from headgate.localcloud.seams import Caller


def _repository(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """A registry is an account; without one it is the caller's."""
    account = at(parameters, "registryId") or caller.account
    named = values(parameters, "repositoryName") + values(parameters, "repositoryNames[]")
    return tuple(f"arn:aws:ecr:{caller.region}:{account}:repository/{name}" for name in named or ["*"])


OPERATIONS: Operations = {
    "CreateRepository": creates("ecr:CreateRepository", _repository, tag_action="ecr:TagResource", tags="tags"),
    **same(
        "ecr",
        _repository,
        "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload DeleteLifecyclePolicy "
        "DeleteRepository DeleteRepositoryPolicy DescribeImageScanFindings DescribeImages DescribeRepositories "
        "GetDownloadUrlForLayer GetLifecyclePolicy GetLifecyclePolicyPreview GetRepositoryPolicy InitiateLayerUpload "
        "ListImages PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
        "SetRepositoryPolicy StartImageScan StartLifecyclePolicyPreview UploadLayerPart",
    ),
    **same(
        "ecr",
        "*",
        "DeleteRegistryPolicy DescribeRegistry GetAuthorizationToken GetRegistryPolicy "
        "GetRegistryScanningConfiguration PutRegistryPolicy PutRegistryScanningConfiguration "
        "PutReplicationConfiguration",
    ),
    "ListTagsForResource": (Need("ecr:ListTagsForResource", "{resourceArn}"),),
    "TagResource": tags_resource("ecr:TagResource", "{resourceArn}", tags="tags"),
    "UntagResource": untags_resource("ecr:UntagResource", "{resourceArn}", names="tagKeys"),
}
