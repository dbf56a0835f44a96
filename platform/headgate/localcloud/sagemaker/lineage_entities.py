"""ML lineage: artifacts, actions and contexts, the vertices that people make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import not_found, validation
from headgate.localcloud.sagemaker.listing import Order, page, pick, select
from headgate.localcloud.sagemaker.pipelines import user
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "lineage-entity"


@dataclass(frozen=True, slots=True)
class EntityType:
    """One of the three, and how its members are called: `Action` has ActionName, ActionArn and ActionType.

    Artifacts alone are named by what they stand for: their names repeat, and their ARN is a digest of their source.
    """

    lineage: str
    plural: str
    by_source: bool = False

    def member(self, suffix: str) -> str:
        """The name of a member of the API, such as ActionArn."""
        return f"{self.lineage}{suffix}"

    def resource(self, request: Json) -> str:
        """The resource part of the ARN of what a request creates or names."""
        part = _digest(request["Source"]) if self.by_source else request[self.member("Name")]
        return f"{self.lineage.lower()}/{part}"


TYPES = (
    EntityType("Action", "ActionSummaries"),
    EntityType("Artifact", "ArtifactSummaries", by_source=True),
    EntityType("Context", "ContextSummaries"),
)
_KEPT = ("Source", "Description", "Status", "Properties", "MetadataProperties")
_TIMES = ("CreationTime", "LastModifiedTime")


class LineageEntities:
    """Create, Describe, List, Update and Delete of each type. `associated` says whether an ARN has associations."""

    def __init__(self, documents: Documents, clock: Clock, associated: Callable[[str], bool]) -> None:
        self._documents = documents
        self._clock = clock
        self._associated = associated

    def operations(self) -> dict[str, Operation]:
        verbs: dict[str, Callable[[EntityType, Caller, Json], Json]] = {
            "Create": self._create,
            "Describe": self._describe,
            "Update": self._update,
            "Delete": self._delete,
        }
        one = {f"{verb}{kind.lineage}": partial(work, kind) for kind in TYPES for verb, work in verbs.items()}
        return {**one, **{f"List{kind.lineage}s": partial(self._list, kind) for kind in TYPES}}

    def _create(self, kind: EntityType, caller: Caller, request: Json) -> Json:
        arn = caller.arn("sagemaker", kind.resource(request))
        now = self._clock.now()
        body = {
            **pick(request, kind.member("Name"), kind.member("Type"), *_KEPT),
            kind.member("Arn"): arn,
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": user(caller),
            "LastModifiedBy": user(caller),
        }
        try:
            self._documents.insert(entity_key(arn), body)
        except DuplicateError as error:
            raise validation(f"{kind.lineage} {arn} already exists") from error
        return {kind.member("Arn"): arn}

    def _describe(self, kind: EntityType, caller: Caller, request: Json) -> Json:
        return self._documents.get(entity_key(self._arn(kind, caller, request)))

    def _list(self, kind: EntityType, caller: Caller, request: Json) -> Json:
        found = self._documents.list(KIND, account=caller.account, region=caller.region, prefix=kind.lineage.lower())
        wanted = request.get(kind.member("Type"))
        uri = request.get("SourceUri")
        chosen = select(
            (body for _, body in found),
            request,
            name=kind.member("Name"),
            also=lambda body: (
                wanted in (None, body[kind.member("Type")]) and uri in (None, body["Source"]["SourceUri"])
            ),
        )
        members = (*(kind.member(suffix) for suffix in ("Arn", "Name", "Type")), "Source", "Status", *_TIMES)
        order = Order({"Name": kind.member("Name"), "CreationTime": "CreationTime"})
        return page([pick(body, *members) for body in chosen], request, order, kind.plural)

    def _update(self, kind: EntityType, caller: Caller, request: Json) -> Json:
        arn = self._arn(kind, caller, request)

        def change(body: Json) -> Json:
            gone = set(request.get("PropertiesToRemove", ()))
            properties = {**body.get("Properties", {}), **request.get("Properties", {})}
            given = pick(request, "Description", "Status", kind.member("Name"))
            left = {name: value for name, value in properties.items() if name not in gone}
            stamp = {"LastModifiedTime": self._clock.now(), "LastModifiedBy": user(caller)}
            return {**body, **given, "Properties": left, **stamp}

        self._documents.update(entity_key(arn), change)
        return {kind.member("Arn"): arn}

    def _delete(self, kind: EntityType, caller: Caller, request: Json) -> Json:
        arn = self._arn(kind, caller, request)
        if self._associated(arn):
            raise validation(f"{kind.lineage} {arn} has associations; delete them first")
        self._documents.delete(entity_key(arn))
        return {kind.member("Arn"): arn}

    def _arn(self, kind: EntityType, caller: Caller, request: Json) -> str:
        """The ARN of an entity that is there. Raises AwsError."""
        if kind.by_source and "ArtifactArn" not in request and "Source" not in request:
            raise validation("one of ArtifactArn and Source has to be given")
        named = request.get(kind.member("Arn")) or request.get(kind.member("Name"), "")
        arn = named if named.startswith("arn:") else caller.arn("sagemaker", kind.resource(request))
        if self._documents.find(entity_key(arn)) is None:
            raise not_found(f"{kind.lineage} {arn} does not exist.")
        return arn


def entity_key(arn: str) -> Key:
    """Where an entity is kept. Raises AwsError for what is no ARN."""
    parts = arn.split(":", 5)
    if len(parts) != len(("arn", "partition", "service", "region", "account", "resource")):
        raise validation(f"'{arn}' is not an ARN")
    return Key(parts[4], parts[3], KIND, parts[5])


def _digest(source: Json) -> str:
    types = sorted((kind["SourceIdType"], kind["Value"]) for kind in source.get("SourceTypes", []))
    return hashlib.sha256(json.dumps([source["SourceUri"], types]).encode()).hexdigest()[:32]
