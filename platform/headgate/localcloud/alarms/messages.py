"""What an alarm that changes state tells: its topics, and EventBridge.

Sources: CloudWatch User Guide, 'Alarm events and EventBridge' and 'Notifying users on alarm changes'.
"""

from __future__ import annotations

import json
import uuid
from functools import lru_cache

from headgate.localcloud.alarms.evaluate import stamp
from headgate.localcloud.alarms.values import Alarm, State
from headgate.localcloud.notices.changes import Notice, given
from headgate.localcloud.seams import Json


def notice(alarm: Alarm, before: State) -> Notice:
    """The event for the account's default bus."""
    stat = {
        "metric": {"dimensions": dict(alarm.dimensions), "name": alarm.metric, "namespace": alarm.namespace},
        "period": alarm.period,
        "stat": alarm.statistic,
    }
    metric = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.arn)), "metricStat": stat, "returnData": True}
    detail = {
        "alarmName": alarm.name,
        "configuration": given({"description": alarm.description or None, "metrics": [metric]}),
        "previousState": _state(before),
        "state": _state(alarm.state),
    }
    return Notice("aws.cloudwatch", "CloudWatch Alarm State Change", detail, (alarm.arn,))


def _state(state: State) -> Json:
    return {
        "reason": state.reason,
        "reasonData": state.reason_data,
        "timestamp": stamp(state.since),
        "value": state.value,
    }


def subject(alarm: Alarm) -> str:
    """Of a topic's message; SNS takes 100 characters."""
    return f'{alarm.state.value}: "{alarm.name}" in {region_name(alarm.region)}'[:100]


def message(alarm: Alarm, before: State) -> str:
    """A topic's message."""
    return json.dumps(
        {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description or None,
            "AWSAccountId": alarm.account,
            "AlarmConfigurationUpdatedTimestamp": stamp(alarm.updated),
            "NewStateValue": alarm.state.value,
            "NewStateReason": alarm.state.reason,
            "StateChangeTime": stamp(alarm.state.since),
            "Region": region_name(alarm.region),
            "AlarmArn": alarm.arn,
            "OldStateValue": before.value,
            "OKActions": list(alarm.actions.get("OK", ())),
            "AlarmActions": list(alarm.actions.get("ALARM", ())),
            "InsufficientDataActions": list(alarm.actions.get("INSUFFICIENT_DATA", ())),
            "Trigger": {
                "MetricName": alarm.metric,
                "Namespace": alarm.namespace,
                "StatisticType": "Statistic",
                "Statistic": alarm.statistic.upper(),
                "Unit": alarm.unit or None,
                "Dimensions": [{"value": value, "name": name} for name, value in alarm.dimensions],
                "Period": alarm.period,
                "EvaluationPeriods": alarm.periods,
                "DatapointsToAlarm": alarm.to_alarm,
                "ComparisonOperator": alarm.comparison,
                "Threshold": alarm.threshold,
                "TreatMissingData": alarm.missing,
                "EvaluateLowSampleCountPercentile": "",
            },
        }
    )


@lru_cache(maxsize=64)
def region_name(region: str) -> str:
    """`Europe (Ireland)`; the region's code where botocore does not know it."""
    from botocore.loaders import Loader

    partitions = Loader().load_data("partitions")["partitions"]
    known = {code: found.get("description", code) for one in partitions for code, found in one["regions"].items()}
    return str(known.get(region, region))
