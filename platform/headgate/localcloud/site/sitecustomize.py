# ruff: noqa: ARG002, PTH100, PTH120 - every Python of a shell starts with this file; pathlib costs milliseconds
"""Started with every Python whose PYTHONPATH leads here (`headgate cloud env`): AWS addresses lead to the local cloud.

AWS_ENDPOINT_URL moves every client except those whose code spells out an AWS address; the SageMaker SDK does so for
STS, in each session. While AWS_ENDPOINT_URL points at this machine such an address is set aside when a client is made,
and the SageMaker SDK's telemetry is not sent, so that no call leaves the machine. Pythons of other environments and
versions run this: the standard library only.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def is_local(cloud: str | None) -> bool:
    """Whether the cloud in use is on this machine."""
    from urllib.parse import urlsplit

    return urlsplit(cloud or "").hostname in {"127.0.0.1", "localhost", "::1"}


def leaves_this_machine(address: object, cloud: str | None) -> bool:
    """Whether an endpoint address is AWS's own although the cloud in use is on this machine."""
    from urllib.parse import urlsplit

    if not isinstance(address, str) or not is_local(cloud):
        return False
    return (urlsplit(address).hostname or "").endswith(_AWS)


def keep_local(create_client: Callable[..., Any]) -> Callable[..., Any]:
    """botocore's `Session.create_client` that never takes an AWS address while AWS_ENDPOINT_URL is on this machine."""

    @functools.wraps(create_client)
    def create(session: Any, *arguments: Any, **named: Any) -> Any:
        if leaves_this_machine(named.get("endpoint_url"), os.environ.get("AWS_ENDPOINT_URL")):
            named["endpoint_url"] = None
        return create_client(session, *arguments, **named)

    return create


def keep_to_oneself(request: Callable[..., Any]) -> Callable[..., Any]:
    """The SDK's request that tells its makers what was called, which is not made while AWS_ENDPOINT_URL is here."""

    @functools.wraps(request)
    def tell(*arguments: Any, **named: Any) -> Any:
        return None if is_local(os.environ.get("AWS_ENDPOINT_URL")) else request(*arguments, **named)

    return tell


def _change_session(module: Any) -> None:
    module.Session.create_client = keep_local(module.Session.create_client)


def _change_telemetry(module: Any) -> None:
    if hasattr(module, "_requests_helper"):
        module._requests_helper = keep_to_oneself(module._requests_helper)  # noqa: SLF001 - there is no public way


_CHANGES: dict[str, Callable[[Any], None]] = {
    "botocore.session": _change_session,
    "sagemaker.telemetry.telemetry_logging": _change_telemetry,
    "sagemaker.core.telemetry.telemetry_logging": _change_telemetry,
    "sagemaker.serve.utils.telemetry_logger": _change_telemetry,
}
"""What is changed in which module, right after it has been run."""


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules to change as the others do, and changes each right after it has been run."""

    def __init__(self) -> None:
        self._left = dict(_CHANGES)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        change = self._left.pop(name, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            _after(spec.loader, change)
        return spec


def _after(loader: Any, change: Callable[[Any], None]) -> None:
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        run(module)
        change(module)

    loader.exec_module = exec_module


def _run_hidden() -> None:
    """Run the sitecustomize that this one hides: only the first on the path is started by Python."""
    elsewhere = [path for path in sys.path if os.path.abspath(path) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, _Finder())
    _run_hidden()
