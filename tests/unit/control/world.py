# ruff: noqa: N803 - parameters are called what AWS calls them
"""The world that vending acts in, in memory: calls are recorded, checked against botocore's shapes, and may fail."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.validate import ParamValidator

from headgate.control.aws import Call, Where
from headgate.control.errors import CallFailed, Transient
from headgate.control.vending import settings as variables
from headgate.control.vending.calls import CALLS
from headgate.control.vending.edges import Edges
from headgate.control.vending.settings import Settings
from unit.control.organizations import Organizations
from unit.control.stack_sets import StackSets
from unit.control.tables import Tables

GOVERNANCE, TOOLING, DATA_LAKE = "100000000001", "100000000002", "100000000003"
ENVIRONMENT = {
    "HEADGATE_ORGANIZATION": "example",
    "HEADGATE_PARTITION": "aws",
    "HEADGATE_GOVERNANCE_ACCOUNT": GOVERNANCE,
    "HEADGATE_TOOLING_ACCOUNT": TOOLING,
    "HEADGATE_DATA_LAKE_ACCOUNT": DATA_LAKE,
    "HEADGATE_CATALOG_TABLE": "headgate-catalog",
    "HEADGATE_AUDIT_TABLE": "headgate-audit",
    "HEADGATE_DECLARATION_PARAMETER": "/headgate/organization/declaration",
    "HEADGATE_GUARD_STACK_SET": "headgate-guard",
    "HEADGATE_ACCOUNT_STACK_SET": "headgate-account",
    "HEADGATE_ENVIRONMENT_STACK_SET": "headgate-environment",
    "HEADGATE_GUARDRAILS_EXPERIMENTATION": "p-guardrails",
    "HEADGATE_GUARDRAILS_DEV": "p-guardrails,p-private",
    "HEADGATE_GUARDRAILS_PREPROD": "p-guardrails,p-private",
    "HEADGATE_GUARDRAILS_PROD": "p-guardrails,p-private",
    "HEADGATE_OU_HEADGATE": "ou-headgate",
    "HEADGATE_OU_EXPERIMENTATION": "ou-experimentation",
    "HEADGATE_OU_DEV": "ou-dev",
    "HEADGATE_OU_PREPROD": "ou-preprod",
    "HEADGATE_OU_PROD": "ou-prod",
    "HEADGATE_OU_QUARANTINE": "ou-quarantine",
    "HEADGATE_OU_RETIRED": "ou-retired",
    "HEADGATE_MEMBER_ROLE": "headgate/headgate-vending",
    "HEADGATE_CLOSE_ACCOUNTS": "true",
    "AWS_REGION": "eu-west-1",
}
SETTINGS = variables.load(ENVIRONMENT)
Fault = Callable[[int, Call], Exception | None]


class Lake:
    """Lake Formation's permissions of one catalog; SELECT on all tables is listed as all of their columns."""

    def __init__(self) -> None:
        self.granted: set[tuple[str, str, str, str]] = set()
        self.databases = {"headgate_sales", "headgate_customer_returns"}

    def list_permissions(self, *, CatalogId: str) -> dict[str, Any]:
        return {"PrincipalResourcePermissions": [_entry(*each) for each in sorted(self.granted)]}

    def grant_permissions(self, **request: Any) -> dict[str, Any]:
        changed = _grants(request)
        if any(each[1] not in self.databases for each in changed):
            raise CallFailed("lakeformation", "grant_permissions", "EntityNotFoundException", "Database not found")
        self.granted |= changed
        return {}

    def revoke_permissions(self, **request: Any) -> dict[str, Any]:
        self.granted -= _grants(request)
        return {}


def _grants(request: Mapping[str, Any]) -> set[tuple[str, str, str, str]]:
    who = request["Principal"]["DataLakePrincipalIdentifier"]
    (kind, resource), *_ = request["Resource"].items()
    name = resource["Name"] if kind == "Database" else resource["DatabaseName"]
    return {(who, name, kind, permission) for permission in request["Permissions"]}


def _entry(who: str, name: str, kind: str, permission: str) -> dict[str, Any]:
    if kind == "Database":
        resource: dict[str, Any] = {"Database": {"Name": name}}
    elif permission == "SELECT":
        resource = {"TableWithColumns": {"DatabaseName": name, "ColumnWildcard": {}}}
    else:
        resource = {"Table": {"DatabaseName": name, "TableWildcard": {}}}
    principal = {"DataLakePrincipalIdentifier": who}
    return {"Principal": principal, "Resource": resource, "Permissions": [permission]}


class Others:
    """SSM, S3, Step Functions and SageMaker as far as vending asks them."""

    def __init__(self) -> None:
        self.declaration: dict[str, Any] | None = None
        self.executions: dict[str, str] = {}
        self.started: list[dict[str, Any]] = []
        self.endpoints: dict[str, list[str]] = {}
        self.buckets: dict[str, list[str]] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.closed_to_vending: set[str] = set()

    def get_parameter(self, *, Name: str) -> dict[str, Any]:
        if self.declaration is None:
            raise CallFailed("ssm", "get_parameter", "ParameterNotFound", Name)
        return {"Parameter": {"Value": "s3://headgate-governance/organization/declaration.json"}}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        assert (Bucket, Key) == ("headgate-governance", "organization/declaration.json")
        return {"Body": io.BytesIO(json.dumps(self.declaration, sort_keys=True).encode())}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        if executionArn not in self.executions:
            raise CallFailed("stepfunctions", "describe_execution", "ExecutionDoesNotExist", executionArn)
        return {"status": self.executions[executionArn]}

    def start_execution(self, **request: Any) -> dict[str, Any]:
        if any(each["name"] == request["name"] for each in self.started):
            raise CallFailed("stepfunctions", "start_execution", "ExecutionAlreadyExists", request["name"])
        self.started.append(request)
        return {"executionArn": f"arn:{request['name']}"}

    def list_endpoints(self, *, account: str) -> dict[str, Any]:
        self._enter(account)
        names = self.endpoints.get(account, ())
        return {"Endpoints": [{"EndpointName": name, "EndpointStatus": "InService"} for name in names]}

    def list_buckets(self, *, account: str) -> dict[str, Any]:
        self._enter(account)
        return {"Buckets": [{"Name": name} for name in self.buckets.get(account, ())]}

    def list_model_package_groups(self, *, NameContains: str) -> dict[str, Any]:
        names = [name for name in self.versions if NameContains in name]
        return {"ModelPackageGroupSummaryList": [{"ModelPackageGroupName": name} for name in names]}

    def list_model_packages(self, *, ModelPackageGroupName: str) -> dict[str, Any]:
        return {"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in self.versions[ModelPackageGroupName]]}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        uri = next(found[ModelPackageName] for found in self.versions.values() if ModelPackageName in found)
        container = (
            {"ModelDataUrl": uri} if uri.endswith(".gz") else {"ModelDataSource": {"S3DataSource": {"S3Uri": uri}}}
        )
        return {"InferenceSpecification": {"Containers": [container]}}

    def _enter(self, account: str) -> None:
        if account in self.closed_to_vending:
            raise CallFailed("sts", "assume_role", "AccessDenied", "not authorized to perform sts:AssumeRole")


class World:
    """Everything, with one clock. `faults` are asked before each call, `lost` after it: its answer may get lost."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self.organization = Organizations(self.clock)
        self.stack_sets = StackSets(self.clock, self.organization)
        self.organization.moved = self.stack_sets.entered
        self.tables = Tables({"headgate-catalog": ("team", "account_name"), "headgate-audit": ("subject", "at#id")})
        self.lake, self.others = Lake(), Others()
        self.calls: list[tuple[str, Call]] = []
        self.answers: list[dict[str, Any]] = []
        self.before: Fault = lambda *_: None
        self.after: Fault = lambda *_: None
        self.watch: Callable[[], None] = lambda: None
        self.settings: Settings = SETTINGS
        self.validates = True
        for account_id, name in SETTINGS.durable.items():
            self.organization.add(account_id, f"{name}@example.com", "ou-durable")

    def clock(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def edges(self, handler: str) -> Edges:
        return Edges(self.settings, Recorder(self, handler), self.now, self.put)

    def put(self, _: str, body: bytes) -> None:
        self.answers.append(json.loads(body))

    def rows(self) -> dict[str, dict[str, Any]]:
        """The catalog's accounts, as `team/account`."""
        items = self.tables.plain("headgate-catalog")
        return {f"{each['team']}/{each['account_name']}": each for each in items if not each["team"].startswith("#")}

    def service(self, name: str) -> object:
        services: dict[str, object] = {
            "organizations": self.organization,
            "cloudformation": self.stack_sets,
            "dynamodb": self.tables,
            "lakeformation": self.lake,
        }
        return services.get(name, self.others)


class Recorder:
    """Aws for one handler: refuses calls that it is not listed for, and requests that botocore would not send."""

    def __init__(self, world: World, handler: str) -> None:
        self.world = world
        self.handler = handler

    def call(
        self, service: str, operation: str, *, where: Where = Where.HOME, account: str = "", **parameters: Any
    ) -> dict[str, Any]:
        call = Call(service, operation, where)
        assert call in CALLS[self.handler], f"{self.handler} makes {call}, which is not listed"
        world, number = self.world, len(self.world.calls)
        if world.validates:
            problem = ParamValidator().validate(parameters, shape(service, operation)).generate_report()
            assert not problem, problem
        world.calls.append((self.handler, call))
        if fault := world.before(number, call):
            raise fault
        if where is Where.TEAM:
            parameters["account"] = account
        answer: dict[str, Any] = getattr(world.service(service), operation)(**parameters)
        world.watch()
        if fault := world.after(number, call):
            raise fault
        return answer


@cache
def shape(service: str, operation: str) -> Any:
    """botocore's input shape of an operation."""
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name): name for name in model.operation_names}
    return model.operation_model(names[operation]).input_shape


def response(physical_id: str | None = None) -> dict[str, Any]:
    """Where CloudFormation waits for an answer; without a physical id it is creating the account set."""
    return {
        "url": "https://example.com/answer",
        "stack_id": "arn:aws:cloudformation:eu-west-1:100000000001:stack/SC-1/1",
        "request_id": "request-1",
        "logical_resource_id": "AccountSet",
        "physical_id": physical_id,
        "properties": "wanted",
        "old_properties": "before" if physical_id else "",
    }


def throttled(call: Call) -> Transient:
    return Transient(call.service, call.operation, "ThrottlingException", "Rate exceeded")


def denied(call: Call) -> CallFailed:
    return CallFailed(call.service, call.operation, "AccessDeniedException", "not authorized")


def declaration(**accounts: Mapping[str, Any]) -> dict[str, Any]:
    """An applied declaration with team sales; `accounts` by name, each a mapping of what differs."""
    return {
        "name": "example",
        "teams": {
            "sales": {
                "name": "sales",
                "owners": ["owner@example.com", "lead@example.com"],
                "approvers": {"prod": ["risk@example.com", "lead@example.com"]},
                "cost_centre": "4711",
                "budget_usd": 1500.0,
                "region": "eu-west-1",
                "data_sets": ["sales", "customer-returns"],
                "accounts": {name: _account(name, value) for name, value in accounts.items()},
            }
        },
    }


def _account(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    environments = value.get("environments", [name])
    return {
        "name": name,
        "environments": environments,
        "email": f"sales-{name}@example.com",
        "vpc": {"cidr": "10.20.0.0/20"},
        "account_id": None,
        "unit": environments[-1].title(),
        "has_internet": environments == ["experimentation"],
        **value,
    }


def standing(world: World) -> dict[str, Any]:
    """What an outcome is judged by: everything but identifiers, times and the order of things."""
    names = {account.account_id: account.name for account in world.organization.accounts.values()}
    told = ("account_id", "updated_at", "version", "execution", "request_id", "handshake_id")
    return {
        "rows": {
            key: {name: value for name, value in row.items() if name not in told} for key, row in world.rows().items()
        },
        "ids": sorted(names[row["account_id"]] for row in world.rows().values() if row["account_id"]),
        "accounts": sorted(
            (each.name, each.email, each.parent, each.status, sorted(each.tags.items()))
            for each in world.organization.accounts.values()
        ),
        "instances": sorted(
            (key[0], names[key[1]], each.status, sorted(each.parameters.items()))
            for key, each in world.stack_sets.instances.items()
        ),
        "grants": sorted((names[each[0].partition(":")[0]], *each[1:]) for each in world.lake.granted),
        "leases": sorted(
            sorted(each.items()) for each in world.tables.plain("headgate-catalog") if each["team"] == "#leases"
        ),
    }
