"""Lambda. A function is named by name, ARN or `ACCOUNT:function:NAME`, with or without version or alias."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    allowed_by,
    constant,
    creates,
    is_set,
    pass_role,
    same,
    several,
    tagging,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_START = "arn:aws:lambda:{region}:{account}:"
_LAYER = _START + "layer:{LayerName}"
_LAYER_VERSION = _LAYER + ":{VersionNumber}"
_MAPPING = _START + "event-source-mapping:{UUID}"
_ROLE = pass_role("Role", constant("lambda.amazonaws.com"))


def function_arn(name: str, caller: Caller) -> str:
    """The ARN of a function that is named in any of Lambda's three ways."""
    if name.startswith("arn:"):
        return name
    account, found, rest = name.partition(":function:")
    if found:
        return f"arn:aws:lambda:{caller.region}:{account.rpartition(':')[2]}:function:{rest}"
    return f"arn:aws:lambda:{caller.region}:{caller.account}:function:{name}"


def _function(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    arn = function_arn(str(at(parameters, "FunctionName") or "*"), caller)
    qualifier = at(parameters, "Qualifier")
    return (f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn,)


def _unqualified(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    return tuple(":".join(arn.split(":")[:7]) for arn in _function(parameters, caller))


def _function_of_mapping(parameters: Parameters, caller: Caller) -> str | None:
    name = at(parameters, "FunctionName")
    return function_arn(str(name), caller) if name else None


def _code(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    """The object that holds a function's code; CreateFunction has it below Code, UpdateFunctionCode beside the name."""
    place = at(parameters, "Code") or parameters
    return (f"arn:aws:s3:::{at(place, 'S3Bucket')}/{at(place, 'S3Key')}",)


_VPC: Keys = {
    "lambda:SubnetIds": several("VpcConfig.SubnetIds[]"),
    "lambda:SecurityGroupIds": several("VpcConfig.SecurityGroupIds[]"),
    "lambda:Layer": several("Layers[]"),
}
_USES_LAYERS = Need("lambda:GetLayerVersion", "{Layers[]}", when="Layers[]")
_PRINCIPAL: Keys = {"lambda:Principal": "Principal", "lambda:FunctionUrlAuthType": "FunctionUrlAuthType"}
_URL: Keys = {"lambda:FunctionUrlAuthType": "AuthType"}
_TAG_NAMES, _REQUEST_TAGS = tagging()
_EVERY_MAPPING = "arn:aws:lambda:{region}:{account}:event-source-mapping:*"

_FUNCTIONS: Operations = {
    "CreateFunction": (
        *creates(
            "lambda:CreateFunction",
            _unqualified,
            {**_VPC, "lambda:CodeSigningConfigArn": "CodeSigningConfigArn"},
            tag_action="lambda:TagResource",
        ),
        _ROLE,
        Need("s3:GetObject", _code, when="Code.S3Bucket"),
        _USES_LAYERS,
    ),
    "UpdateFunctionCode": (
        Need("lambda:UpdateFunctionCode", _unqualified),
        Need("s3:GetObject", _code, when="S3Bucket"),
    ),
    "UpdateFunctionConfiguration": (
        Need("lambda:UpdateFunctionConfiguration", _unqualified, _VPC),
        _ROLE,
        _USES_LAYERS,
    ),
    **allowed_by("lambda:InvokeFunction", _function, "Invoke InvokeWithResponseStream"),
    **allowed_by("lambda:InvokeFunction", _function, "InvokeAsync"),
    **same("lambda", _function, "DeleteFunction GetFunction GetFunctionConfiguration GetPolicy RemovePermission"),
    **same("lambda", _function, "AddPermission", _PRINCIPAL),
    **same("lambda", _function, "CreateFunctionUrlConfig UpdateFunctionUrlConfig", _URL),
    **same("lambda", _function, "DeleteFunctionUrlConfig GetFunctionUrlConfig"),
    **same(
        "lambda",
        _function,
        "DeleteFunctionEventInvokeConfig GetFunctionEventInvokeConfig PutFunctionEventInvokeConfig "
        "UpdateFunctionEventInvokeConfig DeleteProvisionedConcurrencyConfig GetProvisionedConcurrencyConfig "
        "PutProvisionedConcurrencyConfig",
    ),
    **same(
        "lambda",
        _unqualified,
        "CreateAlias DeleteAlias GetAlias ListAliases UpdateAlias DeleteFunctionConcurrency GetFunctionConcurrency "
        "GetFunctionCodeSigningConfig ListFunctionEventInvokeConfigs ListProvisionedConcurrencyConfigs "
        "ListVersionsByFunction PublishVersion PutFunctionConcurrency",
    ),
    **same("lambda", "*", "GetAccountSettings ListFunctions"),
}
_REST: Operations = {
    "PublishLayerVersion": (Need("lambda:PublishLayerVersion", _LAYER),),
    **same(
        "lambda",
        _LAYER_VERSION,
        "AddLayerVersionPermission DeleteLayerVersion GetLayerVersion GetLayerVersionPolicy "
        "RemoveLayerVersionPermission",
    ),
    "GetLayerVersionByArn": (Need("lambda:GetLayerVersion", "{Arn}"),),
    **same("lambda", "*", "ListEventSourceMappings ListLayerVersions ListLayers"),
    "CreateEventSourceMapping": (
        Need(
            "lambda:CreateEventSourceMapping",
            "*",
            _TAG_NAMES,
            _REQUEST_TAGS,
            caller_keys={"lambda:FunctionArn": _function_of_mapping},
        ),
        Need("lambda:TagResource", _EVERY_MAPPING, _TAG_NAMES, _REQUEST_TAGS, when=is_set("Tags")),
    ),
    **same("lambda", _MAPPING, "DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping"),
    "ListTags": (Need("lambda:ListTags", "{Resource}"),),
    "TagResource": tags_resource("lambda:TagResource", "{Resource}"),
    "UntagResource": untags_resource("lambda:UntagResource", "{Resource}"),
}

OPERATIONS: Operations = {**_FUNCTIONS, **_REST}
