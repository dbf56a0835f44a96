"""One deployment at a time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from headgate.deploy.lease import LEASE_SECONDS, deployment_lease
from headgate.errors import FailedError

KEY = "leases/deployment.json"


def held(s3: Any, **changes: Any) -> None:
    holder = {"who": "somebody", "host": socket.gethostname(), "pid": os.getpid(), "until": 1000.0} | changes
    s3.put_object(Bucket="deployments", Key=KEY, Body=json.dumps(holder).encode())


def holder(s3: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(s3.get_object(Bucket="deployments", Key=KEY)["Body"].read())
    return found


def test_a_second_deployment_is_told_who_has_the_first(s3: Any) -> None:
    with (
        deployment_lease(s3, "deployments", "the first"),
        pytest.raises(FailedError, match="the first is deploying from"),
        deployment_lease(s3, "deployments", "the second"),
    ):
        pytest.fail("both deployed")


def test_it_is_free_again_afterwards(s3: Any) -> None:
    for who in ("the first", "the second"):
        with deployment_lease(s3, "deployments", who):
            assert holder(s3)["who"] == who
    assert "Contents" not in s3.list_objects_v2(Bucket="deployments")


def test_an_expired_lease_is_taken_over(s3: Any) -> None:
    held(s3, host="elsewhere", until=1000.0)
    with deployment_lease(s3, "deployments", "me", lambda: 1000.5):
        assert holder(s3)["until"] == 1000.5 + LEASE_SECONDS


def test_a_lease_of_another_machine_counts_until_it_expires(s3: Any) -> None:
    held(s3, host="elsewhere", until=1000.0)
    with pytest.raises(FailedError, match="somebody is deploying from elsewhere") as raised:
        deployment_lease(s3, "deployments", "me", lambda: 990.0).__enter__()
    assert "in 10 s" in (raised.value.expected or "")


def test_a_process_of_this_machine_that_was_killed_holds_nothing(s3: Any) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    held(s3, pid=ended.pid, until=1000.0)
    with deployment_lease(s3, "deployments", "me", lambda: 10.0):
        assert holder(s3)["who"] == "me"


def test_whoever_lost_the_lease_does_not_remove_the_new_holders(s3: Any) -> None:
    with deployment_lease(s3, "deployments", "me"):
        held(s3, who="the next")
    assert holder(s3)["who"] == "the next"


def test_two_that_begin_at_once_do_not_both_hold_it(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reads before the first writes: the conditional write decides."""
    from headgate.deploy import lease as module

    second = module._Lease(s3, "deployments", "the second", lambda: 0.0)
    nothing = second._read()
    monkeypatch.setattr(second, "_read", lambda: nothing)
    with deployment_lease(s3, "deployments", "the first"), pytest.raises(FailedError, match="just now"):
        second.take()
