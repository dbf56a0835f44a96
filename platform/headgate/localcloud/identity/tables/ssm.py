"""Systems Manager: parameters, and the documents and commands that only look."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    creates,
    is_set,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, values
from headgate.localcloud.seams import Caller


def _arn(name: str, caller: Caller) -> str:
    """A parameter's ARN has one slash after `parameter`, and no selector (`:3`, `:prod`)."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    path = name.partition(":")[0].removeprefix("/")
    return f"arn:aws:ssm:{caller.region}:{caller.account}:parameter/{path}"


def _parameters(path: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        return tuple(_arn(str(name), caller) for name in values(parameters, path)) or (_arn("*", caller),)

    return arns


def _tagged(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    kind, name = (next(iter(values(parameters, member)), "*") for member in ("ResourceType", "ResourceId"))
    if kind == "Parameter":
        return (_arn(str(name), caller),)
    return (f"arn:aws:ssm:{caller.region}:{caller.account}:{str(kind).lower()}/{name}",)


_ONE = _parameters("Name")
_MANY = _parameters("Names[]")
_DECRYPTS = is_set("WithDecryption")
_TREE: Keys = {"ssm:Recursive": "Recursive"}


def _reads(operation: str, resource: Arns, keys: Keys | None = None) -> tuple[Need, ...]:
    """Reading a SecureString with decryption uses its key."""
    action = f"ssm:{operation}"
    return (
        Need(action, resource, keys or {}, when=lambda p: not _DECRYPTS(p)),
        Need(action, resource, keys or {}, when=_DECRYPTS, kms_action="kms:Decrypt"),
    )


OPERATIONS: Operations = {
    "PutParameter": creates(
        "ssm:PutParameter",
        _ONE,
        {"ssm:Overwrite": "Overwrite", "ssm:Policies": "Policies"},
        tag_action="ssm:AddTagsToResource",
    ),
    "GetParameter": _reads("GetParameter", _ONE),
    "GetParameters": _reads("GetParameters", _MANY),
    "GetParametersByPath": _reads("GetParametersByPath", _parameters("Path"), _TREE),
    "GetParameterHistory": _reads("GetParameterHistory", _ONE),
    "DeleteParameter": (Need("ssm:DeleteParameter", _ONE),),
    "DeleteParameters": (Need("ssm:DeleteParameters", _MANY),),
    **same("ssm", _ONE, "LabelParameterVersion UnlabelParameterVersion"),
    **same("ssm", "*", "DescribeParameters"),
    **same("ssm", _tagged, "ListTagsForResource"),
    "AddTagsToResource": tags_resource("ssm:AddTagsToResource", _tagged),
    "RemoveTagsFromResource": untags_resource("ssm:RemoveTagsFromResource", _tagged),
}
