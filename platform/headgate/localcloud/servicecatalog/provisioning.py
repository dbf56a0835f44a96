"""Launching, updating and terminating products: what a request means, written down as a record before it begins."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Clock, Json, Operation
from headgate.localcloud.servicecatalog.browsing import Browsing
from headgate.localcloud.servicecatalog.launches import Launches
from headgate.localcloud.servicecatalog.provisioned import provisioned, record_detail
from headgate.localcloud.servicecatalog.records import PROVISIONED, RECORD, Shelf, invalid

_TERMINATE = "TERMINATE_PROVISIONED_PRODUCT"


class Provisioning:
    """ProvisionProduct, UpdateProvisionedProduct, TerminateProvisionedProduct: asynchronous, idempotent by token."""

    def __init__(self, shelf: Shelf, browsing: Browsing, launches: Launches, clock: Clock) -> None:
        self._shelf = shelf
        self._browsing = browsing
        self._launches = launches
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "ProvisionProduct": self.provision,
            "UpdateProvisionedProduct": self.update,
            "TerminateProvisionedProduct": self.terminate,
        }

    def provision(self, caller: Caller, request: Json) -> Json:
        """Launch a product. Raises AwsError: ResourceNotFoundException without a launch path, DuplicateResource…"""

        def write(chosen: Json) -> Json:
            name = request["ProvisionedProductName"]
            if any(one["Name"] == name for one in self._shelf.listed(caller, PROVISIONED)):
                message = f"A provisioned product with the name {name} exists already in account {caller.account}"
                raise AwsError("DuplicateResourceException", message)
            product = self._new(caller, request, chosen)
            record = self._record(caller, product, "PROVISION_PRODUCT", chosen)
            record["Work"] |= {
                "stack": f"SC-{caller.account}-{product['Id']}",
                "parameters": _parameters(request.get("ProvisioningParameters", [])),
                "topics": request.get("NotificationArns", []),
            }
            return self._keep(caller, product, record)

        return self._launch(caller, request["ProvisionToken"], request, write)

    def update(self, caller: Caller, request: Json) -> Json:
        """Update to another version, or to other parameters. Raises AwsError as `provision` does."""
        product = self._find(caller, request)
        if product["Status"] == "ERROR":
            raise invalid(f"Provisioned product {product['Name']} was never made: terminate it, and provision it again")
        versions = ("ProvisioningArtifactId", "ProvisioningArtifactName")
        asked = dict(request)
        if not any(name in request for name in ("ProductId", "ProductName")):
            asked["ProductId"] = product["ProductId"]
        if not any(name in request for name in versions):
            asked["ProvisioningArtifactId"] = product["ProvisioningArtifactId"]

        def write(chosen: Json) -> Json:
            kept = self._change(caller, product["Id"], {"Tags": request.get("Tags", product["Tags"])})
            record = self._record(caller, kept, "UPDATE_PROVISIONED_PRODUCT", chosen)
            record["Work"] |= {
                "stack": kept["PhysicalId"],
                "parameters": _parameters(request.get("ProvisioningParameters", [])),
            }
            return self._keep(caller, kept, record)

        return self._launch(caller, request["UpdateToken"], request, write, asked)

    def terminate(self, caller: Caller, request: Json) -> Json:
        """Delete a provisioned product and its stack. Raises AwsError (ResourceNotFoundException)."""
        if request.get("RetainPhysicalResources"):
            raise unsupported("TerminateProvisionedProduct with RetainPhysicalResources")

        def write(product: Json) -> Json:
            kept = self._change(caller, product["Id"], {})
            made = ("ProductId", "ProvisioningArtifactId", "PathId", "LaunchRoleArn")
            chosen = {name: kept[name] for name in made} | {"names": {}, "template": ""}
            record = self._record(caller, kept, _TERMINATE, chosen)
            record["Work"] |= {"stack": kept["PhysicalId"], "ignore_errors": bool(request.get("IgnoreErrors"))}
            return self._keep(caller, kept, record)

        answer = self._shelf.once(
            caller, request["TerminateToken"], request, write, lambda: self._find(caller, request)
        )
        return self._begun(caller, answer)

    def _launch(
        self, caller: Caller, token: str, request: Json, write: Callable[[Json], Json], asked: Json | None = None
    ) -> Json:
        if "ProvisioningPreferences" in request:
            raise unsupported("ProvisioningPreferences (products that are StackSets)")
        answer = self._shelf.once(caller, token, request, write, lambda: self._choose(caller, asked or request))
        return self._begun(caller, answer)

    def _begun(self, caller: Caller, answer: Json) -> Json:
        """Begin the work of a record that was written, and answer as it stands now."""
        key = self._shelf.key(caller, RECORD, answer["RecordId"])
        record = self._shelf.documents.get(key)
        if record["Status"] == "CREATED":
            self._launches.begin(key)
        return {"RecordDetail": record_detail(record)}

    def _choose(self, caller: Caller, request: Json) -> Json:
        """Product, version, path and role that a request means. Raises AwsError."""
        key, product = self._browsing.product(caller, request.get("ProductId"), request.get("ProductName"))
        wanted = (request.get("ProvisioningArtifactId"), request.get("ProvisioningArtifactName"))
        version = self._browsing.version(key, product, *wanted)
        path = self._browsing.path(caller, key.name, request)
        role = self._browsing.launch_role(caller, path, key.name)
        if not role:
            raise unsupported(f"launching products without a LAUNCH constraint ({key.name} by {path.name})")
        if role.split(":")[4] != caller.account:
            raise unsupported(f"launching products as the role of another account ({role}); LocalRoleName it does")
        return {
            "ProductId": key.name,
            "ProvisioningArtifactId": version["Id"],
            "PathId": path.id,
            "LaunchRoleArn": role,
            "template": version["Template"],
            "names": {"ProductName": product["Name"], "ProvisioningArtifactName": version["Name"]},
            "tags": [*path.tags, *product["Tags"]],
        }

    def _new(self, caller: Caller, request: Json, chosen: Json) -> Json:
        name = self._shelf.new_id("pp-")
        arn = caller.arn("servicecatalog", f"stack/{request['ProvisionedProductName']}/{name}")
        made = {one: chosen[one] for one in ("ProductId", "ProvisioningArtifactId", "PathId", "LaunchRoleArn")}
        return {
            "Id": name,
            "Name": request["ProvisionedProductName"],
            "Arn": arn,
            "Type": "CFN_STACK",
            "Status": "UNDER_CHANGE",
            "StatusMessage": "",
            "CreatedTime": self._clock.now(),
            "IdempotencyToken": request["ProvisionToken"],
            "PhysicalId": "",
            "Tags": _merged(chosen["tags"], request.get("Tags", [])),
            "UserArnSession": caller.principal,
            "Outputs": [],
            **made,
            **chosen["names"],
        }

    def _record(self, caller: Caller, product: Json, kind: str, chosen: Json) -> Json:
        """A record of an operation on a provisioned product."""
        now, name = self._clock.now(), self._shelf.new_id("rec-")
        return {
            "RecordId": name,
            "ProvisionedProductName": product["Name"],
            "ProvisionedProductId": product["Id"],
            "ProvisionedProductType": product["Type"],
            "RecordType": kind,
            "Status": "CREATED",
            "CreatedTime": now,
            "UpdatedTime": now,
            "RecordErrors": [],
            "RecordTags": product["Tags"],
            "Outputs": [],
            "UserArnSession": caller.principal,
            **{one: chosen[one] for one in ("ProductId", "ProvisioningArtifactId", "PathId", "LaunchRoleArn")},
            "Work": {
                "begun": False,
                "token": name,
                "role": chosen["LaunchRoleArn"],
                "template": chosen["template"],
                "names": chosen["names"],
                "parameters": [],
                "tags": product["Tags"],
                "topics": [],
                "ignore_errors": False,
            },
        }

    def _keep(self, caller: Caller, product: Json, record: Json) -> Json:
        """Write a provisioned product and its new record."""
        last = {"LastRecordId": record["RecordId"]}
        if record["RecordType"] != _TERMINATE:
            last["LastProvisioningRecordId"] = record["RecordId"]
        self._shelf.documents.put(self._shelf.key(caller, PROVISIONED, product["Id"]), {**product, **last})
        self._shelf.documents.insert(self._shelf.key(caller, RECORD, record["RecordId"]), record)
        return {"RecordId": record["RecordId"]}

    def _change(self, caller: Caller, product: str, members: Json) -> Json:
        """Take a provisioned product under change. Raises AwsError if it is under change already."""
        key = self._shelf.key(caller, PROVISIONED, product)
        body = self._shelf.documents.get(key)
        if body["Status"] == "UNDER_CHANGE":
            message = f"Provisioned product {body['Name']} ({product}) is under change: wait for {body['LastRecordId']}"
            raise invalid(message)
        return self._shelf.documents.update(key, lambda old: {**old, **members, "Status": "UNDER_CHANGE"})

    def _find(self, caller: Caller, request: Json) -> Json:
        named = (request.get("ProvisionedProductId"), request.get("ProvisionedProductName"))
        return provisioned(self._shelf, caller, *named)


def _parameters(given: list[Json]) -> list[Json]:
    return [
        {"ParameterKey": one["Key"], "UsePreviousValue": True}
        if one.get("UsePreviousValue")
        else {"ParameterKey": one["Key"], "ParameterValue": one.get("Value", "")}
        for one in given
    ]


def _merged(inherited: list[Json], given: list[Json]) -> list[Json]:
    """Tags of portfolio and product, and those of the request, which win."""
    tags = {tag["Key"]: tag["Value"] for tag in [*inherited, *given]}
    return [{"Key": key, "Value": value} for key, value in tags.items()]
