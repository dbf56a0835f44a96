"""The plugin's hooks: settings, and the runtimes that stand in for images on a laptop.

Import-light: the classes that do the work are named by their path; the local cloud imports them when a job needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from headgate.plugins import hookimpl
from headgate.plugins.contributions import ContainerRuntimeSpec
from headgate.spec.project import ImageRecipe, Project
from headgate_runtimes.images import repository_pattern

HEADGATE_API = 1

_FRAMEWORKS = {
    "scikit-learn": ("ScikitLearn", ("sagemaker-scikit-learn",)),
    "xgboost": ("XGBoost", ("sagemaker-xgboost", "xgboost")),
    "linear-learner": ("LinearLearner", ("linear-learner",)),
    "huggingface": (
        "HuggingFace",
        ("huggingface-pytorch-training", "huggingface-pytorch-inference"),
    ),
    "pytorch": ("PyTorch", ("pytorch-training", "pytorch-inference")),
    "tensorflow": ("TensorFlow", ("tensorflow-training", "tensorflow-inference")),
}


@hookimpl
def headgate_settings_schema() -> Path:
    """The settings under `plugins.runtimes`."""
    return Path(__file__).with_name("schema.json")


@hookimpl
def headgate_container_runtimes(project: Project) -> Iterable[ContainerRuntimeSpec]:
    """The project's own images first, so that a project can stand in for an image of SageMaker's."""
    settings = dict(project.plugin_settings.get("runtimes", {}))
    own = [_own_image(project, recipe, settings) for recipe in project.images.values()]
    return [*own, *_framework_images(settings)]


def _framework_images(settings: Mapping[str, object]) -> list[ContainerRuntimeSpec]:
    return [
        ContainerRuntimeSpec(
            name=name,
            image_patterns=(repository_pattern(*repositories),),
            target=f"headgate_runtimes.frameworks:{attribute}",
            search_path=(),
            config=settings,
        )
        for name, (attribute, repositories) in _FRAMEWORKS.items()
    ]


def _own_image(project: Project, recipe: ImageRecipe, settings: Mapping[str, object]) -> ContainerRuntimeSpec:
    requirements = recipe.requirements
    return ContainerRuntimeSpec(
        name=f"image {recipe.name}",
        image_patterns=(repository_pattern(recipe.name),),
        target="headgate_runtimes.own_image:OwnImage",
        search_path=(),
        config={
            **settings,
            "image": recipe.name,
            "requirements": str(project.root / requirements) if requirements else None,
            "packages": list(recipe.packages),
            "python": recipe.python,
        },
    )
