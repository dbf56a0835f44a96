"""AWS::Lambda::Function: code, configuration, concurrency."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_CONFIGURATION: Json = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Handler": None,
    "KmsKeyArn": "",
    "Layers": [],
    "LoggingConfig": {"LogFormat": "Text"},
    "MemorySize": 128,
    "Role": None,
    "Runtime": None,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
"""Properties, and what UpdateFunctionConfiguration sets when a template no longer says; None where it has to."""

_CODE = ("S3Bucket", "S3Key", "S3ObjectVersion", "ZipFile")
_TAGGING = Tagging("lambda", "TagResource", "UntagResource", "Resource", pair=None)
_INLINE = {"python": "index.py", "nodejs": "index.js"}


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("FunctionName") or context.name(64))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:lambda:{context.region}:{context.account}:function:{name}"


def _code(properties: Json) -> Json:
    """`Code` as the API takes it: text in a template is one file of an archive."""
    code = properties["Code"]
    unknown = sorted(set(code) - set(_CODE))
    if unknown or properties.get("PackageType", "Zip") != "Zip":
        raise refuse(
            f"functions from {', '.join(unknown) or 'images'} do not run in the local cloud; use a zip archive"
        )
    members = pick(code, "S3Bucket", "S3Key", "S3ObjectVersion")
    if "ZipFile" in code:
        members["ZipFile"] = _archive(code["ZipFile"], str(properties.get("Runtime", "")))
    return members


def _archive(text: str, runtime: str) -> bytes:
    """The same bytes for the same text, so that nothing looks changed that is not."""
    name = next((file for prefix, file in _INLINE.items() if runtime.startswith(prefix)), None)
    if name is None:
        raise refuse(f"code in the template (ZipFile) needs a python or nodejs runtime, not '{runtime}'")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, text)
    return buffer.getvalue()


def _check(properties: Json) -> None:
    form = (properties.get("LoggingConfig") or {}).get("LogFormat", "Text")
    if form != "Text":
        raise refuse(f"LoggingConfig with LogFormat {form} is not supported in the local cloud; handlers log text")


def _make(context: Context, properties: Json) -> str:
    _check(properties)
    name = _name(context, properties)
    members = pick(properties, "Architectures", "PackageType", *_CONFIGURATION)
    tags = all_tags(context, properties) or None
    call(context, "lambda", "CreateFunction", members, FunctionName=name, Code=_code(properties), Tags=tags)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    _check(new)
    if changed(old, new, "Code", "Architectures"):
        architectures = new.get("Architectures") or ["x86_64"]
        call(context, "lambda", "UpdateFunctionCode", _code(new), FunctionName=name, Architectures=architectures)
    different = [property_ for property_ in _CONFIGURATION if changed(old, new, property_)]
    if different:
        members = {property_: new.get(property_, _CONFIGURATION[property_]) for property_ in different}
        call(context, "lambda", "UpdateFunctionConfiguration", members, FunctionName=name)
    if changed(old, new, "ReservedConcurrentExecutions"):
        _reserve(context, name, new.get("ReservedConcurrentExecutions"))
    _TAGGING.apply(context, _arn(context, name), old, new)
    context.wait(lambda: _settled(context, name), seconds=300, what=f"the function {name} becoming active")


def _reserve(context: Context, name: str, executions: int | None) -> None:
    if executions is None:
        call(context, "lambda", "DeleteFunctionConcurrency", FunctionName=name)
    else:
        members = {"ReservedConcurrentExecutions": executions}
        call(context, "lambda", "PutFunctionConcurrency", members, FunctionName=name)


def _settled(context: Context, name: str) -> bool | None:
    found = call(context, "lambda", "GetFunction", FunctionName=name)["Configuration"]
    done = found.get("State", "Active") == "Active" and found.get("LastUpdateStatus", "Successful") == "Successful"
    return done or None


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    return {"Arn": _arn(context, name)}


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "lambda", "DeleteFunction", FunctionName=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "lambda", "GetFunction", FunctionName=name) else None


TYPES = (
    Declared(
        "AWS::Lambda::Function",
        handled=frozenset(
            {
                "Architectures",
                "Code",
                "FunctionName",
                "PackageType",
                "ReservedConcurrentExecutions",
                "Tags",
                *_CONFIGURATION,
            }
        ),
        ignored={
            "RecursiveLoop": "loops between services are not detected here, so none is ended",
            "RuntimeManagementConfig": "handlers run on the Python that runs Headgate, which no policy updates",
        },
        make=_make,
        made=frozenset({"Architectures", "Code", "Tags", *_CONFIGURATION}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
