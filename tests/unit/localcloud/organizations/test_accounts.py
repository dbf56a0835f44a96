from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.model import Account, Creation
from unit.localcloud.organizations.conftest import MANAGEMENT, World


def test_a_created_account_has_its_access_role_and_stands_in_the_root(world: World) -> None:
    account = world.create_account()
    assert world.roles == [(account, "OrganizationAccountAccessRole", MANAGEMENT)]
    assert world.call("ListParents", ChildId=account)["Parents"] == [{"Id": world.root, "Type": "ROOT"}]
    shown = world.call("DescribeAccount", AccountId=account)["Account"]
    assert (shown["Name"], shown["Email"], shown["Status"]) == ("dev", "dev@example.com", "ACTIVE")
    assert shown["JoinedMethod"] == "CREATED"


def test_creation_is_answered_before_it_is_done_as_on_aws(world: World) -> None:
    begun = world.call("CreateAccount", Email="a@example.com", AccountName="a")["CreateAccountStatus"]
    assert begun["State"] == "IN_PROGRESS"
    assert "AccountId" not in begun


def test_an_address_that_is_taken_fails_with_the_reason(world: World) -> None:
    world.create_account("dev")
    world.call("CreateAccount", Email="DEV@example.com", AccountName="again")
    failed = world.call("ListCreateAccountStatus", States=["FAILED"])["CreateAccountStatuses"]
    assert [one["FailureReason"] for one in failed] == ["EMAIL_ALREADY_EXISTS"]
    assert len(world.call("ListAccounts")["Accounts"]) == 2
    with pytest.raises(AwsError, match="CreateAccountStatusNotFoundException"):
        world.call("DescribeCreateAccountStatus", CreateAccountRequestId="car-00000000")


def test_the_account_quota_is_told_with_its_reason(world: World) -> None:
    world.service.set_quotas({"accounts": 1})
    with pytest.raises(AwsError, match="ConstraintViolationException") as caught:
        world.call("CreateAccount", Email="a@example.com", AccountName="a")
    assert caught.value.members == {"Reason": "ACCOUNT_NUMBER_LIMIT_EXCEEDED"}
    with pytest.raises(TypeError):
        world.service.set_quotas({"cats": 1})


def test_a_creation_that_a_kill_interrupted_is_finished_at_the_next_start(world: World) -> None:
    account = world.create_account()
    creation = world.service.store.all(Creation)[0]
    with world.service.store.changing():
        world.service.store.put(replace(creation, state="IN_PROGRESS", completed=0.0))
    world.roles.clear()
    again = world.again()
    again.recover()
    for thread in threading.enumerate():
        if thread.name == "account creations":
            thread.join(10)
    assert world.roles == [(account, "OrganizationAccountAccessRole", MANAGEMENT)]
    assert again.store.all(Creation)[0].state == "SUCCEEDED"


def test_everything_survives_a_restart(world: World) -> None:
    account = world.create_account("dev", Tags=[{"Key": "team", "Value": "a"}])
    world.service = world.again()
    assert world.call("DescribeAccount", AccountId=account)["Account"]["Name"] == "dev"
    assert world.call("ListTagsForResource", ResourceId=account)["Tags"] == [{"Key": "team", "Value": "a"}]
    found = world.call("ListPoliciesForTarget", TargetId=account, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert [one["Name"] for one in found] == ["FullAWSAccess"]


def test_an_account_moves_from_where_it_is(world: World) -> None:
    account = world.create_account()
    unit = world.call("CreateOrganizationalUnit", ParentId=world.root, Name="Teams")["OrganizationalUnit"]["Id"]
    move = {"AccountId": account, "DestinationParentId": unit}
    world.call("MoveAccount", SourceParentId=world.root, **move)
    assert [one["Id"] for one in world.call("ListAccountsForParent", ParentId=unit)["Accounts"]] == [account]
    with pytest.raises(AwsError, match="SourceParentNotFoundException"):
        world.call("MoveAccount", SourceParentId=world.root, **move)
    with pytest.raises(AwsError, match="DuplicateAccountException"):
        world.call("MoveAccount", SourceParentId=unit, **move)


def test_a_closed_account_is_suspended_once(world: World) -> None:
    account = world.create_account()
    world.call("CloseAccount", AccountId=account)
    assert world.call("DescribeAccount", AccountId=account)["Account"]["Status"] == "SUSPENDED"
    with pytest.raises(AwsError, match="AccountAlreadyClosedException"):
        world.call("CloseAccount", AccountId=account)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        world.call("RemoveAccountFromOrganization", AccountId=account)


def test_the_management_account_is_neither_closed_nor_left(world: World) -> None:
    with pytest.raises(AwsError, match="cannot close the management account"):
        world.call("CloseAccount", AccountId=MANAGEMENT)
    with pytest.raises(AwsError, match="MasterCannotLeaveOrganizationException"):
        world.call("LeaveOrganization")


def test_ten_accounts_can_be_closed_in_a_month(world: World) -> None:
    accounts = [world.create_account(f"a{number}") for number in range(11)]
    for account in accounts[:10]:
        world.call("CloseAccount", AccountId=account)
    with pytest.raises(AwsError) as caught:
        world.call("CloseAccount", AccountId=accounts[10])
    assert caught.value.members == {"Reason": "CLOSE_ACCOUNT_QUOTA_EXCEEDED"}
    world.clock.time += 31 * 86400
    world.call("CloseAccount", AccountId=accounts[10])


def test_a_member_leaves_without_its_policies(world: World) -> None:
    account = world.create_account()
    world.call("LeaveOrganization", account)
    with pytest.raises(AwsError, match="AccountNotFoundException"):
        world.call("DescribeAccount", AccountId=account)
    with pytest.raises(AwsError, match="AWSOrganizationsNotInUseException"):
        world.call("DescribeOrganization", account)
    assert world.service.store.find(Account, account) is None
    targets = world.call("ListTargetsForPolicy", PolicyId="p-FullAWSAccess")["Targets"]
    assert account not in [target["TargetId"] for target in targets]


def test_members_do_not_manage(world: World) -> None:
    account = world.create_account()
    assert world.call("DescribeOrganization", account)["Organization"]["MasterAccountId"] == MANAGEMENT
    for operation, parameters in (
        ("CreateAccount", {"Email": "x@example.com", "AccountName": "x"}),
        ("ListAccounts", {}),
        ("MoveAccount", {"AccountId": account, "SourceParentId": "r-0002", "DestinationParentId": "r-0002"}),
        ("DeleteOrganization", {}),
    ):
        with pytest.raises(AwsError, match="AccessDeniedException"):
            world.call(operation, account, **parameters)


def test_a_delegated_administrator_reads_and_no_more(world: World) -> None:
    account = world.create_account()
    service = {"AccountId": account, "ServicePrincipal": "config.amazonaws.com"}
    world.call("RegisterDelegatedAdministrator", **service)
    assert len(world.call("ListAccounts", account)["Accounts"]) == 2
    with pytest.raises(AwsError, match="AccessDeniedException"):
        world.call("CreateAccount", account, Email="x@example.com", AccountName="x")
    with pytest.raises(AwsError, match="AccountAlreadyRegisteredException"):
        world.call("RegisterDelegatedAdministrator", **service)
    with pytest.raises(AwsError, match="delegated administrator"):
        world.call("CloseAccount", AccountId=account)
    with pytest.raises(AwsError, match="delegated administrator"):
        world.call("LeaveOrganization", account)
    listed = world.call("ListDelegatedAdministrators", ServicePrincipal="config.amazonaws.com")
    assert [one["Id"] for one in listed["DelegatedAdministrators"]] == [account]
    services = world.call("ListDelegatedServicesForAccount", AccountId=account)["DelegatedServices"]
    assert [one["ServicePrincipal"] for one in services] == ["config.amazonaws.com"]
    world.call("DeregisterDelegatedAdministrator", **service)
    with pytest.raises(AwsError, match="AccountNotRegisteredException"):
        world.call("DeregisterDelegatedAdministrator", **service)
    with pytest.raises(AwsError, match="AccessDeniedException"):
        world.call("ListAccounts", account)
