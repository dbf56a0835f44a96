"""KMS. A key is named by id, ARN, alias or alias ARN; the directory turns an alias into its key."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, creates, same, tags_of, tags_resource, untags_resource
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_KEY_ID = re.compile(rb"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_ID_LENGTH = 36


def key_arn(name: str, caller: Caller) -> str:
    """The ARN that a key or alias is asked for under, whichever way it is named."""
    if name.startswith("arn:"):
        return name
    kind = "" if name.startswith("alias/") else "key/"
    return f"arn:aws:kms:{caller.region}:{caller.account}:{kind}{name}"


def _key(path: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        return (key_arn(str(at(parameters, path) or "*"), caller),)

    return arns


def _ciphertext_key(path: str, blob: str) -> Arns:
    """The key that a ciphertext was made with, unless the request names one: moto writes its id at the beginning."""

    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        named = at(parameters, path)
        return (key_arn(str(named or _key_id(at(parameters, blob)) or "*"), caller),)

    return arns


def _key_id(blob: object) -> str:
    raw = blob if isinstance(blob, bytes) else b""
    if isinstance(blob, str):
        try:
            raw = base64.b64decode(blob, validate=True)
        except binascii.Error:
            return ""
    start = raw[:_ID_LENGTH]
    return start.decode() if _KEY_ID.fullmatch(start) else ""


def _request_alias(parameters: Parameters) -> str | None:
    name = str(at(parameters, "KeyId") or "")
    alias = name.rpartition(":")[2]
    return alias if alias.startswith("alias/") else None


def _context_keys(parameters: Parameters) -> tuple[str, ...] | None:
    return tuple(at(parameters, "EncryptionContext") or ()) or None


_KEY = _key("KeyId")
_ALIAS: Keys = {"kms:RequestAlias": _request_alias}
_CONTEXT: Keys = {**_ALIAS, "kms:EncryptionContextKeys": _context_keys}
_CONTEXTS = {"kms:EncryptionContext:": tags_of("EncryptionContext")}
_ENCRYPTING: Keys = {**_CONTEXT, "kms:EncryptionAlgorithm": "EncryptionAlgorithm"}
_SIGNING: Keys = {**_ALIAS, "kms:SigningAlgorithm": "SigningAlgorithm", "kms:MessageType": "MessageType"}
_GRANT: Keys = {
    "kms:GranteePrincipal": "GranteePrincipal",
    "kms:RetiringPrincipal": "RetiringPrincipal",
    "kms:GrantOperations": "Operations[]",
    "kms:GrantIsForAWSResource": lambda _: "false",  # the caller's own grant, not one that a service makes
}


def _both(operation: str) -> tuple[Need, ...]:
    """CreateAlias and DeleteAlias need the action on the alias and on its key."""
    key = _KEY if operation == "CreateAlias" else _key("AliasName")
    alias = "arn:aws:kms:{region}:{account}:{AliasName}"
    return Need(f"kms:{operation}", key), Need(f"kms:{operation}", alias)


OPERATIONS: Operations = {
    "CreateKey": creates(
        "kms:CreateKey",
        "*",
        {
            "kms:KeySpec": "KeySpec",
            "kms:KeyUsage": "KeyUsage",
            "kms:KeyOrigin": "Origin",
            "kms:MultiRegion": "MultiRegion",
            "kms:BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
        },
        key="TagKey",
        value="TagValue",
    )
    + tuple(
        replace(need, when="Tags[]")
        for need in tags_resource(
            "kms:TagResource", "arn:aws:kms:{region}:{account}:key/*", key="TagKey", value="TagValue"
        )
    ),
    "CreateAlias": _both("CreateAlias"),
    "DeleteAlias": _both("DeleteAlias"),
    "UpdateAlias": (
        Need("kms:UpdateAlias", _key("TargetKeyId")),
        Need("kms:UpdateAlias", "arn:aws:kms:{region}:{account}:{AliasName}"),
    ),
    **same("kms", "*", "GenerateRandom ListAliases ListKeys"),
    **same(
        "kms",
        _KEY,
        "CancelKeyDeletion DisableKey DisableKeyRotation EnableKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus "
        "ListGrants ListKeyPolicies ListResourceTags RotateKeyOnDemand UpdateKeyDescription",
    ),
    **same("kms", _KEY, "DescribeKey GetPublicKey", _ALIAS),
    **same("kms", _KEY, "Sign Verify", _SIGNING),
    **same("kms", _KEY, "GenerateMac VerifyMac", {**_ALIAS, "kms:MacAlgorithm": "MacAlgorithm"}),
    **same("kms", _KEY, "PutKeyPolicy", {"kms:BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck"}),
    **same("kms", _KEY, "ScheduleKeyDeletion", {"kms:ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays"}),
    "Encrypt": (Need("kms:Encrypt", _KEY, _ENCRYPTING, _CONTEXTS),),
    "Decrypt": (Need("kms:Decrypt", _ciphertext_key("KeyId", "CiphertextBlob"), _ENCRYPTING, _CONTEXTS),),
    **{
        name: (Need(f"kms:{name}", _KEY, _CONTEXT, _CONTEXTS),)
        for name in ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
    },
    "ReEncrypt": (
        Need("kms:ReEncryptFrom", _ciphertext_key("SourceKeyId", "CiphertextBlob")),
        Need("kms:ReEncryptTo", _key("DestinationKeyId")),
    ),
    "CreateGrant": (Need("kms:CreateGrant", _KEY, _GRANT),),
    "RetireGrant": (Need("kms:RetireGrant", _KEY),),
    "RevokeGrant": (Need("kms:RevokeGrant", _KEY),),
    "TagResource": tags_resource("kms:TagResource", _KEY, key="TagKey", value="TagValue"),
    "UntagResource": untags_resource("kms:UntagResource", _KEY),
}
