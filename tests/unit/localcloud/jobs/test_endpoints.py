"""Endpoints that are real HTTP servers."""

from __future__ import annotations

import random

import pytest

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.context import Settings
from unit.localcloud.jobs.conftest import close, make_laptop

pytestmark = pytest.mark.slow


def says(word):
    return f"""
    import os
    def predict(body, headers):
        if body == "die":
            os._exit(3)
        if body == "fail":
            return 500, "it broke"
        if body == "wrong":
            return 415, "no such media type"
        return 200, f"{word} " + body + " " + headers.get("X-Amzn-SageMaker-Custom-Attributes", "")
    """


def variant(name, model, weight=1.0):
    return {
        "VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
        "InitialVariantWeight": weight,
    }  # fmt: skip


def deploy(laptop, name="e", **models):
    for model, code in models.items():
        laptop.model(model, code)
    laptop.call(
        "CreateEndpointConfig", EndpointConfigName=f"{name}-config", ProductionVariants=[variant(m, m) for m in models]
    )
    laptop.call("CreateEndpoint", EndpointName=name, EndpointConfigName=f"{name}-config")
    return laptop.engine.wait_endpoint(laptop.caller, name, 30)


def invoke(laptop, body="x", name="e", target=None, **more):
    answer, kind, who = laptop.engine.invoke_endpoint(
        laptop.caller, name, body.encode(), "text/csv", "text/plain", target, **more
    )
    return answer.decode(), kind, who


def test_an_endpoint_serves_its_model(laptop):
    described = deploy(laptop, a=says("a"))
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    assert described["EndpointArn"].endswith(":endpoint/e")
    assert described["ProductionVariants"][0]["VariantName"] == "a"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert invoke(laptop, "1,2", custom="trace-7") == ("a 1,2 trace-7", "text/plain", "a")
    assert laptop.call("ListEndpoints")["Endpoints"][0]["EndpointName"] == "e"


def test_a_variant_is_chosen_by_weight_or_by_name(laptop, monkeypatch):
    deploy(laptop, a=says("a"), b=says("b"))
    assert invoke(laptop, target="b")[2] == "b"
    assert {invoke(laptop)[2] for _ in range(40)} == {"a", "b"}
    laptop.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "a", "DesiredWeight": 0.0}],
    )  # fmt: skip
    assert {invoke(laptop)[2] for _ in range(20)} == {"b"}
    weights = {
        v["VariantName"]: v["CurrentWeight"]
        for v in laptop.call("DescribeEndpoint", EndpointName="e")["ProductionVariants"]
    }
    assert weights == {"a": 0.0, "b": 1.0}
    with pytest.raises(AwsError, match="ghost"):
        laptop.call(
            "UpdateEndpointWeightsAndCapacities", EndpointName="e",
            DesiredWeightsAndCapacities=[{"VariantName": "ghost", "DesiredWeight": 0.0}],
        )  # fmt: skip
    with pytest.raises(AwsError, match="Variant ghost of endpoint e not found"):
        invoke(laptop, target="ghost")


def test_the_choice_is_reproducible_with_a_seed():
    assert Settings(random=random.Random(1)).random.random() == random.Random(1).random()


def test_a_models_error_is_a_model_error(laptop):
    deploy(laptop, a=says("a"))
    with pytest.raises(AwsError, match=r'Received server error \(500\) from primary with message "it broke"') as caught:
        invoke(laptop, "fail")
    assert (caught.value.code, caught.value.status) == ("ModelError", 424)
    with pytest.raises(AwsError, match=r"Received client error \(415\)"):
        invoke(laptop, "wrong")


def test_a_server_that_crashes_is_started_again(laptop):
    deploy(laptop, a=says("a"))
    with pytest.raises(AwsError, match=r"server error \(0\)"):
        invoke(laptop, "die")
    assert invoke(laptop, "again")[0] == "a again "


def test_a_server_that_never_gets_healthy_fails_the_endpoint(laptop):
    described = deploy(laptop, a="raise ValueError('bad weights')")
    assert described["EndpointStatus"] == "Failed"
    assert "production variant a: the container did not pass the ping health check" in described["FailureReason"]
    assert "bad weights" in described["FailureReason"]
    with pytest.raises(AwsError, match="not in service: it is Failed"):
        invoke(laptop)


def test_health_has_a_time_limit(tmp_path):
    laptop = make_laptop(tmp_path, health_timeout=0.5)
    described = deploy(laptop, a="PING = 503\ndef predict(body, headers): pass")
    assert "within 0.5 s" in described["FailureReason"]
    close(laptop)


def test_an_update_swaps_models_without_a_gap(laptop):
    deploy(laptop, a=says("old"))
    laptop.model("b", says("new"))
    laptop.call("CreateEndpointConfig", EndpointConfigName="second", ProductionVariants=[variant("a", "b")])
    laptop.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="second")
    assert invoke(laptop)[0].split()[0] in ("old", "new")
    described = laptop.engine.wait_endpoint(laptop.caller, "e", 30)
    assert described["EndpointConfigName"] == "second"
    assert invoke(laptop)[0] == "new x "


def test_an_update_that_fails_leaves_the_old_model_serving(laptop):
    deploy(laptop, a=says("old"))
    laptop.model("b", "raise ValueError('bad weights')")
    laptop.call("CreateEndpointConfig", EndpointConfigName="second", ProductionVariants=[variant("a", "b")])
    laptop.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="second")
    described = laptop.engine.wait_endpoint(laptop.caller, "e", 30)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "e-config"
    assert "bad weights" in described["FailureReason"]
    assert invoke(laptop)[0] == "old x "


def test_weights_can_be_kept_over_an_update(laptop):
    deploy(laptop, a=says("a"), b=says("b"))
    laptop.call(
        "UpdateEndpointWeightsAndCapacities", EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "a", "DesiredWeight": 0.0}],
    )  # fmt: skip
    laptop.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="e-config", RetainAllVariantProperties=True)
    laptop.engine.wait_endpoint(laptop.caller, "e", 30)
    assert {invoke(laptop)[2] for _ in range(10)} == {"b"}


def test_a_deleted_endpoint_is_gone_with_its_process(laptop):
    deploy(laptop, a=says("a"))
    laptop.call("DeleteEndpoint", EndpointName="e")
    with pytest.raises(AwsError, match="Endpoint e of account 123456789012 not found") as caught:
        invoke(laptop)
    assert caught.value.code == "ValidationError"
    with pytest.raises(AwsError, match='Could not find endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e"'):
        laptop.call("DescribeEndpoint", EndpointName="e")
    assert list((laptop.root / "jobs").iterdir()) == []


def test_endpoints_serve_again_after_a_restart(tmp_path):
    first = make_laptop(tmp_path)
    deploy(first, a=says("a"))
    close(first)
    second = make_laptop(tmp_path)
    second.engine.recover()
    assert invoke(second)[0] == "a x "
    assert second.engine.wait_endpoint(second.caller, "e", 20)["EndpointStatus"] == "InService"
    close(second)


def test_configs_are_described_listed_and_deleted(laptop):
    laptop.model("a", says("a"))
    for name in ("one", "two"):
        laptop.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant("v", "a")])
    described = laptop.call("DescribeEndpointConfig", EndpointConfigName="one")
    assert described["ProductionVariants"][0]["ModelName"] == "a"
    listed = laptop.call("ListEndpointConfigs", SortBy="Name", SortOrder="Ascending")["EndpointConfigs"]
    assert [item["EndpointConfigName"] for item in listed] == ["one", "two"]
    laptop.call("DeleteEndpointConfig", EndpointConfigName="one")
    with pytest.raises(AwsError, match="Could not find endpoint configuration"):
        laptop.call("DescribeEndpointConfig", EndpointConfigName="one")
    with pytest.raises(AwsError, match="Cannot create already existing endpoint configuration"):
        laptop.call("CreateEndpointConfig", EndpointConfigName="two", ProductionVariants=[variant("v", "a")])


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"DataCaptureConfig": {"EnableCapture": True, "InitialSamplingPercentage": 100,
          "DestinationS3Uri": "s3://data/c", "CaptureOptions": [{"CaptureMode": "Input"}]}},
         "UnsupportedByLocalCloud", "EnableCapture"),
        ({"AsyncInferenceConfig": {"OutputConfig": {}}}, "UnsupportedByLocalCloud", "AsyncInferenceConfig"),
        ({"ProductionVariants": [{"VariantName": "v", "ModelName": "a",
          "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}]},
         "UnsupportedByLocalCloud", "ServerlessConfig"),
        ({"ProductionVariants": [{"VariantName": "v"}]}, "UnsupportedByLocalCloud", "without ModelName"),
        ({"ProductionVariants": [variant("v", "ghost")]}, "ValidationException", "Could not find model"),
        ({"ProductionVariants": [variant("v", "a"), variant("v", "a")]}, "ValidationException", "names of their own"),
    ],
)  # fmt: skip
def test_configs_that_cannot_work_are_refused(laptop, change, code, text):
    laptop.model("a", says("a"))
    request = {"EndpointConfigName": "c", "ProductionVariants": [variant("v", "a")], **change}
    with pytest.raises(AwsError) as caught:
        laptop.call("CreateEndpointConfig", **request)
    assert caught.value.code == code
    assert text in caught.value.message


def test_endpoints_that_cannot_work_are_refused(laptop):
    deploy(laptop, a=says("a"))
    with pytest.raises(AwsError, match="Cannot create already existing endpoint"):
        laptop.call("CreateEndpoint", EndpointName="e", EndpointConfigName="e-config")
    with pytest.raises(AwsError, match="Could not find endpoint configuration"):
        laptop.call("CreateEndpoint", EndpointName="f", EndpointConfigName="ghost")
    canary = {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 0}}
    with pytest.raises(AwsError, match="CANARY"):
        laptop.call(
            "UpdateEndpoint", EndpointName="e", EndpointConfigName="e-config",
            DeploymentConfig={"BlueGreenUpdatePolicy": canary},
        )  # fmt: skip


def test_a_model_package_stands_for_its_container(laptop):
    laptop.model("a", says("packaged"))
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/group/1"
    body = {"InferenceSpecification": {"Containers": [{"Image": "x/any", "ModelDataUrl": "s3://data/a.tar.gz"}]}}
    laptop.documents.put(Key("123456789012", "eu-west-1", "model-package", arn), body)
    laptop.put_model("b", {"PrimaryContainer": {"ModelPackageName": arn}})
    laptop.call("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant("v", "b")])
    laptop.call("CreateEndpoint", EndpointName="e", EndpointConfigName="c")
    laptop.engine.wait_endpoint(laptop.caller, "e", 20)
    assert invoke(laptop)[0] == "packaged x "
