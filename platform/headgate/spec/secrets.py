"""Keeping secrets out of what is printed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "********"

_SECRET_NAME = re.compile(
    r"(^|[_\-.])(secret|secrets|password|passwd|passphrase|token|credential|credentials|private[_-]?key|api[_-]?key"
    r"|access[_-]?key|apikey)([_\-.]|$)",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(r"(_|-)(arn|name|file|path|url|id|expiry|ttl)$", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{2})[A-Z0-9]{14}\b"), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]+(@)"), rf"\1{HIDDEN}\2"),
    (
        re.compile(
            r"((?:secret|password|passwd|passphrase|token|api[_-]?key|access[_-]?key)[\w-]*['\"]?\s*[=:]\s*['\"]?)"
            r"(?!\*{8})[^\s'\",;&]{6,}",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
_SHORTEST_SECRET = 6  # a shorter value would blank ordinary words


def looks_secret(name: str) -> bool:
    """Whether a setting or an environment variable of this name holds a secret: `api_token`, not `token_url`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_SECRET_NAME.search(spaced)) and not _NOT_SECRET_NAME.search(spaced)


def mask(text: str, environ: Mapping[str, str] | None = None) -> str:
    """Text with secrets replaced by asterisks.

    Hidden are: the values of environment variables whose names look secret, AWS access keys (their first six
    characters stay, to tell which), passwords in URLs, and whatever follows `password=`, `token:` and the like.
    """
    variables = os.environ if environ is None else environ
    values = {value for name, value in variables.items() if looks_secret(name) and len(value) >= _SHORTEST_SECRET}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
