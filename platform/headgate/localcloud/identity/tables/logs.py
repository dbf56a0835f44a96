"""CloudWatch Logs. What is done to a log group is on `log-group:NAME:log-stream:`, which policies cover by `NAME:*`."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    pass_role,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at, values
from headgate.localcloud.seams import Caller


def _group_arn(name: str, caller: Caller, rest: str) -> str:
    if name.startswith("arn:"):
        return f"{name.removesuffix(':*')}:{rest}"
    return f"arn:aws:logs:{caller.region}:{caller.account}:log-group:{name}:{rest}"


def _group(*paths: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        named = [str(value) for path in paths for value in values(parameters, path)]
        return tuple(_group_arn(name, caller, "log-stream:") for name in named or ["*"])

    return arns


def _stream(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    group = at(parameters, "logGroupName") or at(parameters, "logGroupIdentifier") or "*"
    return (_group_arn(str(group), caller, f"log-stream:{at(parameters, 'logStreamName') or '*'}"),)


def _tagged(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    return (str(at(parameters, "resourceArn") or "*").removesuffix(":*"),)


def _named(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """Tagging is on the log group's ARN without anything after the name."""
    return (f"arn:aws:logs:{caller.region}:{caller.account}:log-group:{at(parameters, 'logGroupName') or '*'}",)


_ONE = _group("logGroupName", "logGroupIdentifier")
_SEARCHED = _group("logGroupName", "logGroupNames[]", "logGroupIdentifiers[]")
_PRINCIPAL = "logs.amazonaws.com"
_DESTINATION = "arn:aws:logs:{region}:{account}:destination:{destinationName}"

OPERATIONS: Operations = {
    "CreateLogGroup": creates("logs:CreateLogGroup", _ONE, tag_action="logs:TagResource", tags="tags"),
    **same(
        "logs",
        _ONE,
        "AssociateKmsKey CreateLogStream DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy "
        "DeleteSubscriptionFilter DescribeLogStreams DescribeSubscriptionFilters DisassociateKmsKey FilterLogEvents "
        "GetLogGroupFields PutMetricFilter PutRetentionPolicy",
    ),
    "DescribeMetricFilters": (Need("logs:DescribeMetricFilters", _ONE),),
    "PutSubscriptionFilter": (
        Need("logs:PutSubscriptionFilter", _ONE),
        pass_role("roleArn", _PRINCIPAL),
    ),
    **same("logs", _stream, "DeleteLogStream GetLogEvents PutLogEvents"),
    **same("logs", _SEARCHED, "StartQuery"),
    "GetQueryResults": (Need("logs:GetQueryResults", _group()),),
    **same(
        "logs",
        "*",
        "DeleteResourcePolicy DescribeDestinations DescribeLogGroups DescribeQueries DescribeResourcePolicies "
        "PutResourcePolicy StopQuery TestMetricFilter",
    ),
    **same("logs", _DESTINATION, "DeleteDestination PutDestinationPolicy"),
    "PutDestination": (Need("logs:PutDestination", _DESTINATION), pass_role("roleArn", _PRINCIPAL)),
    "ListTagsForResource": (Need("logs:ListTagsForResource", _tagged),),
    "TagResource": tags_resource("logs:TagResource", _tagged, tags="tags"),
    "UntagResource": untags_resource("logs:UntagResource", _tagged, names="tagKeys"),
    "ListTagsLogGroup": (Need("logs:ListTagsLogGroup", _named),),
    "TagLogGroup": tags_resource("logs:TagLogGroup", _named, tags="tags"),
    "UntagLogGroup": untags_resource("logs:UntagLogGroup", _named, names="tags"),
}
