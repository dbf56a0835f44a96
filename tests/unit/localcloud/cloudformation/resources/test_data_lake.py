from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

DATABASE, TABLE, CRAWLER = "AWS::Glue::Database", "AWS::Glue::Table", "AWS::Glue::Crawler"
SETTINGS, LOCATION = "AWS::LakeFormation::DataLakeSettings", "AWS::LakeFormation::Resource"
TAG, GRANT = "AWS::LakeFormation::Tag", "AWS::LakeFormation::PrincipalPermissions"


def database(bench: Bench, name: str = "headgate_sales") -> Json:
    return {"CatalogId": bench.account, "DatabaseInput": {"Name": name, "Description": "sales"}}


def test_a_database_is_described_anew_or_named_anew(bench: Bench) -> None:
    glue, old = bench.client("glue"), database(bench)
    new = {**old, "DatabaseInput": {"Name": "headgate_sales", "LocationUri": "s3://lake/sales/"}}
    made = bench.create(DATABASE, old)
    assert made.id == "headgate_sales"
    assert bench.update(DATABASE, made, old, new).id == "headgate_sales"
    found = glue.get_database(Name="headgate_sales")["Database"]
    assert found["LocationUri"] == "s3://lake/sales/"
    assert not found.get("Description")
    renamed = bench.update(DATABASE, made, new, database(bench, "headgate_returns"))
    assert renamed.id == "headgate_returns"
    bench.delete(DATABASE, made, new)
    assert [each["Name"] for each in glue.get_databases()["DatabaseList"]] == ["headgate_returns"]
    assert bench.find(DATABASE, new) is None


def test_a_table_has_its_columns(bench: Bench) -> None:
    glue = bench.client("glue")
    bench.create(DATABASE, database(bench), "Database")

    def table(*columns: str) -> Json:
        described = [{"Name": column, "Type": "string"} for column in columns]
        storage = {"Columns": described, "Location": "s3://lake/sales/"}
        return {
            "CatalogId": bench.account,
            "DatabaseName": "headgate_sales",
            "TableInput": {"Name": "orders", "StorageDescriptor": storage, "TableType": "EXTERNAL_TABLE"},
        }

    made = bench.create(TABLE, table("id"))
    bench.update(TABLE, made, table("id"), table("id", "price"))
    found = glue.get_table(DatabaseName="headgate_sales", Name="orders")["Table"]
    assert [column["Name"] for column in found["StorageDescriptor"]["Columns"]] == ["id", "price"]
    assert bench.find(TABLE, table("id")) is not None
    bench.delete(TABLE, made, table("id"))
    assert bench.find(TABLE, table("id")) is None
    with pytest.raises(ResourceError, match="without TableInput"):
        bench.create(TABLE, {"CatalogId": bench.account, "DatabaseName": "headgate_sales", "Name": "iceberg"})


def test_a_crawler_is_made_changed_and_removed(bench: Bench) -> None:
    glue = bench.client("glue")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = bench.create("AWS::IAM::Role", {"AssumeRolePolicyDocument": document}, "Role").attributes["Arn"]
    old = {
        "Name": "sales",
        "Role": role,
        "DatabaseName": "headgate_sales",
        "Targets": {"S3Targets": [{"Path": "s3://lake/sales/"}]},
        "TablePrefix": "raw_",
    }
    new = {**old, "Targets": {"S3Targets": [{"Path": "s3://lake/new/"}]}, "Tags": {"a": "b"}}
    del new["TablePrefix"]
    made = bench.create(CRAWLER, old)
    bench.update(CRAWLER, made, old, new)
    found = glue.get_crawler(Name="sales")["Crawler"]
    assert found["Targets"]["S3Targets"][0]["Path"] == "s3://lake/new/"
    assert not found.get("TablePrefix")
    arn = f"arn:aws:glue:eu-west-1:{bench.account}:crawler/sales"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "forecasting", "a": "b"}
    assert bench.find(CRAWLER, new) is not None
    with pytest.raises(ResourceError, match="crawlers do not run"):
        bench.update(CRAWLER, made, new, {**old, "Schedule": {"ScheduleExpression": "cron(0 3 * * ? *)"}})
    bench.delete(CRAWLER, made, new)
    assert bench.find(CRAWLER, new) is None


def principal(arn: str) -> Json:
    return {"DataLakePrincipalIdentifier": arn}


def test_administrators_join_those_that_are_there_and_leave_alone(bench: Bench) -> None:
    lake = bench.client("lakeformation")
    one, two, three = (f"arn:aws:iam::{bench.account}:role/{name}" for name in ("one", "two", "three"))
    lake.put_data_lake_settings(DataLakeSettings={"DataLakeAdmins": [principal(one)]})

    def admins() -> Any:
        found = lake.get_data_lake_settings()["DataLakeSettings"]["DataLakeAdmins"]
        return [each["DataLakePrincipalIdentifier"] for each in found]

    old = {
        "Admins": [principal(two)],
        "CreateDatabaseDefaultPermissions": [],
        "Parameters": {"CROSS_ACCOUNT_VERSION": "4"},
    }
    new = {**old, "Admins": [principal(three)]}
    made = bench.create(SETTINGS, old)
    assert admins() == [one, two]
    settings = lake.get_data_lake_settings()["DataLakeSettings"]
    assert settings["CreateDatabaseDefaultPermissions"] == []
    assert settings["Parameters"]["CROSS_ACCOUNT_VERSION"] == "4"
    bench.update(SETTINGS, made, old, new)
    assert admins() == [one, three]
    bench.delete(SETTINGS, made, new)
    assert admins() == [one]
    bench.create(SETTINGS, {"Admins": [principal(two)], "MutationType": "REPLACE"}, "Other")
    assert admins() == [two]


def test_a_location_is_registered_and_deregistered(bench: Bench) -> None:
    lake, arn = bench.client("lakeformation"), "arn:aws:s3:::lake/sales"
    role = f"arn:aws:iam::{bench.account}:role/lake"
    old = {"ResourceArn": arn, "UseServiceLinkedRole": True}
    new = {"ResourceArn": arn, "UseServiceLinkedRole": False, "RoleArn": role}
    made = bench.create(LOCATION, old)
    assert made.id == arn
    bench.update(LOCATION, made, old, new)
    assert lake.describe_resource(ResourceArn=arn)["ResourceInfo"]["RoleArn"] == role
    assert bench.find(LOCATION, new) is not None
    bench.delete(LOCATION, made, new)
    assert lake.list_resources()["ResourceInfoList"] == []


def test_a_tag_gains_and_loses_values(bench: Bench) -> None:
    lake = bench.client("lakeformation")
    old = {"TagKey": "sensitivity", "TagValues": ["low", "high"]}
    new = {"TagKey": "sensitivity", "TagValues": ["high", "secret"]}
    made = bench.create(TAG, old)
    bench.update(TAG, made, old, new)
    assert sorted(lake.get_lf_tag(TagKey="sensitivity")["TagValues"]) == ["high", "secret"]
    assert bench.find(TAG, new) is not None
    bench.delete(TAG, made, new)
    assert lake.list_lf_tags()["LFTags"] == []
    assert bench.find(TAG, new) is None


def test_a_grant_is_given_and_taken_back(bench: Bench) -> None:
    lake = bench.client("lakeformation")
    bench.create(DATABASE, database(bench), "Database")
    wanted = {
        "Catalog": bench.account,
        "Principal": principal("222222222222"),
        "Resource": {"Database": {"CatalogId": bench.account, "Name": "headgate_sales"}},
        "Permissions": ["DESCRIBE"],
        "PermissionsWithGrantOption": ["DESCRIBE"],
    }
    made = bench.create(GRANT, wanted)
    (found,) = lake.list_permissions()["PrincipalResourcePermissions"]
    assert found["Principal"] == principal("222222222222")
    assert found["Permissions"] == ["DESCRIBE"]
    assert made.attributes["PrincipalIdentifier"] == "222222222222"
    assert "headgate_sales" in made.attributes["ResourceIdentifier"]
    bench.delete(GRANT, made, wanted)
    assert lake.list_permissions()["PrincipalResourcePermissions"] == []
