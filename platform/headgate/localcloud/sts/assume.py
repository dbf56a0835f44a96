"""AssumeRole, once it is authorized: what the credentials may be, and what they carry.

Sources: STS API Reference (AssumeRole), IAM User Guide ("Pass session tags", "Role chaining", "Session policies").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headgate.localcloud.authorization.iam_facts import RoleFacts
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.errors import PolicyError
from headgate.localcloud.identity.policy import compile_policy
from headgate.localcloud.sagemaker.randomness import RandomText
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.sts.sessions import Session

SHORTEST = 900
CHAINED_LONGEST = 3600
SERVICE_LONGEST = 12 * 3600
_DEFAULT = 3600
_MOST_TAGS = 50
_POLICY_CHARACTERS = 2048
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role(?P<path>/(?:.+/)?)(?P<name>[\w+=,.@-]+)")

FindRole = Callable[[str, str], RoleFacts | None]
"""Takes an account and a role's name."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What is needed to make a session: who, when, chance, and the caller's own session if it has one."""

    caller: Caller
    chained: Session | None
    now: float
    random: RandomText


def role_name(arn: str) -> tuple[str, str]:
    """Account and name of a role's ARN. Raises AwsError (ValidationError)."""
    match = _ROLE.fullmatch(arn)
    if match is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    return match["account"], match["name"]


def session_of(request: Json, role: RoleFacts | None, issue: Issue) -> Session:
    """The session that a request asks for. `role` is None for one that a sandbox account only pretends to have.

    Raises AwsError: ValidationError, MalformedPolicyDocument, PackedPolicyTooLarge.
    """
    account, name = role_name(request["RoleArn"])
    duration = _duration(request, role, issue)
    policies = _policies(request)
    managed = tuple(one["arn"] for one in request.get("PolicyArns", []))
    tags, transitive = _tags(request, issue.chained)
    source = _source_identity(request, issue.chained)
    identifier = role.id if role is not None else f"AROA{issue.random(17).upper()}"
    return Session(
        access_key=f"ASIA{issue.random(16).upper()}",
        secret=issue.random(40),
        token=issue.random(256),
        account=account,
        principal=f"arn:aws:sts::{account}:assumed-role/{name}/{request['RoleSessionName']}",
        user_id=f"{identifier}:{request['RoleSessionName']}",
        issued=issue.now,
        expires=issue.now + duration,
        role=role.arn if role is not None else request["RoleArn"],
        policies=policies if policies or managed else None,
        managed=managed,
        tags=tags,
        transitive=transitive,
        source_identity=source,
        by_service=issue.caller.service,
        pretended=role is None,
    )


def _duration(request: Json, role: RoleFacts | None, issue: Issue) -> int:
    wanted = int(request.get("DurationSeconds", _DEFAULT))
    if issue.caller.service:
        return min(wanted, SERVICE_LONGEST)
    if issue.chained is not None and issue.chained.role:
        if wanted > CHAINED_LONGEST:
            message = (
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            )
            raise AwsError("ValidationError", message)
        return wanted
    if role is not None and wanted > role.longest:
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise AwsError("ValidationError", message)
    return wanted


def _policies(request: Json) -> tuple[str, ...]:
    text = request.get("Policy")
    if text is None:
        return ()
    if len(text) > _POLICY_CHARACTERS:
        message = f"Packed policy consumes {100 * len(text) // _POLICY_CHARACTERS}% of allotted space."
        raise AwsError("PackedPolicyTooLarge", message)
    try:
        compile_policy(text, "identity")
    except PolicyError as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from error
    return (text,)


def _tags(request: Json, chained: Session | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Session tags with the inherited ones, and which go on. Keys differ by more than case, as in IAM."""
    given = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    if len({key.lower() for key in given}) < len(request.get("Tags", [])):
        raise AwsError(
            "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    inherited = {key: chained.tags[key] for key in chained.transitive} if chained is not None else {}
    clash = {key.lower() for key in inherited} & {key.lower() for key in given}
    if clash:
        message = (
            f"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            f"from the calling session: {min(clash)}"
        )
        raise AwsError("InvalidParameterValue", message)
    going_on = tuple(request.get("TransitiveTagKeys", []))
    unknown = [key for key in going_on if key not in given and key not in inherited]
    if unknown:
        message = f"The specified transitive tag key must be included in the requested tags: {unknown[0]}"
        raise AwsError("InvalidParameterValue", message)
    tags = {**given, **inherited}
    if len(tags) > _MOST_TAGS:
        raise AwsError("ValidationError", f"a session has at most {_MOST_TAGS} tags, not {len(tags)}")
    return tags, tuple(dict.fromkeys((*inherited, *going_on)))


def _source_identity(request: Json, chained: Session | None) -> str:
    """Once set it stays: a chained role cannot change it."""
    before = chained.source_identity if chained is not None else ""
    wanted = str(request.get("SourceIdentity", before))
    if before and wanted != before:
        raise AwsError(
            "AccessDenied", "The source identity of a session cannot be changed by role chaining.", status=403
        )
    return wanted
