"""What the engine does around its jobs: recovery, no isolation, deletion."""

from __future__ import annotations

import pytest

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs import processing
from headgate.localcloud.jobs.isolation import Isolation
from headgate.localcloud.seams import Caller
from unit.localcloud.jobs.conftest import close, make_laptop

pytestmark = pytest.mark.slow


def test_jobs_that_were_running_when_the_daemon_died_have_failed(tmp_path):
    laptop = make_laptop(tmp_path)
    key_of = {"processing-job": "ProcessingJob", "training-job": "TrainingJob", "transform-job": "TransformJob"}
    for kind, stem in key_of.items():
        laptop.documents.put(
            Key(laptop.caller.account, laptop.caller.region, kind, "lost"),
            {f"{stem}Name": "lost", f"{stem}Status": "InProgress", "CreationTime": 1.0},
        )
    laptop.run_processing("done", "pass")
    (tmp_path / "jobs" / "leftover").mkdir()
    laptop.engine.recover()
    for kind, stem in key_of.items():
        body = laptop.engine.wait(laptop.caller, kind, "lost", 1)
        assert body[f"{stem}Status"] == "Failed"
        assert "the local cloud was stopped while the job was running" in body["FailureReason"]
    assert laptop.engine.wait(laptop.caller, "processing-job", "done", 1)["ProcessingJobStatus"] == "Completed"
    assert list((tmp_path / "jobs").iterdir()) == []
    close(laptop)


def test_a_machine_without_isolation_refuses_jobs_with_the_fix(laptop):
    laptop.engine._context.isolation._found = Isolation("none", "bwrap is not installed", "apt-get install bubblewrap")
    with pytest.raises(AwsError, match="apt-get install bubblewrap"):
        laptop.call("CreateProcessingJob", **laptop.processing("none", "pass"))


def test_jobs_also_run_in_the_other_ways(tmp_path, monkeypatch):
    script = """
        open("/opt/ml/processing/out/a", "w").write(open("/opt/ml/processing/input/data/a").read())
    """
    for way in ("namespaces", "redirect"):
        monkeypatch.setenv("HEADGATE_ISOLATION", way)
        laptop = make_laptop(tmp_path / way)
        laptop.put("in/a", way)
        if way == "redirect":
            script = 'import os\nroot = os.environ["DATA"]\nopen(root + "/out/a", "w").write("redirect")'
        done = laptop.run_processing(
            "other", script, inputs=[("data", "s3://data/in")], outputs=["out"],
            environment={"DATA": "/opt/ml/processing"},
        )  # fmt: skip
        assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
        assert laptop.text("s3://data/other/out/a") == way
        assert laptop.engine.isolation().name == way
        close(laptop)


def test_accounts_and_regions_are_apart(laptop):
    laptop.run_processing("mine", "pass")
    for caller in (Caller("999999999999", "eu-west-1"), Caller("123456789012", "us-east-1")):
        assert laptop.operations.call(caller, "ListProcessingJobs", {}) == {"ProcessingJobSummaries": []}
        with pytest.raises(AwsError):
            laptop.operations.call(caller, "DescribeProcessingJob", {"ProcessingJobName": "mine"})


def test_finished_jobs_can_be_deleted_and_running_ones_cannot(laptop):
    laptop.run_processing("gone", "pass")
    laptop.call("DeleteProcessingJob", ProcessingJobName="gone")
    with pytest.raises(AwsError, match="Could not find"):
        laptop.call("DescribeProcessingJob", ProcessingJobName="gone")
    laptop.call("CreateProcessingJob", **laptop.processing("busy", "import time; time.sleep(600)"))
    with pytest.raises(AwsError, match="InProgress"):
        laptop.call("DeleteProcessingJob", ProcessingJobName="busy")
    laptop.call("StopProcessingJob", ProcessingJobName="busy")
    laptop.engine.wait(laptop.caller, "processing-job", "busy", 20)


def test_a_closed_engine_takes_no_jobs(tmp_path):
    laptop = make_laptop(tmp_path)
    close(laptop)
    laptop = make_laptop(tmp_path)
    laptop.engine._foreman.close()
    with pytest.raises(AwsError, match="is stopping"):
        laptop.call("CreateProcessingJob", **laptop.processing("late", "pass"))
    close(laptop)


def test_a_bug_in_the_engine_fails_the_job_and_names_the_place(laptop, monkeypatch):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(processing, "make_hosts", broken)
    done = laptop.run_processing("bug", "pass")
    assert done["FailureReason"].startswith(
        "InternalServerError: the local cloud failed to run the job: RuntimeError('a bug')"
    )
