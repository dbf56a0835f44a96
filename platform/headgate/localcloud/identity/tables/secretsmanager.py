"""Secrets Manager. A secret's ARN ends in six random characters, which the directory adds to a name."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, creates, same, tags_resource, untags_resource

_START = "arn:aws:secretsmanager:{region}:{account}:secret:"
_SECRET = _START + "{SecretId}"
_NEW = _START + "{Name}-??????"
_ID: Keys = {"secretsmanager:SecretId": "SecretId"}

OPERATIONS: Operations = {
    "CreateSecret": creates(
        "secretsmanager:CreateSecret",
        _NEW,
        {"secretsmanager:Name": "Name", "secretsmanager:KmsKeyId": "KmsKeyId"},
        tag_action="secretsmanager:TagResource",
    ),
    "GetSecretValue": (
        Need(
            "secretsmanager:GetSecretValue",
            _SECRET,
            {
                **_ID,
                "secretsmanager:VersionId": "VersionId",
                "secretsmanager:VersionStage": "VersionStage",
            },
            kms_action="kms:Decrypt",
        ),
    ),
    "PutSecretValue": (Need("secretsmanager:PutSecretValue", _SECRET, _ID, kms_action="kms:GenerateDataKey"),),
    "UpdateSecret": (Need("secretsmanager:UpdateSecret", _SECRET, {**_ID, "secretsmanager:KmsKeyId": "KmsKeyId"}),),
    "DeleteSecret": (
        Need(
            "secretsmanager:DeleteSecret",
            _SECRET,
            {
                **_ID,
                "secretsmanager:RecoveryWindowInDays": "RecoveryWindowInDays",
                "secretsmanager:ForceDeleteWithoutRecovery": "ForceDeleteWithoutRecovery",
            },
        ),
    ),
    "PutResourcePolicy": (
        Need(
            "secretsmanager:PutResourcePolicy",
            _SECRET,
            {**_ID, "secretsmanager:BlockPublicPolicy": "BlockPublicPolicy"},
        ),
    ),
    **same(
        "secretsmanager",
        _SECRET,
        "CancelRotateSecret DeleteResourcePolicy DescribeSecret GetResourcePolicy ListSecretVersionIds RestoreSecret "
        "RotateSecret UpdateSecretVersionStage",
        _ID,
    ),
    **same("secretsmanager", "*", "BatchGetSecretValue GetRandomPassword ListSecrets"),
    "TagResource": tags_resource("secretsmanager:TagResource", _SECRET),
    "UntagResource": untags_resource("secretsmanager:UntagResource", _SECRET),
}
