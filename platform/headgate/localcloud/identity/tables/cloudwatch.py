"""CloudWatch: alarms, metrics and dashboards."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    same,
    several,
    tags_resource,
    untags_resource,
)

_START = "arn:aws:cloudwatch:{region}:{account}:"
_ALARM = _START + "alarm:{AlarmName}"
_ALARMS = _START + "alarm:{AlarmNames[]}"
_DASHBOARD = "arn:aws:cloudwatch::{account}:dashboard/{DashboardName}"
_DASHBOARDS = "arn:aws:cloudwatch::{account}:dashboard/{DashboardNames[]}"
_ACTIONS: Keys = {"cloudwatch:AlarmActions": several("AlarmActions[]", "OKActions[]", "InsufficientDataActions[]")}

OPERATIONS: Operations = {
    "PutMetricAlarm": creates("cloudwatch:PutMetricAlarm", _ALARM, _ACTIONS, tag_action="cloudwatch:TagResource"),
    "PutCompositeAlarm": creates("cloudwatch:PutCompositeAlarm", _ALARM, _ACTIONS, tag_action="cloudwatch:TagResource"),
    **same("cloudwatch", _ALARMS, "DeleteAlarms DescribeAlarms DisableAlarmActions EnableAlarmActions"),
    **same("cloudwatch", _ALARM, "DescribeAlarmHistory SetAlarmState"),
    "PutMetricData": (Need("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "Namespace"}),),
    **same(
        "cloudwatch",
        "*",
        "DescribeAlarmsForMetric GetMetricData GetMetricStatistics GetMetricWidgetImage ListDashboards ListMetrics",
    ),
    **same("cloudwatch", _DASHBOARD, "GetDashboard PutDashboard"),
    **same("cloudwatch", _DASHBOARDS, "DeleteDashboards"),
    "ListTagsForResource": (Need("cloudwatch:ListTagsForResource", "{ResourceARN}"),),
    "TagResource": tags_resource("cloudwatch:TagResource", "{ResourceARN}"),
    "UntagResource": untags_resource("cloudwatch:UntagResource", "{ResourceARN}"),
}
