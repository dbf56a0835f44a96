"""Errors that inference scripts raise."""

from __future__ import annotations

from headgate_runtimes.serving.http import BadRequestError


class UnsupportedFormatError(BadRequestError):
    """A content type that the script does not read or write."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"content type '{content_type}' is not supported", 415)
