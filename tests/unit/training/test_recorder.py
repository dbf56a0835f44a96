"""Where the MLflow recorder writes, and what it says when that cannot be; tests/e2e/test_walk.py has what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headgate_training.recorder import check_reachable

SERVER = "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"
LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
RECORD = {
    "project": "house",
    "pipeline": "house-training",
    "execution_arn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/house-training/execution/abcdefghijkl",
    "status": "Failed",
    "started": 1.0,
    "ended": 2.0,
    "parameters": {"Seed": "1"},
    "hyperparameters": {"eta": "0.1"},
    "metrics": {"validation:rmse": 3.0, "rmse": 2.5},
    "artifacts": {},
    "model_package_arn": None,
    "properties": {},
}


def recorder(tracking_uri, **environment):
    """Run it; returns the finished process."""
    config = {"experiment": "house", "tracking_uri": tracking_uri, "artifact_location": None}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "headgate_training.recorder"],
        input=json.dumps({"config": config, "record": RECORD}),
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
    )


@pytest.mark.parametrize(
    ("uri", "environment"),
    [
        (SERVER, {}),
        (SERVER, {"AWS_ENDPOINT_URL": "https://sagemaker.example"}),
        (SERVER, {**LOCAL, "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": "http://127.0.0.1:5000"}),
        ("http://127.0.0.1:5000", LOCAL),
        ("sqlite:////tmp/mlflow.db", LOCAL),
    ],
)
def test_whatever_may_be_there_is_tried(uri, environment):
    check_reachable(uri, environment)


def test_a_tracking_server_on_sagemaker_is_not_part_of_the_local_cloud():
    with pytest.raises(SystemExit, match="the local cloud has no MLflow tracking servers") as raised:
        check_reachable(SERVER, LOCAL)
    assert str(raised.value).startswith(SERVER)
    assert "tracking_uri empty" in str(raised.value)


@pytest.mark.slow
def test_a_tracking_server_on_sagemaker_is_called_with_the_caller_s_signature_and_its_refusal_is_one_line():
    """MLflow's plugin for SageMaker asks for the ARN in a place of its own; without it nothing is ever sent."""
    signatures = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            signatures.append(self.headers.get("Authorization", ""))
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
        done = recorder(SERVER, SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT=f"http://127.0.0.1:{server.server_port}", **keys)
        server.shutdown()
        thread.join()
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"{SERVER}: "), done.stderr
    assert "Traceback" not in done.stderr
    assert signatures
    assert "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" in signatures[0]
    assert "/eu-west-1/sagemaker-mlflow/" in signatures[0]
