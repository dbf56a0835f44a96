"""Request bodies to arrays."""

from __future__ import annotations

from headgate_runtimes.serving.codecs import decode

__all__ = ["decode"]
