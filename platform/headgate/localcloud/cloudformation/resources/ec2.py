"""What EC2's resource types share: tags at creation, and finding by CloudFormation's own tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

TAGGING = Tagging("ec2", "CreateTags", "DeleteTags", "Resources", ("Tags", "Tags"), bare_keys=False, plural=True)

_FILTER = {"DescribeNatGateways": "Filter", "DescribeFlowLogs": "Filter"}
"""Where the member is not called Filters."""


def ec2(context: Context, operation: str, /, members: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """Call EC2."""
    return call(context, "ec2", operation, members, **more)


def specification(context: Context, kind: str, properties: Json) -> list[Json]:
    """`TagSpecifications` of a new resource, CloudFormation's own tags among them."""
    tags = {**context.system_tags, **all_tags(context, properties)}
    return [{"ResourceType": kind, "Tags": tag_list(tags)}]


def filters(values: Mapping[str, str]) -> list[Json]:
    return [{"Name": name, "Values": [value]} for name, value in values.items()]


def made_here(context: Context, operation: str, member: str, id_member: str, **also: str) -> str | None:
    """The id of a resource that carries this stack's and logical id's tags, and what `also` filters for.

    `also` names what a replacement would change, so that the resource that is being replaced is not taken for the new
    one. Names of filters are written with underscores.
    """
    tags = {f"tag:{name}": value for name, value in context.system_tags.items()}
    wanted = {**tags, **{name.replace("_", "-"): value for name, value in also.items()}}
    chosen = {_FILTER.get(operation, "Filters"): filters(wanted)}
    for found in ec2(context, operation, chosen)[member]:
        if found.get("State") not in {"deleted", "deleting"}:
            return str(found[id_member])
    return None


def retag(context: Context, physical_id: str, old: Json, new: Json) -> None:
    """What changes of a resource of which only tags can change."""
    TAGGING.apply(context, physical_id, old, new)
