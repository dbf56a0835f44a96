"""Pipelines: create, update, describe, list, delete, and their versions."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError, not_found, validation
from headgate.localcloud.executions.definition import invalid, parse
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.listing import Order, cut, page, pick, select
from headgate.localcloud.seams import Caller, Clock, Json, Operation

_ORDER = Order({"Name": "PipelineName", "CreationTime": "CreationTime"})
_SUMMARY = (
    "PipelineArn",
    "PipelineName",
    "PipelineDisplayName",
    "PipelineDescription",
    "RoleArn",
    "CreationTime",
    "LastModifiedTime",
)
_SETTABLE = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")


class Pipelines:
    """The operations on pipelines. Each Create and Update makes a version, numbered from 1."""

    def __init__(self, documents: Documents, objects: ObjectStore, clock: Clock) -> None:
        self._documents = documents
        self._objects = objects
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreatePipeline": self.create,
            "UpdatePipeline": self.update,
            "DescribePipeline": self.describe,
            "ListPipelines": self.list_all,
            "DeletePipeline": self.delete,
            "ListPipelineVersions": self.list_versions,
            "UpdatePipelineVersion": self.update_version,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        name = request["PipelineName"]
        token = Key(caller.account, caller.region, "client-token", f"CreatePipeline/{request['ClientRequestToken']}")
        known = self._documents.find(token)
        if known is not None and known["PipelineName"] == name and self._documents.find(_key(caller, name)):
            return {"PipelineArn": pipeline_arn(caller, name)}
        definition = self._definition(request)
        now = self._clock.now()
        body: Json = {
            "PipelineArn": pipeline_arn(caller, name),
            "PipelineName": name,
            "PipelineDisplayName": name,
            **pick(request, *_SETTABLE),
            "PipelineDefinition": definition,
            "PipelineStatus": "Active",
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": user(caller),
            "LastModifiedBy": user(caller),
            "versions": 0,
        }
        with self._documents.transaction():
            try:
                self._documents.insert(_key(caller, name), body)
            except DuplicateError as error:
                raise validation(
                    f"Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) "
                    "already exists."
                ) from error
            self._documents.put(token, {"PipelineName": name})
            self._add_version(caller, name, request.get("PipelineVersionAliases"))
        return {"PipelineArn": pipeline_arn(caller, name)}

    def update(self, caller: Caller, request: Json) -> Json:
        key = _key(caller, request["PipelineName"])
        self.find(caller, key.name)
        changed = pick(request, *_SETTABLE)
        if "PipelineDefinition" in request or "PipelineDefinitionS3Location" in request:
            changed["PipelineDefinition"] = self._definition(request)
        changed |= {"LastModifiedTime": self._clock.now(), "LastModifiedBy": user(caller)}
        with self._documents.transaction():
            self._documents.update(key, lambda body: body | changed)
            version = self._add_version(caller, key.name, request.get("PipelineVersionAliases"))
        return {"PipelineArn": pipeline_arn(caller, key.name), "PipelineVersionId": version}

    def describe(self, caller: Caller, request: Json) -> Json:
        body = self.find(caller, request["PipelineName"])
        if "PipelineVersionId" in request or "PipelineVersionAlias" in request:
            version = self.version(caller, body["PipelineName"], request)
            body |= pick(version, "PipelineDefinition", "RoleArn", "ParallelismConfiguration")
            body |= pick(version, "PipelineVersionDisplayName", "PipelineVersionDescription", "PipelineVersionAliases")
        del body["versions"]
        return body

    def list_all(self, caller: Caller, request: Json) -> Json:
        found = self._documents.list(
            "pipeline", account=caller.account, region=caller.region, prefix=request.get("PipelineNamePrefix", "")
        )
        selected = select((body for _, body in found), request, name="PipelineName")
        summaries = [
            pick(body, *_SUMMARY) | ({"LastExecutionTime": body["LastRunTime"]} if "LastRunTime" in body else {})
            for body in selected
        ]
        return page(summaries, request, _ORDER, "PipelineSummaries")

    def delete(self, caller: Caller, request: Json) -> Json:
        """Delete a pipeline with its versions, executions and caches. Raises AwsError while an execution runs."""
        body = self.find(caller, request["PipelineName"])
        name = body["PipelineName"]
        executions = self._found(caller, "pipeline-execution", name)
        if running := [one["PipelineExecutionArn"] for _, one in executions if is_running(one)]:
            raise AwsError(
                "ConflictException",
                f"pipeline '{name}' cannot be deleted while it runs: {', '.join(running)}; stop it first",
            )
        kinds = ("pipeline-version", "pipeline-execution", "pipeline-execution-input", "pipeline-execution-step")
        with self._documents.transaction():
            for kind in (*kinds, "pipeline-step-cache"):
                for key, _ in self._found(caller, kind, name):
                    self._documents.delete(key)
            self._documents.delete(_key(caller, name))
        return {"PipelineArn": body["PipelineArn"]}

    def list_versions(self, caller: Caller, request: Json) -> Json:
        name = self.find(caller, request["PipelineName"])["PipelineName"]
        members = ("PipelineArn", "PipelineVersionId", "CreationTime", "PipelineVersionDescription")
        more = ("PipelineVersionDisplayName", "LastExecutionPipelineExecutionArn", "PipelineVersionAliases")
        found = (body for _, body in self._found(caller, "pipeline-version", name))
        selected = [pick(body, *members, *more) for body in select(found, request, name="PipelineArn")]
        ordered = sorted(selected, key=lambda body: int(body["PipelineVersionId"]))
        if request.get("SortOrder", "Descending") == "Descending":
            ordered.reverse()
        return cut(ordered, request, "PipelineVersionSummaries")

    def update_version(self, caller: Caller, request: Json) -> Json:
        name = self.find(caller, request["PipelineArn"])["PipelineName"]
        number = int(request["PipelineVersionId"])
        version = self.version(caller, name, request)
        aliases = request.get("PipelineVersionAliasOperations", {})
        kept = [one for one in version.get("PipelineVersionAliases", []) if one not in aliases.get("Remove", [])]
        changed = pick(request, "PipelineVersionDisplayName", "PipelineVersionDescription")
        with self._documents.transaction():
            for alias in aliases.get("Add", []):
                self._release_alias(caller, name, alias)
            changed["PipelineVersionAliases"] = list(dict.fromkeys([*kept, *aliases.get("Add", [])]))
            self._documents.update(_version_key(caller, name, number), lambda body: body | changed)
        return {"PipelineArn": pipeline_arn(caller, name), "PipelineVersionId": number}

    def find(self, caller: Caller, name_or_arn: str) -> Json:
        """A pipeline's document. Raises AwsError (ResourceNotFound)."""
        name = name_or_arn.rpartition("pipeline/")[2]
        body = self._documents.find(_key(caller, name))
        if body is None:
            raise not_found(f"Pipeline '{pipeline_arn(caller, name)}' does not exist.")
        return body

    def version(self, caller: Caller, name: str, request: Json) -> Json:
        """The version that PipelineVersionId or PipelineVersionAlias names, or the latest. Raises AwsError."""
        if (alias := request.get("PipelineVersionAlias")) is not None:
            for _, body in self._found(caller, "pipeline-version", name):
                if alias in body.get("PipelineVersionAliases", []):
                    return body
            raise not_found(f"pipeline '{name}' has no version with the alias '{alias}'")
        number = int(request.get("PipelineVersionId") or self.find(caller, name)["versions"])
        found = self._documents.find(_version_key(caller, name, number))
        if found is None:
            raise not_found(f"pipeline '{name}' has no version {number}")
        return found

    def started(self, caller: Caller, name: str, version: int, execution_arn: str) -> None:
        """Note that an execution has been started."""
        now = self._clock.now()
        self._documents.update(_key(caller, name), lambda body: body | {"LastRunTime": now})
        last = {"LastExecutionPipelineExecutionArn": execution_arn}
        self._documents.update(_version_key(caller, name, version), lambda body: body | last)

    def _add_version(self, caller: Caller, name: str, aliases: Any) -> int:
        body = self._documents.update(_key(caller, name), lambda one: one | {"versions": one["versions"] + 1})
        number = int(body["versions"])
        for alias in aliases or []:
            self._release_alias(caller, name, alias)
        version = {
            **pick(body, "PipelineArn", "PipelineDefinition", "RoleArn", "ParallelismConfiguration"),
            "PipelineVersionId": number,
            "CreationTime": body["LastModifiedTime"],
            **({"PipelineVersionAliases": list(aliases)} if aliases else {}),
        }
        self._documents.insert(_version_key(caller, name, number), version)
        return number

    def _release_alias(self, caller: Caller, name: str, alias: str) -> None:
        """An alias names one version: take it from the one that has it."""
        for key, body in self._found(caller, "pipeline-version", name):
            held = body.get("PipelineVersionAliases", [])
            if alias in held:
                self._documents.put(key, body | {"PipelineVersionAliases": [one for one in held if one != alias]})

    def _found(self, caller: Caller, kind: str, pipeline: str) -> list[tuple[Key, Json]]:
        return self._documents.list(kind, account=caller.account, region=caller.region, prefix=f"{pipeline}/")

    def _definition(self, request: Json) -> str:
        """The text of the definition, checked. Raises AwsError."""
        location = request.get("PipelineDefinitionS3Location")
        text = request.get("PipelineDefinition")
        if (location is None) == (text is None):
            raise validation("exactly one of PipelineDefinition and PipelineDefinitionS3Location has to be given")
        if location is not None:
            version = location.get("VersionId")
            try:
                found = self._objects.get_version(location["Bucket"], location["ObjectKey"], version)
                text = found.path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise invalid("the object that PipelineDefinitionS3Location names is not text") from error
        definition = str(text)
        parse(definition)
        return definition


def is_running(execution: Json) -> bool:
    """Whether an execution has not come to its end."""
    return execution["PipelineExecutionStatus"] in ("Executing", "Stopping")


def pipeline_arn(caller: Caller, name: str) -> str:
    return caller.arn("sagemaker", f"pipeline/{name}")


def user(caller: Caller) -> Json:
    """The UserContext of whoever calls."""
    return {"IamIdentity": {"Arn": caller.principal}} if caller.principal else {}


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, "pipeline", name)


def _version_key(caller: Caller, pipeline: str, number: int) -> Key:
    return Key(caller.account, caller.region, "pipeline-version", f"{pipeline}/{number:09d}")
