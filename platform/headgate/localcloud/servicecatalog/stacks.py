"""The CloudFormation stack of a provisioned product: one step at a time, as the launch role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.servicecatalog.templates import ClientFactory

PRINCIPAL = "servicecatalog.amazonaws.com"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_SUCCEEDED: Mapping[str, frozenset[str]] = {
    "PROVISION_PRODUCT": frozenset({"CREATE_COMPLETE"}),
    "UPDATE_PROVISIONED_PRODUCT": frozenset({"UPDATE_COMPLETE", "CREATE_COMPLETE"}),
    "TERMINATE_PROVISIONED_PRODUCT": frozenset({"DELETE_COMPLETE"}),
}
_BEGUN = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation on a stack has ended; `errors` are RecordErrors, none for success."""

    errors: tuple[Json, ...] = ()
    outputs: tuple[Json, ...] = ()


class Stacks:
    """Begins and watches operations. Every call is made as the launch role, which has to trust Service Catalog."""

    def __init__(self, client: ClientFactory) -> None:
        self._client = client

    def begin(self, kind: str, account: str, region: str, work: Json) -> str:
        """Ask CloudFormation for the operation of a record; the stack's id. Asking again changes nothing.

        Raises ClientError and AwsError for what is refused.
        """
        client = self._cloudformation(account, region, work["role"])
        if kind == "TERMINATE_PROVISIONED_PRODUCT":
            client.delete_stack(StackName=work["stack"], ClientRequestToken=work["token"])
            return str(work["stack"])
        request = {
            "StackName": work["stack"],
            "TemplateBody": work["template"],
            "Parameters": work["parameters"],
            "Capabilities": _CAPABILITIES,
            "Tags": work["tags"],
            "ClientRequestToken": work["token"],
        }
        if work["topics"]:
            request["NotificationARNs"] = work["topics"]
        if kind == "PROVISION_PRODUCT":
            return self._create(client, request)
        return self._update(client, request)

    def look(self, kind: str, account: str, region: str, work: Json) -> Ended | None:
        """How the operation has ended; None while it goes on. Raises ClientError and AwsError."""
        from botocore.exceptions import ClientError

        client = self._cloudformation(account, region, work["role"])
        try:
            stack = client.describe_stacks(StackName=work["stack"])["Stacks"][0]
        except ClientError as error:
            if kind == "TERMINATE_PROVISIONED_PRODUCT" and "does not exist" in str(error):
                return Ended()
            raise
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            return None
        if status in _SUCCEEDED[kind]:
            return Ended(outputs=_outputs(stack))
        return Ended((_error(client, stack),), _outputs(stack))

    def _cloudformation(self, account: str, region: str, role: str) -> Any:
        caller = Caller(account, region, service=PRINCIPAL, context={"aws:SourceAccount": account})
        return self._client(caller, "cloudformation", role)

    def _create(self, client: Any, request: Json) -> str:
        from botocore.exceptions import ClientError

        try:
            return str(client.create_stack(**request)["StackId"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "AlreadyExistsException":
                raise
            found = client.describe_stacks(StackName=request["StackName"])["Stacks"][0]
            return str(found["StackId"])

    def _update(self, client: Any, request: Json) -> str:
        """An update that changes nothing, or that has been begun already, is none that has failed."""
        from botocore.exceptions import ClientError

        try:
            return str(client.update_stack(**request)["StackId"])
        except ClientError as error:
            text = str(error.response["Error"].get("Message", ""))
            if "No updates are to be performed" not in text and "UPDATE_IN_PROGRESS" not in text:
                raise
            return str(request["StackName"])


def refused(error: Exception) -> Ended:
    """The end of an operation that a service would not begin."""
    if isinstance(error, AwsError):
        return Ended(({"Code": error.code, "Description": error.message},))
    given: Json = getattr(error, "response", {}).get("Error", {})
    return Ended(({"Code": given.get("Code", "Unknown"), "Description": given.get("Message", str(error))},))


def _outputs(stack: Json) -> tuple[Json, ...]:
    arn = {
        "OutputKey": "CloudformationStackARN",
        "OutputValue": stack["StackId"],
        "Description": "The ARN of the launched Cloudformation Stack",
    }
    members = ("OutputKey", "OutputValue", "Description")
    return (arn, *({name: one[name] for name in members if name in one} for one in stack.get("Outputs", [])))


def _begins(event: Json, stack: Json) -> bool:
    """Whether an event is the beginning of an operation on the stack: what is older belongs to another one."""
    return event["LogicalResourceId"] == stack["StackName"] and event["ResourceStatus"] in _BEGUN


def _error(client: Any, stack: Json) -> Json:
    """Why a stack has failed: its own reason, and those of the resources that failed first."""
    events = client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
    reasons = [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in reversed(list(takewhile(lambda event: not _begins(event, stack), events)))
        if event["ResourceStatus"].endswith("_FAILED")
        and event.get("ResourceStatusReason")
        and event["LogicalResourceId"] != stack["StackName"]
        and "cancelled" not in event["ResourceStatusReason"]
    ]
    text = "; ".join([stack.get("StackStatusReason", ""), *reasons[-_MOST_REASONS:]]).strip("; ")
    return {"Code": stack["StackStatus"], "Description": text or stack["StackStatus"]}
