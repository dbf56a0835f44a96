"""Pipelines that a project brings as SageMaker SDK code (version 2 or 3): `get_pipeline()` becomes a `Compiled`.

The code runs in a process of its own, in the environment that it asks for, with neither network nor AWS. The SDK is
never imported into Headgate.
"""

from __future__ import annotations

from headgate.pipelines.sdk.frontend import PipelineCodeError, SdkPipeline

__all__ = ["PipelineCodeError", "SdkPipeline"]
