"""Which cloud, which account, which region, with whose credentials: the engine's only maker of boto3 clients.

The laptop's cloud and AWS differ in credentials and endpoint, and in nothing else.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from headgate.aws.landing import Landing
from headgate.aws.problems import explain, friendly_client
from headgate.errors import UserError
from headgate.localcloud import fixed_addresses, lifecycle

Target = Literal["local", "aws"]
Runtime = Mapping[str, Any]
"""A container runtime as JSON (`name`, `plugin`, `image_patterns`, `target`, `search_path`, `config`)."""

STATE_FOLDER = ".headgate"
LOCAL_ACCOUNT = "123456789012"
LOCAL_REGION = "us-east-1"
EXECUTION_ROLE = "headgate-execution"
_LOCAL_SECRET = "not-checked-on-this-machine"  # noqa: S105 - the local cloud checks no signature


@dataclass(frozen=True, slots=True)
class Session:
    """One cloud, ready to be called. Clients are made once per service and may be shared by threads.

    `poll_seconds` is how often it is sensible to ask this cloud about something that runs.
    """

    target: Target
    account: str
    region: str
    poll_seconds: float
    endpoint_url: str | None = None
    profile: str | None = None
    declared_role: str | None = None
    declared_bucket: str | None = None
    _boto3: Any = field(default=None, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    landing: Landing | None = None
    in_registry: Session | None = field(default=None, repr=False)
    _keys: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def bucket(self) -> str:
        """Where artifacts go: the project's own bucket, or `headgate-<account>-<region>`."""
        return self.declared_bucket or f"headgate-{self.account}-{self.region}"

    @property
    def role_arn(self) -> str:
        """The role that jobs run as. Raises UserError on AWS when the project names none."""
        if self.declared_role:
            return self.declared_role
        if self.target == "local":
            return f"arn:aws:iam::{self.account}:role/{EXECUTION_ROLE}"
        raise UserError(
            "no execution role for SageMaker jobs",
            where="headgate.yaml: role",
            expected="role: arn:aws:iam::<account>:role/<name>, which SageMaker may assume",
            next_command="headgate validate",
        )

    @property
    def registry(self) -> Session:
        """The session that looks at registered models: where a project lands they are in the tooling account."""
        return self.in_registry or self

    def client(self, service: str) -> Any:
        """A boto3 client. What is wrong with credentials or the connection is raised as UserError or FailedError."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def ensure_bucket(self) -> None:
        """Create the artifact bucket if it is not there. Raises UserError if it belongs to somebody else.

        Where a project lands, the bucket is the organization's: it is there, and open to no more than is needed.
        """
        if self.landing is not None:
            return
        from botocore.exceptions import ClientError

        s3 = self.client("s3")
        try:
            s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 403:
                raise UserError(
                    f"bucket '{self.bucket}' is not open to account {self.account}",
                    where="headgate.yaml: bucket",
                    expected="a bucket that these credentials may use",
                ) from error
            if status != 404:
                raise
            place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
            s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {}))

    def environment(self) -> dict[str, str]:
        """Variables that make another process's AWS SDK use this cloud as this session does."""
        keys = dict(self._keys or {})
        if self.target == "local":
            return {**local_environment(self.endpoint_url or "", self.account, self.region), **keys}
        variables = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, **keys}
        return {**variables, "AWS_PROFILE": self.profile} if self.profile and not keys else variables

    def assume(self, role_arn: str, tags: Mapping[str, str] | None = None) -> Session:
        """A session as a role, in the role's account. Raises UserError when the role does not trust this session."""
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"RoleArn": role_arn, "RoleSessionName": "headgate"}
        if tags:
            request["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        try:
            given = self.client("sts").assume_role(**request)["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            raise UserError(
                f"these credentials may not become {role_arn}: {error.response['Error']['Message']}",
                expected="somebody whom the role trusts: the right persona of the right team, or a machine by its role",
                next_command="aws sts get-caller-identity",
            ) from error
        return self.with_keys(
            role_arn.split(":")[4], given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )

    def with_keys(self, account: str, key: str, secret: str, token: str | None = None) -> Session:
        """The same cloud and region with other credentials."""
        keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        if token:
            keys["AWS_SESSION_TOKEN"] = token
        made = _boto3_session(
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name=self.region
        )
        return replace(
            self, account=account, _keys=keys, _boto3=made, _clients={}, _lock=threading.Lock(), declared_role=None
        )

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(max_pool_connections=16)
        if self.target == "local":
            config = config.merge(Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}))
        client = self._boto3.client(service, endpoint_url=self.endpoint_url, config=config)
        return friendly_client(client, self.target)


def connect(
    project_root: Path,
    target: Target = "local",
    *,
    account: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    runtimes: Sequence[Runtime] | None = None,
    role_arn: str | None = None,
    bucket: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Session:
    """A session with the project's local cloud, which is started if need be, or with AWS.

    `account` is what the project expects: locally it is the account to act in, on AWS credentials of another one are
    refused. `runtimes` are told to the local cloud. Raises UserError when credentials, region or profile are missing
    or expired, FailedError when the cloud cannot be reached.
    """
    variables = os.environ if environ is None else environ
    if target == "local":
        return _local(project_root, variables, account, region, runtimes, role_arn, bucket)
    return _aws(account, region, profile, role_arn, bucket, variables)


def state_folder(project_root: Path, environ: Mapping[str, str]) -> Path:
    """Where a project's local cloud keeps its state: `.headgate/` beside headgate.yaml, or HEADGATE_STATE_DIR."""
    chosen = environ.get("HEADGATE_STATE_DIR")
    return (Path(chosen).expanduser() if chosen else project_root / STATE_FOLDER).absolute()


def local_environment(endpoint_url: str, account: str, region: str) -> dict[str, str]:
    """Variables that point any AWS SDK or CLI at a local cloud, as the root of an account."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": f"HEADGATE{account}",
        "AWS_SECRET_ACCESS_KEY": _LOCAL_SECRET,
        "AWS_SESSION_TOKEN": _LOCAL_SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def root_session(session: Session, account: str) -> Session:
    """The local cloud's session as the root of another account."""
    keys = local_environment(session.endpoint_url or "", account, session.region)
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return session.with_keys(account, *(keys[name] for name in names))


def shell_environment(endpoint_url: str, account: str, region: str, search_path: str | None) -> dict[str, str]:
    """Variables for a person's shell: as somebody who has assumed the execution role, like a notebook in SageMaker
    Studio, so that the SageMaker SDK's `get_execution_role()` finds one. `search_path` is PYTHONPATH as it stands.
    """
    variables = local_environment(endpoint_url, account, region)
    return {
        **variables,
        "AWS_ACCESS_KEY_ID": f"HEADGATEROLE{account}",
        "PYTHONPATH": fixed_addresses.with_folder(search_path),
        "SAGEMAKER_VALIDATE_ROLE": "false",  # the SDK 3 simulates the role's policies, and here none are evaluated
    }


def ensure_execution_role(session: Session) -> None:
    """Make the role that `headgate cloud env` hands out, which may do everything, unless the account has it."""
    from botocore.exceptions import ClientError

    iam = session.client("iam")
    services = ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]
    trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    try:
        iam.create_role(RoleName=EXECUTION_ROLE, AssumeRolePolicyDocument=_policy(trust))
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        return
    iam.put_role_policy(RoleName=EXECUTION_ROLE, PolicyName="everything", PolicyDocument=_policy(everything))


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _local(
    root: Path,
    environ: Mapping[str, str],
    account: str | None,
    region: str | None,
    runtimes: Sequence[Runtime] | None,
    role_arn: str | None,
    bucket: str | None,
) -> Session:
    endpoint = lifecycle.ensure_running(state_folder(root, environ), runtimes=runtimes, project=str(root.absolute()))
    account, region = account or LOCAL_ACCOUNT, region or LOCAL_REGION
    keys = local_environment(endpoint.url, account, region)
    from botocore.session import Session as Core

    # What the user's AWS settings say is about AWS: their profile and files stay out of the local cloud.
    core = Core(
        {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    boto3_session = _boto3_session(
        botocore_session=core,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )
    return Session("local", account, region, 0.2, endpoint.url, None, role_arn, bucket, boto3_session)


def _aws(
    account: str | None,
    region: str | None,
    profile: str | None,
    role_arn: str | None,
    bucket: str | None,
    environ: Mapping[str, str],
) -> Session:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        boto3_session = _boto3_session(profile_name=profile, region_name=region)
        if not boto3_session.region_name:
            raise UserError(
                "no AWS region",
                expected="region: in headgate.yaml, AWS_REGION, or a region in the AWS profile",
                next_command="aws configure set region eu-west-1",
            )
        found = boto3_session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise explain(error, "aws") or error from error
    if account and account != found:
        raise UserError(
            f"the credentials are of account {found}, the project is for account {account}",
            where="headgate.yaml: account",
            expected=f"credentials of account {account}, or account: '{found}'",
            next_command="aws sts get-caller-identity",
        )
    used = profile or environ.get("AWS_PROFILE")
    return Session("aws", found, boto3_session.region_name, 5.0, None, used, role_arn, bucket, boto3_session)


def _boto3_session(**settings: Any) -> Any:
    import boto3

    return boto3.Session(**settings)
