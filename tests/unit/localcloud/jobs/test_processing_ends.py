"""How processing jobs are stopped, refused and cleaned up after."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.jobs.conftest import close, make_laptop

pytestmark = pytest.mark.slow


def test_stop_sends_term_first_and_the_script_may_clean_up(laptop):
    script = """
        import os, signal, sys, time
        def bye(*_):
            os.write(1, b"cleaned up\\n")
            sys.exit(0)
        signal.signal(signal.SIGTERM, bye)
        print("ready", flush=True)
        time.sleep(600)
    """
    laptop.call("CreateProcessingJob", **laptop.processing("polite", script))
    deadline = time.monotonic() + 20
    while "ready" not in laptop.log("ProcessingJobs", "polite") and time.monotonic() < deadline:
        time.sleep(0.01)
    laptop.call("StopProcessingJob", ProcessingJobName="polite")
    done = laptop.engine.wait(laptop.caller, "processing-job", "polite", 20)
    assert done["ProcessingJobStatus"] == "Stopped"
    assert "cleaned up" in laptop.log("ProcessingJobs", "polite")


def test_what_a_script_started_in_the_background_does_not_outlive_the_job(laptop):
    script = """
        import subprocess, sys
        marker = "headgate-stray-" + sys.argv[1]
        code = "import time; time.sleep(600)"
        subprocess.Popen([sys.executable, "-c", code, marker], start_new_session=True)
    """
    unique = str(time.time_ns())
    laptop.run_processing("parent", script, arguments=[unique])
    lines = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            lines.append((entry / "cmdline").read_bytes())
    assert not any(f"headgate-stray-{unique}".encode() in line for line in lines)


def test_a_taken_name_is_refused_as_sagemaker_does(laptop):
    laptop.run_processing("twice", "pass")
    with pytest.raises(AwsError, match="a processing job with this name already exists") as caught:
        laptop.call("CreateProcessingJob", **laptop.processing("twice", "pass"))
    assert caught.value.code == "ResourceInUse"


def test_unknown_jobs_are_a_validation_exception(laptop):
    for operation in ("DescribeProcessingJob", "StopProcessingJob"):
        with pytest.raises(AwsError, match="Could not find requested job with name: ghost") as caught:
            laptop.call(operation, ProcessingJobName="ghost")
        assert caught.value.code == "ValidationException"


def test_a_finished_job_cannot_be_stopped(laptop):
    laptop.run_processing("over", "pass")
    with pytest.raises(AwsError, match="the processing job is in status Completed"):
        laptop.call("StopProcessingJob", ProcessingJobName="over")


def _change(request, path, value):
    *parents, last = path
    for part in parents:
        request = request[part]
    request[last] = value


@pytest.mark.parametrize(
    ("path", "value", "code", "text"),
    [
        (["AppSpecification", "ImageUri"], "nobody/knows:1", "ValidationException", "no container runtime for image"),
        (["ProcessingInputs", 0, "S3Input", "S3Uri"], "https://x/y", "ValidationException", "is not an S3 URI"),
        (["ProcessingInputs", 0, "S3Input", "LocalPath"], "/etc", "ValidationException", "below /opt/ml"),
        (["ProcessingInputs", 0, "S3Input", "LocalPath"], "/opt/ml/../x", "ValidationException", "below /opt/ml"),
        (["ProcessingInputs", 0, "S3Input", "S3InputMode"], "Pipe", "UnsupportedByLocalCloud", "Pipe"),
        (["ProcessingInputs", 0, "S3Input", "S3CompressionType"], "Gzip", "ValidationException", "Gzip"),
        (["ProcessingInputs", 0], {"InputName": "x"}, "ValidationException", "neither S3Input"),
        (["ProcessingInputs", 0], {"InputName": "x", "DatasetDefinition": {}}, "UnsupportedByLocalCloud", "Athena"),
        (["ProcessingOutputConfig", "Outputs", 0, "S3Output", "S3Uri"], "s3://nobody/x", "ValidationException",
         "nobody"),
        (["ProcessingOutputConfig", "Outputs", 0], {"OutputName": "x", "FeatureStoreOutput": {"FeatureGroupName": "f"}},
         "UnsupportedByLocalCloud", "FeatureStoreOutput"),
        (["ProcessingOutputConfig", "Outputs", 0], {"OutputName": "x"}, "ValidationException", "no S3Output"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_creation(laptop, path, value, code, text):
    request = laptop.processing("refused", "pass", outputs=["out"])
    _change(request, path, value)
    with pytest.raises(AwsError) as caught:
        laptop.call("CreateProcessingJob", **request)
    assert caught.value.code == code
    assert text in caught.value.message
    with pytest.raises(AwsError):
        laptop.call("DescribeProcessingJob", ProcessingJobName="refused")


def test_a_runtime_that_cannot_run_here_says_why(laptop):
    done = laptop.run_processing("gpu", "pass", image="123.dkr/any-unavailable:1")
    assert "cannot run here: it needs a GPU" in done["FailureReason"]


def test_wait_times_out_and_names_the_job(tmp_path):
    laptop = make_laptop(tmp_path, stop_grace=0.1)
    laptop.call("CreateProcessingJob", **laptop.processing("long", "import time; time.sleep(600)"))
    with pytest.raises(TimeoutError, match="long"):
        laptop.engine.wait(laptop.caller, "processing-job", "long", 0.05)
    close(laptop)


def test_jobs_run_at_the_same_time(laptop):
    """None of them ends before all have begun."""
    names = [f"par-{number}" for number in range(4)]
    for name in names:
        script = 'import time; print("ready", flush=True); time.sleep(600)'
        laptop.call("CreateProcessingJob", **laptop.processing(name, script))
    deadline = time.monotonic() + 20
    while not all("ready" in laptop.log("ProcessingJobs", name) for name in names) and time.monotonic() < deadline:
        time.sleep(0.01)
    for name in names:
        laptop.call("StopProcessingJob", ProcessingJobName=name)
    ended = [laptop.engine.wait(laptop.caller, "processing-job", name, 20) for name in names]
    assert [each["ProcessingJobStatus"] for each in ended] == ["Stopped"] * 4
    assert all("ready" in laptop.log("ProcessingJobs", name) for name in names)


def test_closing_the_engine_ends_what_runs(laptop):
    laptop.call("CreateProcessingJob", **laptop.processing("doomed", "import time; time.sleep(600)"))
    thread = threading.Thread(target=laptop.engine.close)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert laptop.documents.list("processing-job")[0][1]["ProcessingJobStatus"] == "Stopped"


def test_term_ignored_by_a_script_is_followed_by_kill(tmp_path):
    laptop = make_laptop(tmp_path, stop_grace=0.3)
    script = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        while True:
            time.sleep(600)
    """
    laptop.call("CreateProcessingJob", **laptop.processing("stubborn", script))
    deadline = time.monotonic() + 20
    while "ready" not in laptop.log("ProcessingJobs", "stubborn") and time.monotonic() < deadline:
        time.sleep(0.01)
    laptop.call("StopProcessingJob", ProcessingJobName="stubborn")
    assert laptop.engine.wait(laptop.caller, "processing-job", "stubborn", 20)["ProcessingJobStatus"] == "Stopped"
    close(laptop)
