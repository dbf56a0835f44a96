"""Where an attempt's references get their values: parameters, execution variables, other steps' records, S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.model import Definition
from headgate.localcloud.executions.paths import PathError, descend
from headgate.localcloud.executions.records import StepRecord
from headgate.localcloud.executions.references import Reference, ReferenceUnresolvedError
from headgate.localcloud.s3.store import ObjectStore, parse_s3_uri
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class ExecutionScope:
    """The values that one attempt sees. `records` is a snapshot taken when the attempt starts."""

    definition: Definition
    parameters: Json
    variables: Mapping[str, Any]
    records: Mapping[str, StepRecord]
    objects: ObjectStore

    def get(self, reference: Reference) -> Any:
        if reference.root == "Steps":
            return self._property(reference)
        values: Mapping[str, Any] = self.parameters if reference.root == "Parameters" else self.variables
        if reference.name not in values:
            message = f"'{reference.text}' has no value here"
            raise ReferenceUnresolvedError(message)
        return values[reference.name]

    def property_file(self, reference: Reference) -> str:
        """`s3://…` of a property file: the declared output's S3Uri and the declared path."""
        files = self.definition.steps[reference.name].property_files
        file = files.get(reference.property_file or "")
        if file is None:
            message = f"'{reference.text}' is no property file of step '{reference.name}'"
            raise ReferenceUnresolvedError(message)
        properties = self._record(reference).properties
        path = ("ProcessingOutputConfig", "Outputs", file.output, "S3Output", "S3Uri")
        try:
            return f"{str(descend(properties, path)).rstrip('/')}/{file.path.lstrip('/')}"
        except PathError as error:
            message = f"property file '{file.name}': step '{reference.name}' has no output '{file.output}' ({error})"
            raise ReferenceUnresolvedError(message) from error

    def read(self, uri: str) -> bytes:
        try:
            return self.objects.get(*parse_s3_uri(uri)).path.read_bytes()
        except (AwsError, ValueError, OSError) as error:
            reason = error.message if isinstance(error, AwsError) else str(error)
            message = f"cannot read {uri}, which a Std:JsonGet refers to: {reason}"
            raise ReferenceUnresolvedError(message) from error

    def _property(self, reference: Reference) -> Any:
        try:
            return descend(self._record(reference).properties, reference.path)
        except PathError as error:
            message = f"'{reference.text}' has no value: {error}"
            raise ReferenceUnresolvedError(message) from error

    def _record(self, reference: Reference) -> StepRecord:
        record = self.records.get(reference.name)
        if record is None:
            message = f"'{reference.text}' has no value: step '{reference.name}' has not run"
            raise ReferenceUnresolvedError(message)
        return record


def timestamp(seconds: float) -> str:
    """A moment as the execution variables write it: ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
