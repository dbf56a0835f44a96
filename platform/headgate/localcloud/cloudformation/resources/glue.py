"""AWS::Glue::Database, Table and Crawler."""

from __future__ import annotations

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_CRAWLER = (
    "Classifiers",
    "Configuration",
    "CrawlerSecurityConfiguration",
    "DatabaseName",
    "Description",
    "LakeFormationConfiguration",
    "RecrawlPolicy",
    "Role",
    "SchemaChangePolicy",
    "TablePrefix",
    "Targets",
)
_BLANK = {"Description": "", "TablePrefix": ""}
"""What UpdateCrawler sets when a template no longer says; other members stay unless they are given."""

_TAGGING = Tagging("glue", "TagResource", "UntagResource", "ResourceArn", ("TagsToAdd", "TagsToRemove"), pair=None)


def _database_name(context: Context, properties: Json) -> str:
    given = properties.get("DatabaseName") or properties["DatabaseInput"].get("Name")
    return str(given or context.name(255, lower=True))


def _database_input(properties: Json, name: str) -> Json:
    return {**properties["DatabaseInput"], "Name": name}


def _make_database(context: Context, properties: Json) -> str:
    name = _database_name(context, properties)
    call(
        context,
        "glue",
        "CreateDatabase",
        pick(properties, "CatalogId"),
        DatabaseInput=_database_input(properties, name),
    )
    return name


def _converge_database(context: Context, name: str, old: Json, new: Json) -> str:
    wanted = _database_name(context, new)
    if wanted != name:
        return _make_database(context, new)  # the engine deletes the old one in its cleanup
    if changed(old, new, "DatabaseInput"):
        members = pick(new, "CatalogId")
        call(context, "glue", "UpdateDatabase", members, Name=name, DatabaseInput=_database_input(new, name))
    return name


def _remove_database(context: Context, name: str, properties: Json) -> None:
    with unless_gone():
        call(context, "glue", "DeleteDatabase", pick(properties, "CatalogId"), Name=name)


def _find_database(context: Context, properties: Json) -> str | None:
    name = _database_name(context, properties)
    return name if exists(context, "glue", "GetDatabase", Name=name, **pick(properties, "CatalogId")) else None


def _table_name(context: Context, properties: Json) -> str:
    given = properties.get("Name") or (properties.get("TableInput") or {}).get("Name")
    return str(given or context.name(255, lower=True))


def _table_members(properties: Json, name: str) -> Json:
    if properties.get("TableInput") is None:
        raise refuse("a Glue table without TableInput is not supported in the local cloud")
    return {**pick(properties, "CatalogId", "DatabaseName"), "TableInput": {**properties["TableInput"], "Name": name}}


def _make_table(context: Context, properties: Json) -> str:
    name = _table_name(context, properties)
    call(context, "glue", "CreateTable", _table_members(properties, name))
    return name


def _converge_table(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, "TableInput"):
        call(context, "glue", "UpdateTable", _table_members(new, name))


def _remove_table(context: Context, name: str, properties: Json) -> None:
    with unless_gone():
        call(context, "glue", "DeleteTable", pick(properties, "CatalogId", "DatabaseName"), Name=name)


def _find_table(context: Context, properties: Json) -> str | None:
    name, where = _table_name(context, properties), pick(properties, "CatalogId", "DatabaseName")
    return name if exists(context, "glue", "GetTable", Name=name, **where) else None


def _crawler_name(context: Context, properties: Json) -> str:
    return str(properties.get("Name") or context.name(255))


def _crawler_members(properties: Json) -> Json:
    if properties.get("Schedule"):
        raise refuse("a crawler with a Schedule is not supported: crawlers do not run in the local cloud")
    return pick(properties, *_CRAWLER)


def _make_crawler(context: Context, properties: Json) -> str:
    name, tags = _crawler_name(context, properties), all_tags(context, properties)
    call(context, "glue", "CreateCrawler", _crawler_members(properties), Name=name, Tags=tags)
    return name


def _converge_crawler(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, *_CRAWLER):
        call(context, "glue", "UpdateCrawler", {**_BLANK, **_crawler_members(new)}, Name=name)
    arn = f"arn:{context.partition}:glue:{context.region}:{context.account}:crawler/{name}"
    _TAGGING.apply(context, arn, old, new)


def _remove_crawler(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "glue", "DeleteCrawler", Name=name)


def _find_crawler(context: Context, properties: Json) -> str | None:
    name = _crawler_name(context, properties)
    return name if exists(context, "glue", "GetCrawler", Name=name) else None


TYPES = (
    Declared(
        "AWS::Glue::Database",
        handled=frozenset({"CatalogId", "DatabaseInput", "DatabaseName"}),
        make=_make_database,
        made=frozenset({"DatabaseInput"}),
        converge=_converge_database,
        remove=_remove_database,
        find_id=_find_database,
    ),
    Declared(
        "AWS::Glue::Table",
        handled=frozenset({"CatalogId", "DatabaseName", "Name", "TableInput"}),
        make=_make_table,
        made=frozenset({"TableInput"}),
        converge=_converge_table,
        remove=_remove_table,
        find_id=_find_table,
    ),
    Declared(
        "AWS::Glue::Crawler",
        handled=frozenset({"Name", "Schedule", "Tags", *_CRAWLER}),
        make=_make_crawler,
        made=frozenset({"Tags", *_CRAWLER}),
        converge=_converge_crawler,
        remove=_remove_crawler,
        find_id=_find_crawler,
    ),
)
