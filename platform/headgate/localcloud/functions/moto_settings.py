"""Settings of functions that moto drops: dead letters, logging, and what it takes only at creation.

Held by tests/contract/test_moto_function_settings.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.server.moto_determinism import once_imported, patch

_KEPT = ("DeadLetterConfig", "LoggingConfig")


def install() -> None:
    """Patch Lambda as soon as somebody uses it."""
    once_imported("moto.awslambda.models", _patch)


def log_group_of(function: Any) -> str:
    """The log group that a function of moto's writes to."""
    configured = _settings(function).get("LoggingConfig") or {}
    return str(configured.get("LogGroup") or f"/aws/lambda/{function.function_name}")


def _settings(function: Any) -> Json:
    found: Json = function.__dict__.get("headgate_settings", {})
    return found


def _patch() -> None:
    from moto.awslambda.models import LambdaFunction

    made: Any = LambdaFunction.__init__
    updated: Any = LambdaFunction.update_configuration
    described: Any = LambdaFunction.get_configuration
    if getattr(made, "headgate", False):
        return

    def initialize(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **more: Any) -> None:
        _keep(self, spec)
        made(self, account_id, spec, *args, **more)

    def update(self: Any, config_updates: dict[str, Any]) -> Any:
        _keep(self, config_updates)
        _adopt(self, config_updates)
        return updated(self, config_updates)

    def describe(self: Any, *args: Any, **more: Any) -> Any:
        kept = _settings(self)
        logging = {"LogFormat": "Text", **(kept.get("LoggingConfig") or {}), "LogGroup": log_group_of(self)}
        dead = kept.get("DeadLetterConfig") or {}
        found = {**described(self, *args, **more), "LoggingConfig": logging}
        return {**found, "DeadLetterConfig": dead} if dead.get("TargetArn") else found

    initialize.headgate = True  # type: ignore[attr-defined]
    patch(LambdaFunction, "__init__", initialize)
    patch(LambdaFunction, "update_configuration", update)
    patch(LambdaFunction, "get_configuration", describe)


def _keep(function: Any, given: Mapping[str, Any]) -> None:
    """In a new object, because published versions share what they were copied from."""
    function.headgate_settings = {**_settings(function), **{name: given[name] for name in _KEPT if name in given}}


def _adopt(function: Any, given: Mapping[str, Any]) -> None:
    """What moto has an attribute for, but does not update."""
    if "TracingConfig" in given:
        function.tracing_config = given["TracingConfig"]
    if "KMSKeyArn" in given:
        function.kms_key_arn = given["KMSKeyArn"] or None
    if "EphemeralStorage" in given:
        function.ephemeral_storage = given["EphemeralStorage"]["Size"]
