"""Who is typing. On AWS it is whoever the credentials are of; in the local cloud somebody has to be signed in.

Persona roles trust principals of the identity account that carry the tags `headgate:persona` and `headgate:team`: what
an identity provider sends. The local cloud has none, so a person is an IAM user there with those tags and no
permission but to assume roles; everything after that is decided by the same policies as on AWS.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headgate.aws.sessions import Session

PERSONA_TAG = "headgate:persona"
TEAM_TAG = "headgate:team"
_MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}],
}


def sign_in(session: Session, persona: str, folder: Path, team: str | None = None) -> Session:
    """A session as somebody with this persona. `session` is one of the identity account's, `folder` the state folder.

    On AWS this is the session as it is: its credentials have the tags, or the roles will not trust it.
    """
    if session.target == "aws":
        return session
    name = f"{persona}-{team}" if team else persona
    file = folder / "people" / f"{session.account}-{name}.json"
    with _one_at_a_time(folder / "people"):
        if not file.exists():
            tags = {PERSONA_TAG: persona, **({TEAM_TAG: team} if team else {})}
            _write(file, _new_key(session.client("iam"), name, tags))
    key = json.loads(file.read_text())
    return session.with_keys(session.account, key["AccessKeyId"], key["SecretAccessKey"])


def _new_key(iam: Any, name: str, tags: dict[str, str]) -> dict[str, str]:
    """A new key of a user, who is made if need be. Older keys are lost with their files; IAM allows two at a time."""
    from botocore.exceptions import ClientError

    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    try:
        iam.create_user(UserName=name, Path="/people/", Tags=listed)
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"][1:]:
            iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
    iam.put_user_policy(UserName=name, PolicyName="become-roles", PolicyDocument=json.dumps(_MAY))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Commands that start at once would each make the person a key, of which IAM allows two."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(file: Path, key: dict[str, str]) -> None:
    """Whole or not at all, and for this user's eyes only."""
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        json.dump(key, handle)
    Path(name).replace(file)
