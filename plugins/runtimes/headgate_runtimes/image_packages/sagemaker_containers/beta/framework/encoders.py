"""Arrays to and from request and response bodies."""

from __future__ import annotations

from typing import Any

from headgate_runtimes.serving import codecs


def encode(array_like: Any, content_type: str) -> bytes:
    """An array as a response's body."""
    return codecs.encode(array_like, content_type)


def decode(obj: str | bytes, content_type: str) -> Any:
    """A request's body as an array."""
    return codecs.decode(obj, content_type)
