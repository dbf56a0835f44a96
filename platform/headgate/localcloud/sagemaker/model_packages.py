"""Model packages: the versions of a group, and unversioned ones. A version is registered whole or not at all."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError, unsupported, validation
from headgate.localcloud.s3.store import ObjectStore, parse_s3_uri
from headgate.localcloud.sagemaker.listing import Order, page, pick, select
from headgate.localcloud.sagemaker.model_data import check_containers
from headgate.localcloud.sagemaker.model_package_groups import ModelPackageGroups
from headgate.localcloud.sagemaker.pipelines import user
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "model-package"
_ORDER = Order({"Name": "ModelPackageArn", "CreationTime": "CreationTime"}, order="Ascending")
_NOT_KEPT = ("Tags", "ClientToken", "ModelPackageGroupName", "ModelPackageName")
_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
_BATCH = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)
_REPLACED = (
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)
_MAX_PROPERTIES = 50


class ModelPackages:
    """The operations on model packages. A document of kind `model-package` is named by its ARN: the Describe answer."""

    def __init__(self, documents: Documents, objects: ObjectStore, groups: ModelPackageGroups, clock: Clock) -> None:
        self._documents = documents
        self._objects = objects
        self._groups = groups
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "BatchDescribeModelPackage": self.batch_describe,
            "ListModelPackages": self.list_all,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        """Register a version of a group, or an unversioned package. Raises AwsError, and then nothing is registered."""
        if ("ModelPackageGroupName" in request) == ("ModelPackageName" in request):
            raise validation("exactly one of ModelPackageGroupName and ModelPackageName has to be given")
        _refuse(request, "ValidationSpecification", "SourceAlgorithmSpecification")
        if not request.get("InferenceSpecification") and not request.get("SourceUri"):
            raise validation("a model package needs an InferenceSpecification or a SourceUri")
        self._check_data(request)
        token = Key(caller.account, caller.region, "client-token", f"CreateModelPackage/{request.get('ClientToken')}")
        with self._documents.transaction():
            if "ClientToken" in request and (known := self._documents.find(token)) is not None:
                return known
            body = (
                self._versioned(caller, request)
                if "ModelPackageGroupName" in request
                else _unversioned(caller, request)
            )
            body = self._body(caller, request, body)
            try:
                self._documents.insert(_key(body["ModelPackageArn"]), body)
            except DuplicateError as error:
                raise validation(f"Model Package already exists: {body['ModelPackageArn']}") from error
            answer = pick(body, "ModelPackageArn")
            if "ClientToken" in request:
                self._documents.put(token, answer)
        return answer

    def describe(self, caller: Caller, request: Json) -> Json:
        return self.find(caller, request["ModelPackageName"], "DescribeModelPackage")

    def batch_describe(self, caller: Caller, request: Json) -> Json:
        summaries: Json = {}
        errors: Json = {}
        for arn in request["ModelPackageArnList"]:
            try:
                summaries[arn] = pick(self.find(caller, arn, "BatchDescribeModelPackage"), *_BATCH)
            except AwsError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        return {"ModelPackageSummaries": summaries, "BatchDescribeModelPackageErrorMap": errors}

    def list_all(self, caller: Caller, request: Json) -> Json:
        kind, prefix, account, region = request.get("ModelPackageType"), "", caller.account, caller.region
        if "ModelPackageGroupName" in request:
            group, _ = self._groups.find(caller, request["ModelPackageGroupName"], "ListModelPackages")
            prefix, account, region = _version_arn(group, ""), group.account, group.region
            kind = kind or "Versioned"
        wanted = {"Versioned": (True,), "Both": (True, False)}.get(kind or "Unversioned", (False,))
        status = request.get("ModelApprovalStatus")
        found = self._documents.list(KIND, account=account, region=region, prefix=prefix)
        chosen = select(
            (body | {"": body.get("ModelPackageGroupName", body.get("ModelPackageName"))} for _, body in found),
            request,
            name="",
            also=lambda body: (
                ("ModelPackageVersion" in body) in wanted
                and (status is None or body.get("ModelApprovalStatus") == status)
            ),
        )
        return page([pick(body, *_SUMMARY) for body in chosen], request, _ORDER, "ModelPackageSummaryList")

    def update(self, caller: Caller, request: Json) -> Json:
        """Change what is given and nothing else: the approval stays as it is unless ModelApprovalStatus is given."""
        arn = self.find(caller, request["ModelPackageArn"], "UpdateModelPackage")["ModelPackageArn"]
        if "InferenceSpecification" in request or "AdditionalInferenceSpecificationsToAdd" in request:
            self._check_data(
                {
                    **pick(request, "InferenceSpecification"),
                    "AdditionalInferenceSpecifications": request.get("AdditionalInferenceSpecificationsToAdd", []),
                }
            )
        self._documents.update(_key(arn), lambda body: self._updated(caller, body, request))
        return {"ModelPackageArn": arn}

    def delete(self, caller: Caller, request: Json) -> Json:
        body = self.find(caller, request["ModelPackageName"], "DeleteModelPackage")
        self._documents.delete(_key(body["ModelPackageArn"]))
        return {}

    def find(self, caller: Caller, name: str, action: str) -> Json:
        """A package by ARN, by `<group>/<version>` or by its name when unversioned. Raises AwsError."""
        arn = name if name.startswith("arn:") else caller.arn("sagemaker", f"model-package/{name}")
        key = _key(arn)
        group = arn.partition("model-package/")[2].rpartition("/")[0]
        if key.account != caller.account:
            self._groups.authorize(caller, Key(key.account, key.region, "model-package-group", group), action)
        body = self._documents.find(key)
        if body is None:
            raise validation(f"ModelPackage {arn} does not exist.")
        return body

    def _check_data(self, request: Json) -> None:
        specifications = [request.get("InferenceSpecification"), *request.get("AdditionalInferenceSpecifications", [])]
        for specification in specifications:
            check_containers((specification or {}).get("Containers", []), self._objects, whole=True)

    def _versioned(self, caller: Caller, request: Json) -> Json:
        group, _ = self._groups.find(caller, request["ModelPackageGroupName"], "CreateModelPackage")
        counter = f"model-package-version/{group.account}/{group.region}/{group.name}"
        number = self._documents.next_number(counter)
        return {
            "ModelPackageGroupName": group.name,
            "ModelPackageVersion": number,
            "ModelPackageArn": _version_arn(group, str(number)),
            "ModelPackageRegistrationType": "Registered",
            "ModelApprovalStatus": "PendingManualApproval",
        }

    def _body(self, caller: Caller, request: Json, identity: Json) -> Json:
        now = self._clock.now()
        kept = {member: value for member, value in request.items() if member not in _NOT_KEPT}
        _check_properties(request.get("CustomerMetadataProperties", {}))
        return {
            **identity,
            **self._with_digests(kept),
            "CertifyForMarketplace": request.get("CertifyForMarketplace", False),
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": user(caller),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        }

    def _with_digests(self, kept: Json) -> Json:
        """Note each artifact's ETag beside its URL, as SageMaker does: it says later whether the bytes are the same."""
        containers = kept.get("InferenceSpecification", {}).get("Containers", [])
        for container in containers:
            uri = container.get("ModelDataUrl")
            if uri:
                container["ModelDataETag"] = self._objects.get(*parse_s3_uri(uri)).etag.strip('"')
        return kept

    def _updated(self, caller: Caller, body: Json, request: Json) -> Json:
        properties = {**body.get("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
        for name in request.get("CustomerMetadataPropertiesToRemove", []):
            if name not in properties:
                raise validation(f"there is no customer metadata property '{name}' to remove")
            del properties[name]
        _check_properties(properties)
        more = request.get("AdditionalInferenceSpecificationsToAdd", [])
        specifications = [*body.get("AdditionalInferenceSpecifications", []), *more]
        changed = body | pick(request, "ModelApprovalStatus", "ApprovalDescription", *_REPLACED)
        changed |= {"LastModifiedTime": self._clock.now(), "LastModifiedBy": user(caller)}
        for member, value in (
            ("CustomerMetadataProperties", properties),
            ("AdditionalInferenceSpecifications", specifications),
        ):
            if value:
                changed[member] = value
            else:
                changed.pop(member, None)
        return self._with_digests(changed) if "InferenceSpecification" in request else changed


def _unversioned(caller: Caller, request: Json) -> Json:
    name = request["ModelPackageName"]
    return {"ModelPackageName": name, "ModelPackageArn": caller.arn("sagemaker", f"model-package/{name}")}


def _check_properties(properties: dict[str, Any]) -> None:
    """SageMaker's limit, which an update may pass that is small itself. Raises AwsError."""
    if len(properties) > _MAX_PROPERTIES:
        raise validation(f"CustomerMetadataProperties has {len(properties)} entries; {_MAX_PROPERTIES} is the most")


def _refuse(request: Json, *members: str) -> None:
    if given := [member for member in members if member in request]:
        raise unsupported(f"CreateModelPackage with {', '.join(given)}")


def _version_arn(group: Key, number: str) -> str:
    return f"arn:aws:sagemaker:{group.region}:{group.account}:model-package/{group.name}/{number}"


def _key(arn: str) -> Key:
    fields = arn.split(":")
    return Key(fields[4], fields[3], KIND, arn)
