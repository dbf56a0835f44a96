"""EnableNetworkIsolation: a job that must not use the network cannot."""

from __future__ import annotations

import socket

import pytest

from unit.localcloud.jobs.ways import WAYS

# Connects to a port of this machine and to one of its own; says what it could reach.
REACH = """
    import socket, sys
    def reaches(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return True
        except OSError:
            return False
    own = socket.create_server(("127.0.0.1", 0))
    print("own loopback:", reaches(own.getsockname()[1]), "machine:", reaches(int(sys.argv[1])))
"""


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def request(laptop, name: str, port: int, *, isolated: bool, count: int = 1):
    job = laptop.processing(name, REACH, arguments=[str(port)], count=count)
    return {**job, "NetworkConfig": {"EnableNetworkIsolation": isolated}}


def run(laptop, job):
    laptop.call("CreateProcessingJob", **job)
    return laptop.engine.wait(laptop.caller, "processing-job", job["ProcessingJobName"], 60)


@pytest.mark.parametrize("way", WAYS)
def test_an_isolated_job_has_a_loopback_of_its_own_and_nothing_else(laptop, port, way, monkeypatch):
    monkeypatch.setenv("HEADGATE_ISOLATION", way)
    assert laptop.engine.isolation().name == way
    done = run(laptop, request(laptop, "shut", port, isolated=True))
    assert done["ProcessingJobStatus"] == "Completed", done.get("FailureReason")
    assert "own loopback: True machine: False" in laptop.log("ProcessingJobs", "shut")
    run(laptop, request(laptop, "open", port, isolated=False))
    assert "own loopback: True machine: True" in laptop.log("ProcessingJobs", "open")


def test_a_training_job_is_isolated_too(laptop, port):
    script = f"import sys; sys.argv[1:] = ['{port}']\n" + "\n".join(line[4:] for line in REACH.splitlines())
    done = laptop.run_training("shut", script, EnableNetworkIsolation=True)
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    assert "machine: False" in laptop.log("TrainingJobs", "shut")


def test_where_it_cannot_be_kept_the_job_fails_and_says_so(laptop, port, monkeypatch):
    monkeypatch.setenv("HEADGATE_ISOLATION", "redirect")
    done = run(laptop, request(laptop, "unkept", port, isolated=True))
    assert done["ProcessingJobStatus"] == "Failed"
    assert "EnableNetworkIsolation cannot be kept" in done["FailureReason"]


def test_several_isolated_instances_are_refused_by_name(laptop, port):
    done = run(laptop, request(laptop, "many", port, isolated=True, count=2))
    assert done["ProcessingJobStatus"] == "Failed"
    assert "several instances" in done["FailureReason"]
