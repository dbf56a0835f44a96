"""ML lineage: the associations between entities, and walking along them."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import not_found, validation
from headgate.localcloud.paging import seconds
from headgate.localcloud.sagemaker.lineage_entities import TYPES, entity_key
from headgate.localcloud.sagemaker.listing import Order, cut, page, pick, select
from headgate.localcloud.sagemaker.pipelines import user
from headgate.localcloud.seams import Caller, Clock, Json, Operation

KIND = "lineage-association"
_MEMBERS = ("SourceArn", "DestinationArn", "SourceType", "DestinationType", "CreationTime")
_ORDER = Order({member: member for member in _MEMBERS})
_DEPTH = 10
"""How far QueryLineage goes unless MaxDepth says less, as on SageMaker."""
_LINEAGE = {kind.lineage.lower(): kind for kind in TYPES}
_TRIALS = "experiment-trial-component"


class LineageGraph:
    """The operations on associations, and QueryLineage. Trial components can be at either end, too."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "AddAssociation": self.add,
            "DeleteAssociation": self.delete,
            "ListAssociations": self.list_all,
            "QueryLineage": self.query,
        }

    def associated(self, arn: str) -> bool:
        """Whether anything comes into or goes out of an entity."""
        return any(True for _ in self._around(arn, "Both"))

    def add(self, caller: Caller, request: Json) -> Json:
        source, destination = request["SourceArn"], request["DestinationArn"]
        body = {
            **pick(request, "SourceArn", "DestinationArn", "AssociationType"),
            **self._end("Source", source),
            **self._end("Destination", destination),
            "CreationTime": self._clock.now(),
            "CreatedBy": user(caller),
        }
        try:
            self._documents.insert(_key(source, destination), body)
        except DuplicateError as error:
            raise validation(f"an association from {source} to {destination} already exists") from error
        return pick(body, "SourceArn", "DestinationArn")

    def delete(self, _: Caller, request: Json) -> Json:
        source, destination = request["SourceArn"], request["DestinationArn"]
        if self._documents.find(_key(source, destination)) is None:
            raise not_found(f"an association from {source} to {destination} does not exist.")
        self._documents.delete(_key(source, destination))
        return pick(request, "SourceArn", "DestinationArn")

    def list_all(self, caller: Caller, request: Json) -> Json:
        asked = pick(request, "SourceArn", "DestinationArn", "SourceType", "DestinationType", "AssociationType")
        chosen = select(
            self._associations(caller.account, caller.region),
            request,
            name="SourceArn",
            also=lambda body: all(body.get(member) == value for member, value in asked.items()),
        )
        return page(chosen, request, _ORDER, "AssociationSummaries")

    def query(self, _: Caller, request: Json) -> Json:
        """Everything that is connected with the start. Filters choose what is told, not which way is gone."""
        starts = list(request.get("StartArns", []))
        if not starts:
            raise validation("StartArns has to name at least one entity")
        for arn in starts:
            self._entity(arn)
        seen = dict.fromkeys(starts)
        edges: dict[tuple[str, str], Json] = {}
        frontier = starts
        for _depth in range(int(request.get("MaxDepth", _DEPTH))):
            steps = [step for arn in frontier for step in self._around(arn, request.get("Direction", "Both"))]
            edges |= {(edge["SourceArn"], edge["DestinationArn"]): edge for edge, _other in steps}
            frontier = [other for other in dict.fromkeys(other for _edge, other in steps) if other not in seen]
            seen |= dict.fromkeys(frontier)
        found = [self._vertex(arn) for arn in seen if arn not in starts]
        told = [pick(vertex, "Arn", "Type", "LineageType") for vertex in found if _passes(vertex, request)]
        answer = cut(told, request, "Vertices")
        if request.get("IncludeEdges", True):
            answer["Edges"] = [pick(edge, "SourceArn", "DestinationArn", "AssociationType") for edge in edges.values()]
        return answer

    def _around(self, arn: str, direction: str) -> Iterator[tuple[Json, str]]:
        """The associations at an entity in a direction, each with what is at its other end."""
        key = entity_key(arn)
        for edge in self._associations(key.account, key.region):
            if edge["DestinationArn"] == arn and direction in ("Both", "Ascendants"):
                yield edge, edge["SourceArn"]
            if edge["SourceArn"] == arn and direction in ("Both", "Descendants"):
                yield edge, edge["DestinationArn"]

    def _associations(self, account: str, region: str) -> list[Json]:
        return [body for _, body in self._documents.list(KIND, account=account, region=region)]

    def _end(self, end: str, arn: str) -> Json:
        vertex = self._vertex(arn)
        return {f"{end}{member}": vertex[member] for member in ("Name", "Type") if vertex.get(member)}

    def _vertex(self, arn: str) -> Json:
        key, entity = entity_key(arn), self._entity(arn)
        kind = _LINEAGE.get(key.name.partition("/")[0])
        if kind is None:
            return {"Arn": arn, "LineageType": "TrialComponent", "Name": key.name.partition("/")[2]}
        told = {"Name": entity.get(kind.member("Name")), "Type": entity[kind.member("Type")]}
        return {**entity, **told, "Arn": arn, "LineageType": kind.lineage}

    def _entity(self, arn: str) -> Json:
        """Raises AwsError unless the entity is there; trial components, which are kept elsewhere, are believed."""
        key = entity_key(arn)
        if key.name.startswith(f"{_TRIALS}/"):
            return {}
        found = self._documents.find(key)
        if found is None:
            raise not_found(f"the lineage entity {arn} does not exist.")
        return found


def _passes(vertex: Json, request: Json) -> bool:
    filters = request.get("Filters", {})
    properties = vertex.get("Properties", {})
    created, modified = vertex.get("CreationTime", 0.0), vertex.get("LastModifiedTime", 0.0)
    return (
        vertex.get("Type") in filters.get("Types", [vertex.get("Type")])
        and vertex["LineageType"] in filters.get("LineageTypes", [vertex["LineageType"]])
        and all(properties.get(name) == value for name, value in filters.get("Properties", {}).items())
        and ("CreatedBefore" not in filters or created < seconds(filters["CreatedBefore"]))
        and ("CreatedAfter" not in filters or created > seconds(filters["CreatedAfter"]))
        and ("ModifiedBefore" not in filters or modified < seconds(filters["ModifiedBefore"]))
        and ("ModifiedAfter" not in filters or modified > seconds(filters["ModifiedAfter"]))
    )


def _key(source: str, destination: str) -> Key:
    start = entity_key(source)
    return Key(start.account, start.region, KIND, f"{source} {destination}")
