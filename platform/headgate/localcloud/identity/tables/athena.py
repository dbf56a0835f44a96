"""Athena. Queries run in a workgroup, `primary` unless the request names another."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_CATALOG = "arn:aws:athena:{region}:{account}:datacatalog/{Name}"


def _workgroup(member: str, default: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        name = at(parameters, member) or default
        return (f"arn:aws:athena:{caller.region}:{caller.account}:workgroup/{name}",)

    return arns


_IN_GROUP = _workgroup("WorkGroup", "primary")
_ANY_GROUP = _workgroup("WorkGroup", "*")
_GROUP = _workgroup("Name", "*")

OPERATIONS: Operations = {
    "CreateWorkGroup": creates("athena:CreateWorkGroup", _GROUP, tag_action="athena:TagResource"),
    **same("athena", _ANY_GROUP, "DeleteWorkGroup GetWorkGroup UpdateWorkGroup"),
    **same("athena", _IN_GROUP, "CreateNamedQuery ListNamedQueries ListQueryExecutions StartQueryExecution"),
    **same(
        "athena",
        _ANY_GROUP,
        "BatchGetNamedQuery BatchGetQueryExecution DeleteNamedQuery GetNamedQuery GetQueryExecution GetQueryResults "
        "GetQueryRuntimeStatistics StopQueryExecution",
    ),
    "CreateDataCatalog": creates("athena:CreateDataCatalog", _CATALOG, tag_action="athena:TagResource"),
    **same("athena", _CATALOG, "DeleteDataCatalog GetDataCatalog UpdateDataCatalog"),
    **same(
        "athena",
        "arn:aws:athena:{region}:{account}:datacatalog/{CatalogName}",
        "GetDatabase GetTableMetadata ListDatabases ListTableMetadata",
    ),
    **same("athena", "*", "ListDataCatalogs ListEngineVersions ListWorkGroups"),
    "ListTagsForResource": (Need("athena:ListTagsForResource", "{ResourceARN}"),),
    "TagResource": tags_resource("athena:TagResource", "{ResourceARN}"),
    "UntagResource": untags_resource("athena:UntagResource", "{ResourceARN}"),
}
