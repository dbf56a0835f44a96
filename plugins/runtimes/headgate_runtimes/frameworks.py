"""The runtimes that plugin.py offers, one class for each family of images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError
from headgate_runtimes.algorithms.program import ROOT_VARIABLE
from headgate_runtimes.images import ImageName
from headgate_runtimes.interpreter import WORK, install_interpreter
from headgate_runtimes.script_mode import Framework, RuntimeSettings, check_framework, run_command, script_program
from headgate_runtimes.script_serving import serve_script
from headgate_runtimes.script_training import train_script


class FrameworkImage:
    """An image of SageMaker's that holds a framework and runs the user's code in it."""

    framework: Framework

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.settings = RuntimeSettings.from_config(config)

    def launch(self, job: ContainerJob) -> Launch:
        """The program for a job of this image.

        Raises:
            RuntimeUnavailableError: the framework is not installed, or the job gives nothing to run.
        """
        check_framework(self.framework, job, strict=self.settings.strict_versions)
        return self.run(job)

    def run(self, job: ContainerJob) -> Launch:
        """As `launch`, once the framework is known to be there."""
        if job.kind == "serving":
            return serve_script(job, self.framework, self.settings)
        if job.entrypoint or job.kind == "processing":
            return run_command(job, install_interpreter(job.ml_root, image_packages=True))
        return train_script(job, self.framework, self.settings)


class ScikitLearn(FrameworkImage):
    """`sagemaker-scikit-learn`: script mode, processing and serving."""

    framework = Framework("scikit-learn", "sklearn", ("scikit-learn",), "sagemaker_sklearn_container.training:main")


class PyTorch(FrameworkImage):
    """`pytorch-training`, `pytorch-inference`: when torch is installed."""

    framework = Framework("PyTorch", "torch", ("torch",), "sagemaker_pytorch_container.training:main")


class TensorFlow(FrameworkImage):
    """`tensorflow-training`, `tensorflow-inference`: when TensorFlow is installed."""

    framework = Framework(
        "TensorFlow", "tensorflow", ("tensorflow", "tensorflow-cpu"), "sagemaker_tensorflow_container.training:main"
    )


class HuggingFace(FrameworkImage):
    """`huggingface-pytorch-training` and its kind: when torch and transformers are installed."""

    framework = Framework(
        "Transformers", "transformers", ("transformers",), "sagemaker_pytorch_container.training:main"
    )

    def launch(self, job: ContainerJob) -> Launch:
        check_framework(PyTorch.framework, job, strict=False)
        return super().launch(job)


_LATEST = {"xgboost": (1, 0)}
"""What `latest` means where it is not the newest: the old repository ended with version 1."""


class XGBoost(FrameworkImage):
    """`sagemaker-xgboost` and the older `xgboost`: script mode when a script is named, else the built-in algorithm."""

    framework = Framework("XGBoost", "xgboost", ("xgboost-cpu", "xgboost"), "sagemaker_xgboost_container.training:main")

    def run(self, job: ContainerJob) -> Launch:
        if job.kind == "processing" or job.entrypoint or script_program(job) is not None:
            return super().run(job)
        name = ImageName.parse(job.image)
        version = name.version or _LATEST.get(name.repository, (3, 0))
        from headgate_runtimes.algorithms.xgboost.log import metric_definitions

        environment = {"HEADGATE_ALGORITHM_VERSION": ".".join(map(str, version))}
        return algorithm(job, "xgboost", environment, metric_definitions())


class LinearLearner:
    """`linear-learner`: the built-in algorithm, which takes no code of the user's."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config

    def launch(self, job: ContainerJob) -> Launch:
        if job.kind == "processing":
            raise RuntimeUnavailableError(
                f"image '{job.image}' holds a built-in algorithm, which trains and serves only: use a scikit-learn "
                "image for processing"
            )
        from headgate_runtimes.algorithms.linear_learner.log import metric_definitions

        return algorithm(job, "linear_learner", {}, metric_definitions())


def algorithm(
    job: ContainerJob, name: str, environment: Mapping[str, str], metric_definitions: Mapping[str, str]
) -> Launch:
    """A job of a built-in algorithm: `train` or `serve` of its module."""
    interpreter = install_interpreter(job.ml_root)
    verb = "serve" if job.kind == "serving" else "train"
    return Launch(
        argv=(interpreter.executable, "-P", "-m", f"headgate_runtimes.algorithms.{name}", verb),
        environment={"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parents[1]), ROOT_VARIABLE: "/opt/ml"}
        | dict(environment)
        | dict(interpreter.environment),
        path=(interpreter.folder,),
        working_directory=WORK,
        metric_definitions=metric_definitions if verb == "train" else {},
    )
