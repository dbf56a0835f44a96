"""Write an execution into MLflow: parameters, metrics, artifacts, and links both ways.

Run as `python -m headgate_training.recorder` with one JSON document on standard input (`headgate.actions.record`).
MLflow is imported before the document is read: whoever starts this early does not wait for the import.
Recording the same execution twice finds the run it made the first time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = Mapping[str, Any]
EXECUTION_TAG = "headgate.execution_arn"
_PARAM_LIMIT = 6000  # MLflow's own bound on the length of a parameter's value


def main() -> int:
    """Read the record, write the run, print the properties for the version."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    # MLflow's own patience with a server that is not there takes minutes, while somebody waits for the command.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow.tracking
    from botocore.exceptions import BotoCoreError, ClientError
    from mlflow.exceptions import MlflowException

    text = sys.stdin.read()
    if not text.strip():
        return 0
    document = json.loads(text)
    config, record = document["config"], document["record"]
    check_reachable(config["tracking_uri"], os.environ)
    # Not to the client alone: what signs the requests to a tracking server on SageMaker asks MLflow for its ARN.
    mlflow.set_tracking_uri(config["tracking_uri"])
    try:
        run_id = record_execution(mlflow.tracking.MlflowClient(), config, record)
    except (MlflowException, BotoCoreError, ClientError) as error:
        sys.exit(f"{config['tracking_uri']}: {' '.join(str(error).split())}")
    properties = {"mlflow_run_id": run_id, "mlflow_experiment": config["experiment"]}
    sys.stdout.write(json.dumps({"properties": properties}) + "\n")
    return 0


def check_reachable(tracking_uri: str, environment: Mapping[str, str]) -> None:
    """Exit unless the tracking server can be there at all: those on SageMaker are not part of the local cloud."""
    if not tracking_uri.startswith("arn:") or "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT" in environment:
        return
    host = urlsplit(environment.get("AWS_ENDPOINT_URL", "")).hostname
    if host in {"127.0.0.1", "::1", "localhost"}:
        sys.exit(
            f"{tracking_uri}: the local cloud has no MLflow tracking servers, and its credentials open none on AWS\n"
            "on a laptop leave plugins.training.mlflow.tracking_uri empty (a store in .headgate/), or name the URL of "
            "an `mlflow server`; the ARN belongs under the environment of headgate.yaml that runs on AWS"
        )


def record_execution(client: Any, config: Json, record: Json) -> str:
    """Create the run, or complete the one this execution already has; return its id. `client` is an MlflowClient."""
    from mlflow.entities import Metric, Param, RunTag

    experiment_id = _experiment(client, config)
    found = client.search_runs([experiment_id], f"tags.`{EXECUTION_TAG}` = '{record['execution_arn']}'", max_results=1)
    started, ended = (_milliseconds(record[name]) for name in ("started", "ended"))
    run_id: str = (
        found[0].info.run_id
        if found
        else client.create_run(experiment_id, start_time=started, run_name=record["execution_arn"][-12:]).info.run_id
    )
    tags = {
        EXECUTION_TAG: record["execution_arn"],
        "headgate.project": record["project"],
        "headgate.pipeline": record["pipeline"],
        "headgate.model_package_arn": record["model_package_arn"] or "",
        "mlflow.source.git.commit": record["parameters"].get("GitCommit", ""),
        **{f"headgate.{name}": value for name, value in record["properties"].items()},
    }
    client.log_batch(
        run_id,
        metrics=[Metric(_name(name), value, ended, 0) for name, value in sorted(record["metrics"].items())],
        params=[Param(_name(name), value[:_PARAM_LIMIT]) for name, value in _parameters(record)],
        tags=[RunTag(_name(name), value) for name, value in sorted(tags.items()) if value],
    )
    with tempfile.TemporaryDirectory() as folder:
        for file in _download(record["artifacts"], Path(folder)):
            client.log_artifact(run_id, str(file))
    client.set_terminated(run_id, "FINISHED" if record["status"] == "Succeeded" else "FAILED", end_time=ended)
    return run_id


def _experiment(client: Any, config: Json) -> str:
    found = client.get_experiment_by_name(config["experiment"])
    if found is not None:
        experiment_id: str = found.experiment_id
        return experiment_id
    created: str = client.create_experiment(config["experiment"], artifact_location=config.get("artifact_location"))
    return created


def _parameters(record: Json) -> Iterator[tuple[str, str]]:
    for name, value in sorted(record["parameters"].items()):
        yield name, str(value)
    for name, value in sorted(record["hyperparameters"].items()):
        yield f"hyperparameter.{name}", str(value)


def _download(artifacts: Mapping[str, str], folder: Path) -> Iterator[Path]:
    import boto3

    s3 = boto3.client("s3")
    for uri in sorted(artifacts.values()):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        file = folder / key.rsplit("/", 1)[1]
        s3.download_file(bucket, key, str(file))
        yield file


def _name(name: str) -> str:
    """A name as MLflow takes it: no colon (SageMaker's `validation:rmse` becomes `validation.rmse`)."""
    return name.replace(":", ".")


def _milliseconds(seconds: float | None) -> int:
    return int((seconds or 0) * 1000)


if __name__ == "__main__":
    sys.exit(main())
