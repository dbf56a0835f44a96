"""The kinds of pipeline steps."""

from __future__ import annotations

from headgate.pipelines.steps.base import Build, Step
from headgate.pipelines.steps.checks import ClarifyCheck, QualityCheck
from headgate.pipelines.steps.control import Condition, Fail
from headgate.pipelines.steps.integrations import Callback, Lambda
from headgate.pipelines.steps.models import CreateModel, RegisterModel
from headgate.pipelines.steps.processing import Processing
from headgate.pipelines.steps.training import Training, Tuning
from headgate.pipelines.steps.transform import Transform

__all__ = [
    "Build",
    "Callback",
    "ClarifyCheck",
    "Condition",
    "CreateModel",
    "Fail",
    "Lambda",
    "Processing",
    "QualityCheck",
    "RegisterModel",
    "Step",
    "Training",
    "Transform",
    "Tuning",
]
