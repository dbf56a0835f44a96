"""The STS API (query protocol): AssumeRole, GetCallerIdentity, GetSessionToken. The rest raises, named."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.authorization.iam_facts import UserFacts
from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.randomness import RandomText, random_text
from headgate.localcloud.seams import Caller, Clock, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.identity import EXECUTION_ROLE, own_principal
from headgate.localcloud.server.query import QueryService
from headgate.localcloud.sts.assume import FindRole, Issue, role_name, session_of
from headgate.localcloud.sts.sessions import Session, Sessions

_EXECUTION_ID = "AROAHEADGATEEXECUTION"
_LONGEST_TOKEN = 36 * 3600
_DEFAULT_TOKEN = 12 * 3600


class Sts:
    """STS over a store of sessions. Whoever calls has been authorized already, by the role's trust policy too."""

    def __init__(
        self,
        sessions: Sessions,
        find_role: FindRole,
        find_user: Callable[[str, str], UserFacts | None],
        in_organization: Callable[[str], bool],
        clock: Clock,
        *,
        random: RandomText = random_text,
    ) -> None:
        self._sessions = sessions
        self._find_role = find_role
        self._find_user = find_user
        self._in_organization = in_organization
        self._clock = clock
        self._random = random
        self._service = QueryService(
            "sts",
            {
                "AssumeRole": self.assume_role,
                "GetCallerIdentity": self.caller_identity,
                "GetSessionToken": self.session_token,
                "GetAccessKeyInfo": self.access_key_info,
            },
        )

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError."""
        return self._service.handle(request)

    def assume_role(self, caller: Caller, request: Json) -> Json:
        """Credentials of a role. Raises AwsError; the role's own account and trust were checked before.

        A root may assume roles in a sandbox only, where its keys stand for whoever works there.
        """
        if caller.principal.endswith(":root") and self._in_organization(caller.account):
            raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", status=403)
        account, name = role_name(request["RoleArn"])
        issue = Issue(caller, self._sessions.find(caller.access_key), self._clock.now(), self._random)
        session = session_of(request, self._find_role(account, name), issue)
        self._sessions.add(session)
        answer: Json = {
            "Credentials": _credentials(session),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.principal},
        }
        if session.policies is not None or session.tags:
            answer["PackedPolicySize"] = _packed(session)
        if session.source_identity:
            answer["SourceIdentity"] = session.source_identity
        return answer

    def caller_identity(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - it has no parameters
        """Who calls; needs no permission."""
        return {"UserId": self._user_id(caller), "Account": caller.account, "Arn": caller.principal}

    def session_token(self, caller: Caller, request: Json) -> Json:
        """Temporary credentials of a user or a root, who may do with them what they may anyway."""
        if ":assumed-role/" in caller.principal:
            raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403)
        now = self._clock.now()
        longest = min(int(request.get("DurationSeconds", _DEFAULT_TOKEN)), _LONGEST_TOKEN)
        session = Session(
            access_key=f"ASIA{self._random(16).upper()}",
            secret=self._random(40),
            token=self._random(256),
            account=caller.account,
            principal=caller.principal,
            user_id=self._user_id(caller),
            issued=now,
            expires=now + longest,
        )
        self._sessions.add(session)
        return {"Credentials": _credentials(session)}

    def access_key_info(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - anybody may ask
        """The account of an access key. Raises AwsError (ValidationError) for a key of nobody here."""
        key = request["AccessKeyId"]
        session = self._sessions.find(key)
        own = own_principal(key)
        if session is None and own is None:
            raise AwsError("ValidationError", f"the access key {key} is of no session here")
        return {"Account": session.account if session else own[0] if own else ""}

    def _user_id(self, caller: Caller) -> str:
        session = self._sessions.find(caller.access_key)
        if session is not None:
            return session.user_id
        name = caller.principal.rpartition("/")[2]
        if ":user/" in caller.principal:
            found = self._find_user(caller.account, name)
            return found.id if found else name
        if caller.principal.endswith(f":assumed-role/{EXECUTION_ROLE}/headgate"):
            return f"{_EXECUTION_ID}:headgate"
        return caller.account


def _credentials(session: Session) -> Json:
    return {
        "AccessKeyId": session.access_key,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }


def _packed(session: Session) -> int:
    """Percent of the room for policies and tags that a session takes."""
    size = sum(map(len, session.policies or ())) + sum(len(key) + len(value) for key, value in session.tags.items())
    return min(100, 1 + 100 * size // 4096)
