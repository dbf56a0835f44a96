"""Documents: headgate.yaml → JSON Schema → frozen values. Errors say file, line, what was found and what is allowed."""

from __future__ import annotations

from headgate.spec.load import FILE_NAME, RawProject, find_project, load_project
from headgate.spec.problems import Problem, SpecError
from headgate.spec.project import ImageRecipe, LandingPlace, PipelineEntrypoint, Project
from headgate.spec.suggest import did_you_mean, suggest

__all__ = [
    "FILE_NAME",
    "ImageRecipe",
    "LandingPlace",
    "PipelineEntrypoint",
    "Problem",
    "Project",
    "RawProject",
    "SpecError",
    "did_you_mean",
    "find_project",
    "load_project",
    "suggest",
]
