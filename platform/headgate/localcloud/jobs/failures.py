"""Why a job failed, in SageMaker's words where it has some, and always with the cause."""

from __future__ import annotations

import signal

REASON_LIMIT = 1024
"""FailureReason holds at most this many characters."""

_OUT_OF_MEMORY = "use an instance type with more memory, or reduce the size of the data processed on an instance"


class JobFailure(Exception):  # noqa: N818  the name says what it is: the job's failure, not ours
    """The job cannot go on; the text becomes its FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:REASON_LIMIT]


class Refused(JobFailure):
    """The job's role may not do what the job needs."""


def client_error(text: str) -> JobFailure:
    """The request's fault: an input that is missing, a quota that is too small."""
    return JobFailure(f"ClientError: {text}")


def algorithm_error(text: str, code: int) -> JobFailure:
    """The program's fault. The exit code stays even if the text must be cut."""
    ending = f", exit code: {code}"
    return JobFailure("AlgorithmError: " + text[: REASON_LIMIT - len("AlgorithmError: ") - len(ending)] + ending)


def no_objects(uri: str, bucket: str, region: str, role: str) -> JobFailure:
    """An input that names no object, as SageMaker says it."""
    return client_error(
        f'Data download failed: No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure '
        f"that the bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that "
        f'the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}"'
    )


def describe_exit(code: int, last_line: str = "") -> str:
    """What an exit code means when the program left no message of its own."""
    if code > 128:
        try:
            name = signal.Signals(code - 128).name
        except ValueError:
            name = f"signal {code - 128}"
        if name == "SIGKILL":
            return f"the container was killed by SIGKILL, most often for want of memory: {_OUT_OF_MEMORY}"
        return f"the container was killed by {name}"
    if last_line:
        return f"See job logs for more information: {last_line}"
    return "See job logs for more information"


def interrupted() -> str:
    """The reason of a job that was running when the daemon died."""
    return (
        "InternalServerError: the local cloud was stopped while the job was running; "
        "start the job again, or retry the pipeline execution"
    )
