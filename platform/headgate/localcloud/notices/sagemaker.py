"""SageMaker's events: jobs, endpoints, models and model packages.

Source: SageMaker Developer Guide, 'Events that Amazon SageMaker AI sends to Amazon EventBridge'. A deleted model
package is told as one that is `Deleting`, the status that SageMaker has for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from headgate.localcloud.documents import Key
from headgate.localcloud.jobs.endpoints import ENDPOINT_KIND
from headgate.localcloud.jobs.kinds import KINDS, TUNING, Kind
from headgate.localcloud.jobs.models import MODEL_KIND
from headgate.localcloud.notices.changes import Change, Maker, Notice, iso, milliseconds
from headgate.localcloud.sagemaker.model_packages import KIND as MODEL_PACKAGE
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.sagemaker.tags import KIND as TAGS
from headgate.localcloud.seams import Json

SOURCE = "aws.sagemaker"
_TITLES = {
    "training-job": "Training Job",
    "processing-job": "Processing Job",
    "transform-job": "Transform Job",
    "hyper-parameter-tuning-job": "HyperParameter Tuning Job",
}
_TOLD_OF_TUNING = (
    *("HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobStatus"),
    *("TrainingJobDefinition", "TrainingJobStatusCounters", "ObjectiveStatusCounters", "FailureReason"),
    *("CreationTime", "HyperParameterTuningEndTime", "LastModifiedTime"),
)
_STAMPS = frozenset({"LastModifiedTime", "LastModifiedBy"})
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def makers() -> Mapping[str, Maker]:
    """By kind of document."""
    return {
        **{kind.name: partial(job, kind) for kind in KINDS.values()},
        ENDPOINT_KIND: endpoint,
        MODEL_KIND: model,
        MODEL_PACKAGE: model_package,
    }


def job(kind: Kind, change: Change) -> Notice | None:
    """A job that began, went on to its next secondary status, or ended."""
    if change.after is None or not change.moved(kind.status_member, "SecondaryStatus"):
        return None
    arn = str(change.after[kind.arn_member])
    detail = _shown(f"Describe{kind.stem}Response", change.after, milliseconds)
    if kind is TUNING:
        detail = {name: detail[name] for name in _TOLD_OF_TUNING if name in detail}
    return _notice(f"{_TITLES[kind.name]} State Change", detail | _tags(change, arn), arn)


def endpoint(change: Change) -> Notice | None:
    """An endpoint whose status changed. The status is in capitals here, unlike everywhere else."""
    if change.after is None or not change.moved("EndpointStatus"):
        return None
    arn = str(change.after["EndpointArn"])
    detail = _shown("DescribeEndpointOutput", change.after, milliseconds)
    status = _HUMP.sub("_", detail["EndpointStatus"]).upper()
    return _notice("Endpoint State Change", detail | {"EndpointStatus": status} | _tags(change, arn), arn)


def model(change: Change) -> Notice | None:
    """A model that was made or deleted."""
    if change.before is not None and change.after is not None:
        return None
    body = change.after or change.before or {}
    arn = str(body["ModelArn"])
    return _notice("Model State Change", _shown("DescribeModelOutput", body, milliseconds) | _tags(change, arn), arn)


def model_package(change: Change) -> Notice | None:
    """A model package that was registered, changed or deleted; which members an update changed is told too."""
    body = change.after or {**(change.before or {}), "ModelPackageStatus": "Deleting"}
    arn = str(body["ModelPackageArn"])
    detail = _shown("DescribeModelPackageOutput", body, iso)
    if change.before is not None and change.after is not None:
        names = {**change.before, **change.after}
        updated = [one for one in names if one not in _STAMPS and change.before.get(one) != change.after.get(one)]
        if not updated:
            return None
        detail["UpdatedModelPackageFields"] = updated
    return _notice("Model Package State Change", detail | _tags(change, arn), arn)


def _notice(title: str, detail: Json, arn: str) -> Notice:
    return Notice(SOURCE, f"SageMaker {title}", detail, (arn,))


def _tags(change: Change, arn: str) -> Json:
    return {"Tags": change.find(Key(change.key.account, change.key.region, TAGS, arn)) or {}}


def _shown(shape: str, body: Json, moment: Callable[[float], int | str]) -> Json:
    """The members of a Describe answer, with times as the events have them."""
    shown: Json = _convert(service_model().shape_for(shape), body, moment)
    return shown


def _convert(shape: Any, value: Any, moment: Callable[[float], int | str]) -> Any:
    if shape.type_name == "structure":
        return {name: _convert(one, value[name], moment) for name, one in shape.members.items() if name in value}
    if shape.type_name == "list":
        return [_convert(shape.member, one, moment) for one in value]
    if shape.type_name == "map":
        return {name: _convert(shape.value, one, moment) for name, one in value.items()}
    return moment(value) if shape.type_name == "timestamp" else value
