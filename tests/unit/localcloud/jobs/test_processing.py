"""Processing jobs under the container contract."""

from __future__ import annotations

import json
import os
import time

import pytest

pytestmark = pytest.mark.slow


def test_inputs_arguments_environment_and_config_reach_the_script(laptop):
    laptop.put("in/a.csv", "1,2\n")
    laptop.put("in/deep/b.csv", "3,4\n")
    script = """
        import json, os, pathlib, sys
        data = pathlib.Path("/opt/ml/processing/input/data")
        seen = {
            "arguments": sys.argv[1:],
            "files": sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file()),
            "environment": {k: v for k, v in os.environ.items() if not k.startswith("_")},
            "job": json.load(open("/opt/ml/config/processingjobconfig.json")),
            "resources": json.load(open("/opt/ml/config/resourceconfig.json")),
            "hosts": open("/etc/hosts").read(),
        }
        pathlib.Path("note").write_text("the working folder can be written to")
        json.dump(seen, open("/opt/ml/processing/out/seen.json", "w"))
    """
    done = laptop.run_processing(
        "walk", script, inputs=[("data", "s3://data/in")], outputs=["out"], arguments=["--x", "1"],
        environment={"COLOUR": "blue"},
    )  # fmt: skip
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    seen = json.loads(laptop.text("s3://data/walk/out/seen.json"))
    assert seen["arguments"] == ["--x", "1"]
    assert seen["files"] == ["a.csv", "deep/b.csv"]
    assert seen["job"]["ProcessingJobName"] == "walk"
    assert seen["job"]["AppSpecification"]["ContainerArguments"] == ["--x", "1"]
    assert seen["resources"] == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert "127.0.0.1 algo-1" in seen["hosts"]
    environment = seen["environment"]
    assert environment["COLOUR"] == "blue"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["AWS_ACCESS_KEY_ID"] == "key-of-jobs-in-123456789012"
    assert environment["PROCESSING_JOB_NAME"] == "walk"
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert environment["HOME"] != os.environ.get("HOME")


def test_nothing_of_the_users_environment_leaks_into_a_job(laptop, monkeypatch):
    monkeypatch.setenv("MY_SECRET", "hunter2")
    script = """
        import os
        open("/opt/ml/processing/out/env", "w").write(repr(dict(os.environ)))
    """
    laptop.run_processing("leak", script, outputs=["out"])
    assert "hunter2" not in laptop.text("s3://data/leak/out/env")


def test_status_times_and_arn_are_described_and_listed(laptop):
    done = laptop.run_processing("timed", "print('hello')")
    described = laptop.call("DescribeProcessingJob", ProcessingJobName="timed")
    assert described["ProcessingJobArn"] == "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/timed"
    assert described["CreationTime"] <= described["ProcessingStartTime"] <= described["ProcessingEndTime"]
    assert done["ProcessingJobStatus"] == described["ProcessingJobStatus"] == "Completed"
    laptop.run_processing("other", "raise SystemExit(1)")
    listed = laptop.call("ListProcessingJobs", StatusEquals="Failed")["ProcessingJobSummaries"]
    assert [item["ProcessingJobName"] for item in listed] == ["other"]


def test_log_lines_appear_while_the_job_runs(laptop):
    script = """
        import os, time
        print("first", flush=True)
        while not os.path.exists("/opt/ml/processing/go"):
            time.sleep(0.01)
    """
    laptop.call("CreateProcessingJob", **laptop.processing("live", script))
    deadline = time.monotonic() + 20
    while "first" not in laptop.log("ProcessingJobs", "live") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert laptop.call("DescribeProcessingJob", ProcessingJobName="live")["ProcessingJobStatus"] == "InProgress"
    laptop.call("StopProcessingJob", ProcessingJobName="live")
    assert laptop.engine.wait(laptop.caller, "processing-job", "live", 20)["ProcessingJobStatus"] == "Stopped"


def test_a_script_that_exits_1_fails_with_code_and_last_line(laptop):
    done = laptop.run_processing("broken", "raise ValueError('no column named sex')")
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("AlgorithmError: ")
    assert "ValueError: no column named sex" in done["FailureReason"]
    assert done["FailureReason"].endswith("exit code: 1")


def test_the_message_file_becomes_the_exit_message(laptop):
    script = """
        open("/opt/ml/output/message", "w").write("CompletedWithViolations: 3")
    """
    assert laptop.run_processing("told", script)["ExitMessage"] == "CompletedWithViolations: 3"
    failed = laptop.run_processing("told-2", script + "\n        raise SystemExit(3)")
    assert failed["FailureReason"] == "AlgorithmError: CompletedWithViolations: 3, exit code: 3"


def test_a_killed_script_is_named_with_its_signal(laptop):
    done = laptop.run_processing("killed", "import os; os.kill(os.getpid(), 9)")
    assert done["ProcessingJobStatus"] == "Failed"
    assert "SIGKILL" in done["FailureReason"]
    assert "memory" in done["FailureReason"]
    assert done["FailureReason"].endswith("exit code: 137")


def test_a_job_that_runs_too_long_is_stopped_and_says_so(laptop):
    done = laptop.run_processing("slow", "import time; time.sleep(600)", seconds=1)
    assert done["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds, 1 s" in done["FailureReason"]


def test_a_traceback_is_told_with_its_place_in_the_jobs_own_code(laptop):
    done = laptop.run_processing("raising", "import json\n\njson.loads('{')\n")
    assert "JSONDecodeError: Expecting property name" in done["FailureReason"]
    assert ".py:3), exit code: 1" in done["FailureReason"]


def test_an_output_that_was_never_written_fails_the_job_and_is_named(laptop):
    script = """
        open("/opt/ml/processing/train/a.csv", "w").write("1")
    """
    done = laptop.run_processing("forgot", script, outputs=["train", "test"])
    assert done["ProcessingJobStatus"] == "Failed"
    assert "'test' (/opt/ml/processing/test)" in done["FailureReason"]
    assert laptop.keys("forgot/") == []
    again = laptop.run_processing(
        "forgot-2", script, outputs=["train", "test"], environment={"HEADGATE_ALLOW_EMPTY_OUTPUTS": "true"}
    )
    assert again["ProcessingJobStatus"] == "Completed"
    assert laptop.keys("forgot-2/") == ["forgot-2/train/a.csv"]


def test_no_output_of_a_failed_job_is_uploaded(laptop):
    script = """
        open("/opt/ml/processing/out/a", "w").write("half")
        raise SystemExit(2)
    """
    laptop.run_processing("half", script, outputs=["out"])
    assert laptop.keys("half/") == []


def test_missing_input_data_fails_as_on_sagemaker(laptop):
    done = laptop.run_processing("empty", "pass", inputs=[("data", "s3://data/nothing/here")])
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith(
        'ClientError: Data download failed: No S3 objects found under S3 URL "s3://data/nothing/here"'
    )


def test_sharded_inputs_are_split_over_the_hosts_and_others_are_whole(laptop):
    for number in range(5):
        laptop.put(f"parts/{number}.csv", str(number))
    laptop.put("whole/w.csv", "w")
    sharded = {
        "InputName": "parts",
        "S3Input": {
            "S3Uri": "s3://data/parts/", "LocalPath": "/opt/ml/processing/parts", "S3DataType": "S3Prefix",
            "S3InputMode": "File", "S3DataDistributionType": "ShardedByS3Key",
        },
    }  # fmt: skip
    script = """
        import json, os
        config = json.load(open("/opt/ml/config/resourceconfig.json"))
        me = config["current_host"]
        seen = {"parts": os.listdir("/opt/ml/processing/parts"), "whole": os.listdir("/opt/ml/processing/input/whole"),
                "hosts": config["hosts"]}
        json.dump(seen, open(f"/opt/ml/processing/out/{me}.json", "w"))
    """
    done = laptop.run_processing(
        "shards", script, inputs=[sharded, ("whole", "s3://data/whole")], outputs=["out"], count=2
    )
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    seen = [json.loads(laptop.text(f"s3://data/shards/out/algo-{n}.json")) for n in (1, 2)]
    assert sorted(seen[0]["parts"] + seen[1]["parts"]) == ["0.csv", "1.csv", "2.csv", "3.csv", "4.csv"]
    assert {len(seen[0]["parts"]), len(seen[1]["parts"])} == {2, 3}
    assert seen[0]["whole"] == seen[1]["whole"] == ["w.csv"]
    assert seen[0]["hosts"] == ["algo-1", "algo-2"]


def test_when_one_host_fails_the_others_are_ended(laptop):
    script = """
        import json, sys, time
        me = json.load(open("/opt/ml/config/resourceconfig.json"))["current_host"]
        if me == "algo-2":
            sys.exit("host two is unwell")
        time.sleep(600)
    """
    done = laptop.run_processing("cluster", script, count=2)
    assert done["ProcessingJobStatus"] == "Failed"
    assert "host two is unwell" in done["FailureReason"]


def test_manifest_inputs_are_fetched_by_name(laptop):
    laptop.put("images/cats/1.txt", "cat")
    laptop.put("images/dogs/2.txt", "dog")
    laptop.put("list.manifest", json.dumps([{"prefix": "s3://data/images/"}, "dogs/2.txt"]))
    given = {
        "InputName": "m",
        "S3Input": {
            "S3Uri": "s3://data/list.manifest",
            "LocalPath": "/opt/ml/processing/m",
            "S3DataType": "ManifestFile",
        },
    }
    script = """
        import os
        open("/opt/ml/processing/out/seen", "w").write(repr(list(os.walk("/opt/ml/processing/m"))))
    """
    laptop.run_processing("listed", script, inputs=[given], outputs=["out"])
    seen = laptop.text("s3://data/listed/out/seen")
    assert "2.txt" in seen
    assert "1.txt" not in seen


def test_continuous_outputs_are_uploaded_while_the_job_runs(laptop):
    output = {
        "OutputName": "out",
        "S3Output": {"S3Uri": "s3://data/cont", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "Continuous"},
    }
    script = """
        import time
        open("/opt/ml/processing/out/early", "w").write("early")
        time.sleep(600)
    """
    laptop.call("CreateProcessingJob", **laptop.processing("cont", script, outputs=[output]))
    deadline = time.monotonic() + 20
    while laptop.keys("cont/") != ["cont/early"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert laptop.text("s3://data/cont/early") == "early"
    laptop.call("StopProcessingJob", ProcessingJobName="cont")
    laptop.engine.wait(laptop.caller, "processing-job", "cont", 20)


def test_a_large_input_is_linked_and_cannot_be_corrupted(laptop):
    data = os.urandom(2 << 20)
    laptop.put("big/blob", data)
    script = """
        import os
        path = "/opt/ml/processing/input/big/blob"
        try:
            open(path, "ab").write(b"spoiled")
            said = "written"
        except PermissionError:
            said = "refused"
        open("/opt/ml/processing/out/said", "w").write(f"{said} {os.stat(path).st_nlink}")
    """
    done = laptop.run_processing("link", script, inputs=[("big", "s3://data/big")], outputs=["out"])
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    assert laptop.text("s3://data/link/out/said") == "refused 2"
    assert laptop.objects.get("data", "big/blob").path.read_bytes() == data


def test_a_small_input_can_be_changed_without_changing_the_object(laptop):
    laptop.put("small/a", "original")
    script = """
        open("/opt/ml/processing/input/small/a", "a").write(" changed")
    """
    assert (
        laptop.run_processing("small", script, inputs=[("small", "s3://data/small")])["ProcessingJobStatus"]
        == "Completed"
    )
    assert laptop.text("s3://data/small/a") == "original"


def test_a_file_larger_than_the_volume_fails_the_job_and_names_the_quota(laptop):
    script = """
        import os
        with open("/opt/ml/processing/out/huge", "wb") as file:
            os.truncate(file.fileno(), (1 << 30) - 1)
            file.seek((1 << 30) - 1)
            file.write(b"xy")
    """
    done = laptop.run_processing("huge", script, outputs=["out"], volume=1)
    assert done["ProcessingJobStatus"] == "Failed"
    assert "VolumeSizeInGB" in done["FailureReason"]
    assert "1 GB" in done["FailureReason"]
