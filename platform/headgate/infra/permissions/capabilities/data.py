"""Data: an environment's own buckets and key, and the data lake by data set."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.model import Capability, both, tagged_here, through
from headgate.infra.permissions.document import Statement

READ_OBJECTS = ("s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectAttributes")
WRITE_OBJECTS = ("s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
LIST_BUCKETS = ("s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads")
DECRYPT = ("kms:Decrypt", "kms:DescribeKey")
ENCRYPT = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
)
READ_TABLES = (
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)

_USE_KEY_TO_READ = Statement(
    "ReadWithOwnKey", DECRYPT, (resources.KEYS,), both(tagged_here(), through("s3", "sagemaker", "logs", "sqs", "sns"))
)
_USE_KEY_TO_WRITE = Statement(
    "WriteWithOwnKey", ENCRYPT, (resources.KEYS,), both(tagged_here(), through("s3", "sagemaker", "sqs", "sns"))
)
_LAKE_KEY = Statement(
    "ReadWithLakeKey",
    DECRYPT,
    (resources.LAKE_KEYS,),
    {"StringEquals": {"kms:ViaService": f"s3.{resources.HOME}.amazonaws.com"}},
)


def with_governance_keys(sid: str, actions: tuple[str, ...]) -> Statement:
    """Using keys of governance through S3 and DynamoDB: its bucket and its tables are encrypted with them."""
    services = tuple(f"{service}.{resources.HOME}.amazonaws.com" for service in ("dynamodb", "s3"))
    return Statement(sid, actions, (resources.GOVERNANCE_KEYS,), {"StringEquals": {"kms:ViaService": services}})


READ_DATA = Capability(
    "read environment data",
    "list and read the environment's data bucket",
    (
        Statement("ListData", LIST_BUCKETS, (resources.DATA_BUCKET,)),
        Statement("ReadData", READ_OBJECTS, (resources.objects(resources.DATA_BUCKET),)),
        _USE_KEY_TO_READ,
    ),
)
WRITE_DATA = Capability(
    "write environment data",
    "put and delete objects in the environment's data bucket",
    (
        Statement("WriteData", (*WRITE_OBJECTS, "s3:DeleteObject"), (resources.objects(resources.DATA_BUCKET),)),
        _USE_KEY_TO_WRITE,
    ),
)
READ_ARTIFACTS = Capability(
    "read artifacts",
    "list and read what jobs, pipelines and deployments left in the environment's artifacts bucket",
    (
        Statement("ListArtifacts", LIST_BUCKETS, (resources.ARTIFACTS_BUCKET,)),
        Statement("ReadArtifacts", READ_OBJECTS, (resources.objects(resources.ARTIFACTS_BUCKET),)),
        _USE_KEY_TO_READ,
    ),
)
WRITE_ARTIFACTS = Capability(
    "write artifacts",
    "put and delete objects in the environment's artifacts bucket",
    (
        Statement(
            "WriteArtifacts", (*WRITE_OBJECTS, "s3:DeleteObject"), (resources.objects(resources.ARTIFACTS_BUCKET),)
        ),
        _USE_KEY_TO_WRITE,
    ),
)
READ_LAKE = Capability(
    "read data lake",
    "read those data sets of the data lake that the role is tagged with, never write them",
    (
        Statement("ListLake", LIST_BUCKETS, (resources.LAKE_BUCKET,)),
        Statement("ReadLake", READ_OBJECTS, (resources.objects(resources.LAKE_BUCKET),)),
        Statement(
            "ReadLakeCatalog",
            READ_TABLES,
            (resources.LAKE_CATALOG, resources.LAKE_DATABASES, resources.LAKE_TABLES),
        ),
        Statement("GetLakeAccess", ("lakeformation:GetDataAccess",)),
        _LAKE_KEY,
    ),
)
CURATE_LAKE = Capability(
    "curate data lake",
    "write data sets and their tables, run crawlers",
    (
        Statement("ListLake", LIST_BUCKETS, (resources.LAKE_BUCKET,)),
        Statement(
            "CurateLake",
            (*READ_OBJECTS, *WRITE_OBJECTS, "s3:DeleteObject"),
            (resources.objects(resources.LAKE_BUCKET),),
        ),
        Statement(
            "CurateTables",
            (
                *READ_TABLES,
                "glue:BatchCreatePartition",
                "glue:BatchDeletePartition",
                "glue:CreatePartition",
                "glue:CreateTable",
                "glue:DeletePartition",
                "glue:DeleteTable",
                "glue:UpdatePartition",
                "glue:UpdateTable",
            ),
            (resources.LAKE_CATALOG, resources.LAKE_DATABASES, resources.LAKE_TABLES),
        ),
        Statement(
            "RunCrawlers",
            ("glue:GetCrawler", "glue:StartCrawler", "glue:StopCrawler"),
            (resources.LAKE_CRAWLERS,),
        ),
        Statement("GetLakeAccess", ("lakeformation:GetDataAccess",)),
        Statement(
            "WriteWithLakeKey",
            ENCRYPT,
            (resources.LAKE_KEYS,),
            {"StringEquals": {"kms:ViaService": f"s3.{resources.HOME}.amazonaws.com"}},
        ),
    ),
)
