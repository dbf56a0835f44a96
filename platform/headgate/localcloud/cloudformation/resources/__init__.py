"""The resource types of CloudFormation, one module per service, each made through AWS's own API."""

from __future__ import annotations

from headgate.localcloud.cloudformation.resources.registry import registry

__all__ = ["registry"]
