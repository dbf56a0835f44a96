"""A job's own Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headgate.environments import ensure_environment
from headgate_runtimes.interpreter import install_interpreter


def run(stage, *command):
    inside = [str(stage.ml) + part.removeprefix("/opt/ml") if part.startswith("/opt/ml") else part for part in command]
    return subprocess.run(inside, capture_output=True, text=True, check=False)


def test_interpreter_has_our_packages_and_its_own_prefix(stage):
    interpreter = install_interpreter(stage.ml)
    done = run(stage, interpreter.executable, "-c", "import click, sys; print(sys.prefix)")
    assert done.stdout.strip() == str(stage.ml / ".headgate" / "python")


@pytest.mark.slow
def test_packages_of_images_lie_below_installed_ones(stage, wheel, tmp_path):
    code = "import sagemaker_inference; print(sagemaker_inference.__file__)"
    interpreter = install_interpreter(stage.ml, image_packages=True)
    assert "image_packages" in run(stage, interpreter.executable, "-c", code).stdout
    package = wheel(tmp_path, "sagemaker_inference", "")
    pip = [interpreter.executable, "-m", "pip", "install", "--quiet", "--no-index", str(package)]
    assert run(stage, *pip).returncode == 0
    assert "image_packages" not in run(stage, interpreter.executable, "-c", code).stdout


def test_images_packages_are_not_for_everyone(stage):
    interpreter = install_interpreter(stage.ml)
    assert run(stage, interpreter.executable, "-c", "import sagemaker_xgboost_container").returncode != 0


def test_cached_environment_is_below_the_jobs_own(stage, wheel, tmp_path):
    requirements = wheel(tmp_path, "greeting", "TEXT = 'cached'").parent / "requirements.txt"
    requirements.write_text("./greeting-1.0-py3-none-any.whl\n")
    environment = ensure_environment(
        requirements=requirements, packages=(), python=None, cache=tmp_path / "cache", log=lambda _line: None
    )
    interpreter = install_interpreter(stage.ml, environment)
    code = "import greeting, importlib.util; print(greeting.TEXT, importlib.util.find_spec('click'))"
    assert run(stage, interpreter.executable, "-c", code).stdout.strip() == "cached None"


def test_pip_works_over_an_environment_without_it(stage, wheel, tmp_path):
    """AWS's examples install packages inside a step, and every image has pip."""
    requirements = wheel(tmp_path, "greeting", "TEXT = 'cached'").parent / "requirements.txt"
    requirements.write_text("./greeting-1.0-py3-none-any.whl\n")
    environment = ensure_environment(
        requirements=requirements, packages=(), python=None, cache=tmp_path / "cache", log=lambda _line: None
    )
    interpreter = install_interpreter(stage.ml, environment)
    done = run(stage, interpreter.executable, "-m", "pip", "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pip ")


def test_command_keeps_what_is_no_python(stage):
    interpreter = install_interpreter(stage.ml)
    assert interpreter.command(["/bin/bash"], ["-c", "python3 x.py"]) == ("/bin/bash", "-c", "python3 x.py")
    assert interpreter.command(["pythonic"], []) == ("pythonic",)
    assert interpreter.command([], []) == ()


def test_installing_twice_is_harmless(stage):
    assert install_interpreter(stage.ml) == install_interpreter(stage.ml)
    assert (stage.ml / ".headgate" / "python" / "bin" / "python3").resolve() == (
        type(stage.ml)(sys.executable).resolve()
    )
