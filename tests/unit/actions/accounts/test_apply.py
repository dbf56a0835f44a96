"""Applying: the order of its steps, what is not done twice, and what somebody declines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from headgate.actions.accounts import apply as module
from headgate.actions.accounts.apply import Apply, DeclinedError
from headgate.actions.accounts.desired import desired_stacks
from headgate.actions.accounts.facts import StackFacts, resource_digests
from headgate.actions.accounts.opening import OpenOrganization
from headgate.aws.sessions import Session
from headgate.deploy.prerequisites import OrganizationFacts
from headgate.deploy.stacks import ResourceChange, StackPlan, StackRequest
from headgate.errors import UserError
from headgate.infra.synth import Assembly, Template
from headgate.views.accounts import AttachedPolicy
from unit.actions.accounts.cloud import FakeSession, Sts, refused
from unit.actions.accounts.worlds import UNITS, as_declared, declare

BUCKET = "headgate-governance-111122223333-eu-west-1"


@dataclass
class World:
    """Everything that applying talks to, as one list of what was done."""

    done: list[str] = field(default_factory=list)
    stacks: dict[str, StackRequest] = field(default_factory=dict)
    lost: bool = False
    bucket: bool = False
    placed: bool = False
    instances: set[str] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    declaration: str | None = None
    policies: dict[str, AttachedPolicy] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    # S3, SSM and Organizations
    def head_bucket(self, Bucket: str) -> None:  # noqa: N803
        assert Bucket == BUCKET
        if not self.bucket:
            raise refused("404", status=404)

    def get_parameters(self, Names: list[str]) -> Any:  # noqa: N803
        return {"Parameters": [{"Name": Names[0], "Value": self.declaration}] if self.declaration else []}

    def put_parameter(self, **given: Any) -> None:
        assert given["Overwrite"] is (self.declaration is not None)
        self.declaration = given["Value"]
        self.done.append("declaration")

    def update_policy(self, PolicyId: str, Content: str) -> None:  # noqa: N803
        self.written[PolicyId] = Content
        self.done.append(f"write {PolicyId}")

    def attach_policy(self, PolicyId: str, TargetId: str) -> None:  # noqa: N803
        self.done.append(f"attach {PolicyId} to {TargetId}")

    # Stacks
    def prepare(self, request: StackRequest) -> StackPlan:
        if self.stacks.get(request.name) == request:
            return StackPlan(request, "none")
        action = "Remove" if self.lost and request.name in self.stacks else "Add"
        return StackPlan(request, "update", "arn", (ResourceChange(action, "A", "AWS::SNS::Topic"),))

    def discard(self, plan: StackPlan) -> None:
        self.done.append(f"discard {plan.request.name}")

    def execute(self, plan: StackPlan) -> Mapping[str, str]:
        if plan.kind != "none":
            self.stacks[plan.request.name] = plan.request
            self.done.append(f"stack {plan.request.name}")
            self.bucket = True
        return {}

    # durable accounts and StackSets
    def ensure(self, *arguments: Any) -> Any:
        if len(arguments) == 1:
            return {account.name: f"{number}" * 12 for number, account in enumerate(arguments[0], 4)}
        stack_set, account, unit, region, parameters = arguments
        assert (unit, region, parameters) == (UNITS["durable"], "eu-west-1", {})
        if stack_set in self.instances:
            return False
        self.instances.add(stack_set)
        self.done.append(f"{stack_set} in {account}")
        return True

    def place(self, account: str, unit: str) -> bool:
        assert unit == UNITS["durable"]
        if not self.placed:
            self.done.append(f"place {account}")
        return not self.placed

    def settle(self, stack_set: str) -> None:
        self.placed = True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    made = World(policies=dict(as_declared(declare(tmp_path)).policies))

    @contextmanager
    def lease(_: Any, bucket: str, who: str) -> Iterator[None]:
        made.done.append("lease")
        yield
        made.done.append("release")

    def publish(_: Any, bucket: str, uploads: Any, *__: Any) -> int:
        new = {upload.key for upload in uploads} - made.objects
        made.objects |= new
        return len(new)

    monkeypatch.setattr(module, "Stacks", lambda *_: made)
    monkeypatch.setattr(module, "DurableAccounts", lambda *_: made)
    monkeypatch.setattr(module, "StackSets", lambda *_: made)
    monkeypatch.setattr(module, "deployment_lease", lease)
    monkeypatch.setattr(module, "publish", publish)
    monkeypatch.setattr(module, "prepare_organization", lambda *_: OrganizationFacts("o-abcdefghij", "r-abcd"))
    monkeypatch.setattr(module, "read_units", lambda _: UNITS)
    monkeypatch.setattr(module, "read_policies", lambda _: made.policies)
    return made


GOVERNANCE_PARAMETERS = (
    "ToolingAccountId",
    "DataLakeAccountId",
    "OrganizationId",
    "ApprovedRegions",
    "ApprovedInstanceTypes",
)


def opened(world: World, folder: Path, **team: Any) -> OpenOrganization:
    file = folder / "template.json"
    file.write_text(json.dumps({"Resources": {}}))
    templates = {
        "bootstrap": Template("bootstrap", file, "b" * 64, {"OrganizationId": None}),
        "governance": Template("governance", file, "c" * 64, dict.fromkeys(GOVERNANCE_PARAMETERS)),
    }
    assembly = Assembly(templates, tuple(template.asset for template in templates.values()))
    clients = dict.fromkeys(("s3", "ssm", "organizations", "cloudformation", "ram"), world)
    session = cast("Session", FakeSession({**clients, "sts": Sts()}))

    class Opened(OpenOrganization):
        def assembly(self) -> Assembly:
            return assembly

    return Opened(declare(folder, **team), session)


FIRST = [
    "stack headgate-bootstrap",
    "lease",
    "stack headgate-governance",
    "place 444444444444",
    "place 555555555555",
    "headgate-tooling in 444444444444",
    "headgate-data-lake in 555555555555",
    "declaration",
    "release",
]


def test_steps_are_in_the_order_in_which_they_need_each_other(world: World, tmp_path: Path) -> None:
    applied = Apply(opened(world, tmp_path)).run()
    assert world.done == FIRST
    assert applied.accounts == {
        "governance": "111122223333",
        "tooling": "444444444444",
        "data-lake": "555555555555",
    }
    assert "published 2 assets" in applied.changed
    assert world.stacks["headgate-bootstrap"].role_arn is None, "its role is made by it"
    governance = world.stacks["headgate-governance"]
    assert (governance.template_url or "").startswith(f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/")
    assert set(governance.parameters) == set(GOVERNANCE_PARAMETERS)
    assert governance.parameters["ToolingAccountId"] == "444444444444"
    assert governance.parameters["DataLakeAccountId"] == "555555555555"
    assert (governance.role_arn or "").endswith(":role/headgate/headgate-governance-cloudformation")


def test_the_platform_team_applies_all_but_what_limits_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    administered = opened(world, tmp_path)
    there_is = OrganizationFacts("o-abcdefghij", "r-abcd")
    (bootstrap, _) = desired_stacks(administered.organization, administered.assembly(), there_is, {})
    there = StackFacts("CREATE_COMPLETE", bootstrap.parameters, resource_digests(bootstrap.template.body))
    monkeypatch.setattr(module, "read_stack", lambda _, name: there if name == bootstrap.name else None)
    team = replace(administered, as_platform=True)
    Apply(team).run()
    assert world.done == FIRST[1:]
    world.done.clear()

    there = replace(there, resources={"Boundary": "AWS::IAM::ManagedPolicy 0"})
    with pytest.raises(UserError, match="the platform team may not change what limits it") as raised:
        Apply(team).run()
    assert raised.value.details == ("- Boundary (AWS::IAM::ManagedPolicy)",)
    assert "credentials of an administrator of the governance account" in str(raised.value.expected)
    assert world.done == ["lease"]


def test_what_is_as_declared_is_not_touched_again(world: World, tmp_path: Path) -> None:
    Apply(opened(world, tmp_path)).run()
    world.done.clear()
    assert Apply(opened(world, tmp_path)).run().changed == ()
    assert world.done == ["lease", "release"]


def test_a_changed_team_changes_the_declaration_alone(world: World, tmp_path: Path) -> None:
    Apply(opened(world, tmp_path)).run()
    world.done.clear()
    organization = opened(world, tmp_path, budget=500)
    told: list[str] = []
    applied = Apply(organization, tell=told.append).run()
    assert world.done == ["lease", "declaration", "release"]
    assert world.declaration == f"s3://{BUCKET}/organization/{organization.organization.digest}.json"
    assert applied.changed == tuple(told) == (f"the declaration is {organization.organization.digest[:12]}",)


def test_what_takes_something_away_is_asked_about_and_left_when_declined(world: World, tmp_path: Path) -> None:
    Apply(opened(world, tmp_path)).run()
    world.done.clear()
    world.lost = True
    world.stacks["headgate-governance"] = StackRequest("headgate-governance")
    asked: list[StackPlan] = []

    def decline(plan: StackPlan) -> bool:
        asked.append(plan)
        return False

    with pytest.raises(DeclinedError, match="stack 'headgate-governance' is left as it is"):
        Apply(opened(world, tmp_path), confirm=decline).run()
    assert [plan.request.name for plan in asked] == ["headgate-governance"]
    assert world.done[:2] == ["lease", "discard headgate-governance"]
    assert "declaration" not in world.done, "vending reads only what has been deployed"


def test_a_guardrail_that_was_taken_off_is_attached_again(world: World, tmp_path: Path) -> None:
    Apply(opened(world, tmp_path)).run()
    world.done.clear()
    policy = world.policies["headgate-quarantine"]
    world.policies[policy.name] = replace(policy, policy_id="p-1", targets=policy.targets - {UNITS["retired"]})
    applied = Apply(opened(world, tmp_path)).run()
    assert world.done == ["lease", f"attach p-1 to {UNITS['retired']}", "release"]
    assert applied.changed == ("guardrail headgate-quarantine is attached to Retired again",)


def test_a_guardrail_that_was_changed_by_hand_is_written_again(world: World, tmp_path: Path) -> None:
    Apply(opened(world, tmp_path)).run()
    world.done.clear()
    policy = world.policies["headgate-data"]
    world.policies[policy.name] = replace(policy, content='{"Version": "2012-10-17", "Statement": []}')
    applied = Apply(opened(world, tmp_path)).run()
    assert world.done == ["lease", f"write {policy.policy_id}", "release"]
    assert json.loads(world.written[policy.policy_id]) == json.loads(policy.content)
    assert applied.changed == ("guardrail headgate-data says again what it should",)


def test_a_bucket_that_may_not_be_looked_at_is_no_missing_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(**_: Any) -> None:
        raise refused("403", status=403)

    monkeypatch.setattr(world, "head_bucket", forbidden)
    with pytest.raises(Exception, match="403"):
        Apply(opened(world, tmp_path)).run()
    assert world.done == []
