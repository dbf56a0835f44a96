"""Script mode, seen from inside the user's script."""

from __future__ import annotations

import io
import json
import tarfile

from headgate_runtimes.frameworks import ScikitLearn

IMAGE = "sagemaker-scikit-learn:1.2-1-cpu-py3"
RECORD = """
import json, os, sys
json.dump({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}, open("/opt/ml/model/seen.json", "w"))
"""


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(content.encode())
            tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def train(stage, files, program="train.py", channels=None, **hyperparameters):
    stage.objects["s3://code/sourcedir.tar.gz"] = archive(**files)
    job = stage.job(
        "training",
        IMAGE,
        hyperparameters={
            "sagemaker_program": json.dumps(program),
            "sagemaker_submit_directory": json.dumps("s3://code/sourcedir.tar.gz"),
            **hyperparameters,
        },
        channels=channels or {},
        environment={"TRAINING_JOB_NAME": "job-1"},
    )
    return stage.run(ScikitLearn({}).launch(job), job)


def test_script_sees_the_toolkits_environment(stage):
    done = train(
        stage,
        {"train__py": RECORD},
        channels={"train": "text/csv", "my-data": ""},
        alpha="0.5",
        n="3",
        name='"x y"',
        flags='{"b": 1, "a": 2}',
        bare="plain",
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads((stage.ml / "model" / "seen.json").read_text())
    env = seen["env"]
    assert seen["argv"] == ["--alpha", "0.5", "--bare", "plain", "--flags", "a=2,b=1", "-n", "3", "--name", "x y"]
    assert env["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
