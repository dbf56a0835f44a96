"""Script mode, seen from inside the user's script."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from headgate.localcloud.runtimes import RuntimeUnavailableError
from headgate_runtimes.entry import failure_text
from headgate_runtimes.frameworks import HuggingFace, PyTorch, ScikitLearn, TensorFlow, XGBoost

pytestmark = pytest.mark.slow  # each starts processes of its own

IMAGE = "sagemaker-scikit-learn:1.2-1-cpu-py3"
RECORD = """
import json, os, sys
seen = {"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "prefix": sys.prefix, "main": __name__}
json.dump(seen, open("/opt/ml/model/seen.json", "w"))
"""


@pytest.fixture
def training(stage, archive, tmp_path):
    """Makes a training job of a source given as files."""

    def make(files, program="train.py", channels=None, environment=None, **hyperparameters):
        stage.objects["s3://code/sourcedir.tar.gz"] = archive(files)
        return stage.job(
            "training",
            IMAGE,
            hyperparameters={
                "sagemaker_program": json.dumps(program),
                "sagemaker_submit_directory": json.dumps("s3://code/sourcedir.tar.gz"),
                **hyperparameters,
            },
            channels=channels or {},
            environment={"TRAINING_JOB_NAME": "job-1", **(environment or {})},
        )

    return make


@pytest.fixture
def runtime(tmp_path):
    return ScikitLearn({"cache": str(tmp_path / "cache")})


def test_script_sees_the_toolkits_environment(stage, training, runtime):
    job = training({"train.py": RECORD}, channels={"train": "text/csv"}, alpha="0.5", n="3", name='"x y"')
    done = stage.run(runtime.launch(job), job)
    assert done.returncode == 0, done.stderr
    seen = json.loads((stage.ml / "model" / "seen.json").read_text())
    assert seen["argv"] == ["train.py", "--alpha", "0.5", "-n", "3", "--name", "x y"]
    assert (seen["cwd"], seen["main"]) == ("/opt/ml/code", "__main__")
    environment = seen["env"]
    assert environment["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert json.loads(environment["SM_HPS"]) == {"alpha": 0.5, "n": 3, "name": "x y"}
    assert environment["SM_CURRENT_INSTANCE_TYPE"] == "ml.m5.xlarge"
    assert json.loads(environment["SM_TRAINING_ENV"])["job_name"] == "job-1"
    assert seen["prefix"] == "/opt/ml/.headgate/python"
    assert "train.py --alpha 0.5" in done.stdout
    assert (stage.ml / "output" / "success").exists()


def test_script_imports_its_own_modules_and_the_images_packages(stage, training, runtime):
    code = """
import helper, numpy, sklearn, pandas, boto3
from sagemaker_containers.beta.framework import content_types, encoders, env, modules, transformer, worker
from sagemaker_inference import decoder
assert encoders.encode(numpy.array([1.5]), content_types.JSON) == b"[1.5]"
assert worker.Response("a", mimetype="text/csv").get_data() == b"a"
assert decoder.decode("1,2", "text/csv").tolist() == [[1.0, 2.0]]
open("/opt/ml/model/ok", "w").write(helper.WORD)
"""
    job = training({"train.py": code, "helper.py": "WORD = 'done'"})
    done = stage.run(runtime.launch(job), job)
    assert done.returncode == 0, done.stderr
    assert (stage.ml / "model" / "ok").read_text() == "done"


def test_failure_says_what_the_script_raised(stage, training, runtime):
    job = training({"train.py": "print('working')\nraise ValueError('no such column: rings')"}, alpha="1")
    done = stage.run(runtime.launch(job), job)
    assert done.returncode == 1
    failure = (stage.ml / "output" / "failure").read_text()
    first, code, message, *_ = failure.splitlines()
    assert (first, code) == ("ExecuteUserScriptError:", "ExitCode 1")
    assert message == 'ErrorMessage "ValueError: no such column: rings'
    assert "Traceback (most recent call last):" in failure
    assert 'File "/opt/ml/code/train.py", line 2' in failure
    assert failure.splitlines()[-1].endswith('train.py --alpha 1"')
    assert "ValueError: no such column: rings" in done.stderr
    assert "working" in done.stdout
    assert not (stage.ml / "output" / "success").exists()


@pytest.mark.parametrize(
    ("code", "exit_code"), [("import sys; sys.exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_exit_code_is_the_scripts(stage, training, runtime, code, exit_code):
    job = training({"train.py": code})
    assert stage.run(runtime.launch(job), job).returncode == exit_code
    failure = (stage.ml / "output" / "failure").read_text()
    assert ("OutOfMemory" in failure) == (exit_code == 137)


def test_failure_file_of_the_scripts_own_is_kept(stage, training, runtime):
    job = training({"train.py": "open('/opt/ml/output/failure', 'w').write('mine'); raise SystemExit(3)"})
    assert stage.run(runtime.launch(job), job).returncode == 3
    assert (stage.ml / "output" / "failure").read_text() == "mine"


def test_term_reaches_the_script_which_may_save(stage, training, runtime):
    code = """
import signal, sys
def save(*_):
    open("/opt/ml/model/saved", "w").write("yes")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
signal.pause()
"""
    job = training({"train.py": code})
    launch = runtime.launch(job)
    entry = [part for part in launch.argv if part.endswith("entry.py")]
    script = stage.ml / "code" / "train.py"
    script.write_text(script.read_text().replace("/opt/ml", str(stage.ml)))
    output = str(stage.ml / "output")
    command = [sys.executable, "-I", "-S", *entry, f"{output}/failure", f"{output}/success", "--", sys.executable]
    with subprocess.Popen([*command, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "ready":
            pass
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (stage.ml / "model" / "saved").read_text() == "yes"


def test_background_process_does_not_hold_up_the_end(stage, training, runtime):
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])"
    job = training({"train.py": code})
    launch = runtime.launch(job)
    done = subprocess.run(stage.argv(launch), env=stage.env(launch, job), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0


def test_shell_script_is_an_entry_point(stage, training, runtime):
    job = training({"train.sh": 'echo "$@" > /opt/ml/model/arguments'}, program="train.sh", alpha="0.5")
    assert stage.run(runtime.launch(job), job).returncode == 0
    assert (stage.ml / "model" / "arguments").read_text() == "--alpha 0.5\n"


@pytest.mark.parametrize("folder", ["", "src/"])
def test_package_with_setup_py_is_run_as_a_module(stage, training, runtime, folder):
    files = {"setup.py": "", f"{folder}mine/__init__.py": "", f"{folder}mine/train.py": RECORD}
    job = training(files, program="mine.train", alpha="1")
    done = stage.run(runtime.launch(job), job)
    assert done.returncode == 0, done.stderr
    assert json.loads((stage.ml / "model" / "seen.json").read_text())["argv"][1:] == ["--alpha", "1"]


def test_package_that_must_be_installed_and_cannot_is_refused_with_the_reason(training, runtime):
    build = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {"setup.py": "", "pyproject.toml": build, "backend.py": "raise RuntimeError('broken setup')"}
    with pytest.raises(RuntimeUnavailableError, match="broken setup"):
        runtime.launch(training(files, program="mine.train"))


@pytest.mark.slow
def test_requirements_are_installed_for_the_script_alone(stage, training, runtime, wheel, archive):
    wheel(stage.ml / "code", "greeting", "TEXT = 'hello'")
    stage.write("code/requirements.txt", "./greeting-1.0-py3-none-any.whl\n")
    stage.write("code/train.py", "import greeting, sklearn; open('/opt/ml/model/text', 'w').write(greeting.TEXT)")
    job = training({})
    done = stage.run(runtime.launch(job), job)
    assert done.returncode == 0, done.stderr
    assert (stage.ml / "model" / "text").read_text() == "hello"
    assert any("building a Python environment" in line for line in stage.logged)
    found = subprocess.run([sys.executable, "-c", "import greeting"], capture_output=True, check=False)
    assert found.returncode != 0


def test_requirements_that_cannot_be_had_are_refused_before_the_script_runs(stage, training, runtime):
    job = training({"train.py": RECORD, "requirements.txt": "-e .\n"})
    with pytest.raises(RuntimeUnavailableError, match=r"requirements.txt:1: an editable install"):
        runtime.launch(job)


def test_requirements_of_comments_alone_build_nothing(stage, training, runtime, tmp_path):
    job = training({"train.py": RECORD, "requirements.txt": "# none\n\n"})
    runtime.launch(job)
    assert not (tmp_path / "cache").exists()


def test_job_without_script_says_which_hyperparameters_name_one(stage, runtime):
    with pytest.raises(RuntimeUnavailableError, match="sagemaker_program"):
        runtime.launch(stage.job("training", IMAGE))


def test_script_that_is_not_in_its_source_is_named_with_what_is(training, runtime):
    with pytest.raises(RuntimeUnavailableError, match=r"'missing\.py' is not in its source .* which holds: train\.py"):
        runtime.launch(training({"train.py": ""}, program="missing.py"))


def test_script_may_be_named_in_the_environment(stage, training, runtime):
    stage.write("code/main.py", RECORD)
    job = stage.job("training", IMAGE, environment={"SAGEMAKER_PROGRAM": "main.py", "PYTHONPATH": "/opt/ml/extra"})
    launch = runtime.launch(job)
    assert launch.environment["PYTHONPATH"] == "/opt/ml/code:/opt/ml/extra"
    assert stage.run(launch, job).returncode == 0


@pytest.mark.parametrize(
    "python", ["python3", "python", "/usr/bin/python3", "/miniconda3/bin/python", "/opt/bin/python3.9"]
)
def test_processing_runs_the_requests_command_with_the_jobs_python(stage, runtime, python):
    stage.write("processing/input/code/step.py", RECORD.replace("/opt/ml/model", "/opt/ml/processing"))
    job = stage.job(
        "processing", IMAGE, entrypoint=[python, "/opt/ml/processing/input/code/step.py"], arguments=["--rows", "10"]
    )
    launch = runtime.launch(job)
    assert launch.argv[0] == "/opt/ml/.headgate/python/bin/python3"
    if python == "python3":
        assert stage.run(launch, job).returncode == 0
        seen = json.loads((stage.ml / "processing" / "seen.json").read_text())
        assert seen["argv"][1:] == ["--rows", "10"]
        assert seen["cwd"] == "/opt/ml/.headgate/work"


def test_processing_without_entry_point_is_refused(stage, runtime):
    with pytest.raises(RuntimeUnavailableError, match="give ContainerEntrypoint"):
        runtime.launch(stage.job("processing", IMAGE))


def test_training_with_an_entry_point_finds_python_and_pip_by_name(stage, runtime, wheel):
    wheel(stage.ml / "input" / "data" / "code", "greeting", "TEXT = 'hello'")
    script = """set -e
SM_PYTHON_CMD=$(command -v python3 || command -v python)
SM_PIP_CMD=$(command -v pip3 || command -v pip)
$SM_PIP_CMD install --quiet --no-index /opt/ml/input/data/code/greeting-1.0-py3-none-any.whl
$SM_PYTHON_CMD -c "import greeting, sys; print(greeting.TEXT, sys.prefix)" > /opt/ml/model/text
"""
    stage.write("input/data/sm_drivers/sm_train.sh", script)
    job = stage.job(
        "training", IMAGE, entrypoint=["/bin/bash"], arguments=["-c", ". /opt/ml/input/data/sm_drivers/sm_train.sh"]
    )
    done = stage.run(runtime.launch(job), job, PIP_CONFIG_FILE="/dev/null")
    assert done.returncode == 0, done.stderr
    assert (stage.ml / "model" / "text").read_text() == "hello /opt/ml/.headgate/python\n"
    found = subprocess.run([sys.executable, "-c", "import greeting"], capture_output=True, check=False)
    assert found.returncode != 0


@pytest.mark.parametrize(
    ("runtime_class", "image", "package"),
    [
        (PyTorch, "pytorch-training:2.3", "torch"),
        (TensorFlow, "tensorflow-training:2.16", "tensorflow"),
        (HuggingFace, "huggingface-pytorch-training:2.1", "torch"),
    ],
)
def test_framework_that_is_not_installed_is_named_with_the_fix(stage, runtime_class, image, package, monkeypatch):
    monkeypatch.setattr("headgate_runtimes.script_mode.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(RuntimeUnavailableError, match=f"install '{package}' .* under `images:`"):
        runtime_class({}).launch(stage.job("training", image))


def test_other_version_than_the_images_is_noted_or_refused(stage, training):
    ScikitLearn({}).launch(training({"train.py": ""}))
    assert any("brings scikit-learn 1.2; here it is" in line for line in stage.logged)
    with pytest.raises(RuntimeUnavailableError, match="strict_versions"):
        ScikitLearn({"strict_versions": True}).launch(training({"train.py": ""}))


def test_xgboost_image_trains_a_script_when_one_is_named(stage, archive):
    stage.objects["s3://code/s.tar.gz"] = archive({"train.py": "import xgboost"})
    hyperparameters = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://code/s.tar.gz"}
    job = stage.job("training", "sagemaker-xgboost:1.7-1", hyperparameters=hyperparameters)
    assert "train.py" in XGBoost({}).launch(job).argv
    job = stage.job("training", "sagemaker-xgboost:1.7-1", hyperparameters={"num_round": "1"})
    assert XGBoost({}).launch(job).argv[-2:] == ("headgate_runtimes.algorithms.xgboost", "train")


def test_failure_text_puts_the_cause_within_what_readers_see():
    errors = b"noise\nTraceback (most recent call last):\n" + b'  File "x", line 1\n' * 500 + b"KeyError: 'rings'"
    assert "KeyError: 'rings'" in failure_text(1, errors, ["python3", "train.py"])[:200]
    assert failure_text(2, b"usage: train\n", ["sh"]).splitlines()[2] == 'ErrorMessage "usage: train"'
    assert "killed by signal 11" in failure_text(-11, b"", ["sh"])
