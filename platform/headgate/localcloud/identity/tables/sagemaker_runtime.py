"""SageMaker's runtime: requests to endpoints."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import Operations

_ENDPOINT = "arn:aws:sagemaker:{region}:{account}:endpoint/{EndpointName}"

OPERATIONS: Operations = {
    "InvokeEndpoint": (Need("sagemaker:InvokeEndpoint", _ENDPOINT, {"sagemaker:TargetModel": "TargetModel"}),),
    "InvokeEndpointAsync": (Need("sagemaker:InvokeEndpointAsync", _ENDPOINT),),
    "InvokeEndpointWithResponseStream": (Need("sagemaker:InvokeEndpointWithResponseStream", _ENDPOINT),),
}
