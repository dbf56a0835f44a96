"""Training jobs under the container contract."""

from __future__ import annotations

import hashlib
import json
import tarfile
import time

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.jobs.ways import WAYS

pytestmark = pytest.mark.slow

WRITE_MODEL = """
    open("/opt/ml/model/weights", "w").write("42")
"""


def channel(name, uri, **more):
    source = {
        "S3Uri": uri,
        "S3DataType": "S3Prefix",
        "S3DataDistributionType": more.pop("distribution", "FullyReplicated"),
    }
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}


def members(laptop, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with tarfile.open(laptop.objects.get(bucket, key).path) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def test_channels_and_config_files_reach_the_program(laptop):
    laptop.put("train/part/a.csv", "1,2")
    laptop.put("val.csv", "3,4")
    script = """
        import json, os
        read = lambda name: json.load(open(f"/opt/ml/input/config/{name}.json"))
        seen = {
            "hyper": read("hyperparameters"), "inputs": read("inputdataconfig"), "resources": read("resourceconfig"),
            "train": open("/opt/ml/input/data/train/part/a.csv").read(),
            "validation": open("/opt/ml/input/data/validation/val.csv").read(),
            "environment": dict(os.environ),
        }
        json.dump(seen, open("/opt/ml/model/seen.json", "w"))
    """
    done = laptop.run_training(
        "walk", script,
        hyperparameters={"eta": "0.2"},
        Environment={"COLOUR": "blue"},
        InputDataConfig=[
            channel("train", "s3://data/train", ContentType="text/csv"),
            channel("validation", "s3://data/val.csv", InputMode="FastFile"),
        ],
    )  # fmt: skip
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert done["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/models/walk/output/model.tar.gz"
    seen = json.loads(members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"])["seen.json"])
    assert seen["hyper"]["eta"] == "0.2"
    assert seen["inputs"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert seen["inputs"]["validation"]["TrainingInputMode"] == "FastFile"
    assert (seen["train"], seen["validation"]) == ("1,2", "3,4")
    assert seen["resources"]["current_host"] == "algo-1"
    assert seen["resources"]["current_instance_type"] == "ml.m5.large"
    assert seen["resources"]["instance_groups"][0]["hosts"] == ["algo-1"]
    assert seen["environment"]["TRAINING_JOB_NAME"] == "walk"
    assert seen["environment"]["COLOUR"] == "blue"
    assert seen["environment"]["SM_X"] == "1"


def test_status_transitions_are_sagemakers(laptop):
    done = laptop.run_training("steps", WRITE_MODEL)
    transitions = done["SecondaryStatusTransitions"]
    assert [t["Status"] for t in transitions] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(t["StartTime"] <= t["EndTime"] for t in transitions)
    assert transitions[-1]["StatusMessage"] == "Training job completed"
    assert done["SecondaryStatus"] == "Completed"
    assert done["BillableTimeInSeconds"] == done["TrainingTimeInSeconds"] >= 1
    assert done["TrainingStartTime"] <= done["TrainingEndTime"]


def test_the_same_model_gives_the_same_archive(laptop):
    digests = set()
    for name in ("one", "two"):
        done = laptop.run_training(name, WRITE_MODEL)
        key = done["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://data/")
        digests.add(hashlib.sha256(laptop.objects.get("data", key).path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_output_names_a_kms_key_even_without_one(laptop):
    """`Estimator.attach` and the tuner's `best_estimator` of the SageMaker SDK read this member."""
    assert laptop.run_training("plain", WRITE_MODEL)["OutputDataConfig"]["KmsKeyId"] == ""


def test_an_uncompressed_model_is_a_folder(laptop):
    done = laptop.run_training(
        "flat", WRITE_MODEL, OutputDataConfig={"S3OutputPath": "s3://data/models/", "CompressionType": "NONE"}
    )
    assert done["ModelArtifacts"]["S3ModelArtifacts"] == "s3://data/models/flat/output/model/"
    assert laptop.text("s3://data/models/flat/output/model/weights") == "42"


def test_the_failure_file_is_the_reason_and_output_data_is_still_uploaded(laptop):
    script = """
        import sys
        open("/opt/ml/output/data/report", "w").write("so far")
        open("/opt/ml/output/failure", "w").write("the label column is constant")
        sys.exit(7)
    """
    done = laptop.run_training("bad", script)
    assert done["TrainingJobStatus"] == done["SecondaryStatus"] == "Failed"
    assert done["FailureReason"] == "AlgorithmError: the label column is constant, exit code: 7"
    assert members(laptop, "s3://data/models/bad/output/output.tar.gz") == {"report": "so far"}
    assert "ModelArtifacts" not in done
    assert "models/bad/output/model.tar.gz" not in laptop.keys("models/")


def test_an_empty_model_folder_completes_and_the_log_says_so(laptop):
    done = laptop.run_training("hollow", "print('nothing to keep')")
    assert done["TrainingJobStatus"] == "Completed"
    assert members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"]) == {}
    assert "wrote nothing to /opt/ml/model" in laptop.log("TrainingJobs", "hollow")


def test_metrics_are_read_from_the_log(laptop):
    script = """
        for epoch in range(3):
            print(f"epoch={epoch} rmse={10 - epoch};")
        print("[0]\\ttrain-mae:1.5")
        print("rmse=nan;")
    """
    definitions = [
        {"Name": "rmse", "Regex": "rmse=([0-9.]+|nan);"},
        {"Name": "train:mae", "Regex": ".*\\[[0-9]+\\].*#011train-mae:([-+]?[0-9]*\\.?[0-9]+)"},
    ]
    done = laptop.run_training("measured", script, algorithm={"MetricDefinitions": definitions})
    found = {item["MetricName"]: item["Value"] for item in done["FinalMetricDataList"]}
    assert found == {"rmse": 8.0, "train:mae": 1.5}
    series = laptop.engine.metrics(laptop.caller, "measured")
    assert [value for _, value in series["rmse"]] == [10.0, 9.0, 8.0]
    with pytest.raises(AwsError, match="Could not find"):
        laptop.engine.metrics(laptop.caller, "ghost")


def test_checkpoints_are_synced_while_running_and_restored(laptop):
    script = """
        import os, time
        folder = "/opt/ml/checkpoints"
        seen = sorted(os.listdir(folder))
        print("found", seen, flush=True)
        if seen:
            open(f"{folder}/step-1", "a").write("+")
            open("/opt/ml/model/m", "w").write(open(f"{folder}/step-1").read())
        else:
            open(f"{folder}/step-1", "w").write("one")
            time.sleep(600)
    """
    checkpoints = {"S3Uri": "s3://data/checkpoints/x"}
    laptop.call("CreateTrainingJob", **laptop.training("first", script, CheckpointConfig=checkpoints))
    wait_for(lambda: laptop.keys("checkpoints/") == ["checkpoints/x/step-1"])
    laptop.call("StopTrainingJob", TrainingJobName="first")
    stopped = laptop.engine.wait(laptop.caller, "training-job", "first", 20)
    assert stopped["TrainingJobStatus"] == stopped["SecondaryStatus"] == "Stopped"
    done = laptop.run_training("second", script, CheckpointConfig=checkpoints)
    assert members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"]) == {"m": "one+"}
    assert laptop.text("s3://data/checkpoints/x/step-1") == "one+"


def test_a_stopped_job_keeps_the_model_it_saved(laptop):
    script = """
        import signal, sys, time
        def save(*_):
            open("/opt/ml/model/partial", "w").write("half trained")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        print("ready", flush=True)
        time.sleep(600)
    """
    laptop.call("CreateTrainingJob", **laptop.training("stopped", script))
    wait_for(lambda: "ready" in laptop.log("TrainingJobs", "stopped"))
    laptop.call("StopTrainingJob", TrainingJobName="stopped")
    done = laptop.engine.wait(laptop.caller, "training-job", "stopped", 20)
    assert done["TrainingJobStatus"] == "Stopped"
    assert [t["Status"] for t in done["SecondaryStatusTransitions"]][-3:] == ["Stopping", "Uploading", "Stopped"]
    assert members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"]) == {"partial": "half trained"}


def test_max_runtime_stops_the_job_and_says_so(laptop):
    done = laptop.run_training("late", "import time; time.sleep(600)", seconds=1)
    assert done["TrainingJobStatus"] == "Stopped"
    assert done["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert "FailureReason" not in done


@pytest.mark.parametrize("way", WAYS)
def test_two_hosts_merge_their_models_and_shard_their_channel(laptop, way, monkeypatch):
    monkeypatch.setenv("HEADGATE_ISOLATION", way)
    for number in range(4):
        laptop.put(f"shards/{number}", str(number))
    script = """
        import json, os
        me = json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"]
        open(f"/opt/ml/model/{me}", "w").write(" ".join(sorted(os.listdir("/opt/ml/input/data/train"))))
    """
    done = laptop.run_training(
        "pair", script, resources={"InstanceCount": 2},
        InputDataConfig=[channel("train", "s3://data/shards", distribution="ShardedByS3Key")],
    )  # fmt: skip
    found = members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"])
    assert sorted(" ".join(found.values()).split()) == ["0", "1", "2", "3"]
    assert set(found) == {"algo-1", "algo-2"}


def test_instance_groups_are_told_to_their_hosts(laptop):
    groups = [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "InstanceGroupName": "front"},
        {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "InstanceGroupName": "back"},
    ]
    script = """
        import json
        config = json.load(open("/opt/ml/input/config/resourceconfig.json"))
        json.dump(config, open(f"/opt/ml/model/{config['current_host']}", "w"))
    """
    request = laptop.training("mixed", script)
    request["ResourceConfig"] = {"InstanceGroups": groups, "VolumeSizeInGB": 1}
    laptop.call("CreateTrainingJob", **request)
    done = laptop.engine.wait(laptop.caller, "training-job", "mixed", 20)
    second = json.loads(members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"])["algo-2"])
    assert second["current_group_name"] == "back"
    assert second["current_instance_type"] == "ml.p3.2xlarge"


def test_the_sdks_driver_channel_runs_by_its_shell_script(laptop):
    laptop.put("drivers/sm_train.sh", "#!/bin/bash\necho driven > /opt/ml/model/how\n")
    drivers = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    request = laptop.training(
        "driven", "unused",
        algorithm={
            "ContainerEntrypoint": ["/bin/bash"],
            "ContainerArguments": ["-c", f"chmod +x {drivers} && {drivers}"],
        },
        InputDataConfig=[channel("sm_drivers", "s3://data/drivers")],
    )  # fmt: skip
    laptop.call("CreateTrainingJob", **request)
    done = laptop.engine.wait(laptop.caller, "training-job", "driven", 20)
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert members(laptop, done["ModelArtifacts"]["S3ModelArtifacts"]) == {"how": "driven\n"}


def test_tensorboard_output_is_uploaded(laptop):
    script = """
        open("/opt/ml/output/tensorboard/events", "w").write("e")
    """
    laptop.run_training("board", script, TensorBoardOutputConfig={"S3OutputPath": "s3://data/boards"})
    assert laptop.keys("boards/") == ["boards/board/tensorboard-output/events"]


def test_rules_that_do_not_run_are_reported_as_not_run(laptop):
    rule = {"RuleConfigurationName": "overfit", "RuleEvaluatorImage": "rules:latest"}
    done = laptop.run_training("ruled", WRITE_MODEL, DebugRuleConfigurations=[rule])
    status = done["DebugRuleEvaluationStatuses"][0]
    assert status["RuleEvaluationStatus"] == "Error"
    assert "does not run" in status["StatusDetails"]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"InputDataConfig": [channel("t", "s3://data/x", InputMode="Pipe")]}, "UnsupportedByLocalCloud", "Pipe"),
        ({"InputDataConfig": [channel("t", "s3://data/x", CompressionType="Gzip")]}, "ValidationException", "Gzip"),
        ({"InputDataConfig": [channel("t", "https://x/y")]}, "ValidationException", "is not an S3 URI"),
        ({"InputDataConfig": [channel("t", "s3://d/x"), channel("t", "s3://d/y")]}, "ValidationException", "same name"),
        ({"InputDataConfig": [{"ChannelName": "t", "DataSource": {"FileSystemDataSource": {
            "FileSystemId": "fs-12345678901", "FileSystemAccessMode": "ro", "FileSystemType": "EFS",
            "DirectoryPath": "/x",
        }}}]}, "UnsupportedByLocalCloud", "FileSystemDataSource"),
        ({"InputDataConfig": [{"ChannelName": "t", "DataSource": {"S3DataSource": {
            "S3DataType": "AugmentedManifestFile", "S3Uri": "s3://data/x"}}}]}, "UnsupportedByLocalCloud", "Augmented"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://nobody/x"}}, "ValidationException", "'nobody'"),
        ({"CheckpointConfig": {"S3Uri": "s3://data/c", "LocalPath": "/var/c"}}, "ValidationException", "below /opt/ml"),
        ({"AlgorithmSpecification": {"AlgorithmName": "market", "TrainingInputMode": "File"}},
         "UnsupportedByLocalCloud", "market"),
        ({"AlgorithmSpecification": {"TrainingImage": "x/any", "TrainingInputMode": "File",
          "MetricDefinitions": [{"Name": "m", "Regex": "("}]}}, "ValidationException", "metric 'm'"),
        ({"ResourceConfig": {"VolumeSizeInGB": 1}}, "ValidationException", "InstanceType"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_creation(laptop, change, code, text):
    with pytest.raises(AwsError) as caught:
        laptop.call("CreateTrainingJob", **{**laptop.training("refused", "pass"), **change})
    assert caught.value.code == code, caught.value
    assert text in caught.value.message
    assert laptop.call("ListTrainingJobs")["TrainingJobSummaries"] == []


def test_a_missing_channel_fails_while_downloading(laptop):
    done = laptop.run_training("no-data", "pass", InputDataConfig=[channel("train", "s3://nobody/x")])
    assert done["FailureReason"].startswith("ClientError: Data download failed: No S3 objects found")
    assert [t["Status"] for t in done["SecondaryStatusTransitions"]] == ["Starting", "Downloading", "Failed"]
