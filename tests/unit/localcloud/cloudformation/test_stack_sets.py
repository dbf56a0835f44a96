from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from headgate.localcloud.cloudformation.stacksets.roles import linked_role_arn, service_managed_role
from unit.localcloud.cloudformation.conftest import ACCOUNT, FakeSts, Place, template, topic
from unit.localcloud.http_harness import make_client

ONE, TWO, THREE = "222222222222", "333333333333", "444444444444"
REGION = "us-east-1"


@pytest.fixture
def sets(place: Place) -> Place:
    place.access.clients["sts"] = FakeSts()

    def session_client(service: str, keys: Any, region: str) -> Any:
        if service == "cloudformation":
            return make_client(service, place.url, keys["AccessKeyId"], region)
        return place.access.clients[service]

    place.access.session_client = session_client  # type: ignore[method-assign]
    place.organization.places = {ONE: "ou-root-dev00000", TWO: "ou-root-teams000", THREE: "ou-root-quar0000"}
    return place


BODY = template(A=topic(DisplayName={"Fn::Sub": "${Team}-${AWS::AccountId}"}))
BODY["Parameters"] = {"Team": {"Type": "String", "Default": "none"}}


def make(place: Place, name: str = "guard", **more: Any) -> str:
    given = {"TemplateBody": json.dumps(BODY), "PermissionModel": "SERVICE_MANAGED", **more}
    stack_set: str = place.client.create_stack_set(StackSetName=name, **given)["StackSetId"]
    return stack_set


def deploy(place: Place, *units: str, verb: str = "create", wait: bool = True, **more: Any) -> str:
    targets = {"OrganizationalUnitIds": list(units or ["ou-root-teams000"]), **more.pop("targets", {})}
    given = {"StackSetName": "guard", "DeploymentTargets": targets, "Regions": [REGION], **more}
    operation: str = getattr(place.client, f"{verb}_stack_instances")(**given)["OperationId"]
    if wait:
        place.settle()
    return operation


def status(place: Place, operation: str) -> str:
    found = place.client.describe_stack_set_operation(StackSetName="guard", OperationId=operation)
    return str(found["StackSetOperation"]["Status"])


def results(place: Place, operation: str) -> dict[str, str]:
    found = place.client.list_stack_set_operation_results(StackSetName="guard", OperationId=operation)["Summaries"]
    return {item["Account"]: item["Status"] for item in found}


def instances(place: Place) -> dict[str, str]:
    found = place.client.list_stack_instances(StackSetName="guard")["Summaries"]
    return {item["Account"]: item["Status"] for item in found}


def names(place: Place) -> list[str]:
    return sorted(thing["DisplayName"] for thing in place.world.things.values())


def test_instances_are_deployed_to_every_account_below_an_ou_as_the_services_roles(sets: Place) -> None:
    make(sets, Tags=[{"Key": "team", "Value": "x"}])
    operation = deploy(sets, ParameterOverrides=[{"ParameterKey": "Team", "ParameterValue": "fraud"}])
    assert status(sets, operation) == "SUCCEEDED"
    assert results(sets, operation) == {ONE: "SUCCEEDED", TWO: "SUCCEEDED"}
    assert instances(sets) == {ONE: "CURRENT", TWO: "CURRENT"}
    assert names(sets) == [f"fraud-{ONE}", f"fraud-{TWO}"]
    role = service_managed_role(ACCOUNT)
    assert (ONE, "CreateRole", role) in sets.iam
    assert sets.access.clients["sts"].assumed[:2] == [linked_role_arn(ACCOUNT), f"arn:aws:iam::{ONE}:role/{role}"]
    one = sets.client.describe_stack_instance(
        StackSetName="guard", StackInstanceAccount=ONE, StackInstanceRegion=REGION
    )["StackInstance"]
    assert one["ParameterOverrides"] == [{"ParameterKey": "Team", "ParameterValue": "fraud"}]
    assert one["OrganizationalUnitId"] == "ou-root-teams000"
    stack = make_client("cloudformation", sets.url, ONE).describe_stacks(StackName=one["StackId"])["Stacks"][0]
    assert stack["StackName"].startswith("StackSet-guard-")
    assert stack["Tags"] == [{"Key": "team", "Value": "x"}]


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({"Accounts": [ONE], "AccountFilterType": "INTERSECTION"}, {ONE}),
        ({"Accounts": [ONE], "AccountFilterType": "DIFFERENCE"}, {TWO}),
        ({"Accounts": [THREE], "AccountFilterType": "UNION"}, {ONE, TWO, THREE}),
    ],
)
def test_account_filters(sets: Place, targets: dict[str, Any], expected: set[str]) -> None:
    make(sets)
    deploy(sets, targets=targets)
    assert set(instances(sets)) == expected


def test_targets_that_make_no_sense_are_refused(sets: Place, caught) -> None:
    make(sets)
    for targets in ({"Accounts": [ONE]}, {"AccountFilterType": "INTERSECTION"}, {"AccountsUrl": "s3://x/y"}):
        caught(lambda targets=targets: deploy(sets, targets=targets))
    assert "is not one of the organization" in caught(lambda: deploy(sets, "ou-root-none0000"))
    assert "OrganizationalUnitIds" in caught(
        lambda: sets.client.create_stack_instances(StackSetName="guard", Accounts=[ONE], Regions=[REGION])
    )
    assert "do not exist in the template" in caught(
        lambda: deploy(sets, ParameterOverrides=[{"ParameterKey": "Nope", "ParameterValue": "x"}])
    )
    assert instances(sets) == {}


def test_an_update_reaches_all_instances_and_keeps_overrides(sets: Place) -> None:
    make(sets)
    deploy(sets, targets={"Accounts": [ONE], "AccountFilterType": "INTERSECTION"},
           ParameterOverrides=[{"ParameterKey": "Team", "ParameterValue": "mine"}])  # fmt: skip
    deploy(sets, targets={"Accounts": [TWO], "AccountFilterType": "INTERSECTION"})
    given = {"StackSetName": "guard", "UsePreviousTemplate": True}
    operation = sets.client.update_stack_set(**given, Parameters=[{"ParameterKey": "Team", "ParameterValue": "all"}])[
        "OperationId"
    ]
    sets.settle()
    assert status(sets, operation) == "SUCCEEDED"
    assert names(sets) == [f"all-{TWO}", f"mine-{ONE}"]
    deploy(sets, verb="update", targets={"Accounts": [ONE], "AccountFilterType": "INTERSECTION"},
           ParameterOverrides=[{"ParameterKey": "Team", "ParameterValue": "new"}])  # fmt: skip
    assert names(sets) == [f"all-{TWO}", f"new-{ONE}"]


def test_a_list_of_overrides_keeps_what_it_says_and_ends_what_it_does_not_name(sets: Place) -> None:
    make(sets)
    one = {"targets": {"Accounts": [ONE], "AccountFilterType": "INTERSECTION"}}
    deploy(sets, **one, ParameterOverrides=[{"ParameterKey": "Team", "ParameterValue": "mine"}])
    deploy(sets, verb="update", **one, ParameterOverrides=[{"ParameterKey": "Team", "UsePreviousValue": True}])
    deploy(sets, verb="update", **one)
    assert names(sets) == [f"mine-{ONE}"], "without a list all stay"
    deploy(sets, verb="update", **one, ParameterOverrides=[])
    found = sets.client.describe_stack_instance(
        StackSetName="guard", StackInstanceAccount=ONE, StackInstanceRegion=REGION
    )["StackInstance"]
    assert found["ParameterOverrides"] == []
    assert names(sets) != [f"mine-{ONE}"]


def test_an_update_of_some_leaves_the_others_outdated(sets: Place) -> None:
    make(sets)
    deploy(sets)
    sets.client.update_stack_set(
        StackSetName="guard",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Team", "ParameterValue": "z"}],
        DeploymentTargets={"OrganizationalUnitIds": ["ou-root-dev00000"]},
        Regions=[REGION],
    )
    sets.settle()
    assert instances(sets) == {ONE: "CURRENT", TWO: "OUTDATED"}


def test_deleting_instances_deletes_or_retains_their_stacks(sets: Place, caught) -> None:
    make(sets)
    deploy(sets)
    assert "StackSetNotEmptyException" in caught(lambda: sets.client.delete_stack_set(StackSetName="guard"))
    one = {"Accounts": [ONE], "AccountFilterType": "INTERSECTION"}
    deploy(sets, verb="delete", targets=one, RetainStacks=True)
    assert instances(sets) == {TWO: "CURRENT"}
    assert len(names(sets)) == 2
    deploy(sets, verb="delete", RetainStacks=False)
    assert names(sets) == [f"none-{ONE}"]
    sets.client.delete_stack_set(StackSetName="guard")
    assert [item["Status"] for item in sets.client.list_stack_sets()["Summaries"]] == ["DELETED"]
    assert "StackSetNotFoundException" in caught(lambda: deploy(sets))
    make(sets)


def test_a_failure_beyond_the_tolerance_stops_the_operation(sets: Place) -> None:
    make(sets)
    sets.world.refuse["create", "A"] = "no room here"
    operation = deploy(sets)
    assert status(sets, operation) == "FAILED"
    assert sorted(results(sets, operation).values()) == ["CANCELLED", "FAILED"]
    failed = [
        item for item in sets.client.list_stack_instances(StackSetName="guard")["Summaries"] if "StatusReason" in item
    ]
    assert "no room here" in failed[0]["StatusReason"]
    assert failed[0]["StackInstanceStatus"] == {"DetailedStatus": "FAILED"}
    found = sets.client.list_stack_instances(
        StackSetName="guard", Filters=[{"Name": "DETAILED_STATUS", "Values": "FAILED"}]
    )
    assert len(found["Summaries"]) == 1
    sets.world.refuse.clear()
    operation = deploy(sets)
    assert status(sets, operation) == "SUCCEEDED"
    assert instances(sets) == {ONE: "CURRENT", TWO: "CURRENT"}


def test_tolerated_failures_do_not_fail_the_operation(sets: Place) -> None:
    make(sets)
    sets.world.refuse["create", "A"] = "no"
    operation = deploy(sets, OperationPreferences={"FailureTolerancePercentage": 100, "MaxConcurrentCount": 2})
    assert status(sets, operation) == "SUCCEEDED"
    assert set(results(sets, operation).values()) == {"FAILED"}


def test_one_operation_at_a_time_unless_execution_is_managed(sets: Place, caught) -> None:
    make(sets)
    sets.world.hold["create", "A"] = threading.Event()
    sets.world.reached["create", "A"] = threading.Event()
    first = deploy(sets, wait=False, OperationId="first")
    assert sets.world.reached["create", "A"].wait(20)
    assert deploy(sets, wait=False, OperationId="first") == first
    assert "OperationIdAlreadyExistsException" in caught(lambda: deploy(sets, "ou-root-quar0000", OperationId="first"))
    assert "OperationInProgressException" in caught(lambda: deploy(sets, "ou-root-quar0000"))
    assert "OperationInProgressException" in caught(lambda: sets.client.delete_stack_set(StackSetName="guard"))
    sets.world.hold["create", "A"].set()
    sets.settle()


def test_managed_execution_runs_side_by_side_and_queues_what_meets(sets: Place) -> None:
    make(sets, ManagedExecution={"Active": True})
    gate = sets.world.hold["create", "A"] = threading.Event()
    sets.world.reached["create", "A"] = threading.Event()
    one = {"Accounts": [ONE], "AccountFilterType": "INTERSECTION"}
    two = {"Accounts": [TWO], "AccountFilterType": "INTERSECTION"}
    first = deploy(sets, targets=one, wait=False)
    assert sets.world.reached["create", "A"].wait(20)
    beside = deploy(sets, targets=two, wait=False)
    behind = deploy(sets, verb="delete", targets=one, wait=False, RetainStacks=False)
    assert (status(sets, first), status(sets, beside), status(sets, behind)) == ("RUNNING", "RUNNING", "QUEUED")
    gate.set()
    sets.settle()
    assert status(sets, behind) == "SUCCEEDED"
    assert instances(sets) == {TWO: "CURRENT"}
    listed = sets.client.list_stack_set_operations(StackSetName="guard")["Summaries"]
    assert [item["Action"] for item in listed] == ["DELETE", "CREATE", "CREATE"]


def test_a_stopped_operation_begins_nothing_more(sets: Place, caught) -> None:
    make(sets)
    gate = sets.world.hold["create", "A"] = threading.Event()
    reached = sets.world.reached["create", "A"] = threading.Event()
    operation = deploy(sets, wait=False)
    assert reached.wait(20)
    sets.client.stop_stack_set_operation(StackSetName="guard", OperationId=operation)
    gate.set()
    sets.settle()
    assert status(sets, operation) == "STOPPED"
    assert sorted(results(sets, operation).values()) == ["CANCELLED", "SUCCEEDED"]
    assert "InvalidOperationException" in caught(
        lambda: sets.client.stop_stack_set_operation(StackSetName="guard", OperationId=operation)
    )


def move(place: Place, account: str, unit: str) -> None:
    before = place.organization.places.pop(account, "")
    if unit:
        place.organization.places[account] = unit
    place.service.on_account_moved(account, before, unit)
    place.settle()


def test_accounts_that_enter_and_leave_an_ou_get_and_lose_their_stack(sets: Place) -> None:
    make(sets, AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False})
    deploy(sets)
    move(sets, THREE, "ou-root-dev00000")
    assert instances(sets) == {ONE: "CURRENT", TWO: "CURRENT", THREE: "CURRENT"}
    move(sets, THREE, "ou-root-teams000")
    assert len(sets.client.list_stack_set_operations(StackSetName="guard")["Summaries"]) == 2
    move(sets, ONE, "ou-root-quar0000")
    assert instances(sets) == {TWO: "CURRENT", THREE: "CURRENT"}
    assert names(sets) == [f"none-{TWO}", f"none-{THREE}"]
    move(sets, TWO, "")
    assert instances(sets) == {THREE: "CURRENT"}
    targets = sets.client.list_stack_set_auto_deployment_targets(StackSetName="guard")["Summaries"]
    assert targets == [{"OrganizationalUnitId": "ou-root-teams000", "Regions": [REGION]}]


def test_retained_stacks_stay_when_their_account_leaves(sets: Place) -> None:
    make(sets, AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True})
    deploy(sets)
    move(sets, ONE, "ou-root-quar0000")
    assert instances(sets) == {TWO: "CURRENT"}
    assert len(names(sets)) == 2


def test_without_automatic_deployment_a_move_changes_nothing(sets: Place) -> None:
    make(sets)
    deploy(sets)
    move(sets, THREE, "ou-root-dev00000")
    move(sets, ONE, "ou-root-quar0000")
    assert instances(sets) == {ONE: "CURRENT", TWO: "CURRENT"}


def test_accounts_that_were_chosen_by_hand_are_not_followed(sets: Place) -> None:
    make(sets, AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False})
    deploy(sets, targets={"Accounts": [ONE], "AccountFilterType": "INTERSECTION"})
    deploy(sets, "ou-root-quar0000", targets={"Accounts": [TWO], "AccountFilterType": "DIFFERENCE"})
    move(sets, TWO, "ou-root-quar0000")
    assert instances(sets) == {ONE: "CURRENT", THREE: "CURRENT"}
    deploy(sets, "ou-root-quar0000", verb="delete", RetainStacks=False)
    move(sets, "555555555555", "ou-root-quar0000")
    assert instances(sets) == {ONE: "CURRENT"}


def test_self_managed_sets_go_by_roles_that_are_named(sets: Place, caught) -> None:
    sets.client.create_stack_set(
        StackSetName="guard", TemplateBody=json.dumps(BODY), ExecutionRoleName="exec", ClientRequestToken="t",
        AdministrationRoleARN=f"arn:aws:iam::{ACCOUNT}:role/admin",
    )  # fmt: skip
    operation = sets.client.create_stack_instances(
        StackSetName="guard", Accounts=[ONE, TWO], Regions=["eu-west-1", REGION],
        OperationPreferences={"RegionOrder": [REGION, "eu-west-1"], "RegionConcurrencyType": "PARALLEL"},
    )["OperationId"]  # fmt: skip
    sets.settle()
    assert status(sets, operation) == "SUCCEEDED"
    assumed = sets.access.clients["sts"].assumed
    assert {f"arn:aws:iam::{ACCOUNT}:role/admin", f"arn:aws:iam::{ONE}:role/exec"} < set(assumed)
    assert sets.iam == []
    assert (
        len(sets.client.list_stack_instances(StackSetName="guard", StackInstanceRegion="eu-west-1")["Summaries"]) == 2
    )
    described = sets.client.describe_stack_set(StackSetName="guard")["StackSet"]
    assert described["ExecutionRoleName"] == "exec"
    again = sets.client.create_stack_set(StackSetName="guard", TemplateBody=json.dumps(BODY), ClientRequestToken="t")[
        "StackSetId"
    ]
    assert again == described["StackSetId"]
    assert "NameAlreadyExistsException" in caught(
        lambda: sets.client.create_stack_set(StackSetName="guard", TemplateBody=json.dumps(BODY))
    )


def test_settings_that_do_not_go_together_are_refused(sets: Place, caught) -> None:
    sets.organization.trusted = False
    assert "ActivateOrganizationsAccess" in caught(lambda: make(sets))
    assert sets.client.describe_organizations_access()["Status"] == "DISABLED"
    sets.organization.trusted = True
    assert "roles are not given" in caught(lambda: make(sets, ExecutionRoleName="x"))
    auto = {"Enabled": True, "RetainStacksOnAccountRemoval": True}
    assert "SERVICE_MANAGED" in caught(lambda: make(sets, PermissionModel="SELF_MANAGED", AutoDeployment=auto))
    make(sets)
    assert "UnsupportedByLocalCloud" in caught(
        lambda: sets.client.describe_stack_set(StackSetName="guard", CallAs="DELEGATED_ADMIN")
    )
    both = {"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 50}
    assert "cannot both be given" in caught(lambda: deploy(sets, OperationPreferences=both))
    assert "OperationNotFoundException" in caught(lambda: status(sets, "none"))
    assert "StackInstanceNotFoundException" in caught(lambda: deploy(sets, verb="update"))


def test_drift_of_instances(sets: Place) -> None:
    make(sets)
    deploy(sets)
    next(iter(sets.world.things.values()))["DisplayName"] = "by hand"
    operation = sets.client.detect_stack_set_drift(StackSetName="guard")["OperationId"]
    sets.settle()
    assert status(sets, operation) == "SUCCEEDED"
    found = sets.client.list_stack_instances(StackSetName="guard")["Summaries"]
    assert sorted(item["DriftStatus"] for item in found) == ["DRIFTED", "IN_SYNC"]


def test_an_operation_that_was_interrupted_is_finished_after_the_restart(sets: Place) -> None:
    make(sets)
    gate = sets.world.hold["create", "A"] = threading.Event()
    reached = sets.world.reached["create", "A"] = threading.Event()
    operation = deploy(sets, wait=False)
    assert reached.wait(20)
    sets.service.engine.tools.provisioner.stop.set()
    gate.set()
    sets.stop()
    sets.start()
    assert status(sets, operation) == "RUNNING"
    sets.service.recover()
    sets.settle()
    assert status(sets, operation) == "SUCCEEDED"
    assert instances(sets) == {ONE: "CURRENT", TWO: "CURRENT"}
    assert len(sets.world.things) == 2


def test_templates_larger_than_a_request_reach_the_accounts(sets: Place) -> None:
    class Body:
        def read(self) -> bytes:
            return text.encode()

    class S3:
        def get_object(self, **where: str) -> dict[str, Any]:
            assert where == {"Bucket": "bucket", "Key": "big.json"}
            return {"ContentLength": len(text), "Body": Body()}

    text = json.dumps({**BODY, "Metadata": {"padding": "x" * 60_000}})
    sets.access.clients["s3"] = S3()
    url = f"https://bucket.s3.{REGION}.amazonaws.com/big.json"
    sets.client.create_stack_set(StackSetName="guard", TemplateURL=url, PermissionModel="SERVICE_MANAGED")
    assert status(sets, deploy(sets)) == "SUCCEEDED"
    assert len(sets.world.things) == 2
