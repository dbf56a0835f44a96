"""Events of SageMaker's jobs, endpoints, models and model packages, in AWS's own shapes."""

from __future__ import annotations

import pytest

from headgate.localcloud.seams import Json
from unit.localcloud.notices.conftest import Bench, arn, key

PACKAGE = arn("model-package/churn/2")


def training(status: str, secondary: str) -> Json:
    return {
        "TrainingJobName": "fit",
        "TrainingJobArn": arn("training-job/fit"),
        "TrainingJobStatus": status,
        "SecondaryStatus": secondary,
        "CreationTime": 1583831889.05,
        "SecondaryStatusTransitions": [{"Status": secondary, "StartTime": 1583831890.0}],
        "NotOfTheAnswer": True,
    }


def package(**members: object) -> Json:
    return {
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 2,
        "ModelPackageArn": PACKAGE,
        "CreationTime": 1614186014.0,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "PendingManualApproval",
        **members,
    }


def test_a_training_job_is_told_at_every_step_of_its_life(bench: Bench) -> None:
    bench.documents.put(key("tags", arn("training-job/fit")), {"team": "churn"})
    (begun,) = bench.put("training-job", "fit", training("InProgress", "Starting"))
    assert (begun.source, begun.detail_type) == ("aws.sagemaker", "SageMaker Training Job State Change")
    assert begun.resources == (arn("training-job/fit"),)
    assert begun.detail["CreationTime"] == 1583831889050
    assert begun.detail["SecondaryStatusTransitions"] == [{"Status": "Starting", "StartTime": 1583831890000}]
    assert begun.detail["Tags"] == {"team": "churn"}
    assert "NotOfTheAnswer" not in begun.detail
    (trains,) = bench.put("training-job", "fit", training("InProgress", "Training"))
    assert trains.detail["SecondaryStatus"] == "Training"
    assert bench.put("training-job", "fit", training("InProgress", "Training") | {"LastModifiedTime": 1.0}) == []
    (ended,) = bench.put("training-job", "fit", training("Failed", "Failed") | {"FailureReason": "no data"})
    assert (ended.detail["TrainingJobStatus"], ended.detail["FailureReason"]) == ("Failed", "no data")
    assert bench.delete("training-job", "fit") == []


@pytest.mark.parametrize(
    ("kind", "stem", "title"),
    [
        ("processing-job", "ProcessingJob", "SageMaker Processing Job State Change"),
        ("transform-job", "TransformJob", "SageMaker Transform Job State Change"),
        ("hyper-parameter-tuning-job", "HyperParameterTuningJob", "SageMaker HyperParameter Tuning Job State Change"),
    ],
)
def test_other_jobs_are_told_by_their_status(kind: str, stem: str, title: str, bench: Bench) -> None:
    body = {f"{stem}Name": "j", f"{stem}Arn": arn(f"{kind}/j"), f"{stem}Status": "InProgress", "CreationTime": 1.0}
    (begun,) = bench.put(kind, "j", body)
    assert (begun.detail_type, begun.detail[f"{stem}Status"]) == (title, "InProgress")
    assert bench.put(kind, "j", body | {"LastModifiedTime": 2.0}) == []
    (ended,) = bench.put(kind, "j", body | {f"{stem}Status": "Stopped"})
    assert ended.detail[f"{stem}Status"] == "Stopped"


def test_a_tuning_jobs_event_has_no_configuration(bench: Bench) -> None:
    stem = "HyperParameterTuningJob"
    body = {f"{stem}Name": "j", f"{stem}Arn": arn("x"), f"{stem}Status": "Completed", f"{stem}Config": {"Strategy": ""}}
    (told,) = bench.put("hyper-parameter-tuning-job", "j", body)
    assert f"{stem}Config" not in told.detail


def test_an_endpoints_status_is_in_capitals(bench: Bench) -> None:
    body = {"EndpointName": "e", "EndpointArn": arn("endpoint/e"), "EndpointStatus": "Creating", "CreationTime": 1.0}
    statuses = []
    for status in ("Creating", "InService", "SystemUpdating", "Deleting"):
        (told,) = bench.put("endpoint", "e", body | {"EndpointStatus": status})
        assert told.detail_type == "SageMaker Endpoint State Change"
        statuses.append(told.detail["EndpointStatus"])
    assert statuses == ["CREATING", "IN_SERVICE", "SYSTEM_UPDATING", "DELETING"]
    assert bench.delete("endpoint", "e") == []


def test_a_model_is_told_when_it_comes_and_when_it_goes(bench: Bench) -> None:
    body = {"ModelName": "m", "ModelArn": arn("model/m"), "CreationTime": 1.0}
    (made,) = bench.put("model", "m", body)
    assert (made.detail_type, made.detail["CreationTime"]) == ("SageMaker Model State Change", 1000)
    assert bench.put("model", "m", body | {"CreationTime": 2.0}) == []
    (deleted,) = bench.delete("model", "m")
    assert deleted.detail["ModelName"] == "m"


def test_a_model_package_is_told_when_registered_approved_and_deleted(bench: Bench) -> None:
    (registered,) = bench.put("model-package", PACKAGE, package())
    assert registered.detail_type == "SageMaker Model Package State Change"
    assert registered.resources == (PACKAGE,)
    assert registered.detail["ModelApprovalStatus"] == "PendingManualApproval"
    assert registered.detail["CreationTime"] == "2021-02-24T17:00:14Z"
    assert "UpdatedModelPackageFields" not in registered.detail
    approved = package(ModelApprovalStatus="Approved", ApprovalDescription="good", LastModifiedTime=1614186020.0)
    (told,) = bench.put("model-package", PACKAGE, approved)
    assert told.detail["ModelApprovalStatus"] == "Approved"
    assert told.detail["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    assert bench.put("model-package", PACKAGE, approved | {"LastModifiedTime": 1614186030.0}) == []
    (deleted,) = bench.delete("model-package", PACKAGE)
    assert deleted.detail["ModelPackageStatus"] == "Deleting"


def test_nothing_is_made_where_nobody_listens(bench: Bench) -> None:
    bench.bus.listens = False
    assert bench.put("model-package", PACKAGE, {"no": "package at all"}) == []
