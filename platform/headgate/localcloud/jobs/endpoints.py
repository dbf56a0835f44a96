"""Endpoints: CreateEndpoint and its kin over real HTTP servers, and InvokeEndpoint."""

from __future__ import annotations

import threading

from headgate.localcloud.documents import DuplicateError, Key
from headgate.localcloud.errors import AwsError, unsupported, validation
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.endpoint_configs import EndpointConfigs
from headgate.localcloud.jobs.failures import REASON_LIMIT, JobFailure
from headgate.localcloud.jobs.listing import page, summary
from headgate.localcloud.jobs.models import find_model
from headgate.localcloud.jobs.serving import LiveEndpoint, Variant, model_error, start_variants
from headgate.localcloud.jobs.supervision import Control
from headgate.localcloud.seams import Caller, Json, Operation

ENDPOINT_KIND = "endpoint"


class Endpoints:
    """Create, update, describe, list, delete and invoke endpoints."""

    def __init__(self, context: Context, configs: EndpointConfigs) -> None:
        self._context = context
        self._configs = configs
        self._lock = threading.Lock()
        self._live: dict[Key, LiveEndpoint] = {}
        self._deployments: dict[Key, tuple[threading.Thread, Control]] = {}

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateEndpoint": self.create,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list_endpoints,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.update_weights,
            "DeleteEndpoint": self.delete,
        }

    def create(self, caller: Caller, parameters: Json) -> Json:
        """CreateEndpoint: answers at once, the servers start behind it. Raises AwsError (ValidationException)."""
        self._context.require_isolation()
        _check_deployment(parameters.get("DeploymentConfig", {}))
        config = self._configs.get(caller, str(parameters["EndpointConfigName"]))
        name = str(parameters["EndpointName"])
        arn = _arn(caller, name)
        now = self._context.clock.now()
        body: Json = {
            **parameters,
            "EndpointArn": arn,
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        try:
            self._context.documents.insert(_key(caller, name), body)
        except DuplicateError as error:
            raise validation(f'Cannot create already existing endpoint "{arn}".') from error
        self._deploy(caller, name, config, {})
        return {"EndpointArn": arn}

    def describe(self, caller: Caller, parameters: Json) -> Json:
        return summary("DescribeEndpointOutput", self._get(caller, str(parameters["EndpointName"])))

    def list_endpoints(self, caller: Caller, parameters: Json) -> Json:
        found = self._context.documents.list(ENDPOINT_KIND, account=caller.account, region=caller.region)
        return page(
            [body for _, body in found],
            {"SortOrder": "Descending", **parameters},
            name_member="EndpointName",
            status_member="EndpointStatus",
            result_member="Endpoints",
            project=lambda body: summary("EndpointSummary", body),
        )

    def update(self, caller: Caller, parameters: Json) -> Json:
        """UpdateEndpoint: the new servers take over once they are healthy; if they fail, the old ones stay."""
        _check_deployment(parameters.get("DeploymentConfig", {}))
        name = str(parameters["EndpointName"])
        self._require_idle(self._get(caller, name))
        config = self._configs.get(caller, str(parameters["EndpointConfigName"]))
        kept = self._kept_weights(_key(caller, name), parameters)
        self._change(_key(caller, name), EndpointStatus="Updating")
        self._deploy(caller, name, config, kept)
        return {"EndpointArn": _arn(caller, name)}

    def update_weights(self, caller: Caller, parameters: Json) -> Json:
        """UpdateEndpointWeightsAndCapacities; takes effect with the next request."""
        name = str(parameters["EndpointName"])
        self._require_idle(self._get(caller, name))
        desired = {str(item["VariantName"]): item for item in parameters["DesiredWeightsAndCapacities"]}
        key = _key(caller, name)

        def apply(body: Json) -> None:
            known = {variant["VariantName"]: variant for variant in body.get("ProductionVariants", ())}
            for variant, item in desired.items():
                if variant not in known:
                    raise validation(f'The variant name(s) "{variant}" is/are not present within endpoint "{name}".')
                for asked, members in (
                    ("DesiredWeight", ("CurrentWeight", "DesiredWeight")),
                    ("DesiredInstanceCount", ("CurrentInstanceCount", "DesiredInstanceCount")),
                ):
                    if asked in item:
                        known[variant].update(dict.fromkeys(members, item[asked]))
            body["LastModifiedTime"] = self._context.clock.now()

        self._context.documents.update(key, apply)
        with self._lock:
            live = self._live.get(key)
            if live:
                live.weights.update({n: float(i["DesiredWeight"]) for n, i in desired.items() if "DesiredWeight" in i})
        return {"EndpointArn": _arn(caller, name)}

    def delete(self, caller: Caller, parameters: Json) -> Json:
        """DeleteEndpoint; returns when its servers are gone."""
        name = str(parameters["EndpointName"])
        self._get(caller, name)
        key = _key(caller, name)
        self._change(key, EndpointStatus="Deleting")
        self._cancel(key)
        with self._lock:
            live = self._live.pop(key, None)
        if live:
            live.stop()
        self._context.documents.delete(key)
        return {}

    def invoke(
        self, caller: Caller, name: str, body: bytes, headers: dict[str, str], target: str | None
    ) -> tuple[bytes, str, str]:
        """The answer, its content type and the variant. Raises AwsError: ValidationError, ModelError."""
        key = _key(caller, name)
        document = self._context.documents.find(key)
        if document is None:
            raise AwsError("ValidationError", f"Endpoint {name} of account {caller.account} not found.")
        if document["EndpointStatus"] == "SystemUpdating":
            self._await_deployment(key)
        with self._lock:
            live = self._live.get(key)
        if live is None:
            raise AwsError(
                "ValidationError",
                f"Endpoint {name} of account {caller.account} is not in service: it is {document['EndpointStatus']}.",
            )
        variant = live.choose(target, self._context.settings.random)
        answer = variant.invoke(body, headers)
        if not answer.good:
            raise model_error(answer.status, answer.body.decode("utf-8", "replace"), name)
        return answer.body, answer.content_type, variant.name

    def recover(self) -> None:
        """Start again what was in service, or on its way there, when the daemon ended."""
        for key, body in self._context.documents.list(ENDPOINT_KIND):
            caller = Caller(key.account, key.region)
            if body["EndpointStatus"] == "Deleting":
                self._context.documents.delete(key)
            elif body["EndpointStatus"] != "Failed":
                try:
                    config = self._configs.get(caller, str(body["EndpointConfigName"]))
                except AwsError as error:
                    self._change(key, EndpointStatus="Failed", FailureReason=error.message)
                    continue
                weights = {v["VariantName"]: float(v["DesiredWeight"]) for v in body.get("ProductionVariants", ())}
                if body["EndpointStatus"] != "Creating":
                    self._change(key, EndpointStatus="SystemUpdating")
                self._deploy(caller, key.name, config, weights)

    def close(self) -> None:
        """Stop every server. The records stay as they are, so that `recover` starts the endpoints again."""
        for key in list(self._deployments):
            self._cancel(key)
        with self._lock:
            live, self._live = list(self._live.values()), {}
        for endpoint in live:
            endpoint.stop()

    def _get(self, caller: Caller, name: str) -> Json:
        body = self._context.documents.find(_key(caller, name))
        if body is None:
            raise validation(f'Could not find endpoint "{_arn(caller, name)}".')
        return body

    def _require_idle(self, body: Json) -> None:
        status = body["EndpointStatus"]
        if status not in ("InService", "Failed"):
            raise validation(f'Cannot update in-progress endpoint "{body["EndpointArn"]}": it is {status}.')

    def _kept_weights(self, key: Key, parameters: Json) -> dict[str, float]:
        excluded = {item["VariantPropertyType"] for item in parameters.get("ExcludeRetainedVariantProperties", ())}
        if not parameters.get("RetainAllVariantProperties") or "DesiredWeight" in excluded:
            return {}
        with self._lock:
            return dict(self._live[key].weights) if key in self._live else {}

    def _change(self, key: Key, **members: object) -> None:
        def apply(body: Json) -> None:
            body.update(members, LastModifiedTime=self._context.clock.now())
            if members.get("EndpointStatus") == "InService" and "FailureReason" not in members:
                body.pop("FailureReason", None)

        self._context.records.change(key, apply)

    def _deploy(self, caller: Caller, name: str, config: Json, weights: dict[str, float]) -> None:
        control = Control()
        thread = threading.Thread(
            target=self._run, args=(caller, name, config, weights, control), name=f"endpoint {name}"
        )
        with self._lock:
            self._deployments[_key(caller, name)] = (thread, control)
            thread.start()

    def _run(self, caller: Caller, name: str, config: Json, weights: dict[str, float], control: Control) -> None:
        key = _key(caller, name)
        try:
            variants = start_variants(self._context, caller, name, config, control)
        except JobFailure as failure:
            if not control.stopped:
                self._failed(key, failure.reason[:REASON_LIMIT])
        else:
            new = {
                variant.name: weights.get(variant.name, float(variant.definition.get("InitialVariantWeight", 1.0)))
                for variant in variants.values()
            }
            with self._lock:
                old = self._live.get(key)
                self._live[key] = LiveEndpoint(name, variants, new)
            described = [self._described(variant, new[variant.name]) for variant in variants.values()]
            config_name = config["EndpointConfigName"]
            self._change(key, EndpointStatus="InService", EndpointConfigName=config_name, ProductionVariants=described)
            if old:
                old.stop()
        finally:
            with self._lock:
                self._deployments.pop(key, None)
            control.close()

    def _failed(self, key: Key, reason: str) -> None:
        with self._lock:
            serving = key in self._live
        self._change(key, EndpointStatus="InService" if serving else "Failed", FailureReason=reason)

    def _described(self, variant: Variant, weight: float) -> Json:
        count = int(variant.definition.get("InitialInstanceCount", 1))
        model = find_model(self._context.documents, variant.caller, str(variant.definition["ModelName"]))
        now = self._context.clock.now()
        return {
            "VariantName": variant.name,
            "DeployedImages": [
                {"SpecifiedImage": part.image, "ResolvedImage": part.image, "ResolutionTime": now}
                for part in model.containers
            ],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
        }

    def _cancel(self, key: Key) -> None:
        with self._lock:
            thread, control = self._deployments.get(key, (None, None))
        if thread and control:
            control.stop()
            thread.join()

    def _await_deployment(self, key: Key) -> None:
        with self._lock:
            thread, _ = self._deployments.get(key, (None, None))
        if thread:
            thread.join()


def _check_deployment(config: Json) -> None:
    if config.get("RollingUpdatePolicy"):
        raise unsupported("DeploymentConfig.RollingUpdatePolicy")
    routing = config.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    if routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
        raise unsupported(f"DeploymentConfig with traffic routing {routing['Type']}")


def _key(caller: Caller, name: str) -> Key:
    return Key(caller.account, caller.region, ENDPOINT_KIND, name)


def _arn(caller: Caller, name: str) -> str:
    return caller.arn("sagemaker", f"endpoint/{name}")


def settled(body: Json) -> bool:
    """Whether an endpoint is neither starting nor changing nor going."""
    return body["EndpointStatus"] in ("InService", "Failed", "OutOfService")
