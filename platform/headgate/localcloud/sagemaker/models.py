"""Models: a container or a pipeline of containers, and the role they run with."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, DuplicateError, Key, MissingError
from headgate.localcloud.errors import validation
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.listing import Order, page, pick, select
from headgate.localcloud.sagemaker.model_data import check_containers
from headgate.localcloud.sagemaker.model_packages import ModelPackages
from headgate.localcloud.seams import Caller, Clock, Json, Operation

_ORDER = Order({"Name": "ModelName", "CreationTime": "CreationTime"})


class Models:
    """The operations on models. A document of kind `model` holds the request, ModelArn and CreationTime."""

    def __init__(self, documents: Documents, objects: ObjectStore, packages: ModelPackages, clock: Clock) -> None:
        self._documents = documents
        self._objects = objects
        self._packages = packages
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModel": self.create,
            "DescribeModel": self.describe,
            "ListModels": self.list_all,
            "DeleteModel": self.delete,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        name = request["ModelName"]
        if "PrimaryContainer" in request and request.get("Containers"):
            raise validation("PrimaryContainer and Containers cannot be given both")
        containers = request.get("Containers") or [request.get("PrimaryContainer")]
        if containers == [None]:
            raise validation("one of PrimaryContainer and Containers has to be given")
        for container in containers:
            self._check(caller, container)
        check_containers(containers, self._objects, whole=True)
        arn = caller.arn("sagemaker", f"model/{name}")
        kept = {member: value for member, value in request.items() if member != "Tags"}
        body = {"EnableNetworkIsolation": False, **kept, "ModelArn": arn, "CreationTime": self._clock.now()}
        try:
            self._documents.insert(_key(caller, name), body)
        except DuplicateError as error:
            raise validation(f'Cannot create already existing model "{arn}".') from error
        return {"ModelArn": arn}

    def describe(self, caller: Caller, request: Json) -> Json:
        try:
            return self._documents.get(_key(caller, request["ModelName"]))
        except MissingError as error:
            arn = caller.arn("sagemaker", f"model/{request['ModelName']}")
            raise validation(f'Could not find model "{arn}".') from error

    def list_all(self, caller: Caller, request: Json) -> Json:
        found = self._documents.list("model", account=caller.account, region=caller.region)
        chosen = select((body for _, body in found), request, name="ModelName")
        summaries = [pick(body, "ModelName", "ModelArn", "CreationTime") for body in chosen]
        return page(summaries, request, _ORDER, "Models")

    def delete(self, caller: Caller, request: Json) -> Json:
        self.describe(caller, request)
        self._documents.delete(_key(caller, request["ModelName"]))
        return {}

    def _check(self, caller: Caller, container: Json) -> None:
        """A container is an image, or a model package that says which image. Raises AwsError."""
        if "ModelPackageName" in container:
            package = self._packages.find(caller, container["ModelPackageName"], "DescribeModelPackage")
            if package.get("ModelApprovalStatus", "Approved") != "Approved":
                arn, status = package["ModelPackageArn"], package["ModelApprovalStatus"]
                raise validation(f"model package {arn} is {status}: a model can only be made of one that is Approved")
        elif "Image" not in container:
            raise validation("a container needs an Image or a ModelPackageName")


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, "model", name)
