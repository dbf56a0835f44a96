"""The plugin kernel. Plugin authors need what is exported here; see docs/plugins.md."""

from __future__ import annotations

from headgate.plugins.contributions import ContainerRuntimeSpec, LazyCommand, RecorderSpec, TemplateSpec
from headgate.plugins.markers import API_VERSION, hookimpl

__all__ = ["API_VERSION", "ContainerRuntimeSpec", "LazyCommand", "RecorderSpec", "TemplateSpec", "hookimpl"]
