"""Request bodies to DMatrix, and JSON responses to JSON Lines."""

from __future__ import annotations

import json
from typing import Any

from headgate_runtimes.algorithms.xgboost.serve import parse_body


def _bytes(body: str | bytes) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)


def csv_to_dmatrix(input: str | bytes, dtype: Any = None) -> Any:  # noqa: A002  the container's own signature
    """CSV rows without label."""
    del dtype
    return parse_body(_bytes(input), "text/csv")


def libsvm_to_dmatrix(string_like: str | bytes) -> Any:
    """LIBSVM rows."""
    return parse_body(_bytes(string_like), "text/libsvm")


def recordio_protobuf_to_dmatrix(string_like: bytes) -> Any:
    """RecordIO-protobuf records."""
    return parse_body(string_like, "application/x-recordio-protobuf")


def json_to_jsonlines(json_data: str | dict[str, Any]) -> bytes:
    """`{"predictions": [a, b]}` as one line for each."""
    values = json_data if isinstance(json_data, dict) else json.loads(json_data)
    if len(values) != 1:
        raise ValueError("a JSON response of one list is needed")
    (entries,) = values.values()
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def decode(obj: str | bytes, content_type: str) -> Any:
    """A request's body as a DMatrix, by its content type."""
    return parse_body(_bytes(obj), content_type)
