"""CloudTrail. A trail is named by name or ARN."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    pass_role,
    same,
    tags_resource,
)

_START = "arn:aws:cloudtrail:{region}:{account}:trail/"
_TRAIL = _START + "{Name}"
_ROLE = pass_role("CloudWatchLogsRoleArn", constant("cloudtrail.amazonaws.com"))

OPERATIONS: Operations = {
    "CreateTrail": (
        *creates("cloudtrail:CreateTrail", _TRAIL, tag_action="cloudtrail:AddTags", tags="TagsList"),
        _ROLE,
    ),
    "UpdateTrail": (Need("cloudtrail:UpdateTrail", _TRAIL), _ROLE),
    **same("cloudtrail", _TRAIL, "DeleteTrail GetTrail GetTrailStatus StartLogging StopLogging"),
    **same(
        "cloudtrail",
        _START + "{TrailName}",
        "GetEventSelectors GetInsightSelectors PutEventSelectors PutInsightSelectors",
    ),
    **same("cloudtrail", _START + "{TrailName}", "GetEventConfiguration PutEventConfiguration"),
    **same("cloudtrail", "*", "DescribeTrails ListPublicKeys ListTrails LookupEvents"),
    "ListTags": (Need("cloudtrail:ListTags", "{ResourceIdList[]}"),),
    "AddTags": tags_resource("cloudtrail:AddTags", "{ResourceId}", tags="TagsList"),
    "RemoveTags": (Need("cloudtrail:RemoveTags", "{ResourceId}", {"aws:TagKeys": "TagsList[].Key"}),),
}
