"""The CDK's settings: feature flags of its core as recommended, and what it is not to write into templates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

CONTEXT: Mapping[str, Any] = MappingProxyType(
    {
        "@aws-cdk/core:annotationsInValidationReport": True,
        "@aws-cdk/core:aspectPrioritiesMutating": True,
        "@aws-cdk/core:aspectStabilization": True,
        "@aws-cdk/core:automaticL1Traits": True,
        "@aws-cdk/core:checkSecretUsage": True,
        "@aws-cdk/core:enablePartitionLiterals": True,
        "@aws-cdk/core:explicitStackTags": True,
        "@aws-cdk/core:includePrefixInUniqueNameGeneration": True,
        "@aws-cdk/core:newStyleStackSynthesis": True,
        "@aws-cdk/core:stackRelativeExports": True,
        "@aws-cdk/core:target-partitions": ["aws", "aws-cn", "aws-us-gov"],
        "@aws-cdk/core:validateAgainstDefaultRules": True,
        "@aws-cdk/core:validateSnapshotRemovalPolicy": True,
        "aws:cdk:disable-asset-staging": True,
        "aws:cdk:enable-asset-metadata": False,
        "aws:cdk:enable-path-metadata": False,
    }
)
