"""Runs a project's SageMaker SDK code where nothing can leave the machine, and writes down what it made.

Started by path in the project's own environment (SDK 2 or 3), so it imports nothing of Headgate: `harness.py REQUEST`.
The request is a JSON file: `root`, `file`, `function`, `arguments`, `offered` (arguments given when the function asks
for them), `account`, `region`, `bucket`, `role_arn`, `images` (URI by name), `captures` (folder for uploads), `answer`
(file to write).
The answer is `{"definition", "name", "uploads"}` or `{"error", "detail", "frames", "kind"}`.

Every AWS call of boto3 passes `BaseClient._make_api_call`; answering there serves every version of the SDK alike.
Uploads are kept as files, identity questions get the project's account and role, anything else is refused by name.
Clock and UUIDs count, so that names the SDK makes up are the same every time.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import io
import itertools
import json
import os
import socket
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

EPOCH = 1_606_780_800.0  # 2020-12-01, the version of the definition's format
API_CALL, DEFAULT_BUCKET = "_make_api_call", "_default_bucket"
"""The private names of botocore's client and of the SDK's session that everything here hangs on."""
ProjectError = type("ProjectError", (Exception,), {})
"""The entry point is missing or returns no pipeline."""


class OfflineError(RuntimeError):
    """The code asked AWS, or the network, for something that only they know."""


class NotFound(Exception):  # noqa: N818
    """AWS would say so: code and message of the client's own exception."""


class Aws:
    """What stands in for AWS: remembers uploads, knows who the caller is, and refuses the rest."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.captures = Path(request["captures"])
        self.uploads: dict[tuple[str, str], Path] = {}
        self.parts: dict[str, list[bytes]] = {}
        self.numbers = itertools.count()
        role = request["role_arn"].rsplit("/", 1)[-1]
        self.caller = f"arn:aws:sts::{request['account']}:assumed-role/{role}/headgate"
        self.answers: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
            ("sts", "GetCallerIdentity"): self.caller_identity,
            ("iam", "GetRole"): self.role,
            ("sagemaker", "DescribeImageVersion"): self.image,
            ("s3", "ListBuckets"): self.buckets,
            ("s3", "HeadBucket"): self.nothing,
            ("s3", "CreateBucket"): self.nothing,
            ("s3", "GetBucketLocation"): self.location,
            ("s3", "PutObject"): self.put,
            ("s3", "CreateMultipartUpload"): self.begin_parts,
            ("s3", "UploadPart"): self.put_part,
            ("s3", "CompleteMultipartUpload"): self.end_parts,
            ("s3", "HeadObject"): self.head,
            ("s3", "ListObjects"): self.objects,
            ("s3", "ListObjectsV2"): self.objects,
        }

    def call(self, client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        service = client.meta.service_model.service_name
        answer = self.answers.get((service, operation))
        if answer is None:
            raise OfflineError(
                f"the code calls {service}:{operation}, but a pipeline is compiled without AWS; "
                "give the value as an argument of the function instead"
            )
        try:
            result = answer(parameters)
        except NotFound as error:
            code, message = error.args
            response = {"Error": {"Code": code, "Message": message}}
            raise client.exceptions.from_code(code)(response, operation) from None
        return {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}, **result}

    def caller_identity(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Account": self.request["account"], "Arn": self.caller, "UserId": "headgate"}

    def role(self, parameters: dict[str, Any]) -> dict[str, Any]:
        name = parameters["RoleName"]
        own: str = self.request["role_arn"]
        arn = own if own.endswith("/" + name) else f"arn:aws:iam::{self.request['account']}:role/{name}"
        return {"Role": {"RoleName": name, "Arn": arn}}

    def image(self, parameters: dict[str, Any]) -> dict[str, Any]:
        name = parameters["ImageName"]
        if name not in self.request["images"]:
            raise NotFound("ResourceNotFound", f"headgate.yaml has no image {name!r}")
        return {"ContainerImage": self.request["images"][name]}

    def buckets(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"Buckets": [{"Name": self.request["bucket"]}]}

    def nothing(self, _: dict[str, Any]) -> dict[str, Any]:
        return {}

    def location(self, _: dict[str, Any]) -> dict[str, Any]:
        region = self.request["region"]
        return {"LocationConstraint": None if region == "us-east-1" else region}

    def put(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.keep(parameters["Bucket"], parameters["Key"], _bytes(parameters.get("Body", b"")))
        return {"ETag": '"headgate"'}

    def begin_parts(self, _: dict[str, Any]) -> dict[str, Any]:
        upload = str(len(self.parts))
        self.parts[upload] = []
        return {"UploadId": upload}

    def put_part(self, parameters: dict[str, Any]) -> dict[str, Any]:
        number, parts = parameters["PartNumber"], self.parts[parameters["UploadId"]]
        parts.extend([b""] * (number - len(parts)))
        parts[number - 1] = _bytes(parameters["Body"])
        return {"ETag": f'"{number}"'}

    def end_parts(self, parameters: dict[str, Any]) -> dict[str, Any]:
        self.keep(parameters["Bucket"], parameters["Key"], b"".join(self.parts.pop(parameters["UploadId"])))
        return {"ETag": '"headgate"'}

    def head(self, parameters: dict[str, Any]) -> dict[str, Any]:
        file = self.uploads.get((parameters["Bucket"], parameters["Key"]))
        if file is None:
            raise NotFound("404", "Not Found")
        return {"ContentLength": file.stat().st_size, "ETag": '"headgate"'}

    def objects(self, parameters: dict[str, Any]) -> dict[str, Any]:
        prefix = parameters.get("Prefix", "")
        keys = sorted(k for bucket, k in self.uploads if bucket == parameters["Bucket"] and k.startswith(prefix))
        contents = [{"Key": key, "Size": self.uploads[parameters["Bucket"], key].stat().st_size} for key in keys]
        return {"Contents": contents, "KeyCount": len(keys), "IsTruncated": False}

    def keep(self, bucket: str, key: str, data: bytes) -> None:
        file = self.captures / str(next(self.numbers))
        file.write_bytes(data)
        self.uploads[bucket, key] = file


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    data: bytes = body.read()
    return data


def cut_network() -> None:
    """Refuse every connection but those to sockets of this machine's file system."""
    connect = socket.socket.connect

    def refuse(*_: Any, **__: Any) -> Any:
        raise OfflineError("the code opens a network connection, but a pipeline is compiled without a network")

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            refuse()
        connect(self, address)

    replaced: list[tuple[Any, str, Callable[..., Any]]] = [
        (socket.socket, "connect", guarded),
        (socket.socket, "connect_ex", guarded),
        (socket, "create_connection", refuse),
        (socket, "getaddrinfo", refuse),
    ]
    for holder, name, function in replaced:
        setattr(holder, name, function)


def count_time() -> None:
    """A clock that moves a millisecond per look of the main thread, and UUIDs that count."""
    looks, formatted, numbers = itertools.count(1), time.strftime, itertools.count(1)
    main_thread = threading.main_thread()

    def now() -> float:
        look = next(looks) if threading.current_thread() is main_thread else 0  # upload threads look at random times
        return EPOCH + look / 1000 + 0.0001  # never whole: the SDK reads digits after the point

    def strftime(form: str, moment: Any = None) -> str:
        return formatted(form, time.gmtime(now()) if moment is None else moment)

    def uuid4() -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_OID, str(next(numbers)))

    for holder, name, function in ((time, "time", now), (time, "strftime", strftime), (uuid, "uuid4", uuid4)):
        setattr(holder, name, function)


def patch_aws(aws: Aws) -> None:
    """Answer boto3's calls, and make the project's bucket the SDK's default."""
    from botocore.client import BaseClient

    def call(client: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return aws.call(client, operation, parameters)

    def default_bucket(session: Any) -> str:
        if not getattr(session, DEFAULT_BUCKET):
            setattr(session, DEFAULT_BUCKET, aws.request["bucket"])
        name: str = getattr(session, DEFAULT_BUCKET)
        return name

    setattr(BaseClient, API_CALL, call)
    module = next(
        (name for name in ("sagemaker.core.helper.session_helper", "sagemaker.session") if _importable(name)), None
    )
    if module is None:
        raise ProjectError("the environment of this pipeline has no SageMaker SDK; add `sagemaker` to its requirements")
    importlib.import_module(module).Session.default_bucket = default_bucket


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def open_path(root: Path, file: Path) -> str:
    """Make the project importable, ahead of everything; returns the file's module, as part of its package if any."""
    package, top = [file.stem], file.parent
    while (top / "__init__.py").exists() and top != top.parent:
        package.insert(0, top.name)
        top = top.parent
    sys.path[:0] = list(dict.fromkeys([str(top), str(root), str(file.parent)]))
    return ".".join(package)


def load(module_name: str, function: str) -> Callable[..., Any]:
    module = importlib.import_module(module_name)
    found = getattr(module, function, None)
    if not callable(found):
        there = ", ".join(sorted(n for n, v in vars(module).items() if inspect.isfunction(v))) or "none"
        raise ProjectError(f"the file has no function {function!r}; it has: {there}")
    result: Callable[..., Any] = found
    return result


def arguments_for(function: Callable[..., Any], given: dict[str, Any], offered: dict[str, Any]) -> dict[str, Any]:
    """What is given, and of what is offered that which the function asks for and has no value of its own."""
    parameters = inspect.signature(function).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    unknown = sorted(set(given) - set(parameters))
    if unknown and not open_ended:
        raise ProjectError(f"{function.__name__} takes no argument {unknown[0]!r}; it takes: {', '.join(parameters)}")
    values = dict(given)
    for name, value in offered.items():
        parameter = parameters.get(name)
        if parameter is not None and name not in values and parameter.default in (inspect.Parameter.empty, None):
            values[name] = value
    required = [
        name
        for name, p in parameters.items()
        if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and name not in values
    ]
    if required:
        raise ProjectError(
            f"{function.__name__} needs {', '.join(required)}: give them under `arguments:` of the pipeline"
        )
    return values


def build(request: dict[str, Any]) -> dict[str, Any]:
    aws = Aws(request)
    module = open_path(Path(request["root"]), Path(request["file"]))
    patch_aws(aws)
    function = load(module, request["function"])
    values = arguments_for(function, request["arguments"], request["offered"])
    cut_network()
    count_time()
    pipeline = function(**values)
    if not callable(getattr(pipeline, "definition", None)):
        raise ProjectError(f"{request['function']} returned {type(pipeline).__name__}, not a pipeline of the SDK")
    definition = pipeline.definition()
    uploads = [{"bucket": bucket, "key": key, "file": str(file)} for (bucket, key), file in sorted(aws.uploads.items())]
    return {"definition": json.loads(definition), "name": pipeline.name, "uploads": uploads}


def failure(error: BaseException, root: Path) -> dict[str, Any]:
    """The error with the project's own frames; those of libraries interest nobody."""
    frames = [
        {"file": frame.filename, "line": frame.lineno, "function": frame.name, "source": frame.line or ""}
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_file()
        and Path(frame.filename).resolve().is_relative_to(root)
        and "site-packages" not in frame.filename
    ]
    if isinstance(error, SyntaxError) and error.filename:
        source = (error.text or "").strip()
        frames.append({"file": error.filename, "line": error.lineno or 0, "function": "<module>", "source": source})
    kind = "entrypoint" if isinstance(error, ProjectError) else "code"
    name = "" if isinstance(error, (ProjectError, OfflineError)) else type(error).__name__
    return {"error": name, "detail": str(error), "frames": frames, "kind": kind}


def main(arguments: list[str]) -> int:
    request = json.loads(Path(arguments[1]).read_text())
    if sys.path[0] == str(Path(__file__).parent):
        sys.path.pop(0)  # this file's neighbours are Headgate's, not the project's
    os.chdir(request["root"])
    printed, sys.stdout = sys.stdout, sys.stderr or io.StringIO()
    try:
        answer = build(request)
    except BaseException as error:
        answer = failure(error, Path(request["root"]).resolve())
    finally:
        sys.stdout = printed
    Path(request["answer"]).write_text(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
