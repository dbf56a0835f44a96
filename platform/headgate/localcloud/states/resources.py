"""What a Task's `Resource` asks for: a Lambda function, an optimized integration, or any operation of an AWS SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headgate.localcloud.errors import unsupported
from headgate.localcloud.server.models import service_model
from headgate.localcloud.states import services

Pattern = Literal["", "sync", "sync:2", "waitForTaskToken"]

_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_INTEGRATION = re.compile(r"arn:aws[\w-]*:states:(?P<region>[\w-]*):(?P<account>\d*):(?P<rest>.+)")
_ACTION = re.compile(r"(?P<action>\w+)(?:\.(?P<pattern>sync|sync:2|waitForTaskToken))?")

_TOKEN: tuple[Pattern, ...] = ("waitForTaskToken",)
_SYNC: tuple[Pattern, ...] = ("sync",)

OPTIMIZED: Mapping[str, Mapping[str, tuple[Pattern, ...]]] = {
    "athena": {
        "startQueryExecution": _SYNC,
        "stopQueryExecution": (),
        "getQueryExecution": (),
        "getQueryResults": (),
    },
    "dynamodb": {"getItem": (), "putItem": (), "updateItem": (), "deleteItem": ()},
    "events": {"putEvents": _TOKEN},
    "glue": {"startJobRun": _SYNC},
    "lambda": {"invoke": _TOKEN},
    "sagemaker": {
        "createEndpoint": (),
        "createEndpointConfig": (),
        "createHyperParameterTuningJob": _SYNC,
        "createModel": (),
        "createProcessingJob": _SYNC,
        "createTrainingJob": _SYNC,
        "createTransformJob": _SYNC,
        "updateEndpoint": (),
    },
    "sns": {"publish": _TOKEN},
    "sqs": {"sendMessage": _TOKEN},
    "states": {"startExecution": ("sync", "sync:2", "waitForTaskToken")},
}
"""The optimized integrations that run here, their actions, and the patterns besides request and response."""

_ON_AWS_ONLY = frozenset(
    {"apigateway", "aws-sdk", "batch", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce"}
    | {"emr-containers", "emr-serverless", "http", "mediaconvert"}
)


class ResourceError(ValueError):
    """A Resource that Step Functions does not accept."""


@dataclass(frozen=True, slots=True)
class Integration:
    """A parsed Resource. `service` is botocore's name, `operation` the API's; `function` only of a direct Lambda ARN.

    `named` is the service and `action` the action as the ARN has them; history shows them so.
    """

    named: str
    action: str
    service: str
    operation: str
    pattern: Pattern = ""
    sdk: bool = False
    function: str = ""


def parse(resource: str) -> Integration:
    """Raises ResourceError for what Step Functions would refuse, AwsError (501) for what only AWS runs."""
    if _FUNCTION.fullmatch(resource):
        return Integration("lambda", "invoke", "lambda", "Invoke", function=resource)
    match = _INTEGRATION.fullmatch(resource)
    if match is None:
        raise ResourceError(
            f"The resource provided {resource} is not recognized. The value is not a valid resource ARN."
        )
    rest = match["rest"]
    if rest.startswith("activity:"):
        raise unsupported(f"Step Functions activities ({resource})")
    if rest.startswith("aws-sdk:"):
        return _sdk(resource, rest.removeprefix("aws-sdk:"))
    return _optimized(resource, rest)


def _optimized(resource: str, rest: str) -> Integration:
    named, _, tail = rest.partition(":")
    if named in _ON_AWS_ONLY:
        raise unsupported(f"the integration of Step Functions with '{named}' ({resource})")
    match = _ACTION.fullmatch(tail)
    actions = OPTIMIZED.get(named, {})
    if match is None or match["action"] not in actions:
        known = f"; {named} has {', '.join(actions)}" if actions else f"; there are {', '.join(OPTIMIZED)}, aws-sdk"
        raise ResourceError(f"The resource provided {resource} is not recognized{known}.")
    pattern = _pattern(match["pattern"])
    if pattern and pattern not in actions[match["action"]]:
        raise ResourceError(f"The integration pattern .{pattern} is not supported by {named}:{match['action']}.")
    service = services.OPTIMIZED_CLIENTS.get(named, named)
    return Integration(named, match["action"], service, _operation(service, match["action"], resource), pattern)


def _sdk(resource: str, rest: str) -> Integration:
    named, _, tail = rest.partition(":")
    match = _ACTION.fullmatch(tail)
    service = services.client_name(named)
    if match is None or service is None:
        raise ResourceError(f"The resource provided {resource} is not recognized: there is no service '{named}'.")
    pattern = _pattern(match["pattern"])
    if pattern.startswith("sync"):
        raise ResourceError(f"The integration pattern .{pattern} is not supported by AWS SDK integrations.")
    operation = _operation(service, match["action"], resource)
    return Integration(named, match["action"], service, operation, pattern, sdk=True)


def _operation(service: str, action: str, resource: str) -> str:
    """The API's operation that an action in camel case names. Raises ResourceError."""
    for name in service_model(service).operation_names:
        if name[0].lower() + name[1:] == action or (name.lower() == action.lower() and action[0].islower()):
            return str(name)
    raise ResourceError(f"The resource provided {resource} is not recognized: {service} has no action '{action}'.")


def _pattern(text: str | None) -> Pattern:
    for pattern in ("sync", "sync:2", "waitForTaskToken"):
        if text == pattern:
            return pattern
    return ""
