"""Lake Formation. Its actions are on everything; which tables they reach is decided by its own grants."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import Operations, constant, pass_role, same

_PRINCIPAL = constant("lakeformation.amazonaws.com")

OPERATIONS: Operations = {
    **same(
        "lakeformation",
        "*",
        "AddLFTagsToResource BatchGrantPermissions BatchRevokePermissions CreateDataCellsFilter CreateLFTag "
        "CreateLFTagExpression CreateLakeFormationOptIn DeleteDataCellsFilter DeleteLFTag DeleteLFTagExpression "
        "DeleteLakeFormationOptIn DeregisterResource DescribeResource GetDataCellsFilter GetDataLakePrincipal "
        "GetDataLakeSettings GetEffectivePermissionsForPath GetLFTag GetLFTagExpression GetResourceLFTags "
        "GrantPermissions ListDataCellsFilter ListLFTagExpressions ListLFTags ListLakeFormationOptIns ListPermissions "
        "ListResources PutDataLakeSettings RemoveLFTagsFromResource RevokePermissions SearchDatabasesByLFTags "
        "SearchTablesByLFTags UpdateDataCellsFilter UpdateLFTag UpdateLFTagExpression",
    ),
    "RegisterResource": (Need("lakeformation:RegisterResource"), pass_role("RoleArn", _PRINCIPAL)),
    "UpdateResource": (Need("lakeformation:UpdateResource"), pass_role("RoleArn", _PRINCIPAL)),
    **{
        name: (Need("lakeformation:GetDataAccess"),)
        for name in ("GetTemporaryGluePartitionCredentials", "GetTemporaryGlueTableCredentials")
    },
}
