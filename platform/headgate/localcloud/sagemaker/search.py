"""Search: training jobs, tuning jobs, models, model packages, pipelines and executions, by simple filters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.executions.paths import PathError, descend, parse_path
from headgate.localcloud.executions.references import as_text
from headgate.localcloud.sagemaker.listing import cut
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.seams import Caller, Json, Operation

_KINDS = {
    "Endpoint": "endpoint",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "ModelPackage": "model-package",
    "ModelPackageGroup": "model-package-group",
    "Pipeline": "pipeline",
    "PipelineExecution": "pipeline-execution",
    "TrainingJob": "training-job",
}
_TESTS: dict[str, Callable[[Any, str], bool]] = {
    "Equals": lambda value, wanted: _ordered(value, wanted, lambda a, b: a == b),
    "NotEquals": lambda value, wanted: not _ordered(value, wanted, lambda a, b: a == b),
    "GreaterThan": lambda value, wanted: _ordered(value, wanted, lambda a, b: a > b),
    "GreaterThanOrEqualTo": lambda value, wanted: _ordered(value, wanted, lambda a, b: a >= b),
    "LessThan": lambda value, wanted: _ordered(value, wanted, lambda a, b: a < b),
    "LessThanOrEqualTo": lambda value, wanted: _ordered(value, wanted, lambda a, b: a <= b),
    "Contains": lambda value, wanted: wanted.lower() in as_text(value).lower(),
    "In": lambda value, wanted: as_text(value) in [one.strip() for one in wanted.split(",")],
}


class Search:
    """The Search operation. Nested filters and visibility conditions are refused."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def operations(self) -> dict[str, Operation]:
        return {"Search": self.search}

    def search(self, caller: Caller, request: Json) -> Json:
        resource = request["Resource"]
        if resource not in _KINDS:
            raise unsupported(f"Search for {resource}")
        if unknown := [one for one in ("VisibilityConditions", "CrossAccountFilterOption") if one in request]:
            raise unsupported(f"Search with {', '.join(unknown)}")
        found = self._documents.list(_KINDS[resource], account=caller.account, region=caller.region)
        expression = request.get("SearchExpression", {})
        matches = [body for key, body in found if _matches(self._with_tags(key, resource, body), expression)]
        by = request.get("SortBy", "LastModifiedTime")
        matches.sort(key=lambda body: (by in body, body.get(by, 0)))
        if request.get("SortOrder", "Descending") == "Descending":
            matches.reverse()
        shape = service_model().shape_for("SearchRecord").members[resource]
        records = [{resource: {member: body[member] for member in shape.members if member in body}} for body in matches]
        return {**cut(records, request, "Results"), "TotalHits": {"Value": len(records), "Relation": "EqualTo"}}

    def _with_tags(self, key: Key, resource: str, body: Json) -> Json:
        arn = str(body.get(f"{resource}Arn", ""))
        tags = self._documents.find(Key(key.account, key.region, "tags", arn)) or {}
        return {**body, "Tags": tags}


def _matches(body: Json, expression: Json) -> bool:
    if "NestedFilters" in expression:
        raise unsupported("Search with NestedFilters")
    results = [_holds(body, one) for one in expression.get("Filters", [])]
    results += [_matches(body, one) for one in expression.get("SubExpressions", [])]
    return any(results) if expression.get("Operator") == "Or" and results else all(results)


def _holds(body: Json, one: Json) -> bool:
    operator = one.get("Operator", "Equals")
    value = _value(body, one["Name"])
    if operator in ("Exists", "NotExists"):
        return (value is not None) is (operator == "Exists")
    if "Value" not in one:
        raise validation(f"the filter on '{one['Name']}' with {operator} needs a Value")
    if value is None:
        return bool(operator == "NotEquals")
    return _TESTS[operator](value, one["Value"])


def _value(body: Json, name: str) -> Any:
    if name.startswith("Tags."):
        return body["Tags"].get(name.removeprefix("Tags."))
    if name.startswith("Metrics."):
        metrics = {one.get("MetricName"): one["Value"] for one in body.get("FinalMetricDataList", [])}
        return metrics.get(name.removeprefix("Metrics."))
    try:
        return descend(body, parse_path(name))
    except PathError:
        return None


def _ordered(value: Any, wanted: str, test: Callable[[Any, Any], bool]) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return test(float(value), _number(wanted))
        except ValueError:
            return False
    return test(as_text(value), wanted)


def _number(text: str) -> float:
    """A number, or a moment in ISO 8601 as seconds since the epoch. Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
