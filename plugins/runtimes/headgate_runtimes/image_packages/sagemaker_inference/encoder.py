"""Arrays to response bodies."""

from __future__ import annotations

from headgate_runtimes.serving.codecs import encode

__all__ = ["encode"]
