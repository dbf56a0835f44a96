"""Requests into arrays and predictions into responses: the defaults of SageMaker's inference toolkit.

Arrays are NumPy's, imported when the first is needed: a server whose script does without NumPy runs without.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from headgate_runtimes.serving.http import BadRequestError

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
TEXT = "text/plain"
NPY = "application/x-npy"
UTF8_TYPES = frozenset({JSON, JSON_LINES, CSV, TEXT})


def media_type(value: str | None) -> str:
    """A Content-Type or Accept header without its parameters, in lower case."""
    return (value or "").partition(";")[0].strip().lower()


def decode(body: str | bytes, content_type: str) -> Any:
    """A request's body as a NumPy array.

    Raises:
        BadRequestError: 415 for a content type that is not one of these, 400 for a body that is not of its type.
    """
    decoder = _DECODERS.get(media_type(content_type))
    if decoder is None:
        raise BadRequestError(
            f"content type '{content_type}' is not supported: {', '.join(_DECODERS)}; or implement input_fn", 415
        )
    try:
        return decoder(body)
    except BadRequestError:
        raise
    except (ValueError, TypeError, EOFError) as error:
        raise BadRequestError(f"the payload is not {content_type}: {error}") from error


def _text(body: str | bytes) -> str:
    return body.decode("utf-8") if isinstance(body, bytes) else body


def _from_json(body: str | bytes) -> Any:
    import numpy as np

    return np.array(json.loads(body))


def _from_json_lines(body: str | bytes) -> Any:
    import numpy as np

    return np.array([json.loads(line) for line in _text(body).splitlines() if line.strip()])


def _from_csv(body: str | bytes) -> Any:
    import numpy as np

    text = _text(body).strip()
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise BadRequestError("the payload is empty")
    if any(len(row) != len(rows[0]) for row in rows):
        raise BadRequestError("the payload's rows differ in their number of columns")
    try:
        return np.array([[float(field) if field.strip() else np.nan for field in row] for row in rows])
    except ValueError:
        return np.array(rows)


def _from_npy(body: str | bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(body if isinstance(body, bytes) else body.encode("latin-1")), allow_pickle=False)


_DECODERS: Mapping[str, Callable[[str | bytes], Any]] = {
    JSON: _from_json,
    JSON_LINES: _from_json_lines,
    CSV: _from_csv,
    NPY: _from_npy,
}


def encode(prediction: Any, accept: str) -> bytes:
    """A prediction as a response's body.

    Raises:
        BadRequestError: 406 for an Accept that is not one of these.
    """
    encoder = _ENCODERS.get(media_type(accept))
    if encoder is None:
        raise BadRequestError(
            f"accept '{accept}' is not supported: {', '.join(_ENCODERS)}; or implement output_fn", 406
        )
    return encoder(prediction)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _to_json(prediction: Any) -> bytes:
    return json.dumps(_plain(prediction), default=_plain).encode()


def _to_json_lines(prediction: Any) -> bytes:
    values = _plain(prediction)
    lines = values if isinstance(values, list) else [values]
    return "".join(json.dumps(line, default=_plain) + "\n" for line in lines).encode()


def _to_csv(prediction: Any) -> bytes:
    values = _plain(prediction)
    rows = values if isinstance(values, list | tuple) else [values]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows(_plain(row) if isinstance(_plain(row), list | tuple) else [_plain(row)] for row in rows)
    return buffer.getvalue().encode()


def _to_npy(prediction: Any) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, np.asarray(prediction), allow_pickle=False)
    return buffer.getvalue()


_ENCODERS: Mapping[str, Callable[[Any], bytes]] = {
    JSON: _to_json,
    JSON_LINES: _to_json_lines,
    CSV: _to_csv,
    NPY: _to_npy,
}
