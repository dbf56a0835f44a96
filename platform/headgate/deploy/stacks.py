"""Stacks by change sets: `prepare` shows what would change, `execute` makes it so and follows it to its end.

Both can be repeated after anything: what an interrupted deployment left behind is waited for, mended or removed first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from headgate.deploy.polling import Polling
from headgate.errors import FailedError

EventListener = Callable[["StackEvent"], None]

_PATIENCE = 3600.0
"""Seconds that one stack may take; the slowest resource of ours (NAT gateway, endpoints) takes minutes."""

_DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
"""A stack that has never worked: nothing in it is anybody's, and only deleting it helps."""

_GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
_CONTENDED = frozenset(
    {
        "AlreadyExistsException",
        "ChangeSetNotFound",
        "ChangeSetNotFoundException",
        "InvalidChangeSetStatus",
        "InvalidChangeSetStatusException",
    }
)
"""What CloudFormation says when somebody else has just made, executed or deleted the same change set."""

_NO_CHANGES = ("didn't contain changes", "no updates are to be performed", "no changes")


@dataclass(frozen=True, slots=True)
class StackRequest:
    """A stack as it is to be. `template_url` is the template's address in S3."""

    name: str
    template_url: str | None = None
    template_body: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that a change set would touch. `replacement` is `True`, `Conditional` or `False`, as AWS says it."""

    action: str
    logical_id: str
    resource_type: str
    replacement: str = "False"

    @property
    def loses_something(self) -> bool:
        """Whether what is there now goes away."""
        return self.action == "Remove" or self.replacement != "False"


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What executing would do; `kind` is `none` when the stack is as it should be, and there is no change set then."""

    request: StackRequest
    kind: Literal["create", "update", "none"]
    change_set: str | None = None
    changes: tuple[ResourceChange, ...] = ()


@dataclass(frozen=True, slots=True)
class StackEvent:
    """What happened to one resource of a stack."""

    stack: str
    logical_id: str
    resource_type: str
    status: str
    reason: str = ""


class Stacks:
    """The stacks of one account and region. `client` is a boto3 CloudFormation client.

    Change sets are asked for with their stack, although their ARN would do: permissions are about stacks.
    """

    def __init__(self, client: Any, polling: Polling, listen: EventListener = lambda _: None) -> None:
        self._client = client
        self._polling = polling
        self._listen = listen

    def prepare(self, request: StackRequest, name: str = "headgate") -> StackPlan:
        """Make a change set of this name and read it. Raises FailedError with CloudFormation's reason.

        A change set that an interrupted deployment left is replaced.
        """
        with _alone(request.name):
            return self._prepare(request, name)

    def _prepare(self, request: StackRequest, name: str) -> StackPlan:
        stack = self._settled(request.name)
        kind: Literal["create", "update"] = "create" if stack is None else "update"
        arguments: dict[str, Any] = {
            "StackName": request.name,
            "ChangeSetName": name,
            "ChangeSetType": kind.upper(),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in request.parameters.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
        }
        if request.template_url:
            arguments["TemplateURL"] = request.template_url
        else:
            arguments["TemplateBody"] = request.template_body
        if request.role_arn:
            arguments["RoleARN"] = request.role_arn
        self._forget_change_set(request.name, name)
        arn = self._client.create_change_set(**arguments)["Id"]
        described = self._wait_for_change_set(request.name, arn)
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            self._client.delete_change_set(StackName=request.name, ChangeSetName=arn)
            if any(words in reason.lower() for words in _NO_CHANGES):
                return StackPlan(request, "none")
            raise FailedError(f"stack '{request.name}' cannot be changed: {reason or 'no reason given'}")
        return StackPlan(request, kind, arn, self._changes(request.name, arn))

    def discard(self, plan: StackPlan) -> None:
        """Remove a plan's change set, and the empty stack that a planned creation left."""
        if plan.change_set is None:
            return
        self._client.delete_change_set(StackName=plan.request.name, ChangeSetName=plan.change_set)
        if plan.kind == "create":
            self._client.delete_stack(StackName=plan.request.name)

    def execute(self, plan: StackPlan, *, protect: bool = True) -> Mapping[str, str]:
        """Carry a plan out and return the stack's outputs. `protect` turns termination protection on.

        Raises FailedError with the reason of the first resource that failed; the stack has rolled back by then.
        """
        name = plan.request.name
        if plan.change_set is not None:
            seen = self._event_ids(name)
            with _alone(name):
                self._client.execute_change_set(StackName=name, ChangeSetName=plan.change_set)
            self._follow(name, seen)
        if protect:
            self._client.update_termination_protection(StackName=name, EnableTerminationProtection=True)
        return self.outputs(name)

    def outputs(self, name: str) -> Mapping[str, str]:
        """A stack's outputs. Raises FailedError when there is no such stack."""
        stack = self._describe(name)
        if stack is None:
            raise FailedError(f"there is no stack '{name}'")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameters(self, name: str) -> Mapping[str, str] | None:
        """The parameters that a stack was last deployed with, None when there is none."""
        stack = self._describe(name)
        if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}

    def _settled(self, name: str) -> Mapping[str, Any] | None:
        """The stack once nothing is going on in it, None when it is to be created."""
        stack = self._describe(name)
        if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            self._listen(StackEvent(name, name, "AWS::CloudFormation::Stack", status, "waiting for it to end"))
            status = self._wait_for_end(name, lambda: None)
        if status == "UPDATE_ROLLBACK_FAILED":
            self._client.continue_update_rollback(StackName=name)
            status = self._wait_for_end(name, lambda: None)
        if status in _DEAD:
            self._client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
            self._client.delete_stack(StackName=name)
            status = self._wait_for_end(name, lambda: None)
        if status == "DELETE_COMPLETE":
            return None
        if status not in _GOOD:
            raise FailedError(f"stack '{name}' is {status}, and cannot be changed from there")
        return self._describe(name)

    def _describe(self, name: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            stack: Mapping[str, Any] = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def _forget_change_set(self, stack: str, name: str) -> None:
        """Deleting what is not there is no error; neither is a stack that is not there yet."""
        from botocore.exceptions import ClientError

        try:
            self._client.delete_change_set(StackName=stack, ChangeSetName=name)
        except ClientError as error:
            if "does not exist" not in str(error) and "NotFound" not in str(error):
                raise

    def _wait_for_change_set(self, stack: str, arn: str) -> Mapping[str, Any]:
        for _ in self._polling.turns(f"change set {arn}", _PATIENCE):
            described: Mapping[str, Any] = self._client.describe_change_set(StackName=stack, ChangeSetName=arn)
            if described["Status"] in {"CREATE_COMPLETE", "FAILED"}:
                return described
        raise AssertionError

    def _changes(self, stack: str, arn: str) -> tuple[ResourceChange, ...]:
        changes: list[ResourceChange] = []
        token: dict[str, str] = {}
        while True:
            page = self._client.describe_change_set(StackName=stack, ChangeSetName=arn, **token)
            for change in page.get("Changes", []):
                resource = change["ResourceChange"]
                changes.append(
                    ResourceChange(
                        resource["Action"],
                        resource["LogicalResourceId"],
                        resource["ResourceType"],
                        resource.get("Replacement", "False"),
                    )
                )
            if "NextToken" not in page:
                return tuple(changes)
            token = {"NextToken": page["NextToken"]}

    def _follow(self, name: str, seen: set[str]) -> None:
        """Tell every event until the stack has come to an end. Raises FailedError when it is not a good one."""
        failures: list[StackEvent] = []

        def tell() -> None:
            for event in self._new_events(name, seen):
                self._listen(event)
                if event.status.endswith("_FAILED") and "cancelled" not in event.reason:
                    failures.append(event)

        status = self._wait_for_end(name, tell)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            first = failures[0] if failures else StackEvent(name, name, "", status, status)
            raise FailedError(
                f"stack '{name}' failed at {first.logical_id} ({first.resource_type}): {first.reason}",
                expected=f"the stack is as it was before ({status})",
                details=tuple(f"{each.logical_id}: {each.reason}" for each in failures[1:6]),
            )

    def _wait_for_end(self, name: str, each: Callable[[], None]) -> str:
        """The status in which a stack came to rest; a stack that is gone is DELETE_COMPLETE."""
        for _ in self._polling.turns(f"stack '{name}'", _PATIENCE):
            stack = self._describe(name)
            each()
            status = "DELETE_COMPLETE" if stack is None else str(stack["StackStatus"])
            if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return status
        raise AssertionError

    def _event_ids(self, name: str) -> set[str]:
        return {event["EventId"] for event in self._client.describe_stack_events(StackName=name)["StackEvents"]}

    def _new_events(self, name: str, seen: set[str]) -> list[StackEvent]:
        """Events that were not seen before, in the order in which they happened."""
        new: list[Mapping[str, Any]] = []
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=name):
            fresh = [event for event in page["StackEvents"] if event["EventId"] not in seen]
            new += fresh
            if len(fresh) < len(page["StackEvents"]):
                break
        seen.update(event["EventId"] for event in new)
        return [
            StackEvent(
                name,
                event.get("LogicalResourceId", ""),
                event.get("ResourceType", ""),
                event.get("ResourceStatus", ""),
                event.get("ResourceStatusReason", ""),
            )
            for event in reversed(new)
        ]


@contextmanager
def _alone(stack: str) -> Iterator[None]:
    """Raises FailedError when it turns out that somebody else is working on the same stack."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _CONTENDED and "does not exist" not in str(error):
            raise
        raise FailedError(
            f"somebody else is changing stack '{stack}' just now",
            expected="one deployment at a time: the same again when the other one has ended",
            next_command="headgate accounts plan",
        ) from error
