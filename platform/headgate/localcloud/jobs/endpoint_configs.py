"""Endpoint configurations: which models an endpoint serves, and by which weights."""

from __future__ import annotations

from headgate.localcloud.documents import DuplicateError, Key
from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.listing import page, summary
from headgate.localcloud.jobs.models import find_model
from headgate.localcloud.seams import Caller, Json, Operation

CONFIG_KIND = "endpoint-config"
_UNSUPPORTED = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants", "CrossRegionTrafficConfig")
_UNSUPPORTED_OF_VARIANT = ("ServerlessConfig", "ManagedInstanceScaling", "CoreDumpConfig")


class EndpointConfigs:
    """Create, describe, list and delete endpoint configurations."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEndpointConfig": self.create,
            "DescribeEndpointConfig": self.describe,
            "ListEndpointConfigs": self.list_configs,
            "DeleteEndpointConfig": self.delete,
        }

    def create(self, caller: Caller, parameters: Json) -> Json:
        """Raises AwsError for a model that does not exist, a name that is taken, and what is not supported."""
        for member in _UNSUPPORTED:
            if parameters.get(member):
                raise unsupported(f"{member} of an endpoint configuration")
        if parameters.get("DataCaptureConfig", {}).get("EnableCapture"):
            raise unsupported("DataCaptureConfig with EnableCapture of an endpoint configuration")
        self._check_variants(caller, parameters["ProductionVariants"])
        name = str(parameters["EndpointConfigName"])
        arn = _arn(caller, name)
        body = {**parameters, "EndpointConfigArn": arn, "CreationTime": self._context.clock.now()}
        try:
            self._context.documents.insert(_key(caller, name), body)
        except DuplicateError as error:
            raise validation(f'Cannot create already existing endpoint configuration "{arn}".') from error
        return {"EndpointConfigArn": arn}

    def get(self, caller: Caller, name: str) -> Json:
        """The configuration's document. Raises AwsError (ValidationException) if there is none."""
        body = self._context.documents.find(_key(caller, name))
        if body is None:
            raise validation(f'Could not find endpoint configuration "{_arn(caller, name)}".')
        return body

    def describe(self, caller: Caller, parameters: Json) -> Json:
        return summary("DescribeEndpointConfigOutput", self.get(caller, str(parameters["EndpointConfigName"])))

    def list_configs(self, caller: Caller, parameters: Json) -> Json:
        found = self._context.documents.list(CONFIG_KIND, account=caller.account, region=caller.region)
        return page(
            [body for _, body in found],
            {"SortOrder": "Descending", **parameters},
            name_member="EndpointConfigName",
            status_member="",
            result_member="EndpointConfigs",
            project=lambda body: summary("EndpointConfigSummary", body),
        )

    def delete(self, caller: Caller, parameters: Json) -> Json:
        name = str(parameters["EndpointConfigName"])
        self.get(caller, name)
        self._context.documents.delete(_key(caller, name))
        return {}

    def _check_variants(self, caller: Caller, variants: list[Json]) -> None:
        names = [str(variant["VariantName"]) for variant in variants]
        if not names or len(set(names)) < len(names):
            raise validation(f"the variants of an endpoint need names of their own: {', '.join(names) or 'none given'}")
        for variant in variants:
            for member in _UNSUPPORTED_OF_VARIANT:
                if variant.get(member):
                    raise unsupported(f"{member} of production variant '{variant['VariantName']}'")
            if not variant.get("ModelName"):
                raise unsupported(f"production variant '{variant['VariantName']}' without ModelName")
            model = find_model(self._context.documents, caller, str(variant["ModelName"]))
            for container in model.containers:
                self._context.runtimes.find(container.image)


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, CONFIG_KIND, name)


def _arn(caller: Caller, name: str) -> str:
    return caller.arn("sagemaker", f"endpoint-config/{name}")
