"""One truth for objects, logs and SageMaker: moto's other services use ours instead of moto's own.

Lambda reads code from S3, CloudFormation reads templates, Firehose and Athena write objects, EventBridge writes log
events: all of it lands in the stores that the API answers from. What is not bridged is refused by name.
Held by tests/contract/test_moto_storage.py.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Json
from headgate.localcloud.server.moto_determinism import patch

Outside = Callable[[Callable[[], Json]], Json]
"""MotoHost.outside: does it once, and has a replay of the journal get the same answer."""

_S3_VERBS = ("get_", "put_", "delete_", "head_", "copy_", "list_object", "create_", "upload_", "complete_", "initiate_")
_OURS_IN_SAGEMAKER = (
    "create_compilation_job",
    "create_data_quality_job_definition",
    "create_endpoint",
    "create_endpoint_config",
    "create_hyper_parameter_tuning_job",
    "create_model",
    "create_model_package",
    "create_model_package_group",
    "create_pipeline",
    "create_processing_job",
    "create_training_job",
    "create_transform_job",
    "start_pipeline_execution",
    "update_model_package",
)


def install(outside: Outside, objects: ObjectStore, logs: LogStore) -> None:
    """Replace moto's S3, CloudWatch Logs and SageMaker state inside this process."""
    _install_s3(outside, objects)
    _install_logs(outside, logs)
    _install_sagemaker()


def object_for_moto(account: str, name: str, value: bytes, etag: str) -> Any:
    """An object that moto reads from memory, and that goes when moto has read it.

    moto's own kind wants somebody to dispose of a temporary file, and moto remembers each of them until it is reset.
    """
    from moto.s3 import models

    kind: Any = models.FakeKey
    made = kind(name, b"", account, "", etag=etag)
    kind.instances_tracked.remove(made)
    made.dispose()
    made._value_buffer = io.BytesIO(value)  # noqa: SLF001 - the seam
    made.contentsize = len(value)
    return made


def _install_s3(outside: Outside, objects: ObjectStore) -> None:
    from moto.s3 import models

    bucket_class: Any = models.FakeBucket

    def found(_: Any, bucket: str) -> Any:
        name = bucket.partition("/")[0]  # EC2 takes a flow log's whole destination for the bucket
        answer = outside(lambda: _owner(objects, name))
        return bucket_class(name=name, account_id=answer["account"], region_name=answer["region"])

    def read(bucket: str, key: str, version: str | None) -> Json:
        info = objects.get_version(bucket, key, version)
        return {"bytes": base64.b64encode(info.path.read_bytes()).decode(), "etag": info.etag}

    def get_object(self: Any, bucket_name: str, key_name: str, version_id: str | None = None, **_: object) -> Any:
        answer = outside(lambda: read(bucket_name, key_name, version_id))
        return object_for_moto(self.account_id, key_name, base64.b64decode(answer["bytes"]), answer["etag"])

    def put_object(self: Any, bucket_name: str, key_name: str, value: bytes, **_: object) -> Any:
        answer = outside(lambda: {"etag": objects.put_bytes(bucket_name, key_name, bytes(value)).etag})
        return object_for_moto(self.account_id, key_name, bytes(value), answer["etag"])

    def create_bucket(self: Any, bucket_name: str, region_name: str, **_: object) -> Any:
        outside(lambda: {"region": objects.create_bucket(self.account_id, region_name, bucket_name).region})
        return bucket_class(name=bucket_name, account_id=self.account_id, region_name=region_name)

    def delete_bucket(self: Any, bucket_name: str) -> Any:
        def delete() -> Json:
            objects.delete_bucket(bucket_name)
            return {}

        outside(delete)
        return bucket_class(name=bucket_name, account_id=self.account_id, region_name="")

    def no_metrics(*_: object, **__: object) -> list[Any]:
        """CloudWatch asks; sizes of buckets are not measured here."""
        return []

    bridged = {
        "get_cloudwatch_metrics": no_metrics,
        "get_bucket": found,
        "head_bucket": found,
        "get_object": get_object,
        "put_object": put_object,
        "create_bucket": create_bucket,
        "delete_bucket": delete_bucket,
    }
    _refuse_others(models.S3Backend, "S3", _S3_VERBS, bridged)
    for name, method in bridged.items():
        patch(models.S3Backend, name, method)
    models.S3Backend.buckets = property(lambda self: _Names(objects.bucket, found, self), lambda *_: None)  # type: ignore[assignment]


def _owner(objects: ObjectStore, bucket: str) -> Json:
    info = objects.bucket(bucket)
    return {"account": info.account, "region": info.region}


def _install_logs(outside: Outside, logs: LogStore) -> None:
    from moto.logs.models import LogGroup, LogsBackend

    group_class: Any = LogGroup

    def ensure(self: Any, log_group_name: str, *_: object, **__: object) -> Any:
        outside(lambda: {"new": logs.add_group(self.account_id, self.region_name, log_group_name)[1]})
        return group_class(self.account_id, self.region_name, log_group_name)

    def ensure_stream(self: Any, log_group_name: str, log_stream_name: str) -> None:
        outside(lambda: _write(logs, self, log_group_name, log_stream_name, []))

    def put_log_events(
        self: Any, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        outside(lambda: _write(logs, self, log_group_name, log_stream_name, log_events))
        return "", {}

    bridged: dict[str, Callable[..., Any]] = {
        "ensure_log_group": ensure,
        "create_log_group": ensure,
        "ensure_log_stream": ensure_stream,
        "create_log_stream": ensure_stream,
        "put_log_events": put_log_events,
    }
    _refuse_others(LogsBackend, "CloudWatch Logs", ("get_", "put_", "delete_", "create_", "filter_", "tag_"), bridged)
    for name, method in bridged.items():
        patch(LogsBackend, name, method)

    def group(self: Any, name: str) -> Any:
        if logs.find_group(self.account_id, self.region_name, name) is None:
            raise AwsError("ResourceNotFoundException", f"the log group '{name}' does not exist")
        return group_class(self.account_id, self.region_name, name)

    def groups(self: Any) -> Mapping[str, Any]:
        return _Names(lambda name: group(self, name), group, self)

    LogsBackend.groups = property(groups, lambda *_: None)  # type: ignore[assignment]


def _install_sagemaker() -> None:
    from moto.sagemaker.models import SageMakerModelBackend

    _refuse_others(SageMakerModelBackend, "SageMaker", _OURS_IN_SAGEMAKER, {})


def _write(logs: LogStore, backend: Any, group: str, stream: str, events: list[dict[str, Any]]) -> Json:
    with logs.writer(backend.account_id, backend.region_name, group, stream) as writer:
        for event in events:
            writer.write(str(event["message"]), float(event["timestamp"]) / 1000)
    return {"events": len(events)}


def _refuse_others(backend: type, service: str, verbs: tuple[str, ...], bridged: Mapping[str, object]) -> None:
    """Have every other method of the second truth say that it is not bridged."""
    for name in [name for name in vars(backend) if name.startswith(verbs) and name not in bridged]:

        def refuse(*_: object, _name: str = name, **__: object) -> Any:
            raise unsupported(f"{service} {_name} from inside another AWS service")

        patch(backend, name, refuse)


class _Names(Mapping[str, Any]):
    """What moto looks up by name, found in our store; a listing is not offered."""

    def __init__(self, check: Callable[[str], object], make: Callable[[Any, str], Any], backend: Any) -> None:
        self._check = check
        self._make = make
        self._backend = backend

    def __getitem__(self, name: str) -> Any:
        try:
            self._check(name)
        except AwsError as error:
            raise KeyError(name) from error
        return self._make(self._backend, name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def get(self, name: str, default: Any = None) -> Any:
        with suppress(KeyError):
            return self[name]
        return default
