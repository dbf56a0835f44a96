"""The offline check of a pipeline definition: what SageMaker would refuse, or fail at hours later, in 0.1 s.

A definition that the SageMaker SDK makes passes; AWS's published JSON Schema refuses some of those, so the shapes of
the API itself are the measure.
"""

from __future__ import annotations

from headgate.pipelines.check.arguments import check_arguments
from headgate.pipelines.check.conditions import check_conditions
from headgate.pipelines.check.graph import check_order, dependencies
from headgate.pipelines.check.outline import Outline, outline
from headgate.pipelines.check.problems import InvalidPipelineError, Problem
from headgate.pipelines.check.service import sagemaker
from headgate.pipelines.check.variables import check_variables

__all__ = ["InvalidPipelineError", "Outline", "Problem", "check", "dependencies", "outline"]


def check(definition: object) -> list[Problem]:
    """Everything wrong with a definition (the parsed JSON), in the order of its steps. Makes no AWS call."""
    read = outline(definition)
    problems = list(read.problems)
    service = sagemaker()
    for step in read.steps.values():
        problems += check_conditions(step)
        problems += check_arguments(step, read.parameters, service)
        problems += check_variables(step, read, service)
    return [*problems, *check_order(read)]
