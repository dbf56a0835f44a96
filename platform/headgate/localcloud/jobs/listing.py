"""The List operations: filters, order and pages, the same for every kind of job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.kinds import Kind
from headgate.localcloud.paging import cut_page, seconds
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.seams import Json

_PAGE = 10


def summary(shape: str, body: Json) -> Json:
    """The members of a document that the summary shape has."""
    return {name: body[name] for name in service_model().shape_for(shape).members if name in body}


def listed(kind: Kind, bodies: Iterable[Json], parameters: Json, summary_shape: str) -> Json:
    """The response of `List<Kind>s`: filtered, sorted, one page. Raises AwsError for a token that is none."""
    return page(
        bodies,
        parameters,
        name_member=kind.name_member,
        status_member=kind.status_member,
        result_member=kind.summaries_member,
        project=lambda body: summary(summary_shape, body),
    )


def page(
    bodies: Iterable[Json],
    parameters: Json,
    *,
    name_member: str,
    status_member: str,
    result_member: str,
    project: Callable[[Json], Json],
    presorted: bool = False,
) -> Json:
    """Filter by NameContains, StatusEquals and the four times; order by SortBy and SortOrder; cut out one page."""
    chosen = [body for body in bodies if _matches(body, parameters, name_member, status_member)]
    if presorted:
        return _cut(chosen, parameters, result_member, project)
    by = {"Name": name_member, "Status": status_member}.get(str(parameters.get("SortBy")), "CreationTime")
    chosen.sort(key=lambda body: body.get(by, 0))
    if parameters.get("SortOrder") == "Descending":
        chosen.reverse()
    return _cut(chosen, parameters, result_member, project)


def _cut(chosen: Sequence[Json], parameters: Json, result_member: str, project: Callable[[Json], Json]) -> Json:
    size = int(parameters.get("MaxResults") or _PAGE)
    try:
        cut, token = cut_page(chosen, parameters.get("NextToken"), size)
    except ValueError as error:
        raise validation(f"Invalid pagination token: {parameters['NextToken']}") from error
    response: Json = {result_member: [project(body) for body in cut]}
    return response if token is None else {**response, "NextToken": token}


def _matches(body: Json, parameters: Json, name_member: str, status_member: str) -> bool:
    if str(parameters.get("NameContains", "")).lower() not in str(body[name_member]).lower():
        return False
    if parameters.get("StatusEquals") not in (None, body.get(status_member)):
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        value = float(body.get(member, 0))
        if f"{member}After" in parameters and value <= seconds(parameters[f"{member}After"]):
            return False
        if f"{member}Before" in parameters and value >= seconds(parameters[f"{member}Before"]):
            return False
    return True
