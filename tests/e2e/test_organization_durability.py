"""A real daemon is killed while it vends, and what it had acknowledged is there; a quota that is reached is told.

Two new teams are declared in a copy of the organization that `organization_folder` builds.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import Cli
from e2e.organization.building import copied
from headgate.aws.people import sign_in
from headgate.aws.sessions import STATE_FOLDER, Session, connect
from headgate.localcloud import lifecycle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REGION = "eu-central-1"
GOVERNANCE = "100000000001"
SEED = 20260401
KILLS = 3
PROGRESS = 0.9
"""Seconds within which a kill comes after something new has been told."""
TEAM = {
    "owners": ["owner@example.com", "lead@example.com"],
    "approvers": {"prod": ["risk@example.com"]},
    "cost_centre": "4715",
    "budget": 100,
    "data_sets": ["sales"],
}
ACCOUNTS = {"dev": {"environments": ["dev"]}, "prod": {"environments": ["prod"]}}


@dataclass
class Place:
    """An organization with a daemon that can be killed."""

    cli: Cli

    @property
    def state(self) -> Path:
        return self.cli.folder / STATE_FOLDER

    def session(self) -> Session:
        return connect(self.cli.folder, "local", account=GOVERNANCE, region=REGION)

    def client(self, service: str) -> Any:
        return self.session().client(service)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        endpoint = lifecycle.ensure_running(self.state)
        descriptor = os.pidfd_open(endpoint.pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        assert select.select([descriptor], [], [], 20)[0]
        os.close(descriptor)

    def declare(self, teams: Mapping[str, Any]) -> None:
        file = self.cli.folder / "accounts" / "organization.yaml"
        declared = yaml.safe_load(file.read_text())
        declared["teams"].update(teams)
        file.write_text(yaml.safe_dump(declared, sort_keys=False))
        self.cli.ok("accounts", "apply", "--yes")

    def quota(self, accounts: int) -> None:
        lifecycle.control(lifecycle.ensure_running(self.state), "POST", "quotas", {"accounts": accounts})


@pytest.fixture(scope="module")
def place(organization_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = copied(organization_folder, tmp_path_factory.mktemp("durability") / "organization")
    made = Place(Cli(folder))
    made.declare({"killed": {**TEAM, "cidr": "10.22.0.0/18", "accounts": ACCOUNTS}})
    yield made
    lifecycle.stop(made.state)
    shutil.rmtree(folder, ignore_errors=True)


def facts(session: Session) -> dict[str, Any]:
    """What the cloud has acknowledged and does not change by itself."""
    organizations, dynamodb = session.client("organizations"), session.client("dynamodb")
    cloudformation, ssm = session.client("cloudformation"), session.client("ssm")
    states, s3 = session.client("stepfunctions"), session.client("s3")

    def every(client: Any, operation: str, key: str, **parameters: Any) -> list[Any]:
        pages = client.get_paginator(operation).paginate(**parameters)
        return [each for page in pages for each in page.get(key, [])]

    (machine,) = states.list_state_machines()["stateMachines"]
    sets = every(cloudformation, "list_stack_sets", "Summaries", Status="ACTIVE")
    names = [each["StackSetName"] for each in sets]
    buckets = [each["Name"] for each in s3.list_buckets()["Buckets"] if "trail" not in each["Name"]]
    return {
        "accounts": sorted((each["Id"], each["Name"]) for each in every(organizations, "list_accounts", "Accounts")),
        "policies": sorted(
            each["Id"] for each in every(organizations, "list_policies", "Policies", Filter="SERVICE_CONTROL_POLICY")
        ),
        "rows": sorted(json.dumps(each) for each in every(dynamodb, "scan", "Items", TableName="headgate-catalog")),
        "audit": len(every(dynamodb, "scan", "Items", TableName="headgate-audit")),
        "stacks": sorted(
            (each["StackName"], each["StackStatus"]) for each in every(cloudformation, "list_stacks", "StackSummaries")
        ),
        "instances": sorted(
            (name, each["Account"], each["Status"])
            for name in names
            for each in every(cloudformation, "list_stack_instances", "Summaries", StackSetName=name)
        ),
        "parameters": sorted(
            (each["Name"], each["Value"])
            for each in every(ssm, "get_parameters_by_path", "Parameters", Path="/", Recursive=True)
        ),
        "objects": sorted(
            (bucket, each["Key"], each["ETag"])
            for bucket in buckets
            for each in every(s3, "list_objects_v2", "Contents", Bucket=bucket)
        ),
        "executions": sorted(
            (each["name"], each["status"])
            for each in every(states, "list_executions", "executions", stateMachineArn=machine["stateMachineArn"])
        ),
        "rules": sorted(each["Name"] for each in session.client("events").list_rules()["Rules"]),
        "schedules": sorted(each["Name"] for each in session.client("scheduler").list_schedules()["Schedules"]),
        "products": sorted(
            (each["Name"], each["Status"])
            for each in session.client("servicecatalog").search_provisioned_products(
                AccessLevelFilter={"Key": "Account", "Value": "self"}
            )["ProvisionedProducts"]
        ),
    }


def test_vending_that_is_killed_again_and_again_ends_as_if_it_never_was(place: Place) -> None:
    """Same ids throughout, no second account, no stack without an owner, and one product."""
    before = {each[0] for each in facts(place.session())["accounts"]}
    chance = random.Random(SEED)
    ids: dict[str, str] = {}
    for _ in range(KILLS):
        asking = place.cli.start("accounts", "request", "killed")
        killed = told_and_killed(place, asking, chance)
        asking.communicate(timeout=120)
        for view in place.cli.json("accounts", "show", "killed"):
            if view["account_id"]:
                assert ids.setdefault(view["name"], view["account_id"]) == view["account_id"]
        if not killed:
            break
    views = place.cli.json("accounts", "request", "killed")
    assert {view["name"]: view["state"] for view in views} == {"dev": "active", "prod": "active"}
    assert {**ids, **{view["name"]: view["account_id"] for view in views}} == {
        view["name"]: view["account_id"] for view in views
    }
    after = facts(place.session())
    assert {each[0] for each in after["accounts"]} - before == {view["account_id"] for view in views}
    for view in views:
        of_account = [(name, status) for name, account, status in after["instances"] if account == view["account_id"]]
        wanted = ["headgate-account", f"headgate-environment-{view['name']}", "headgate-guard"]
        assert of_account == [(name, "CURRENT") for name in wanted]
        assert stacks_of(place, view["account_id"], view["name"]) == wanted
    assert [status for name, status in after["products"] if name == "account-set-killed"] == ["AVAILABLE"]
    assert all(status != "RUNNING" for _, status in after["executions"])
    assert place.cli.json("accounts", "plan") == []


def told_and_killed(place: Place, asking: subprocess.Popen[str], chance: random.Random) -> bool:
    """Kill the daemon a moment after the request has told something; false when it had ended before."""
    assert asking.stderr is not None
    for _ in range(chance.randint(1, 4)):
        if not asking.stderr.readline():
            return False
    threading.Event().wait(chance.random() * PROGRESS)
    if asking.poll() is not None:
        return False
    place.kill()
    return True


def stacks_of(place: Place, account: str, environment: str) -> list[str]:
    """The StackSets that the stacks in an account belong to, as the auditor sees them."""
    auditor = sign_in(place.session(), "auditor", place.state)
    session = auditor.assume(f"arn:aws:iam::{account}:role/headgate/headgate-{environment}-auditor")
    stacks = session.client("cloudformation").describe_stacks()["Stacks"]
    assert {stack["StackStatus"] for stack in stacks} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return sorted(stack["StackName"].removeprefix("StackSet-")[:-37] for stack in stacks)


def test_everything_acknowledged_is_there_after_a_kill(place: Place) -> None:
    place.client("scheduler").create_schedule(
        Name="headgate-governance-later",
        ScheduleExpression="at(2099-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:sqs:{REGION}:{GOVERNANCE}:none",
            "RoleArn": f"arn:aws:iam::{GOVERNANCE}:role/headgate/headgate-governance-it",
        },
    )
    before = facts(place.session())
    history = place.client("cloudtrail").lookup_events(MaxResults=1)["Events"][0]["EventId"]
    place.kill()
    assert facts(place.session()) == before
    events = place.client("cloudtrail").get_paginator("lookup_events").paginate()
    assert history in {event["EventId"] for page in events for event in page["Events"]}


def test_a_quota_that_is_reached_is_told_and_when_it_is_raised_the_next_request_finishes(place: Place) -> None:
    place.declare({"many": {**TEAM, "cidr": "10.23.0.0/18", "accounts": ACCOUNTS}})
    place.quota(len(facts(place.session())["accounts"]) + 1)
    asked = place.cli.run("accounts", "request", "many")
    assert asked.returncode == 1
    quota = "the organization has as many accounts as its quota allows: raise the quota"
    told = [line for line in asked.stderr.splitlines() if line.startswith("  - ")]
    assert len(told) == 1, told
    assert quota in told[0], told
    assert "custom resource" not in told[0], "it is vending that speaks"
    rows = {view["name"]: view for view in place.cli.json("accounts", "show", "many")}
    states = {name: view["state"] for name, view in rows.items()}
    assert sorted(states.values()) == ["active", "requested"], states
    (waiting,) = [view for view in rows.values() if view["state"] == "requested"]
    assert quota in waiting["reason"]
    place.quota(500)
    views = place.cli.json("accounts", "request", "many")
    assert {view["state"] for view in views} == {"active"}
    assert {view["reason"] for view in views} == {""}
    (kept,) = [view for view in views if view["name"] != waiting["name"]]
    assert kept["account_id"] == rows[kept["name"]]["account_id"]
