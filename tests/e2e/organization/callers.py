"""How everybody in the table becomes who they are: people sign in, services take the machines that trust them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from e2e.organization.hosting import HostedCloud
from headgate.aws.people import TEAM_TAG, sign_in
from headgate.aws.sessions import STATE_FOLDER, Session
from headgate.localcloud.cloudformation.stacksets.roles import LINKED_ROLE, SERVICE, service_managed_role

REGION = "eu-central-1"
_WHO = re.compile(r"(?P<name>[^@]+?)(?: of (?P<own>\S+))?@(?P<account>\S+?)(?: for (?P<team>\S+))?")
_ROLE = re.compile(
    r"headgate-(?:(?P<place>experimentation|dev|preprod|prod|tooling|data-lake|governance|account)-)?(.+)"
)
_OF_NO_TEAM = frozenset({"auditor", "it"})
_TAKEN_BY = {
    "api": "lambda.amazonaws.com",
    "cloudformation": "cloudformation.amazonaws.com",
    "crawler": "glue.amazonaws.com",
    "events": "events.amazonaws.com",
    "execution": "sagemaker.amazonaws.com",
    "flow-logs": "vpc-flow-logs.amazonaws.com",
    "launch": "servicecatalog.amazonaws.com",
    "vending-machine": "states.amazonaws.com",
}
"""Roles that an AWS service takes; the functions of vending are Lambda's."""


class Callers:
    """Sessions by who is asked for, as the table writes it; `accounts` are the ids of accounts by name."""

    def __init__(self, cloud: HostedCloud, accounts: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._accounts = accounts
        self._identity = cloud.session(accounts["identity"], REGION)
        self._sessions: dict[str, Session] = {}
        self._clients: dict[tuple[str, str, str, str], Any] = {}
        self._boto3 = boto3.Session()

    def client(self, who: str, service: str, region: str = REGION, context: Mapping[str, str] | None = None) -> Any:
        """A boto3 client that checks no parameters: what is sent is judged by the cloud.

        `context` is what is known of a call besides who makes it: the VPC that it comes from (`aws:SourceVpc`), and for
        a service what it acts for.
        """
        found = _WHO.fullmatch(who)
        assert found, f"nobody is called so: {who}"
        if found["name"].endswith(".amazonaws.com"):
            return self._as_service(found["name"], self._accounts[found["account"]], service, context or {})
        url = self._url(context or {})
        key = (who, service, region, url)
        if key not in self._clients:
            self._clients[key] = self._unchecked(self.session(who).environment(), service, region, url)
        return self._clients[key]

    def _url(self, context: Mapping[str, str]) -> str:
        """Where the cloud is for somebody in a VPC, or for everybody else."""
        vpc = context.get("aws:SourceVpc", "")
        return self._cloud.address_in(vpc) if vpc else self._cloud.url

    def session(self, who: str) -> Session:
        """The session of a person or a role."""
        if who not in self._sessions:
            found = _WHO.fullmatch(who)
            assert found, f"nobody is called so: {who}"
            self._sessions[who] = self._new(found["name"], found["own"], found["account"], found["team"])
        return self._sessions[who]

    def tagged(self, who: str, role_arn: str, tags: Mapping[str, str], service: str) -> Any:
        """A client of a role's session that whoever asks has put tags on."""
        given = self.client(who, "sts").assume_role(
            RoleArn=role_arn,
            RoleSessionName="proof",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["Credentials"]
        keys = {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }
        return self._unchecked(keys, service, REGION, self._cloud.url)

    def taken(self, service: str, role_arn: str, account: str) -> Session:
        """A role's session as an AWS service gets it: the service asks STS, which asks the role's trust policy."""
        source = f"arn:aws:{service.partition('.')[0]}:{REGION}:{account}:anything"
        sts = self._as_service(service, account, "sts", {"aws:SourceArn": source})
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="proof")["Credentials"]
        return self._identity.with_keys(account, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def _as_service(self, principal: str, account: str, service: str, context: Mapping[str, str]) -> Any:
        known = {"aws:SourceAccount": account, **context}
        keys = self._cloud.service_keys(principal, account, known)
        return self._unchecked(keys, service, REGION, self._cloud.url)

    def _unchecked(self, keys: Mapping[str, str], service: str, region: str, url: str) -> Any:
        return self._boto3.client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=Config(
                parameter_validation=False, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}
            ),
        )

    def _new(self, name: str, own: str | None, account: str, team: str | None) -> Session:
        number = self._accounts[account]
        if name == "root":
            return self._identity.with_keys(number, f"HEADGATE{number}", "unused")
        if account == "identity":
            return self._person(name, own)
        if name == "OrganizationAccountAccessRole":
            return self._person("administrator", None).assume(f"arn:aws:iam::{number}:role/{name}")
        if name.startswith("stacksets-exec-"):
            return self._stack_sets(number)
        return self._in_role(name, account, team)

    def _person(self, persona: str, team: str | None) -> Session:
        return sign_in(self._identity, persona, self._cloud.root / STATE_FOLDER, team)

    def _stack_sets(self, number: str) -> Session:
        management = self._accounts["governance"]
        linked = f"arn:aws:iam::{management}:role/aws-service-role/{SERVICE}/{LINKED_ROLE}"
        return self.taken(SERVICE, linked, management).assume(
            f"arn:aws:iam::{number}:role/{service_managed_role(management)}"
        )

    def _in_role(self, name: str, account: str, team: str | None) -> Session:
        found = _ROLE.fullmatch(name)
        assert found, f"not a role of Headgate's: {name}"
        number, place, kind = self._accounts[account], found["place"], found[2]
        arn = f"arn:aws:iam::{number}:role/headgate/{name}"
        if kind == "api":
            arn = f"arn:aws:iam::{number}:role/headgate-project/{name}"
        if name == "headgate-vending":
            return self.session("headgate-vending-grant@governance").assume(arn)
        if kind.startswith("vending-") or name == "headgate-tooling-promotion":
            return self.taken(_TAKEN_BY.get(kind, "lambda.amazonaws.com"), arn, number)
        if kind in _TAKEN_BY:
            return self.taken(_TAKEN_BY[kind], arn, number)
        if kind == "promotion":
            return self.session("headgate-tooling-promotion@tooling").assume(arn)
        if kind == "deployer" and place != "tooling":
            return self.session(f"headgate-tooling-deployer@tooling for {account.partition('-')[0]}").assume(arn)
        return self._persona(kind, account, arn, team)

    def _persona(self, persona: str, account: str, arn: str, team: str | None) -> Session:
        """A person of the account's team, or of the one that the session is for, in their role."""
        if account in {"tooling", "governance"}:
            own = None if persona in _OF_NO_TEAM else team or "churn"
        elif account == "data-lake":
            own = None if persona in _OF_NO_TEAM else "data-lake"
        else:
            own = None if persona in _OF_NO_TEAM else account.partition("-")[0]
        person = self._person(persona, own)
        return _with_team(person, arn, team) if team else person.assume(arn)


def _with_team(person: Session, arn: str, team: str) -> Session:
    """A session that carries its team, and hands it on to the next role."""
    given = person.client("sts").assume_role(
        RoleArn=arn,
        RoleSessionName="proof",
        Tags=[{"Key": TEAM_TAG, "Value": team}],
        TransitiveTagKeys=[TEAM_TAG],
    )["Credentials"]
    return person.with_keys(arn.split(":")[4], given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
