"""One executor per step type. Each makes the API call that SageMaker would make, in process."""

from __future__ import annotations

from headgate.localcloud.executions.outcomes import Executor
from headgate.localcloud.executions.steps import external, jobs, resources
from headgate.localcloud.executions.steps.surroundings import Surroundings


def executors(around: Surroundings) -> dict[str, Executor]:
    """The executors by step type; Condition is the engine's own."""
    return {
        **jobs.executors(around),
        **resources.executors(around),
        **external.executors(around),
    }
