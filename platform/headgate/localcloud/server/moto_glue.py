"""What moto's Glue lacks: changing a crawler. Held by tests/contract/test_moto_glue.py."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.server.moto_determinism import once_imported

_MEMBERS = {
    "Classifiers": "classifiers",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
    "DatabaseName": "database_name",
    "Description": "description",
    "LineageConfiguration": "lineage_configuration",
    "RecrawlPolicy": "recrawl_policy",
    "Role": "role",
    "Schedule": "schedule",
    "SchemaChangePolicy": "schema_change_policy",
    "TablePrefix": "table_prefix",
    "Targets": "targets",
}
"""Attributes of moto's crawlers by the API's members."""


def install() -> None:
    """Add the operation as soon as somebody uses Glue."""
    once_imported("moto.glue.responses", _patch)


def _patch() -> None:
    from moto.glue.responses import GlueResponse

    GlueResponse.update_crawler = _update_crawler  # type: ignore[attr-defined]


def _update_crawler(self: Any) -> Any:
    """Members that are not given stay as they are. Raises moto's CrawlerNotFoundException."""
    from moto.core.responses import EmptyResult
    from moto.core.utils import utcnow

    crawler = self.glue_backend.get_crawler(self.parameters["Name"])
    for member, attribute in _MEMBERS.items():
        getattr(crawler, attribute)
        if member in self.parameters:
            setattr(crawler, attribute, self.parameters[member])
    crawler.last_updated = utcnow()
    crawler.version += 1
    return EmptyResult()
