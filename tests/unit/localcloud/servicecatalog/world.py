"""A Service Catalog whose S3 and CloudFormation do what a test says, on a clock that the test moves."""

from __future__ import annotations

import io
import itertools
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.servicecatalog.service import ServiceCatalog

ACCOUNT, MEMBER = "111111111111", "222222222222"
REGION = "eu-west-1"
START = 1_700_000_000.0
URL = "https://s3.eu-west-1.amazonaws.com/templates/thing.json"
LAUNCH_ROLE = f"arn:aws:iam::{ACCOUNT}:role/headgate/headgate-launch"
ADMIN = Caller(ACCOUNT, REGION, f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/lead")
PERSON = Caller(ACCOUNT, REGION, f"arn:aws:sts::{ACCOUNT}:assumed-role/it/ana")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/headgate/it"
MEMBER_PERSON = Caller(MEMBER, REGION, f"arn:aws:sts::{MEMBER}:assumed-role/it/bea")


def refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@dataclass
class FakeStack:
    name: str
    id: str
    request: Json
    status: str
    reason: str = ""
    events: list[Json] = field(default_factory=list)


class FakeAws:
    """Objects and stacks. A stack stays `…_IN_PROGRESS` until a test settles it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.stacks: dict[str, FakeStack] = {}
        self.asked: list[tuple[str, str, str, Json]] = []
        self.changed = threading.Condition()
        self.untrusted: set[str] = set()
        self.refuse: dict[str, Exception] = {}
        self.parameters: list[Json] = [{"ParameterKey": "Team", "ParameterType": "String", "DefaultValue": "a"}]

    def client(self, caller: Caller, service: str, role: str) -> _Client:
        if role in self.untrusted:
            raise AwsError("AccessDeniedException", f"{role} does not trust {caller.service}", status=403)
        return _Client(self, caller, role)

    def get_object(self, request: Json) -> Json:
        name = f"{request['Bucket']}/{request['Key']}"
        if name not in self.objects:
            raise refusal("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.objects[name])}

    def get_template_summary(self, request: Json) -> Json:
        json.loads(request["TemplateBody"])
        return {"Parameters": self.parameters}

    def create_stack(self, request: Json) -> Json:
        name = request["StackName"]
        if any(stack.name == name for stack in self.stacks.values()):
            raise refusal("AlreadyExistsException", f"Stack [{name}] already exists")
        stack = FakeStack(
            name, f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1", request, "CREATE_IN_PROGRESS"
        )
        self.stacks[stack.id] = stack
        return {"StackId": stack.id}

    def update_stack(self, request: Json) -> Json:
        stack = self._stack(request["StackName"])
        if request["Parameters"] == stack.request["Parameters"]:
            raise refusal("ValidationError", "No updates are to be performed.")
        stack.request, stack.status = request, "UPDATE_IN_PROGRESS"
        return {"StackId": stack.id}

    def delete_stack(self, request: Json) -> Json:
        self._stack(request["StackName"]).status = "DELETE_IN_PROGRESS"
        return {}

    def describe_stacks(self, request: Json) -> Json:
        stack = self._stack(request["StackName"])
        outputs = [{"OutputKey": "Made", "OutputValue": "yes"}]
        told = {"StackName": stack.name, "StackId": stack.id, "StackStatus": stack.status, "Outputs": outputs}
        return {"Stacks": [{**told, "StackStatusReason": stack.reason}]}

    def describe_stack_events(self, request: Json) -> Json:
        return {"StackEvents": self._stack(request["StackName"]).events}

    def _stack(self, name: str) -> FakeStack:
        for stack in self.stacks.values():
            if name in (stack.name, stack.id):
                return stack
        raise refusal("ValidationError", f"Stack with id {name} does not exist")


class _Client:
    def __init__(self, aws: FakeAws, caller: Caller, role: str) -> None:
        self._aws, self._caller, self._role = aws, caller, role

    def __getattr__(self, name: str) -> Any:
        def method(**request: Any) -> Any:
            with self._aws.changed:
                self._aws.asked.append((name, self._caller.service, self._role, request))
                self._aws.changed.notify_all()
                if name in self._aws.refuse:
                    raise self._aws.refuse[name]
                return getattr(self._aws, name)(request)

        return method


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = FakeAws()
        self.aws.objects["templates/thing.json"] = b'{"Resources": {}}'
        self.ways: dict[str, tuple[str, ...]] = {}
        self._ids = itertools.count(1)
        self._open()

    def _open(self) -> None:
        self.documents = Documents(self.folder / "state.db")
        self.timeline = Timeline(self.documents, lambda: START)
        self.catalog = ServiceCatalog(
            self.documents,
            self.timeline,
            self.aws.client,
            way=lambda account: self.ways.get(account, ()),
            role_arn=lambda account, name: f"arn:aws:iam::{account}:role/headgate/{name}" if name == "it" else "",
            new_id=lambda prefix: f"{prefix}{next(self._ids):013d}",
        )

    def close(self) -> None:
        self.catalog.close()
        self.timeline.close()
        self.documents.close()

    def kill(self) -> None:
        """What is left of a daemon that was killed: the documents, and what AWS was asked for."""
        self.close()
        self._open()

    def call(self, operation: str, caller: Caller = ADMIN, **parameters: Any) -> Json:
        return self.catalog.operations.call(caller, operation, parameters)

    def portfolio(self, **more: Any) -> str:
        token = f"p-{next(self._ids)}"
        made = self.call(
            "CreatePortfolio", DisplayName="Headgate", ProviderName="platform", IdempotencyToken=token, **more
        )
        return str(made["PortfolioDetail"]["Id"])

    def product(self, portfolio: str = "", name: str = "thing", **more: Any) -> tuple[str, str]:
        """A product and its first version; in a portfolio with a launch role, if there is one."""
        made = self.call(
            "CreateProduct",
            Name=name,
            Owner="platform",
            ProductType="CLOUD_FORMATION_TEMPLATE",
            ProvisioningArtifactParameters={"Name": "v1", "Info": {"LoadTemplateFromURL": URL}},
            IdempotencyToken=f"c-{next(self._ids)}",
            **more,
        )
        product = str(made["ProductViewDetail"]["ProductViewSummary"]["ProductId"])
        if portfolio:
            self.call("AssociateProductWithPortfolio", PortfolioId=portfolio, ProductId=product)
        return product, str(made["ProvisioningArtifactDetail"]["Id"])

    def launch_role(self, portfolio: str, product: str, role: Json | None = None) -> str:
        made = self.call(
            "CreateConstraint",
            PortfolioId=portfolio,
            ProductId=product,
            Type="LAUNCH",
            Parameters=json.dumps(role or {"RoleArn": LAUNCH_ROLE}),
            IdempotencyToken=f"l-{next(self._ids)}",
        )
        return str(made["ConstraintDetail"]["ConstraintId"])

    def shelf(self) -> tuple[str, str, str]:
        """A portfolio with a product that the person's role may launch: portfolio, product, version."""
        portfolio = self.portfolio()
        product, version = self.product(portfolio)
        self.launch_role(portfolio, product)
        self.call("AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=ROLE, PrincipalType="IAM")
        return portfolio, product, version

    def provision(self, product: str, version: str, name: str = "mine", caller: Caller = PERSON, **more: Any) -> str:
        more.setdefault("ProvisionToken", f"t-{next(self._ids)}")
        made = self.call(
            "ProvisionProduct",
            caller,
            ProductId=product,
            ProvisioningArtifactId=version,
            ProvisionedProductName=name,
            **more,
        )
        return str(made["RecordDetail"]["RecordId"])

    def asked_for(self, name: str, count: int = 1) -> list[Json]:
        """The requests of a kind that CloudFormation got, once there are so many."""
        with self.aws.changed:
            found = lambda: [one[3] for one in self.aws.asked if one[0] == name]  # noqa: E731
            assert self.aws.changed.wait_for(lambda: len(found()) >= count, 10), self.aws.asked
            return found()

    def settle(self, status: str, **members: Any) -> None:
        """Let all stacks under way come to an end."""
        with self.aws.changed:
            for stack in self.aws.stacks.values():
                if stack.status.endswith("_IN_PROGRESS"):
                    stack.status = status
                    for name, value in members.items():
                        setattr(stack, name, value)

    def wait(self, record: str, caller: Caller = PERSON) -> Json:
        """The record, once it has ended. The clock is moved until it has."""
        for _ in range(1000):
            told = self.call("DescribeRecord", caller, Id=record)
            if told["RecordDetail"]["Status"] in ("SUCCEEDED", "FAILED"):
                return told
            self.timeline.advance(1)
            threading.Event().wait(0.005)
        raise AssertionError(told)

    def provisioned(self, name: str = "mine") -> Json:
        told: Json = self.call("DescribeProvisionedProduct", PERSON, Name=name)["ProvisionedProductDetail"]
        return told
