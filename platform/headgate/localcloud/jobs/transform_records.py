"""Cut a transform's input into payloads, and filter and join records: pure functions of bytes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

from headgate.localcloud.jobs.jsonpath import JsonPath, PathError

Format = Literal["csv", "json", "other"]


class RecordError(ValueError):
    """A record that cannot be sent, filtered or joined; the text says why."""


def format_of(content_type: str) -> Format:
    """What the records of a media type look like."""
    plain = content_type.partition(";")[0].strip().lower()
    if plain == "text/csv":
        return "csv"
    return "json" if plain in ("application/json", "application/jsonlines", "application/x-jsonlines") else "other"


def batches(records: Iterable[bytes], *, single: bool, limit: int | None) -> Iterator[list[bytes]]:
    """Group records into payloads of at most `limit` bytes. Raises RecordError for a record that is larger alone."""
    batch: list[bytes] = []
    size = 0
    for record in records:
        if limit is not None and len(record) > limit:
            raise RecordError(
                f"a record of {len(record)} bytes is larger than MaxPayloadInMB allows ({limit >> 20} MB): "
                "Too much data for max payload size"
            )
        added = len(record) + (1 if batch else 0)
        if batch and (single or (limit is not None and size + added > limit)):
            yield batch
            batch, size, added = [], 0, len(record)
        batch.append(record)
        size += added
    if batch:
        yield batch


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The records of a file split by line; blank lines are none."""
    for line in file:
        record = line.rstrip(b"\r\n")
        if record.strip():
            yield record


@dataclass(frozen=True, slots=True)
class DataProcessing:
    """InputFilter, JoinSource and OutputFilter of a request, for records of one format."""

    kind: Format
    input_filter: JsonPath
    output_filter: JsonPath
    join: bool

    @property
    def is_identity(self) -> bool:
        return self.input_filter.is_identity and self.output_filter.is_identity and not self.join

    @property
    def keeps_answers(self) -> bool:
        """Whether what the model answers goes into the output as it is."""
        return self.output_filter.is_identity and not self.join

    def request(self, records: Sequence[bytes]) -> list[bytes]:
        """The records as the model gets them. Raises RecordError."""
        if self.input_filter.is_identity:
            return list(records)
        return [self._encode(self._select(self.input_filter, self._decode(record))) for record in records]

    def response(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """The answer to `records`, joined and filtered, one line per record. Raises RecordError."""
        answers = self._split_answer(answer, len(records))
        done = []
        for record, line in zip(records, answers, strict=True):
            value = self._decode(line)
            if self.join:
                value = _joined(self.kind, self._decode(record), value)
            done.append(self._encode(self._select(self.output_filter, value)))
        return b"\n".join(done) + b"\n"

    def _split_answer(self, answer: bytes, count: int) -> list[bytes]:
        if self.kind == "json" and count == 1:
            return [answer.strip()]
        found = [line for line in answer.splitlines() if line.strip()]
        if len(found) != count:
            raise RecordError(f"the model answered {count} records with {len(found)} lines, so they cannot be matched")
        return found

    def _select(self, path: JsonPath, value: Any) -> Any:
        try:
            return path.select(value)
        except PathError as error:
            raise RecordError(str(error)) from error

    def _decode(self, record: bytes) -> Any:
        try:
            text = record.decode()
            return json.loads(text) if self.kind == "json" else next(csv.reader([text]), [])
        except (ValueError, csv.Error) as error:
            raise RecordError(f"a record is not {'JSON' if self.kind == 'json' else 'CSV'}: {error}") from error

    def _encode(self, value: Any) -> bytes:
        if self.kind == "json":
            return json.dumps(value, ensure_ascii=False).encode()
        row = value if isinstance(value, list) else [value]
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(row)
        return buffer.getvalue().encode()


def _joined(kind: Format, record: Any, answer: Any) -> Any:
    if kind == "csv":
        return [*record, *answer]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": answer}
    return {"SageMakerInput": record, "SageMakerOutput": answer}


def assembled(answer: bytes, *, by_line: bool) -> bytes:
    """An answer as AssembleWith puts it into the output: with Line, exactly one newline ends it."""
    return answer.removesuffix(b"\n") + b"\n" if by_line else answer
