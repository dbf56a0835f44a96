"""SecurityGroup, SecurityGroupIngress and SecurityGroupEgress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import changed, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.ec2 import TAGGING, ec2, filters, specification
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_INGRESS, _EGRESS = "Ingress", "Egress"
_EVERYWHERE = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
"""What a new security group lets out."""

_SOURCE = (
    "CidrIp",
    "CidrIpv6",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
)
_DESTINATION = ("CidrIp", "CidrIpv6", "DestinationPrefixListId", "DestinationSecurityGroupId")
_PORTS = ("Description", "FromPort", "IpProtocol", "ToPort")


def _permission(rule: Json) -> Json:
    """A rule in the words of EC2's API."""
    said = pick(rule, "Description")
    made = pick(rule, "IpProtocol", "FromPort", "ToPort")
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **said}]
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    named = {
        **({"GroupId": group} if group else {}),
        **pick(rule, GroupName="SourceSecurityGroupName", UserId="SourceSecurityGroupOwnerId"),
    }
    if named:
        made["UserIdGroupPairs"] = [{**named, **said}]
    prefix = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if prefix:
        made["PrefixListIds"] = [{"PrefixListId": prefix, **said}]
    return made


def _allow(context: Context, group: str, direction: str, rules: list[Json]) -> None:
    if rules:
        permissions = [_permission(rule) for rule in rules]
        ec2(context, f"AuthorizeSecurityGroup{direction}", GroupId=group, IpPermissions=permissions)


def _revoke(context: Context, group: str, direction: str, rules: list[Json]) -> None:
    for rule in rules:
        with unless_gone():
            permission = _permission({name: value for name, value in rule.items() if name != "Description"})
            ec2(context, f"RevokeSecurityGroup{direction}", GroupId=group, IpPermissions=[permission])


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("GroupName") or context.name(255))


def _make_group(context: Context, properties: Json) -> str:
    made = ec2(
        context,
        "CreateSecurityGroup",
        pick(properties, "VpcId", Description="GroupDescription"),
        GroupName=_name(context, properties),
        TagSpecifications=specification(context, "security-group", properties),
    )
    group: str = made["GroupId"]
    return group


def _converge_group(context: Context, group: str, old: Json, new: Json) -> None:
    for direction, default in ((_INGRESS, []), (_EGRESS, [_EVERYWHERE])):
        name = f"SecurityGroup{direction}"
        before, after = old.get(name) or default, new.get(name) or default
        _revoke(context, group, direction, [rule for rule in before if rule not in after])
        _allow(context, group, direction, [rule for rule in after if rule not in before])
    TAGGING.apply(context, group, old, new)


def _describe_group(context: Context, group: str, properties: Json) -> Mapping[str, Any]:
    return {"Id": group, "GroupId": group, "GroupName": _name(context, properties), **pick(properties, "VpcId")}


def _remove_group(context: Context, group: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteSecurityGroup", GroupId=group)


def _find_group(context: Context, properties: Json) -> str | None:
    wanted = {"group-name": _name(context, properties)}
    if properties.get("VpcId"):
        wanted["vpc-id"] = properties["VpcId"]
    found = ec2(context, "DescribeSecurityGroups", Filters=filters(wanted))["SecurityGroups"]
    return str(found[0]["GroupId"]) if found else None


def _rule_type(direction: str, ends: tuple[str, ...]) -> Declared:
    """A rule that stands by itself, so that groups can name each other."""

    def make(context: Context, properties: Json) -> str:
        members = {"GroupId": properties["GroupId"], "IpPermissions": [_permission(properties)]}
        made = ec2(context, f"AuthorizeSecurityGroup{direction}", members)
        rule: str = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return rule

    def converge(context: Context, _: str, old: Json, new: Json) -> None:
        if old and changed(old, new, "Description"):
            said = _permission({"Description": "", **new})
            operation = f"UpdateSecurityGroupRuleDescriptions{direction}"
            ec2(context, operation, GroupId=new["GroupId"], IpPermissions=[said])

    def remove(context: Context, rule: str, properties: Json) -> None:
        with unless_gone():
            members = {"GroupId": properties["GroupId"], "SecurityGroupRuleIds": [rule]}
            ec2(context, f"RevokeSecurityGroup{direction}", members)

    def find(context: Context, properties: Json) -> str | None:
        wanted = filters({"group-id": properties["GroupId"]})
        found = ec2(context, "DescribeSecurityGroupRules", Filters=wanted)["SecurityGroupRules"]
        for rule in found:
            if rule["IsEgress"] == (direction == _EGRESS) and _same_rule(rule, properties):
                return str(rule["SecurityGroupRuleId"])
        return None

    return Declared(
        f"AWS::EC2::SecurityGroup{direction}",
        handled=frozenset({"GroupId", *_PORTS, *ends}),
        make=make,
        made=frozenset({"Description"}),
        converge=converge,
        describe=lambda _, rule, __: {"Id": rule},
        remove=remove,
        find_id=find,
    )


def _same_rule(found: Json, properties: Json) -> bool:
    group = properties.get("SourceSecurityGroupId") or properties.get("DestinationSecurityGroupId")
    prefix = properties.get("SourcePrefixListId") or properties.get("DestinationPrefixListId")
    ports = [properties.get("FromPort", -1), properties.get("ToPort", -1)]
    return (
        found["IpProtocol"] == str(properties["IpProtocol"])
        and [found.get("FromPort", -1), found.get("ToPort", -1)] == ports
        and found.get("CidrIpv4") == properties.get("CidrIp")
        and found.get("CidrIpv6") == properties.get("CidrIpv6")
        and found.get("PrefixListId") == prefix
        and found.get("ReferencedGroupInfo", {}).get("GroupId") == group
    )


TYPES = (
    Declared(
        "AWS::EC2::SecurityGroup",
        handled=frozenset(
            {"GroupDescription", "GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags", "VpcId"}
        ),
        make=_make_group,
        made=frozenset({"Tags"}),
        converge=_converge_group,
        describe=_describe_group,
        remove=_remove_group,
        find_id=_find_group,
    ),
    _rule_type(_INGRESS, _SOURCE),
    _rule_type(_EGRESS, _DESTINATION),
)
