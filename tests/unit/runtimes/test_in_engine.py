"""The runtimes inside the job engine: flows in the style of AWS's examples, from data to predictions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.jobs.engine import JobEngine
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import Caller
from headgate.spec.project import ImageRecipe, Project
from headgate_runtimes.plugin import headgate_container_runtimes

pytestmark = pytest.mark.slow

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/jobs"

PREPROCESS = """
import argparse, pathlib
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    args = parser.parse_args()
    base = "/opt/ml/processing"
    frame = pd.read_csv(f"{base}/input/raw/diabetes.csv")
    labels = frame.pop(args.target).to_numpy().reshape(-1, 1)
    rows = np.concatenate([labels, StandardScaler().fit_transform(frame)], axis=1)
    train, rest = train_test_split(rows, test_size=0.3, random_state=7)
    validation, test = np.array_split(rest, 2)
    for name, part in (("train", train), ("validation", validation), ("test", test)):
        pathlib.Path(f"{base}/{name}").mkdir(parents=True, exist_ok=True)
        pd.DataFrame(part).to_csv(f"{base}/{name}/{name}.csv", header=False, index=False)
"""
EVALUATE = """
import json, pathlib, pickle, tarfile
import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import mean_squared_error

if __name__ == "__main__":
    with tarfile.open("/opt/ml/processing/model/model.tar.gz") as tar:
        tar.extractall(path=".", filter="data")
    model = pickle.load(open("xgboost-model", "rb"))
    frame = pd.read_csv("/opt/ml/processing/test/test.csv", header=None)
    labels = frame.iloc[:, 0].to_numpy()
    found = model.predict(xgboost.DMatrix(frame.iloc[:, 1:].values))
    report = {"regression_metrics": {"mse": {"value": float(mean_squared_error(labels, found))}}}
    pathlib.Path("/opt/ml/processing/evaluation").mkdir(parents=True, exist_ok=True)
    pathlib.Path("/opt/ml/processing/evaluation/evaluation.json").write_text(json.dumps(report))
"""
SCRIPT = """
import argparse, json, os
import xgboost as xgb
from sagemaker_xgboost_container import distributed
from sagemaker_xgboost_container.data_utils import get_dmatrix

def train(rounds, matrix, model_dir, is_master):
    booster = xgb.train({"max_depth": 3}, matrix, num_boost_round=rounds, evals=[(matrix, "train")])
    if is_master:
        booster.save_model(os.path.join(model_dir, "xgboost-model"))

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int)
    args = parser.parse_args()
    hosts = json.loads(os.environ["SM_HOSTS"])
    host = os.environ["SM_CURRENT_HOST"]
    matrix = get_dmatrix(os.environ["SM_CHANNEL_TRAIN"], "text/csv")
    settings = {"rounds": args.rounds, "matrix": matrix, "model_dir": os.environ["SM_MODEL_DIR"]}
    if len(hosts) > 1:
        distributed.rabit_run(
            exec_fun=train, args=settings, include_in_training=matrix is not None, hosts=hosts, current_host=host,
            update_rabit_args=True,
        )
    else:
        train(is_master=True, **settings)

def model_fn(model_dir):
    booster = xgb.Booster()
    booster.load_model(os.path.join(model_dir, "xgboost-model"))
    return booster
"""


class SystemClock:
    def now(self) -> float:
        return time.time()


@dataclass
class Laptop:
    engine: JobEngine
    documents: Documents
    objects: ObjectStore
    operations: Operations
    runtimes: RuntimeRegistry
    caller: Caller

    def put(self, key: str, content: str | bytes) -> str:
        self.objects.put_bytes("data", key, content.encode() if isinstance(content, str) else content)
        return f"s3://data/{key}"

    def read(self, uri: str) -> str:
        return self.objects.get("data", uri.removeprefix("s3://data/")).path.read_text()

    def install(self, project: Project) -> None:
        specs = headgate_container_runtimes(project)
        self.runtimes.replace(tuple(RuntimeSpec.from_json(spec.as_json()) for spec in specs))

    def process(
        self, name: str, image: str, script: str, inputs: dict[str, str], outputs: list[str], **more: Any
    ) -> Any:
        """Run a processing job; the inputs and outputs lie at /opt/ml/processing/<name>."""
        base = "/opt/ml/processing"
        places = {"input/code": self.put(f"{name}/run.py", script), **inputs}
        self.operations.call(
            self.caller,
            "CreateProcessingJob",
            {
                "ProcessingJobName": name,
                "RoleArn": ROLE,
                "AppSpecification": {
                    "ImageUri": image,
                    "ContainerEntrypoint": ["python3", f"{base}/input/code/run.py"],
                    **more,
                },
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                "ProcessingInputs": [
                    {
                        "InputName": place.replace("/", "-"),
                        "S3Input": {
                            "S3Uri": uri,
                            "LocalPath": f"{base}/{place}",
                            "S3DataType": "S3Prefix",
                            "S3InputMode": "File",
                        },
                    }
                    for place, uri in places.items()
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": output,
                            "S3Output": {
                                "S3Uri": f"s3://data/{name}/{output}",
                                "LocalPath": f"{base}/{output}",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                        for output in outputs
                    ]
                },
            },
        )
        return self.engine.wait(self.caller, "processing-job", name, 60)

    def train(self, name: str, image: str, channels: dict[str, str], count: int = 1, **hyperparameters: object) -> Any:
        """Run a training job on CSV channels; several instances get a part of the objects each."""
        kind = "ShardedByS3Key" if count > 1 else "FullyReplicated"
        self.operations.call(
            self.caller,
            "CreateTrainingJob",
            {
                "TrainingJobName": name,
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
                "HyperParameters": {key: str(value) for key, value in hyperparameters.items()},
                "InputDataConfig": [
                    {
                        "ChannelName": channel,
                        "ContentType": "text/csv",
                        "DataSource": {
                            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": kind}
                        },
                    }
                    for channel, uri in channels.items()
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            },
        )
        return self.engine.wait(self.caller, "training-job", name, 60)

    def transform(self, name: str, image: str, model: str, uri: str, **environment: str) -> str:
        """Run a batch transform of one CSV object, line by line; gives the output's text."""
        container = {"Image": image, "ModelDataUrl": model, "Environment": environment}
        key = Key(self.caller.account, self.caller.region, "model", name)
        self.documents.put(key, {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": container})
        self.operations.call(
            self.caller,
            "CreateTransformJob",
            {
                "TransformJobName": name,
                "ModelName": name,
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                    "ContentType": "text/csv",
                    "SplitType": "Line",
                },
                "TransformOutput": {"S3OutputPath": f"s3://data/{name}", "AssembleWith": "Line"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
        )
        done = self.engine.wait(self.caller, "transform-job", name, 60)
        assert done["TransformJobStatus"] == "Completed", done
        (found,) = self.objects.list("data", f"{name}/")
        return found.path.read_text()


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    clock = SystemClock()
    documents = Documents(tmp_path / "state.db")
    objects = ObjectStore(tmp_path / "s3", clock)
    logs = LogStore(tmp_path / "logs", clock)
    runtimes = RuntimeRegistry()
    engine = JobEngine(
        documents, objects, logs, runtimes, clock, tmp_path / "jobs", lambda: "http://127.0.0.1:1", lambda _c, _r: {}
    )
    operations = Operations()
    operations.add(engine.operations())
    made = Laptop(engine, documents, objects, operations, runtimes, Caller("123456789012", "us-east-1"))
    objects.create_bucket(made.caller.account, made.caller.region, "data")
    made.install(Project("p", tmp_path, tmp_path / "headgate.yaml"))
    yield made
    engine.close()
    objects.close()
    documents.close()


@pytest.fixture(scope="module")
def diabetes_csv() -> str:
    from sklearn.datasets import load_diabetes

    frame = load_diabetes(as_frame=True).frame
    text: str = frame.to_csv(index=False)
    return text


def test_preprocess_train_evaluate_transform_in_the_style_of_aws(laptop, diabetes_csv):
    raw = laptop.put("raw/diabetes.csv", diabetes_csv)
    splits = ["train", "validation", "test"]
    image = f"{REGISTRY}/sagemaker-scikit-learn:0.23-1-cpu-py3"
    arguments = ["--target", "target"]
    done = laptop.process("pre", image, PREPROCESS, {"input/raw": raw}, splits, ContainerArguments=arguments)
    assert done["ProcessingJobStatus"] == "Completed", done
    image = f"{REGISTRY}/sagemaker-xgboost:1.0-1-cpu-py3"
    channels = {"train": "s3://data/pre/train", "validation": "s3://data/pre/validation"}
    trained = laptop.train(
        "xgb", image, channels, num_round=30, eta=0.1, max_depth=3, objective="reg:linear", silent=0, subsample=0.7
    )
    assert trained["TrainingJobStatus"] == "Completed", trained
    metrics = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    model = trained["ModelArtifacts"]["S3ModelArtifacts"]
    inputs = {"model": model, "test": "s3://data/pre/test"}
    done = laptop.process("eval", image, EVALUATE, inputs, ["evaluation"])
    assert done["ProcessingJobStatus"] == "Completed", done
    mse = json.loads(laptop.read("s3://data/eval/evaluation/evaluation.json"))["regression_metrics"]["mse"]["value"]
    assert 40 < metrics["validation:rmse"] < 65
    assert 1600 < mse < 4300
    lines = laptop.read("s3://data/pre/test/test.csv").splitlines()
    features = laptop.put("batch/rows.csv", "".join(line.partition(",")[2] + "\n" for line in lines))
    scores = [float(line) for line in laptop.transform("scored", image, model, features).split()]
    labels = [float(line.partition(",")[0]) for line in lines]
    assert sum((a - b) ** 2 for a, b in zip(scores, labels, strict=True)) / len(labels) == pytest.approx(mse, rel=1e-4)


def test_xgboost_script_trains_on_two_hosts_and_is_served(laptop, diabetes_csv, archive):
    rows = [line.split(",") for line in diabetes_csv.splitlines()[1:]]
    lines = [",".join([row[-1], *row[:-1]]) for row in rows]
    for part in range(2):
        laptop.put(f"parts/{part}.csv", "\n".join(lines[part::2]) + "\n")
    source = laptop.put("code/sourcedir.tar.gz", archive({"train.py": SCRIPT}))
    image = f"{REGISTRY}/sagemaker-xgboost:1.7-1"
    done = laptop.train(
        "script",
        image,
        {"train": "s3://data/parts/"},
        2,
        rounds=20,
        sagemaker_program="train.py",
        sagemaker_submit_directory=source,
    )
    assert done["TrainingJobStatus"] == "Completed", done
    model = done["ModelArtifacts"]["S3ModelArtifacts"]
    features = laptop.put("batch/rows.csv", "".join(line.partition(",")[2] + "\n" for line in lines[:50]))
    settings = {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    text = laptop.transform(
        "served", image, model, features, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv", **settings
    )
    scores = [float(line) for line in text.split()]
    labels = [float(line.partition(",")[0]) for line in lines[:50]]
    assert sum((a - b) ** 2 for a, b in zip(scores, labels, strict=True)) / 50 < 3000


def test_linear_learner_trains_and_is_served(laptop, diabetes_csv):
    rows = [line.split(",") for line in diabetes_csv.splitlines()[1:]]
    lines = [",".join([row[-1], *row[:-1]]) for row in rows]
    train = laptop.put("train/rows.csv", "\n".join(lines) + "\n")
    image = f"{REGISTRY}/linear-learner:1"
    settings = {"predictor_type": "regressor", "mini_batch_size": 50, "feature_dim": 10}
    done = laptop.train("linear", image, {"train": train}, **settings)
    assert done["TrainingJobStatus"] == "Completed", done
    features = laptop.put("batch/rows.csv", "".join(line.partition(",")[2] + "\n" for line in lines[:3]))
    text = laptop.transform("scores", image, done["ModelArtifacts"]["S3ModelArtifacts"], features)
    predictions = [row for line in text.splitlines() if line for row in json.loads(line)["predictions"]]
    assert len(predictions) == 3
    assert all(30 < row["score"] < 300 for row in predictions)


def test_customers_mistake_is_the_jobs_failure_reason(laptop):
    train = laptop.put("train/rows.csv", "rings,sex\n1,2\n")
    done = laptop.train("wrong", f"{REGISTRY}/xgboost:1", {"train": train}, num_round=1)
    assert done["TrainingJobStatus"] == "Failed"
    assert "rows.csv, line 1, column 1: 'rings' is not a number" in done["FailureReason"]


def test_image_of_the_projects_own_runs_what_its_recipe_asks_for(laptop, tmp_path, wheel):
    folder = wheel(tmp_path / "recipe", "forecaster", "TEXT = 'ours'").parent
    requirements = folder / "requirements.txt"
    requirements.write_text("./forecaster-1.0-py3-none-any.whl\n")
    images = {"forecaster": ImageRecipe("forecaster", requirements)}
    settings = {"runtimes": {"cache": str(tmp_path / "cache")}}
    project = Project("p", tmp_path, tmp_path / "headgate.yaml", images=images, plugin_settings=settings)
    laptop.install(project)
    script = "import forecaster; open('/opt/ml/processing/out/text', 'w').write(forecaster.TEXT)"
    image = images["forecaster"].uri(project.account, project.region)
    done = laptop.process("own", image, script, {}, ["out"])
    assert done["ProcessingJobStatus"] == "Completed", done
    assert laptop.read("s3://data/own/out/text") == "ours"


def test_built_in_algorithm_trains_and_serves_without_an_opt_ml_of_its_own(laptop, monkeypatch):
    monkeypatch.setenv("HEADGATE_ISOLATION", "redirect")
    train = laptop.put("train/rows.csv", "".join(f"{2 * x},{x}\n" for x in range(50)))
    image = f"{REGISTRY}/sagemaker-xgboost:1.7-1"
    done = laptop.train("redirected", image, {"train": train}, num_round=20)
    assert done["TrainingJobStatus"] == "Completed", done
    features = laptop.put("batch/rows.csv", "10\n40\n")
    low, high = laptop.transform("scored", image, done["ModelArtifacts"]["S3ModelArtifacts"], features).split()
    assert (float(low), float(high)) == (pytest.approx(20, abs=4), pytest.approx(80, abs=4))
