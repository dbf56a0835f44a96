"""A project's own images, by recipe."""

from __future__ import annotations

import json
import sys

import pytest

from headgate.localcloud.runtimes import RuntimeUnavailableError
from headgate_runtimes.own_image import OwnImage

IMAGE = "forecaster:latest"
PROGRAMS = """
import sys
TEXT = "ours"
def train():
    open("/opt/ml/model/trained", "w").write(TEXT)
def serve():
    print("serving")
"""


@pytest.fixture
def own_image(tmp_path, wheel):
    """Makes the runtime of a recipe with one package, which may bring `train` and `serve`."""

    def make(scripts=None):
        folder = wheel(tmp_path / "recipe", "forecaster", PROGRAMS, scripts).parent
        (folder / "requirements.txt").write_text("./forecaster-1.0-py3-none-any.whl\n")
        config = {"image": "forecaster", "requirements": str(folder / "requirements.txt"), "cache": str(tmp_path / "c")}
        return OwnImage(config)

    return make


def test_processing_runs_the_requests_command_in_exactly_the_recipe(stage, own_image):
    code = "import forecaster, importlib.util as u; print(forecaster.TEXT, u.find_spec('sklearn'))"
    job = stage.job("processing", IMAGE, entrypoint=["python3", "-c"], arguments=[code])
    done = stage.run(own_image().launch(job), job)
    assert done.stdout.strip() == "ours None", done.stderr


def test_training_runs_the_images_program_train(stage, own_image):
    job = stage.job("training", IMAGE)
    done = stage.run(own_image({"train": "train"}).launch(job), job)
    assert done.returncode == 0, done.stderr
    assert (stage.ml / "model" / "trained").read_text() == "ours"


def test_serving_runs_the_images_program_serve(stage, own_image):
    job = stage.job("serving", IMAGE)
    assert stage.run(own_image({"serve": "serve"}).launch(job), job).stdout.strip() == "serving"


def test_training_without_program_says_what_is_missing(stage, own_image):
    with pytest.raises(RuntimeUnavailableError, match="'forecaster' has no program `train`"):
        own_image().launch(stage.job("training", IMAGE))


def test_training_may_name_a_script(stage, own_image):
    stage.write("code/train.py", "import forecaster; open('/opt/ml/model/text', 'w').write(forecaster.TEXT)")
    job = stage.job("training", IMAGE, hyperparameters={"sagemaker_program": "train.py"})
    done = stage.run(own_image().launch(job), job)
    assert done.returncode == 0, done.stderr
    assert (stage.ml / "model" / "text").read_text() == "ours"


def test_serving_without_program_serves_the_models_script(stage, own_image):
    stage.write("model/code/inference.py", "")
    launch = own_image().launch(stage.job("serving", IMAGE))
    assert launch.argv[1].endswith("serving/__main__.py")
    assert launch.environment["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"


def test_recipe_that_asks_for_nothing_has_our_packages(stage):
    code = "import json, sys, click; print(json.dumps(sys.version_info[:2]))"
    job = stage.job("processing", IMAGE, entrypoint=["python3", "-c"], arguments=[code])
    done = stage.run(OwnImage({"image": "forecaster"}).launch(job), job)
    assert json.loads(done.stdout) == list(sys.version_info[:2])


def test_recipe_that_cannot_be_built_names_the_image(stage, tmp_path):
    config = {"image": "forecaster", "requirements": str(tmp_path / "requirements.txt"), "cache": str(tmp_path)}
    with pytest.raises(RuntimeUnavailableError, match=r"image 'forecaster': .*requirements\.txt.* does not exist"):
        OwnImage(config).launch(stage.job("processing", IMAGE, entrypoint=["python3"]))
