"""Pages of lists, and the tokens and times in the requests for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

Item = TypeVar("Item")


def encode_token(value: Any) -> str:
    """An opaque token for where the next page starts: any JSON value."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def decode_token(token: str, kind: type) -> Any:
    """What `encode_token` was given. Raises ValueError when it was not given it, or something of another type."""
    value = json.loads(base64.urlsafe_b64decode(token))
    if not isinstance(value, kind):
        message = f"not a token of {kind.__name__}"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong with a token, it is the same mistake
    return value


def cut_page(items: Sequence[Item], token: str | None, size: int) -> tuple[Sequence[Item], str | None]:
    """The page of a list that a token asks for, and the next page's token. Raises ValueError for a foreign token."""
    start = 0 if token is None else int(decode_token(token, int))
    if start < 0:
        message = f"no page starts at {start}"
        raise ValueError(message)
    end = start + size
    return items[start:end], encode_token(end) if end < len(items) else None


def seconds(moment: Any) -> float:
    """A request's timestamp, which may be a number, ISO 8601 text or a datetime, as seconds since the epoch.

    Text without a zone is in UTC, as botocore writes it.
    """
    if isinstance(moment, int | float):
        return float(moment)
    if not isinstance(moment, datetime):
        try:
            return float(moment)
        except ValueError:
            moment = datetime.fromisoformat(str(moment))
    return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
