"""A data set in the catalog: its Glue database, its crawler, and what the data lake's own roles may do with it."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_lakeformation as lakeformation
from constructs import Construct

from headgate.infra.contents import DataSet
from headgate.infra.names import database_name, identifier
from headgate.infra.tokens import sub

GRANTS: Mapping[str, tuple[str, ...]] = {
    "auditor": ("DESCRIBE",),
    "crawler": ("ALTER", "CREATE_TABLE", "DESCRIBE"),
    "data-engineer": ("ALTER", "CREATE_TABLE", "DESCRIBE"),
}
"""By role of the data lake, what it is granted on every database. Who creates a table may do all with it."""


class CatalogedDataSet(Construct):
    """Teams' accounts are granted the database by vending, so that the template does not grow with them."""

    def __init__(
        self, scope: Construct, name: str, *, data_set: DataSet, bucket_name: str, roles: Mapping[str, str]
    ) -> None:
        super().__init__(scope, name)
        location = sub(f"s3://{bucket_name}/{data_set.prefix}")
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=database_name(data_set.name), description=data_set.description or None, location_uri=location
            ),
        )
        self.database.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.crawler = glue.CfnCrawler(
            self,
            "Crawler",
            name=f"headgate-{data_set.name}",
            description="Run by data engineers when the data set has new columns or partitions",
            role=roles["crawler"],
            database_name=self.database.ref,
            targets=glue.CfnCrawler.TargetsProperty(s3_targets=[glue.CfnCrawler.S3TargetProperty(path=location)]),
        )
        for role, permissions in GRANTS.items():
            lakeformation.CfnPrincipalPermissions(
                self,
                f"Grant{identifier(role)}",
                catalog=cdk.Aws.ACCOUNT_ID,
                principal=lakeformation.CfnPrincipalPermissions.DataLakePrincipalProperty(
                    data_lake_principal_identifier=roles[role]
                ),
                resource=lakeformation.CfnPrincipalPermissions.ResourceProperty(
                    database=lakeformation.CfnPrincipalPermissions.DatabaseResourceProperty(
                        catalog_id=cdk.Aws.ACCOUNT_ID, name=self.database.ref
                    )
                ),
                permissions=list(permissions),
                permissions_with_grant_option=[],
            )
