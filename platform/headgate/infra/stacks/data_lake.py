"""The data lake: one folder and one Glue database for each data set, and reading by tag from any account."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_lakeformation as lakeformation
from constructs import Construct

from headgate.infra.constructs import settings
from headgate.infra.constructs.buckets import Bucket, logs_bucket
from headgate.infra.constructs.data_sets import CatalogedDataSet
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.roles import Roles
from headgate.infra.contents import DataSet
from headgate.infra.names import bucket_name, identifier
from headgate.infra.permissions import resource_policies, resources, sharing
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import sub

LOGS = resources.bucket(f"headgate-data-lake-logs-{resources.ACCOUNT}-{resources.REGION}")


class DataLakeStack(KindStack):
    """Key, bucket, catalog, Lake Formation's settings and the data engineers' grants.

    The template grows with data sets, never with teams: a statement of the bucket's policy lets in whoever's role
    carries the data set in its tag, and vending grants databases to accounts.
    """

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer, data_sets: Sequence[DataSet]) -> None:
        super().__init__(scope, "data-lake", synthesizer)
        self.lake_key = Key(
            self,
            "Key",
            alias="alias/headgate-data-lake",
            description="The data lake's objects",
            statements=[resource_policies.log_groups_use_key("*"), sharing.lake_key()],
        )
        self.roles = Roles(self, "Role", roles_of(Kind.DATA_LAKE))
        self._bucket(data_sets)
        self._catalog(data_sets)
        settings.publish(
            self,
            "/headgate/data-lake",
            {
                "data-bucket": (self.data.resource.ref, "The bucket of the data lake, a folder for each data set"),
                "key-arn": (self.lake_key.arn, "The key that the data lake is encrypted with"),
            },
        )

    def _bucket(self, data_sets: Sequence[DataSet]) -> None:
        self.logs = logs_bucket(self, LOGS)
        self.data = Bucket(
            self,
            "Data",
            bucket_name=bucket_name(resources.LAKE_BUCKET),
            key_arn=self.lake_key.arn,
            logs_to=self.logs,
            statements=[
                sharing.lake_locations(),
                *(
                    statement
                    for each in data_sets
                    for statement in sharing.data_set(each.name, each.prefix, identifier(each.name))
                ),
            ],
        )

    def _catalog(self, data_sets: Sequence[DataSet]) -> None:
        """Lake Formation decides on what is cataloged from now on; nothing is open to all of IAM by default.

        The bucket is not registered with it: objects are read by tag, through the bucket's policy. Registered, even in
        hybrid access mode, nobody could create a table there who has no data location permission besides.
        """
        admin = lakeformation.CfnDataLakeSettings.DataLakePrincipalProperty(
            data_lake_principal_identifier=sub(resources.VENDING_ROLE)
        )
        decides = lakeformation.CfnDataLakeSettings(
            self,
            "LakeFormation",
            admins=[admin],
            create_database_default_permissions=[],
            create_table_default_permissions=[],
            parameters={"CROSS_ACCOUNT_VERSION": "4"},
        )
        for each in data_sets:
            made = CatalogedDataSet(
                self,
                f"DataSet{identifier(each.name)}",
                data_set=each,
                bucket_name=self.data.bucket_name,
                roles=self.roles.arns,
            )
            made.node.add_dependency(decides)
