"""Deploy a pipeline's definition and run it: the same calls on AWS and on the local cloud."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headgate.aws.s3 import parse_s3_uri
from headgate.errors import FailedError, UserError
from headgate.spec.suggest import one_of, suggest
from headgate.views.runs import PROJECT_TAG, RunView, read_run

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.pipelines import Compiled


ENVIRONMENT_TAG = "headgate:environment"
"""On what a project creates in a vended account: whose it is, where several environments share an account."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A pipeline as the cloud now has it. `uploaded` counts the assets that it did not have yet."""

    name: str
    arn: str
    changed: bool
    uploaded: int


def deploy_pipeline(session: Session, compiled: Compiled, *, project: str, role_arn: str) -> Deployed:
    """Upload the assets that are missing, then create or update the pipeline. Nothing changes when nothing differs.

    The pipeline is tagged with its project: SDK code may name it as it likes.
    """
    uploaded = upload_assets(session, compiled)
    sagemaker = session.client("sagemaker")
    request = {
        "PipelineName": compiled.name,
        "PipelineDefinition": compiled.text,
        "RoleArn": role_arn,
        **({"ParallelismConfiguration": compiled.parallelism} if compiled.parallelism else {}),
    }
    try:
        current = sagemaker.describe_pipeline(PipelineName=compiled.name)
    except sagemaker.exceptions.ResourceNotFound:
        environment = {ENVIRONMENT_TAG: session.landing.environment} if session.landing else {}
        tags = {**compiled.tags, PROJECT_TAG: project, **environment}
        made = sagemaker.create_pipeline(
            **request,
            Tags=[{"Key": name, "Value": value} for name, value in tags.items()],
            ClientRequestToken=uuid.uuid4().hex,
        )
        return Deployed(compiled.name, made["PipelineArn"], changed=True, uploaded=uploaded)
    same = current["PipelineDefinition"] == compiled.text and current["RoleArn"] == role_arn
    if not same:
        sagemaker.update_pipeline(**request)
    return Deployed(compiled.name, current["PipelineArn"], changed=not same, uploaded=uploaded)


def upload_assets(session: Session, compiled: Compiled) -> int:
    """Put every asset where the definition expects it, and count those that were not there.

    Most keys are content addresses, so what is there is right; a file whose key SDK code chose is put every time.
    """
    s3 = session.client("s3")
    session.ensure_bucket()
    count = 0
    for asset in compiled.assets:
        for file in asset.files:
            bucket, key = parse_s3_uri(file.s3_uri)
            if not file.overwrite and _exists(s3, bucket, key):
                continue
            if file.path is not None:
                _upload(s3, file.path, bucket, key)
            else:
                s3.put_object(Bucket=bucket, Key=key, Body=file.content)
            count += 1
    return count


def _upload(s3: Any, path: Path, bucket: str, key: str) -> None:
    from boto3.exceptions import S3UploadFailedError

    try:
        s3.upload_file(str(path), bucket, key)
    except S3UploadFailedError as error:
        raise FailedError(f"{path.name} cannot be uploaded to s3://{bucket}", details=(str(error),)) from error


def start(
    session: Session,
    compiled: Compiled,
    *,
    parameters: Mapping[str, str],
    facts: Mapping[str, str],
    display_name: str | None = None,
) -> str:
    """Start an execution and return its ARN.

    `parameters` are the user's; `facts` (git's) fill those parameters of the same name that the pipeline declares.
    Raises UserError for a parameter that the pipeline does not have.
    """
    declared = [parameter.name for parameter in compiled.parameters]
    for name in parameters:
        if name not in declared:
            nearest = suggest(name, declared)
            raise UserError(
                f"pipeline '{compiled.name}' has no parameter '{name}'",
                where=f"--param {name}",
                expected=one_of(name, declared, otherwise="none: it has no parameters"),
                next_command=f"headgate run {compiled.name} --param {nearest}=..." if nearest else None,
            )
    values = {name: value for name, value in facts.items() if name in declared} | dict(parameters)
    sagemaker = session.client("sagemaker")
    try:
        started = sagemaker.start_pipeline_execution(
            PipelineName=compiled.name,
            PipelineParameters=[{"Name": name, "Value": value} for name, value in values.items()],
            ClientRequestToken=uuid.uuid4().hex,
            **({"PipelineExecutionDisplayName": display_name} if display_name else {}),
        )
    except sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            raise UserError(
                error.response["Error"]["Message"], where="--param", next_command=f"headgate compile {compiled.name}"
            ) from error
        raise
    arn: str = started["PipelineExecutionArn"]
    return arn


def follow(sagemaker: Any, arn: str, *, wait: Callable[[float], None], interval: float = 0.2) -> Iterator[RunView]:
    """The execution each time it looks different, until it has ended. `wait` sleeps that many seconds.

    Raises FailedError, which names the execution, when the cloud stops answering.
    """
    previous: RunView | None = None
    while True:
        view = _read_followed(sagemaker, arn)
        if view != previous:
            yield view
            previous = view
        if view.is_ended:
            return
        wait(interval)


def _read_followed(sagemaker: Any, arn: str) -> RunView:
    try:
        return read_run(sagemaker, arn)
    except FailedError as error:
        identifier = arn.rsplit("/", 1)[1]
        raise FailedError(
            f"execution {identifier} cannot be followed any further: {error.message}",
            expected=error.expected,
            next_command=f"headgate runs show {identifier}",
        ) from error


def stop(sagemaker: Any, arn: str) -> None:
    """Ask an execution to stop; one that has already ended is left alone."""
    if read_run(sagemaker, arn).is_ended:
        return
    with contextlib.suppress(sagemaker.exceptions.ConflictException):
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)


def retry(sagemaker: Any, arn: str) -> str:
    """Run an execution again from where it failed or stopped. Raises FailedError when it cannot be."""
    view = read_run(sagemaker, arn)
    if view.status not in {"Failed", "Stopped"}:
        raise UserError(
            f"execution {view.id} is {view.status}: only one that failed or was stopped can be retried",
            next_command=f"headgate runs show {view.id}",
        )
    try:
        sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    except sagemaker.exceptions.ClientError as error:
        raise FailedError(
            f"execution {view.id} was not retried: {error.response['Error']['Message']}",
            next_command=f"headgate runs show {view.id}",
        ) from error
    return arn


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
            return False
        raise
    return True
