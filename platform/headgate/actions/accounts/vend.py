"""Requesting, isolating and retiring a team's accounts: products of Service Catalog, followed to their end.

What is done is decided by the state machine in the governance account; here it is asked for, and told as it goes on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.aws.sessions import Session
from headgate.deploy.polling import Polling
from headgate.errors import FailedError, UserError
from headgate.views.accounts import AccountView, read_catalog

PRODUCT = "ML account set"
_PATIENCE = 4 * 3600.0
_ENDED = frozenset({"SUCCEEDED", "FAILED", "IN_PROGRESS_IN_ERROR"})
_ACTIONS = ("provision", "adopt", "quarantine", "release")


@dataclass(frozen=True, slots=True)
class Product:
    """The product and the version of it that is launched."""

    product_id: str
    artifact_id: str


Tell = Callable[[tuple[AccountView, ...]], None]


class AccountSets:
    """Account sets as Service Catalog has them. `session` acts as the platform team (IT) in the governance account."""

    def __init__(self, session: Session, tell: Tell = lambda _: None) -> None:
        self._catalog = session.client("servicecatalog")
        self._dynamodb = session.client("dynamodb")
        self._polling = Polling(session.poll_seconds)
        self._tell = tell

    def request(self, team: str, action: str = "provision") -> tuple[AccountView, ...]:
        """Make a team's accounts what the action says, and wait. Raises FailedError with vending's reason."""
        assert action in _ACTIONS  # noqa: S101 - callers choose among them
        product = self._product()
        name = provisioned_name(team)
        # What changes with every request makes CloudFormation ask vending again, also for the same action.
        parameters = {"Team": team, "Action": action, "Request": uuid.uuid4().hex}
        found = self._settled(name)
        if found is not None and found["Status"] == "ERROR":
            self._forget(name)
            found = None
        if found is None:
            change = self._catalog.provision_product
            arguments: dict[str, Any] = {"ProvisionedProductName": name, "ProvisionToken": str(uuid.uuid4())}
        else:
            change = self._catalog.update_provisioned_product
            arguments = {"ProvisionedProductName": name, "UpdateToken": str(uuid.uuid4())}
        record = change(
            ProductId=product.product_id,
            ProvisioningArtifactId=product.artifact_id,
            ProvisioningParameters=[{"Key": key, "Value": value} for key, value in parameters.items()],
            **arguments,
        )["RecordDetail"]
        return self._follow(team, record["RecordId"])

    def retire(self, team: str) -> tuple[AccountView, ...]:
        """Retire a team's accounts and wait. Raises UserError when it has none, FailedError with the reason."""
        name = provisioned_name(team)
        if self._settled(name) is None:
            raise UserError(f"team '{team}' has no accounts to retire", next_command="headgate accounts list")
        record = self._catalog.terminate_provisioned_product(
            ProvisionedProductName=name, TerminateToken=str(uuid.uuid4())
        )["RecordDetail"]
        return self._follow(team, record["RecordId"])

    def _product(self) -> Product:
        from botocore.exceptions import ClientError

        try:
            found = self._catalog.describe_product(Name=PRODUCT)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise UserError(
                f"there is no product '{PRODUCT}' in Service Catalog, or it is not shared with this persona",
                next_command="headgate accounts apply",
            ) from error
        newest = max(found["ProvisioningArtifacts"], key=lambda artifact: artifact["CreatedTime"])
        return Product(found["ProductViewSummary"]["ProductId"], newest["Id"])

    def _provisioned(self, name: str) -> Mapping[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: Mapping[str, Any] = self._catalog.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return found

    def _settled(self, name: str) -> Mapping[str, Any] | None:
        """The provisioned product once nobody else's request is changing it, None when there is none."""
        found = self._provisioned(name)
        if found is None or found["Status"] not in {"UNDER_CHANGE", "PLAN_IN_PROGRESS"}:
            return found
        self._wait(found["LastRecordId"], lambda: None)
        return self._provisioned(name)

    def _forget(self, name: str) -> None:
        """End a product whose first launch failed: Service Catalog updates no such thing. Its accounts are kept.

        They are in the catalog, and the next launch goes on with them.
        """
        record = self._catalog.terminate_provisioned_product(
            ProvisionedProductName=name, TerminateToken=str(uuid.uuid4())
        )["RecordDetail"]
        self._wait(record["RecordId"], lambda: None)

    def _follow(self, team: str, record: str) -> tuple[AccountView, ...]:
        told: list[tuple[AccountView, ...]] = [()]

        def tell() -> None:
            views = read_catalog(self._dynamodb, team)
            if views != told[0]:
                told[0] = views
                self._tell(views)

        detail = self._wait(record, tell)
        if detail["Status"] != "SUCCEEDED":
            reasons = [each["Description"] for each in detail.get("RecordErrors", [])]
            raise FailedError(
                f"the accounts of team '{team}' are not what was asked for",
                details=tuple(reasons) or ("no reason was given",),
                next_command=f"headgate accounts show {team}",
            )
        return read_catalog(self._dynamodb, team)

    def _wait(self, record: str, each: Callable[[], None]) -> Mapping[str, Any]:
        for _ in self._polling.turns("vending", _PATIENCE):
            detail: Mapping[str, Any] = self._catalog.describe_record(Id=record)["RecordDetail"]
            each()
            if detail["Status"] in _ENDED:
                return detail
        raise AssertionError


def provisioned_name(team: str) -> str:
    """What a team's provisioned product is called."""
    return f"account-set-{team}"
