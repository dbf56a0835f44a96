"""One physical resource made, changed or deleted: properties checked, the type called, its errors worded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from headgate.localcloud.cloudformation.registry.properties import Properties, unhandled
from headgate.localcloud.cloudformation.registry.schemas import CUSTOM
from headgate.localcloud.cloudformation.stacks.acting import Sessions
from headgate.localcloud.cloudformation.stacks.records import Incarnation, Stack
from headgate.localcloud.cloudformation.stacks.resolution import ActingLookup
from headgate.localcloud.cloudformation.stacks.walk import Interrupted
from headgate.localcloud.cloudformation.template.dynamic import substitute
from headgate.localcloud.cloudformation.types import (
    Context,
    Physical,
    Readable,
    Recoverable,
    ResourceError,
    ResourceType,
    T,
)
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, Json

_LOG = logging.getLogger(__name__)
_POLL = 0.05

_HANDLER_CODES = {
    "403": "AccessDenied",  # a HEAD request has no body to say more in
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "AuthorizationError": "AccessDenied",
    "UnauthorizedOperation": "UnauthorizedTaggingOperation",
    "Throttling": "Throttling",
    "ValidationException": "InvalidRequest",
    "ValidationError": "InvalidRequest",
    "InvalidParameterValue": "InvalidRequest",
    "LimitExceededException": "ServiceLimitExceeded",
    "LimitExceeded": "ServiceLimitExceeded",
}


class StepError(Exception):
    """A resource could not be brought to where it should be; the message is the reason in the events.

    `left` is what a failed creation has left behind.
    """

    def __init__(self, reason: str, code: str = "", left: Incarnation | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.left = left


class CustomTypes(Protocol):
    """Where the engine's own custom resources come from."""

    def provider(self, type_name: str) -> ResourceType: ...


def is_custom(type_name: str) -> bool:
    return type_name == CUSTOM or type_name.startswith("Custom::")


@dataclass(frozen=True, slots=True)
class Provisioner:
    """Calls resource types. Raises StepError, and Interrupted when the cloud is being stopped."""

    types: Callable[[], Mapping[str, ResourceType]]
    custom: CustomTypes
    checks: Properties
    sessions: Sessions
    clock: Clock
    stop: threading.Event

    def provider(self, type_name: str) -> ResourceType | None:
        """The resource type of a name; None where the local cloud has none."""
        return self.custom.provider(type_name) if is_custom(type_name) else self.types().get(type_name)

    def create(self, stack: Stack, logical_id: str, wanted: Incarnation, *, again: bool) -> Incarnation:
        """Make what is wanted; `again` says that an earlier attempt was interrupted."""
        provider, properties = self._checked(stack, logical_id, wanted)
        context = self._context(stack, logical_id, wanted.token)

        def make() -> Physical:
            found = provider.find(context, properties) if again and isinstance(provider, Recoverable) else None
            return found or provider.create(context, properties)

        try:
            return _lives(wanted, self._call(make))
        except StepError as error:
            error.left = replace(error.left, **_kept(wanted)) if error.left else None
            raise

    def update(self, stack: Stack, logical_id: str, token: str, live: Incarnation, wanted: Incarnation) -> Incarnation:
        """Change what lives into what is wanted. The result may have another physical id."""
        provider, properties = self._checked(stack, logical_id, wanted)
        old = self._values(stack, live)
        context = replace(self._context(stack, logical_id, token), tags=wanted.tags, previous_tags=live.tags)
        physical = self._call(lambda: provider.update(context, live.physical_id, old, properties))
        return _lives(wanted, physical)

    def delete(self, stack: Stack, logical_id: str, live: Incarnation) -> None:
        """Remove a physical resource; one that is gone is no error."""
        provider = self.provider(live.type)
        if provider is None:
            raise StepError(f"the local cloud has no resource type {live.type} any more, to delete it")
        context = self._context(stack, logical_id, live.token)
        self._call(lambda: provider.delete(context, live.physical_id, self._values(stack, live)))

    def readable(self, type_name: str) -> bool:
        """Whether drift of this type can be told."""
        return isinstance(self.provider(type_name), Readable)

    def read(self, stack: Stack, logical_id: str, live: Incarnation) -> Json | None:
        """The live values that the type can tell, None when the resource is gone."""
        provider: object = self.provider(live.type)
        if not isinstance(provider, Readable):
            raise StepError(f"{live.type} cannot be read")
        context = self._context(stack, logical_id, live.token)
        found: Json | None = self._call(lambda: provider.read(context, live.physical_id, self._values(stack, live)))
        return found

    def _checked(self, stack: Stack, logical_id: str, wanted: Incarnation) -> tuple[ResourceType, Json]:
        """The type and the values to call it with. Raises StepError for what the schema or the type objects to."""
        provider = self.provider(wanted.type)
        if provider is None:
            raise StepError(
                f"the local cloud does not support resources of the type {wanted.type}; it would run on AWS"
            )
        properties = self._values(stack, wanted)
        problems = self.checks.problems(wanted.type, properties)
        if problems:
            listed = "\n".join(problems)
            raise StepError(f"Properties validation failed for resource {logical_id} with message:\n{listed}")
        refused = [] if is_custom(wanted.type) else unhandled(provider, properties)
        if refused:
            raise StepError(
                f"the local cloud does not support the properties {', '.join(refused)} of {wanted.type} (resource "
                f"{logical_id}); they would have their effect on AWS"
            )
        return provider, properties

    def _values(self, stack: Stack, incarnation: Incarnation) -> Json:
        """Properties with dynamic references replaced, in the schema's types."""
        lookup = ActingLookup(self.sessions, stack.acting)
        try:
            properties = substitute(incarnation.properties, lookup, incarnation.type)
        except AwsError as error:
            raise StepError(error.message) from error
        return self.checks.convert(incarnation.type, properties)

    def _context(self, stack: Stack, logical_id: str, token: str) -> Context:
        return Context(
            client=lambda service: self.sessions.client(stack.acting, service),
            account=stack.account,
            region=stack.region,
            stack_name=stack.name,
            stack_id=stack.id,
            logical_id=logical_id,
            token=token,
            wait=self._wait,
            tags=stack.deployment.tags,
            previous_tags=stack.deployment.tags,
        )

    def _call(self, work: Callable[[], Any]) -> Any:
        """Do it, and word what goes wrong as CloudFormation does."""
        if self.stop.is_set():
            raise Interrupted
        try:
            return work()
        except (StepError, Interrupted):
            raise
        except AwsError as error:
            raise StepError(_worded(error.message, error.code), error.code) from error
        except ResourceError as error:
            left = Incarnation("", "", {}, physical_id=error.physical_id) if error.physical_id else None
            raise StepError(_worded(str(error), error.code), error.code, left) from error
        except Exception as error:
            if self.stop.is_set():  # its answer was lost with the endpoint
                raise Interrupted from error
            raise _step_error(error) from error

    def _wait(self, check: Callable[[], T | None], *, seconds: float, what: str) -> T:
        until = self.clock.now() + seconds
        pause = _POLL
        while True:
            found = check()
            if found is not None:
                return found
            if self.clock.now() >= until:
                raise ResourceError(f"{what} did not stabilize within {seconds:g} seconds", code="NotStabilized")
            if self.stop.wait(pause):
                raise Interrupted
            pause = min(1.0, pause * 1.5)


def _step_error(error: Exception) -> StepError:
    response = getattr(error, "response", None)
    if response is None:
        _LOG.exception("a resource type failed", exc_info=error)
        return StepError(_worded(f"bug in the local cloud's resource type: {error!r}", "InternalFailure"))
    said = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = _HANDLER_CODES.get(said.get("Code", ""), said.get("Code", "GeneralServiceException"))
    service = getattr(error, "operation_name", "")
    text = f"{said.get('Message')} (Operation: {service}, Status Code: {status}, Error Code: {said.get('Code')})"
    return StepError(_worded(text, code), code)


def _worded(message: str, code: str) -> str:
    return f'Resource handler returned message: "{message}" (HandlerErrorCode: {code})'


def _lives(wanted: Incarnation, physical: Physical) -> Incarnation:
    return replace(wanted, physical_id=physical.id, attributes=dict(physical.attributes), no_echo=physical.no_echo)


def _kept(wanted: Incarnation) -> dict[str, Any]:
    """The fields of what is wanted, for what a failed creation has left."""
    names = ("type", "token", "properties", "needs", "deletion_policy", "update_replace_policy", "tags")
    return {name: getattr(wanted, name) for name in names}
