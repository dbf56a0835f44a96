"""What a resource type is to the stack engine, and what the engine hands it: the seam to `cloudformation/resources`.

A resource type makes, changes and removes one kind of resource through AWS's own API, as the stack's role. It holds no
state. The engine resolves the template, converts properties to the types of the registry schema ("true" becomes a
boolean where the schema says so), validates them, refuses what the type neither handles nor ignores, decides between
update and replacement by the schema's `createOnlyProperties`, and keeps the record.

Custom resources (`AWS::CloudFormation::CustomResource`, `Custom::*`) and wait conditions are the engine's own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from headgate.localcloud.seams import Json

T = TypeVar("T")

_SUFFIX = 12


class ResourceError(Exception):
    """A handler could not do what was asked; the message becomes the reason in the stack's events.

    `code` is CloudFormation's HandlerErrorCode: InvalidRequest, AlreadyExists, NotFound, NotStabilized, AccessDenied,
    GeneralServiceException, … . A botocore ClientError may simply be let through: the engine words it in the same way.
    `physical_id` is what a failed creation has left behind all the same, for the rollback to delete.
    """

    def __init__(self, message: str, *, code: str = "GeneralServiceException", physical_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.physical_id = physical_id


@dataclass(frozen=True, slots=True)
class Physical:
    """A resource that exists: `id` is what `Ref` gives, `attributes` what `Fn::GetAtt` gives, by dotted name.

    `no_echo` keeps the attributes out of events.
    """

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    no_echo: bool = False


class Waiter(Protocol):
    """How a type waits for what is asynchronous: on the cloud's clock, and no longer than the cloud is up."""

    def __call__(self, check: Callable[[], T | None], *, seconds: float, what: str) -> T:
        """The first result of `check` that is not None. Raises ResourceError (NotStabilized) naming `what`."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Where and for whom one resource is made.

    `client(service)` is a boto3 client that acts as the stack's role (or as whoever called, without a role) in the
    stack's account and region. `token` is unique to the creation and the same when one that was interrupted is taken
    up again: use it where an API wants a client token. `tags` are the stack's own, to be put on resources that take
    tags (a resource's own tags win), `previous_tags` are those that the stack had before an update; `system_tags` are
    `aws:cloudformation:stack-name`, `stack-id` and `logical-id`, for APIs that take keys beginning with `aws:`.
    """

    client: Callable[[str], Any]
    account: str
    region: str
    stack_name: str
    stack_id: str
    logical_id: str
    token: str
    wait: Waiter
    tags: Mapping[str, str] = field(default_factory=dict)
    previous_tags: Mapping[str, str] = field(default_factory=dict)
    partition: str = "aws"

    @property
    def system_tags(self) -> dict[str, str]:
        return {
            "aws:cloudformation:stack-name": self.stack_name,
            "aws:cloudformation:stack-id": self.stack_id,
            "aws:cloudformation:logical-id": self.logical_id,
        }

    def name(self, max_length: int = 64, *, lower: bool = False) -> str:
        """A physical name `<stack>-<logical id>-<12 characters>`, the same each time for the same token.

        Both parts are shortened alike where `max_length` asks for it; `lower` is for buckets and the like.
        """
        return generated_name(self.stack_name, self.logical_id, self.token, max_length, lower=lower)


def generated_name(stack_name: str, logical_id: str, token: str, max_length: int = 64, *, lower: bool = False) -> str:
    """CloudFormation's form of a generated physical name. Raises ValueError when not even the suffix fits."""
    if max_length < _SUFFIX:
        raise ValueError(f"a generated name needs {_SUFFIX} characters, not {max_length}")
    digest = hashlib.sha256(f"{token}/{logical_id}".encode()).hexdigest()
    suffix = "".join("0123456789ABCDEFGHIJKLMNOPQRSTUV"[int(digest[at : at + 2], 16) % 32] for at in range(0, 24, 2))
    room = max(0, max_length - _SUFFIX - 2)
    stack, logical = stack_name, logical_id
    if len(stack) + len(logical) > room:
        logical = logical[: max(room - len(stack), room // 2)]
        stack = stack[: room - len(logical)]
    text = "-".join(part for part in (stack.strip("-"), logical, suffix) if part)
    return re.sub(r"-{2,}", "-", text.lower()) if lower else text


@runtime_checkable
class ResourceType(Protocol):
    """One type of the CloudFormation registry.

    `handled` are the top-level properties it acts on, in full: a value inside one that it cannot honour raises
    ResourceError. `ignored` are properties without effect in the local cloud, each with the reason. Any
    other property of the schema makes the stack fail and say so.
    """

    @property
    def type_name(self) -> str: ...

    @property
    def handled(self) -> frozenset[str]: ...

    @property
    def ignored(self) -> Mapping[str, str]: ...

    def create(self, context: Context, properties: Json) -> Physical:
        """Make the resource. Raises ResourceError or botocore's ClientError, having left nothing behind."""
        ...

    def update(self, context: Context, physical_id: str, old: Json, new: Json) -> Physical:
        """Change it in place. A result with another id makes the engine delete the old one in the cleanup phase.

        Called with `old` and `new` exchanged to roll an update back, and again after an interruption: idempotent.
        """
        ...

    def delete(self, context: Context, physical_id: str, properties: Json) -> None:
        """Remove it; one that is gone already is no error."""
        ...


@runtime_checkable
class Recoverable(Protocol):
    """A resource type that can tell what a creation has made that the end of the daemon interrupted.

    Every type is one whose `create` cannot simply be called again.
    """

    def find(self, context: Context, properties: Json) -> Physical | None:
        """What an interrupted creation has left, brought to what is wanted; None: `create` is called again."""
        ...


@runtime_checkable
class Readable(Protocol):
    """A resource type whose drift can be detected."""

    def read(self, context: Context, physical_id: str, properties: Json) -> Json | None:
        """The live values in the template's words, for those of `properties` that can be told; None: it is gone."""
        ...
