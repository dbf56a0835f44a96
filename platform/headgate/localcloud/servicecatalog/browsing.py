"""What people see who launch products: which there are, by which paths, with which parameters."""

from __future__ import annotations

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Caller, Json, Operation
from headgate.localcloud.servicecatalog.access import Access, LaunchPath
from headgate.localcloud.servicecatalog.constraints import Constraints
from headgate.localcloud.servicecatalog.products import filtered, summary, version_answer
from headgate.localcloud.servicecatalog.records import VERSION, Shelf, invalid, not_found, page
from headgate.localcloud.servicecatalog.templates import Templates

_SHOWN = ("Id", "Name", "Description", "CreatedTime", "Guidance")


class Browsing:
    """The operations of end users on products. Only what the caller may launch exists for them."""

    def __init__(self, shelf: Shelf, access: Access, constraints: Constraints, templates: Templates) -> None:
        self._shelf = shelf
        self._access = access
        self._constraints = constraints
        self._templates = templates

    def operations(self) -> dict[str, Operation]:
        return {
            "SearchProducts": self.search,
            "DescribeProduct": self.describe,
            "DescribeProductView": self.describe_view,
            "DescribeProvisioningArtifact": self.describe_version,
            "ListLaunchPaths": self.list_paths,
            "DescribeProvisioningParameters": self.parameters,
        }

    def search(self, caller: Caller, request: Json) -> Json:
        found = [body for _, body in self._access.products(caller)]
        answer = page("ProductViewSummaries", [summary(body) for body in filtered(found, request)], request)
        return {**answer, "ProductViewAggregations": {}}

    def describe(self, caller: Caller, request: Json) -> Json:
        return self._described(caller, *self.product(caller, request.get("Id"), request.get("Name")))

    def describe_view(self, caller: Caller, request: Json) -> Json:
        found = [one for one in self._access.products(caller) if one[1]["Id"] == request["Id"]]
        if not found:
            raise not_found(f"Product view {request['Id']} not found")
        described = self._described(caller, *found[0])
        return {name: described[name] for name in ("ProductViewSummary", "ProvisioningArtifacts")}

    def describe_version(self, caller: Caller, request: Json) -> Json:
        key, body = self._seen(caller, request.get("ProductId"), request.get("ProductName"))
        wanted = (request.get("ProvisioningArtifactId"), request.get("ProvisioningArtifactName"))
        version = self.version(key, body, *wanted, usable=False)
        answer = version_answer(version)
        if request.get("Verbose"):
            answer["Info"] = {**answer["Info"], "CloudFormationTemplate": version["Template"]}
        if request.get("IncludeProvisioningArtifactParameters"):
            answer["ProvisioningArtifactParameters"] = self._templates.parameters(caller, version["Template"])
        return answer

    def list_paths(self, caller: Caller, request: Json) -> Json:
        found = [self._path(caller, path, request["ProductId"]) for path in self.paths(caller, request["ProductId"])]
        return page("LaunchPathSummaries", found, request)

    def parameters(self, caller: Caller, request: Json) -> Json:
        key, body = self.product(caller, request.get("ProductId"), request.get("ProductName"))
        path = self.path(caller, body["ProductId"], request)
        version = self.version(
            key, body, request.get("ProvisioningArtifactId"), request.get("ProvisioningArtifactName")
        )
        return {
            "ProvisioningArtifactParameters": self._templates.parameters(caller, version["Template"]),
            "ConstraintSummaries": self._path(caller, path, body["ProductId"])["ConstraintSummaries"],
            "UsageInstructions": [{"Type": "rules", "Value": ""}],
            "TagOptions": [],
            "ProvisioningArtifactPreferences": {},
            "ProvisioningArtifactOutputs": [],
            "ProvisioningArtifactOutputKeys": [],
        }

    def product(self, caller: Caller, product: str | None, name: str | None) -> tuple[Key, Json]:
        """A product that the caller may launch, by id or name. Raises AwsError (ResourceNotFoundException)."""
        if (product is None) == (name is None):
            raise invalid("either the product's id or its name is needed")
        found = [one for one in self._access.products(caller) if product in (None, one[0].name)]
        found = [one for one in found if name in (None, one[1]["Name"])]
        if not found:
            raise not_found(f"No launch paths found for resource: {product or name}")
        if len(found) > 1:
            raise invalid(f"there are {len(found)} products of the name '{name}': give the id")
        return found[0]

    def version(self, key: Key, body: Json, version: str | None, name: str | None, *, usable: bool = True) -> Json:
        """A version of a product, by id or name; `usable` ones are active. Raises AwsError."""
        if (version is None) == (name is None):
            raise invalid("either the provisioning artifact's id or its name is needed")
        owner = Caller(key.account, key.region)
        for one in self._shelf.listed(owner, VERSION, f"{key.name}/"):
            if one["Id"] == version or (version is None and one["Name"] == name):
                if usable and not one["Active"]:
                    raise invalid(f"Provisioning artifact {one['Id']} of {body['Name']} is not active")
                return one
        raise not_found(f"Provisioning artifact {version or name} not found for product {key.name}")

    def paths(self, caller: Caller, product: str) -> tuple[LaunchPath, ...]:
        """The caller's paths to a product. Raises AwsError (ResourceNotFoundException) if there is none."""
        found = self._access.paths(caller, product)
        if not found:
            raise not_found(f"No launch paths found for resource: {product}")
        return found

    def path(self, caller: Caller, product: str, request: Json) -> LaunchPath:
        """The path that a request means, by PathId or PathName; the only one, if it names none. Raises AwsError."""
        found = self.paths(caller, product)
        wanted, name = request.get("PathId"), request.get("PathName")
        left = [path for path in found if wanted in (None, path.id) and name in (None, path.name)]
        if not left:
            raise not_found(f"Launch path {wanted or name} not found for product {product}")
        if len(left) > 1:
            known = ", ".join(path.id for path in left)
            raise invalid(f"there are several launch paths for {product}: give one of {known} as PathId")
        return left[0]

    def launch_role(self, caller: Caller, path: LaunchPath, product: str) -> str:
        """The role of the path's LAUNCH constraint; empty without one."""
        return self._constraints.launch_role(path.owner, path.portfolio, product, caller.account)

    def _seen(self, caller: Caller, product: str | None, name: str | None) -> tuple[Key, Json]:
        """A product of the account's own, or one that the caller may launch."""
        own = self._shelf.documents.list("catalog-product", account=caller.account, region=caller.region)
        for key, body in own:
            if product == key.name or (product is None and name == body["Name"]):
                return key, body
        return self.product(caller, product, name)

    def _described(self, caller: Caller, key: Key, body: Json) -> Json:
        owner = Caller(key.account, key.region)
        versions = [one for one in self._shelf.listed(owner, VERSION, f"{key.name}/") if one["Active"]]
        paths = self._access.paths(caller, key.name)
        return {
            "ProductViewSummary": summary(body),
            "ProvisioningArtifacts": [{name: one[name] for name in _SHOWN} for one in versions],
            "Budgets": [],
            "LaunchPaths": [{"Id": path.id, "Name": path.name} for path in paths],
        }

    def _path(self, caller: Caller, path: LaunchPath, product: str) -> Json:
        role = self.launch_role(caller, path, product)
        launch = [{"Type": "LAUNCH", "Description": f"Launch as {role}"}] if role else []
        return {"Id": path.id, "Name": path.name, "ConstraintSummaries": launch, "Tags": list(path.tags)}
