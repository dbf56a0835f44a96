"""Where moto takes far longer than what it does is worth: done otherwise, with the same answers.

Held by tests/contract/test_moto_speed.py.
"""

from __future__ import annotations

import copy
import functools
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.server.moto_determinism import once_imported, patch

_PLAIN = {"S": str, "N": str, "BOOL": bool, "NULL": bool}
_SETS = frozenset({"SS", "NS"})


def install() -> None:
    """Patch each service as soon as somebody uses it."""
    once_imported("moto.kms.models", _patch_kms)
    once_imported("moto.iam.models", _patch_iam)
    once_imported("moto.core.serialize", _patch_attribute_values)


def _patch_kms() -> None:
    """moto generates a pair of RSA keys for symmetric keys too, which have none."""
    from moto.kms import models

    pair: Any = vars(models)["generate_private_key"]
    if isinstance(pair, functools.partial):
        return
    patch(models, "generate_private_key", functools.partial(_pair, pair))


def _pair(generate: Any, key_spec: str) -> Any:
    return _NoPair() if key_spec == "SYMMETRIC_DEFAULT" or key_spec.startswith("HMAC_") else generate(key_spec)


class _NoPair:
    """What a symmetric key has for a pair of keys. Signing asks for the key's usage before it comes here."""

    def public_key(self) -> bytes:
        raise AwsError("UnsupportedOperationException", "This operation is not valid for symmetric KMS keys.")


def _patch_iam() -> None:
    """AWS's own policies are the same in all accounts: parsed and built once, then copied."""
    from moto.iam.models import IAMBackend

    build: Any = IAMBackend._init_aws_policies  # noqa: SLF001 - the seam
    if getattr(build, "headgate", False):
        return
    first: dict[str, list[Any]] = {}

    def policies(self: Any) -> list[Any]:
        known = first.get(self.partition) or first.setdefault(self.partition, build(self))
        return [_own(policy, self.account_id) for policy in known]

    policies.headgate = True  # type: ignore[attr-defined]
    patch(IAMBackend, "_init_aws_policies", policies)


def _own(policy: Any, account: str) -> Any:
    """An account's copy: it counts its own attachments; documents are AWS's, and nobody changes them."""
    own = copy.copy(policy)
    own.account_id, own.tags = account, {}
    return own


def _patch_attribute_values() -> None:
    """DynamoDB's values are JSON as they are stored; moto looks each of them up under ten names."""
    from moto.core.serialize import BaseJSONSerializer

    serialize: Any = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 - the seam
    if getattr(serialize, "headgate", False):
        return

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_plain(value):
            serialized[key] = value
        else:
            serialize(self, serialized, value, shape, key)

    structure.headgate = True  # type: ignore[attr-defined]
    patch(BaseJSONSerializer, "_serialize_type_structure", structure)


def _is_plain(value: Any) -> bool:
    """Whether a value is JSON already: it holds no bytes and no numbers, which become text on their way out."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((kind, held),) = value.items()
    if kind == "L":
        return all(_is_plain(each) for each in held)
    if kind == "M":
        return all(_is_plain(each) for each in held.values())
    if kind in _SETS:
        return all(isinstance(each, str) for each in held)
    return kind in _PLAIN and isinstance(held, _PLAIN[kind])
