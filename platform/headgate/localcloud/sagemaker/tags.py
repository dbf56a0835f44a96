"""Tags of all the resources that are kept here, by ARN."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.sagemaker.listing import cut
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import Caller, Json, Operation

KIND = "tags"
_LIMIT = 50
_DESCRIBED_BY = {
    "action": ("DescribeAction", "ActionName"),
    "artifact": ("DescribeArtifact", "ArtifactArn"),
    "context": ("DescribeContext", "ContextName"),
    "endpoint": ("DescribeEndpoint", "EndpointName"),
    "endpoint-config": ("DescribeEndpointConfig", "EndpointConfigName"),
    "hyper-parameter-tuning-job": ("DescribeHyperParameterTuningJob", "HyperParameterTuningJobName"),
    "image": ("DescribeImage", "ImageName"),
    "model": ("DescribeModel", "ModelName"),
    "model-package": ("DescribeModelPackage", "ModelPackageName"),
    "model-package-group": ("DescribeModelPackageGroup", "ModelPackageGroupName"),
    "pipeline": ("DescribePipeline", "PipelineName"),
    "processing-job": ("DescribeProcessingJob", "ProcessingJobName"),
    "training-job": ("DescribeTrainingJob", "TrainingJobName"),
    "transform-job": ("DescribeTransformJob", "TransformJobName"),
}


class Tags:
    """AddTags, ListTags, DeleteTags, and the `Tags` of Create operations."""

    def __init__(self, documents: Documents, operations: Operations) -> None:
        self._documents = documents
        self._operations = operations

    def operations(self) -> dict[str, Operation]:
        return {"AddTags": self.add, "ListTags": self.list_all, "DeleteTags": self.delete}

    def tagging(self, operations: dict[str, Operation]) -> dict[str, Operation]:
        """The operations, each Create so that it keeps the request's tags under the new resource's ARN."""
        return {
            name: self._tagging(operation) if name.startswith("Create") else operation
            for name, operation in operations.items()
        }

    def add(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request["ResourceArn"])
        given = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        with self._documents.transaction():
            tags = {**(self._documents.find(key) or {}), **given}
            self._write(key, tags)
        return {"Tags": _listed(tags)}

    def list_all(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request["ResourceArn"])
        return cut(_listed(self._documents.find(key) or {}), request, "Tags")

    def delete(self, caller: Caller, request: Json) -> Json:
        key = self._key(caller, request["ResourceArn"])
        with self._documents.transaction():
            tags = self._documents.find(key) or {}
            self._documents.put(key, {name: value for name, value in tags.items() if name not in request["TagKeys"]})
        return {}

    def _tagging(self, create: Operation) -> Operation:
        def tagged(caller: Caller, request: Json) -> Json:
            given = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
            _check(given)
            answer = create(caller, request)
            arn = next(str(value) for member, value in answer.items() if member.endswith("Arn"))
            key = _key(arn)
            if given or self._documents.find(key) is not None:  # an earlier resource of that name may have left some
                self._documents.put(key, given)
            return answer

        return tagged

    def _write(self, key: Key, tags: dict[str, str]) -> None:
        _check(tags)
        self._documents.put(key, tags)

    def _key(self, caller: Caller, arn: str) -> Key:
        """The key of a resource's tags. Raises AwsError for a resource that does not exist or is not kept here."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        if kind not in _DESCRIBED_BY:
            raise unsupported(f"tags of SageMaker's resource type '{kind}'")
        operation, member = _DESCRIBED_BY[kind]
        by_arn = kind in ("artifact", "model-package", "model-package-group")
        owner = Caller(caller.account, arn.split(":")[3], caller.principal)
        described = self._operations.call(owner, operation, {member: arn if by_arn else name})
        if arn not in described.values():
            raise validation(f"there is no resource {arn} in account {caller.account}")
        return _key(arn)


def _check(tags: dict[str, str]) -> None:
    if len(tags) > _LIMIT:
        raise validation(f"a resource can have {_LIMIT} tags, not {len(tags)}")


def _listed(tags: Json) -> list[Json]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _key(arn: str) -> Key:
    fields = arn.split(":")
    return Key(fields[4], fields[3], KIND, arn)
