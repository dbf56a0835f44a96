"""The steps that hold data or a model against a baseline: QualityCheck and ClarifyCheck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from headgate.pipelines.references import Property, Renderable, Value
from headgate.pipelines.steps.base import Build
from headgate.pipelines.steps.processing import Processing


@dataclass(frozen=True, eq=False)
class _Check(Processing):
    """The job is a processing job; its image, inputs, outputs and environment are the check's own."""

    group: Value | None = field(default=None, kw_only=True)
    skip: Value = field(default=False, kw_only=True)
    fail_on_violation: Value = field(default=True, kw_only=True)
    register_new_baseline: Value = field(default=False, kw_only=True)
    baseline_constraints: Value | None = field(default=None, kw_only=True)

    @property
    def calculated_constraints(self) -> Property:
        """The S3 URI of the constraints that this run suggests."""
        return Property(self.name, "CalculatedBaselineConstraints")

    @property
    def constraints_used(self) -> Property:
        """The S3 URI of the constraints that the data were held against."""
        return Property(self.name, "BaselineUsedForDriftCheckConstraints")

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        return {
            **super().extras(build),
            "ModelPackageGroupName": self.group,
            "SkipCheck": self.skip,
            "FailOnViolation": self.fail_on_violation,
            "RegisterNewBaseline": self.register_new_baseline,
            "SuppliedBaselineConstraints": self.baseline_constraints,
        }


@dataclass(frozen=True, eq=False)
class QualityCheck(_Check):
    """Data or model quality, by the Model Monitor image."""

    kind: ClassVar[str] = "QualityCheck"

    check: Literal["DATA_QUALITY", "MODEL_QUALITY"] = field(default="DATA_QUALITY", kw_only=True)
    baseline_statistics: Value | None = field(default=None, kw_only=True)

    @property
    def calculated_statistics(self) -> Property:
        """The S3 URI of the statistics of this run's data."""
        return Property(self.name, "CalculatedBaselineStatistics")

    @property
    def statistics_used(self) -> Property:
        """The S3 URI of the statistics that the data were held against."""
        return Property(self.name, "BaselineUsedForDriftCheckStatistics")

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        return {
            "CheckType": self.check,
            **super().extras(build),
            "SuppliedBaselineStatistics": self.baseline_statistics,
        }


@dataclass(frozen=True, eq=False)
class ClarifyCheck(_Check):
    """Bias of data or of a model, or explainability, by the Clarify image."""

    kind: ClassVar[str] = "ClarifyCheck"

    check: Literal["DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"] = field(default="DATA_BIAS", kw_only=True)
    model: Value | None = field(default=None, kw_only=True)

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        return {"CheckType": self.check, **super().extras(build), "ModelName": self.model}
