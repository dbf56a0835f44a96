from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.organizations.conftest import MANAGEMENT, World

SCP = "SERVICE_CONTROL_POLICY"
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]})


def unit(world: World, name: str, parent: str = "") -> str:
    return str(
        world.call("CreateOrganizationalUnit", ParentId=parent or world.root, Name=name)["OrganizationalUnit"]["Id"]
    )


def policy(world: World, name: str = "guard", content: str = DENY, **more: Any) -> str:
    made = world.call("CreatePolicy", Name=name, Description="", Type=SCP, Content=content, **more)
    return str(made["Policy"]["PolicySummary"]["Id"])


def attached(world: World, target: str) -> list[str]:
    found = world.call("ListPoliciesForTarget", TargetId=target, Filter=SCP)["Policies"]
    return [one["Name"] for one in found]


def test_units_are_found_renamed_and_removed_when_empty(world: World) -> None:
    teams = unit(world, "Teams")
    dev = unit(world, "Dev", teams)
    children = world.call("ListChildren", ParentId=teams, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": dev, "Type": "ORGANIZATIONAL_UNIT"}]
    with pytest.raises(AwsError, match="DuplicateOrganizationalUnitException"):
        unit(world, "Teams")
    with pytest.raises(AwsError, match="OrganizationalUnitNotEmptyException"):
        world.call("DeleteOrganizationalUnit", OrganizationalUnitId=teams)
    world.call("UpdateOrganizationalUnit", OrganizationalUnitId=dev, Name="Development")
    assert (
        world.call("DescribeOrganizationalUnit", OrganizationalUnitId=dev)["OrganizationalUnit"]["Name"]
        == "Development"
    )
    world.call("DeleteOrganizationalUnit", OrganizationalUnitId=dev)
    assert world.call("ListOrganizationalUnitsForParent", ParentId=teams)["OrganizationalUnits"] == []


def test_units_nest_five_deep(world: World) -> None:
    parent = world.root
    for depth in range(5):
        parent = unit(world, f"level {depth}", parent)
    with pytest.raises(AwsError) as caught:
        unit(world, "too deep", parent)
    assert caught.value.members == {"Reason": "OU_DEPTH_LIMIT_EXCEEDED"}


def test_everything_new_has_full_access(world: World) -> None:
    teams, account = unit(world, "Teams"), world.create_account()
    assert attached(world, teams) == attached(world, account) == attached(world, world.root) == ["FullAWSAccess"]


def test_a_target_takes_five_policies_and_keeps_one(world: World) -> None:
    teams = unit(world, "Teams")
    made = [policy(world, f"guard {number}") for number in range(5)]
    for identifier in made[:4]:
        world.call("AttachPolicy", PolicyId=identifier, TargetId=teams)
    with pytest.raises(AwsError) as caught:
        world.call("AttachPolicy", PolicyId=made[4], TargetId=teams)
    assert caught.value.members == {"Reason": "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"}
    for identifier in made[:4]:
        world.call("DetachPolicy", PolicyId=identifier, TargetId=teams)
    with pytest.raises(AwsError) as caught:
        world.call("DetachPolicy", PolicyId="p-FullAWSAccess", TargetId=teams)
    assert caught.value.members == {"Reason": "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"}


def test_policies_are_attached_once_and_deleted_when_nowhere(world: World) -> None:
    teams, guard = unit(world, "Teams"), policy(world)
    world.call("AttachPolicy", PolicyId=guard, TargetId=teams)
    with pytest.raises(AwsError, match="DuplicatePolicyAttachmentException"):
        world.call("AttachPolicy", PolicyId=guard, TargetId=teams)
    with pytest.raises(AwsError, match="PolicyInUseException"):
        world.call("DeletePolicy", PolicyId=guard)
    targets = world.call("ListTargetsForPolicy", PolicyId=guard)["Targets"]
    assert [(one["TargetId"], one["Type"]) for one in targets] == [(teams, "ORGANIZATIONAL_UNIT")]
    world.call("DetachPolicy", PolicyId=guard, TargetId=teams)
    with pytest.raises(AwsError, match="PolicyNotAttachedException"):
        world.call("DetachPolicy", PolicyId=guard, TargetId=teams)
    world.call("DeletePolicy", PolicyId=guard)
    with pytest.raises(AwsError, match="PolicyNotFoundException"):
        world.call("DescribePolicy", PolicyId=guard)


def test_a_deleted_unit_takes_its_attachments_along(world: World) -> None:
    teams, guard = unit(world, "Teams"), policy(world)
    world.call("AttachPolicy", PolicyId=guard, TargetId=teams)
    world.call("DeleteOrganizationalUnit", OrganizationalUnitId=teams)
    assert world.call("ListTargetsForPolicy", PolicyId=guard)["Targets"] == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ('{"x": 1}', "MalformedPolicyDocumentException"),
        ("not json", "MalformedPolicyDocumentException"),
        (DENY + " " * 5120, "ConstraintViolationException"),
    ],
)
def test_what_is_no_policy_is_refused(world: World, content: str, code: str) -> None:
    with pytest.raises(AwsError, match=code):
        policy(world, content=content)


def test_a_policy_changes_what_is_given(world: World) -> None:
    guard = policy(world, "guard")
    policy(world, "other")
    world.call("UpdatePolicy", PolicyId=guard, Description="why")
    found = world.call("DescribePolicy", PolicyId=guard)["Policy"]
    assert (found["PolicySummary"]["Description"], found["Content"]) == ("why", DENY)
    with pytest.raises(AwsError, match="DuplicatePolicyException"):
        world.call("UpdatePolicy", PolicyId=guard, Name="other")
    with pytest.raises(AwsError, match="AWS managed"):
        world.call("UpdatePolicy", PolicyId="p-FullAWSAccess", Name="mine")


def test_disabling_scps_detaches_them_all(world: World) -> None:
    guard = policy(world)
    world.call("AttachPolicy", PolicyId=guard, TargetId=world.root)
    world.call("DisablePolicyType", RootId=world.root, PolicyType=SCP)
    with pytest.raises(AwsError, match="PolicyTypeNotEnabledException"):
        world.call("AttachPolicy", PolicyId=guard, TargetId=world.root)
    world.call("EnablePolicyType", RootId=world.root, PolicyType=SCP)
    assert attached(world, world.root) == ["FullAWSAccess"]
    with pytest.raises(AwsError, match="PolicyTypeAlreadyEnabledException"):
        world.call("EnablePolicyType", RootId=world.root, PolicyType=SCP)


def test_other_types_of_policies_are_refused_by_name(world: World) -> None:
    with pytest.raises(AwsError, match=r"UnsupportedByLocalCloud.*TAG_POLICY"):
        world.call("EnablePolicyType", RootId=world.root, PolicyType="TAG_POLICY")


def test_tags_of_everything(world: World) -> None:
    guard = policy(world, Tags=[{"Key": "a", "Value": "1"}])
    world.call("TagResource", ResourceId=guard, Tags=[{"Key": "b", "Value": "2"}])
    world.call("UntagResource", ResourceId=guard, TagKeys=["a"])
    assert world.call("ListTagsForResource", ResourceId=guard)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(AwsError, match="TargetNotFoundException"):
        world.call("TagResource", ResourceId="ou-0002-00000099", Tags=[])


def test_trusted_services(world: World) -> None:
    service = {"ServicePrincipal": "cloudtrail.amazonaws.com"}
    world.call("EnableAWSServiceAccess", **service)
    listed = world.call("ListAWSServiceAccessForOrganization")["EnabledServicePrincipals"]
    assert [one["ServicePrincipal"] for one in listed] == ["cloudtrail.amazonaws.com"]
    world.call("RegisterDelegatedAdministrator", AccountId=world.create_account(), **service)
    with pytest.raises(AwsError, match="delegated administrators"):
        world.call("DisableAWSServiceAccess", **service)
    with pytest.raises(AwsError, match="InvalidInputException"):
        world.call("EnableAWSServiceAccess", ServicePrincipal="nonsense")


def test_an_account_is_in_one_organization_only(world: World) -> None:
    with pytest.raises(AwsError, match="AlreadyInOrganizationException"):
        world.call("CreateOrganization")
    with pytest.raises(AwsError, match="consolidated billing"):
        world.call("CreateOrganization", "999999999999", FeatureSet="CONSOLIDATED_BILLING")


def test_an_organization_is_deleted_when_it_is_empty(world: World) -> None:
    account = world.create_account()
    with pytest.raises(AwsError, match="OrganizationNotEmptyException"):
        world.call("DeleteOrganization")
    world.call("RemoveAccountFromOrganization", AccountId=account)
    world.call("DeleteOrganization")
    with pytest.raises(AwsError, match="AWSOrganizationsNotInUseException"):
        world.call("DescribeOrganization")
    world.call("CreateOrganization")


def test_an_operation_that_fails_changes_nothing(world: World) -> None:
    tags = [{"Key": str(number), "Value": "v"} for number in range(51)]
    with pytest.raises(AwsError, match="50 tags"):
        world.call("CreateOrganizationalUnit", ParentId=world.root, Name="Teams", Tags=tags)
    assert world.call("ListOrganizationalUnitsForParent", ParentId=world.root)["OrganizationalUnits"] == []
    world.service = world.again()
    assert world.call("ListOrganizationalUnitsForParent", ParentId=world.root)["OrganizationalUnits"] == []


def test_long_lists_come_in_pages(world: World) -> None:
    for number in range(3):
        world.create_account(f"a{number}")
    first = world.call("ListAccounts", MaxResults=2)
    second = world.call("ListAccounts", MaxResults=2, NextToken=first["NextToken"])
    assert len(first["Accounts"]) == len(second["Accounts"]) == 2
    assert "NextToken" not in second
    with pytest.raises(AwsError, match="InvalidInputException"):
        world.call("ListAccounts", NextToken="bm9wZQ==")


def test_an_invited_account_joins_when_it_accepts(world: World) -> None:
    target = {"Id": "222222222222", "Type": "ACCOUNT"}
    handshake = world.call("InviteAccountToOrganization", Target=target, Notes="welcome")["Handshake"]["Id"]
    with pytest.raises(AwsError, match="DuplicateHandshakeException"):
        world.call("InviteAccountToOrganization", Target=target)
    listed = world.call("ListHandshakesForAccount", "222222222222")["Handshakes"]
    assert [(one["Id"], one["State"]) for one in listed] == [(handshake, "OPEN")]
    with pytest.raises(AwsError, match="AccessDeniedException"):
        world.call("AcceptHandshake", "333333333333", HandshakeId=handshake)
    world.call("AcceptHandshake", "222222222222", HandshakeId=handshake)
    assert world.call("DescribeAccount", AccountId="222222222222")["Account"]["JoinedMethod"] == "INVITED"
    assert attached(world, "222222222222") == ["FullAWSAccess"]
    with pytest.raises(AwsError, match="InvalidHandshakeTransitionException"):
        world.call("AcceptHandshake", "222222222222", HandshakeId=handshake)
    with pytest.raises(AwsError, match="HandshakeConstraintViolationException"):
        world.call("InviteAccountToOrganization", Target=target)
    assert not world.roles, "an invited account gets no role"


@pytest.mark.parametrize(
    ("operation", "account", "state"),
    [("DeclineHandshake", "222222222222", "DECLINED"), ("CancelHandshake", MANAGEMENT, "CANCELED")],
)
def test_an_invitation_ends_without_a_member(world: World, operation: str, account: str, state: str) -> None:
    target = {"Id": "222222222222", "Type": "ACCOUNT"}
    handshake = world.call("InviteAccountToOrganization", Target=target)["Handshake"]["Id"]
    assert world.call(operation, account, HandshakeId=handshake)["Handshake"]["State"] == state
    assert world.call("DescribeHandshake", "222222222222", HandshakeId=handshake)["Handshake"]["State"] == state
    assert len(world.call("ListAccounts")["Accounts"]) == 1
    assert [one["State"] for one in world.call("ListHandshakesForOrganization")["Handshakes"]] == [state]


def test_an_invitation_expires(world: World) -> None:
    target = {"Id": "222222222222", "Type": "ACCOUNT"}
    handshake = world.call("InviteAccountToOrganization", Target=target)["Handshake"]["Id"]
    world.clock.time += 16 * 86400
    with pytest.raises(AwsError, match="EXPIRED"):
        world.call("AcceptHandshake", "222222222222", HandshakeId=handshake)
    with pytest.raises(AwsError, match="HandshakeNotFoundException"):
        world.call("DescribeHandshake", HandshakeId="h-00000000")
    with pytest.raises(AwsError, match="AccessDeniedException"):
        world.call("DescribeHandshake", "333333333333", HandshakeId=handshake)
