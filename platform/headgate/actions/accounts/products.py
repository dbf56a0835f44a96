"""Products of Service Catalog, launched and followed: what account sets and projects have in common."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from headgate.aws.sessions import Session
from headgate.deploy.polling import Polling
from headgate.errors import UserError

_PATIENCE = 4 * 3600.0
_RETURNED = re.compile(
    r"from custom resource\. Message returned: (?P<reason>.+?)"
    r"(?: \(RequestId: [0-9a-f-]+\))?\"?(?: \(HandlerErrorCode: \w+\)| \(RequestToken: .*\))*$",
    re.DOTALL,
)
"""What a custom resource has answered, within CloudFormation's sentence about it."""
_ENDED = frozenset({"SUCCEEDED", "FAILED", "IN_PROGRESS_IN_ERROR"})


class Products:
    """Products by name, and what has been provisioned from them. `session` is of a persona that may launch them."""

    def __init__(self, session: Session) -> None:
        self._client = session.client("servicecatalog")
        self._polling = Polling(session.poll_seconds)

    def launch(self, product: str, name: str, parameters: Mapping[str, str]) -> str:
        """Provision a product under a name, or update what has that name; the id of the record to wait for.

        Raises UserError when the product is not there, or not for this persona.
        """
        product_id, artifact_id = self._find(product)
        found = self._settled(name)
        if found is not None and found["Status"] == "ERROR":
            self._forget(name)
            found = None
        change = self._client.provision_product if found is None else self._client.update_provisioned_product
        token = "ProvisionToken" if found is None else "UpdateToken"
        record: str = change(
            ProvisionedProductName=name,
            ProductId=product_id,
            ProvisioningArtifactId=artifact_id,
            ProvisioningParameters=[{"Key": key, "Value": value} for key, value in parameters.items()],
            **{token: str(uuid.uuid4())},
        )["RecordDetail"]["RecordId"]
        return record

    def terminate(self, name: str) -> str | None:
        """Terminate what was provisioned under a name; the record's id, None when nothing was."""
        return None if self._settled(name) is None else self._terminate(name)

    def wait(self, record: str, each: Callable[[], None] = lambda: None) -> Mapping[str, Any]:
        """The record once it has ended; `each` is called at every look. Raises FailedError when that takes too long."""
        for _ in self._polling.turns("the product", _PATIENCE):
            detail: Mapping[str, Any] = self._client.describe_record(Id=record)["RecordDetail"]
            each()
            if detail["Status"] in _ENDED:
                return detail
        raise AssertionError

    def _find(self, product: str) -> tuple[str, str]:
        """A product's id, and that of its newest version."""
        from botocore.exceptions import ClientError

        try:
            found = self._client.describe_product(Name=product)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise UserError(
                f"there is no product '{product}' in Service Catalog, or it is not shared with this persona",
                next_command="headgate accounts apply",
            ) from error
        newest = max(found["ProvisioningArtifacts"], key=lambda artifact: artifact["CreatedTime"])
        return found["ProductViewSummary"]["ProductId"], newest["Id"]

    def _settled(self, name: str) -> Mapping[str, Any] | None:
        """What was provisioned under a name, once nobody else's request is changing it; None for nothing."""
        found = self._provisioned(name)
        if found is None or found["Status"] not in {"UNDER_CHANGE", "PLAN_IN_PROGRESS"}:
            return found
        self.wait(found["LastRecordId"])
        return self._provisioned(name)

    def _provisioned(self, name: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: Mapping[str, Any] = self._client.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return found

    def _forget(self, name: str) -> None:
        """End a product whose first launch failed: Service Catalog updates no such thing."""
        self.wait(self._terminate(name))

    def _terminate(self, name: str) -> str:
        record: str = self._client.terminate_provisioned_product(
            ProvisionedProductName=name, TerminateToken=str(uuid.uuid4())
        )["RecordDetail"]["RecordId"]
        return record


def reasons(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a record failed, a line each."""
    told = [each["Description"] for each in detail.get("RecordErrors", [])]
    return tuple(line for text in told for line in lines(text)) or ("no reason was given",)


def lines(reason: str) -> tuple[str, ...]:
    """A reason of vending: a line for each of what went wrong, without what CloudFormation says around it."""
    found = _RETURNED.search(reason)
    return tuple(each.strip() for each in (found["reason"] if found else reason).split(" | "))
