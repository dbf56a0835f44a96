"""The response object that inference scripts return."""

from __future__ import annotations

from typing import Any

from headgate_runtimes.serving import codecs


class Response:
    """A body with its content type. `response` may be text, bytes, or an array to be encoded as `mimetype`."""

    def __init__(
        self, response: Any = b"", accept: str | None = None, status: int = 200, mimetype: str | None = None
    ) -> None:
        self.mimetype = mimetype or accept or codecs.JSON
        self.status_code = int(status)
        self.response = response

    def get_data(self) -> bytes:
        """The body."""
        if isinstance(self.response, bytes):
            return self.response
        if isinstance(self.response, str):
            return self.response.encode("utf-8")
        return codecs.encode(self.response, self.mimetype)
