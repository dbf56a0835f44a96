"""SageMaker operations that moto answers: resources that it only has to remember and that touch nothing of ours.

An explicit list: whatever is neither here nor in the service's own table is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator

_KEPT = ("Create", "Describe", "Delete")
_RESOURCES: dict[str, tuple[str, ...]] = {
    "Domain": _KEPT,
    "Experiment": _KEPT,
    "FeatureGroup": ("Create", "Describe"),
    "ModelCard": (*_KEPT, "Update"),
    "NotebookInstance": (*_KEPT, "Start", "Stop"),
    "NotebookInstanceLifecycleConfig": _KEPT,
    "Trial": _KEPT,
    "TrialComponent": (*_KEPT, "Associate", "Disassociate", "Update"),
}
_LISTS = (
    "ListDomains",
    "ListExperiments",
    "ListModelCardVersions",
    "ListModelCards",
    "ListNotebookInstances",
    "ListTrialComponents",
    "ListTrials",
)


def _operations() -> Iterator[str]:
    for resource, verbs in _RESOURCES.items():
        for verb in verbs:
            yield f"{verb}{resource}"
    yield from _LISTS


LEFT_TO_MOTO = frozenset(_operations())
