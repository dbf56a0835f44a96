"""Glue: the Data Catalog, crawlers and jobs. What is in a database needs the action on database and catalog too."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.localcloud.identity.tables.model import Arns, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    is_set,
    pass_role,
    same,
    tagging,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at, values
from headgate.localcloud.seams import Caller

_START = "arn:aws:glue:{region}:{account}:"
_PRINCIPAL = constant("glue.amazonaws.com")
_CRAWLER = _START + "crawler/{Name}"
_JOB = _START + "job/{JobName}"
_TAG = "glue:TagResource"
_TAG_NAMES, _REQUEST_TAGS = tagging()


def _catalog(database: str = "", *tables: str) -> Arns:
    """The catalog, the database and the tables that a request is about: all of them need the action."""

    def arns(parameters: Parameters, caller: Caller) -> Iterable[str]:
        account = at(parameters, "CatalogId") or caller.account
        start = f"arn:aws:glue:{caller.region}:{account}:"
        yield f"{start}catalog"
        if not database:
            return
        name = at(parameters, database) or "*"
        yield f"{start}database/{name}"
        for path in tables:
            for table in values(parameters, path) or ["*"]:
                yield f"{start}table/{name}/{table}"

    return arns


def _table(path: str, operations: str) -> Operations:
    return same("glue", _catalog("DatabaseName", path), operations)


_CATALOG: Operations = {
    "CreateDatabase": creates("glue:CreateDatabase", _catalog("DatabaseInput.Name")),
    **same("glue", _catalog("Name"), "DeleteDatabase GetDatabase UpdateDatabase"),
    **same("glue", _catalog(), "GetDatabases"),
    **same("glue", _catalog("DatabaseName"), "GetTables"),
    **_table("TableInput.Name", "CreateTable UpdateTable"),
    **_table("Name", "DeleteTable GetTable"),
    **_table(
        "TableName",
        "BatchCreatePartition BatchDeletePartition BatchGetPartition BatchUpdatePartition CreatePartition "
        "CreatePartitionIndex DeletePartition GetPartition GetPartitionIndexes GetPartitions GetTableVersion "
        "GetTableVersions UpdatePartition",
    ),
    **_table("TablesToDelete[]", "BatchDeleteTable"),
    **same("glue", _catalog(), "SearchTables GetDataCatalogEncryptionSettings PutDataCatalogEncryptionSettings"),
    **same("glue", _catalog(), "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy"),
}
_WORK: Operations = {
    "CreateCrawler": (
        *creates("glue:CreateCrawler", "*"),
        Need(_TAG, _CRAWLER, _TAG_NAMES, _REQUEST_TAGS, when=is_set("Tags")),
        pass_role("Role", _PRINCIPAL),
    ),
    "UpdateCrawler": (Need("glue:UpdateCrawler", _CRAWLER), pass_role("Role", _PRINCIPAL)),
    **same("glue", _CRAWLER, "DeleteCrawler GetCrawler StartCrawler StopCrawler"),
    **same("glue", "*", "GetCrawlers GetJobs ListCrawlers ListJobs"),
    "CreateJob": (
        *creates("glue:CreateJob", _START + "job/{Name}", tag_action=_TAG),
        pass_role("Role", _PRINCIPAL),
    ),
    "UpdateJob": (Need("glue:UpdateJob", _JOB), pass_role("JobUpdate.Role", _PRINCIPAL)),
    **same("glue", _JOB, "DeleteJob GetJob GetJobRun GetJobRuns StartJobRun BatchStopJobRun"),
    "GetTags": (Need("glue:GetTags", "{ResourceArn}"),),
    "TagResource": tags_resource(_TAG, "{ResourceArn}", tags="TagsToAdd"),
    "UntagResource": untags_resource("glue:UntagResource", "{ResourceArn}", names="TagsToRemove"),
}

OPERATIONS: Operations = {**_CATALOG, **_WORK}
