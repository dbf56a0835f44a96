"""Seam: settings of functions that moto drops (`functions/moto_settings.py`)."""

from __future__ import annotations

from typing import Any

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow  # each starts processes of its own


def settings(daemon: LocalDaemon, **more: Any) -> Any:
    found = daemon.client("lambda").get_function_configuration(FunctionName="kept", **more)
    dead, traced = found.get("DeadLetterConfig", {}).get("TargetArn"), found["TracingConfig"]["Mode"]
    return dead, traced, found.get("KMSKeyArn"), found["EphemeralStorage"]["Size"], found["LoggingConfig"]["LogGroup"]


def test_settings_are_kept_updated_published_and_survive(daemon: LocalDaemon) -> None:
    lambda_ = daemon.client("lambda")
    daemon.function("kept", "def handler(event, context): return 1")
    assert settings(daemon) == (None, "PassThrough", None, 512, "/aws/lambda/kept")
    lambda_.update_function_configuration(
        FunctionName="kept",
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:eu-west-1:1:dead"},
        TracingConfig={"Mode": "Active"},
        KMSKeyArn="arn:aws:kms:eu-west-1:1:key/k",
        EphemeralStorage={"Size": 1024},
        LoggingConfig={"LogGroup": "/own"},
    )
    kept = ("arn:aws:sqs:eu-west-1:1:dead", "Active", "arn:aws:kms:eu-west-1:1:key/k", 1024, "/own")
    assert settings(daemon) == kept
    lambda_.publish_version(FunctionName="kept")
    lambda_.update_function_configuration(FunctionName="kept", DeadLetterConfig={}, KMSKeyArn="")
    daemon.kill_and_restart()
    assert settings(daemon)[::2] == (None, None, "/own")
    assert settings(daemon, Qualifier="1") == kept
    assert daemon.invoke("kept")[0] == 1
    streams = daemon.client("logs").describe_log_streams(logGroupName="/own")["logStreams"]
    assert len(streams) == 1
