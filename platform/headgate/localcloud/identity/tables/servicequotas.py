"""Service Quotas: how much of something an account may have."""

from __future__ import annotations

from headgate.localcloud.identity.tables.parts import Operations, same

OPERATIONS: Operations = same(
    "servicequotas", "*", "GetAWSDefaultServiceQuota GetServiceQuota ListServiceQuotas ListServices"
)
