"""boto3 clients against this cloud: one per identity, region and service, all from the same data files in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

_KEPT = 128
"""Clients kept; one that is dropped lives on as long as somebody uses it."""

_LONGEST_ANSWER = 960
"""Seconds that an answer may take: a Lambda function's 15 minutes, and a little. A call is made once: what it does, it
would do twice."""


class Clients:
    """Makes clients, and keeps those that were used last. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._session: Any = None

    def client(self, service: str, keys: Mapping[str, str]) -> Any:
        """A client of a service for credentials, region and endpoint as in `AWS_*` variables."""
        key = (keys["AWS_ACCESS_KEY_ID"], keys["AWS_REGION"], service)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = self._make(service, keys)
                if len(self._clients) > _KEPT:
                    self._clients.popitem(last=False)
            self._clients.move_to_end(key)
        return client

    def _make(self, service: str, keys: Mapping[str, str]) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.Session()
        return self._session.client(
            service,
            region_name=keys["AWS_REGION"],
            endpoint_url=keys["AWS_ENDPOINT_URL"],
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys["AWS_SESSION_TOKEN"],
            config=Config(read_timeout=_LONGEST_ANSWER, retries={"total_max_attempts": 1}, max_pool_connections=50),
        )
