"""SageMaker over HTTP: the JSON protocol and the runtime API."""

from __future__ import annotations

import io
import json

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.left_to_moto import LEFT_TO_MOTO
from headgate.localcloud.sagemaker.operations import service_model
from headgate.localcloud.sagemaker.runtime import SageMakerRuntime
from headgate.localcloud.seams import HttpRequest
from unit.localcloud.executions.fakes import CALLER, World, processing


def request(operation: str, body: bytes = b"{}", **more: object) -> HttpRequest:
    values: dict[str, object] = {
        "method": "POST",
        "path": "/",
        "query": (),
        "headers": {"x-amz-target": f"SageMaker.{operation}"},
        "body": io.BytesIO(body),
        "service": "sagemaker",
        "caller": CALLER,
        **more,
    }
    return HttpRequest(**values)  # type: ignore[arg-type]


def test_an_operation_is_answered_in_json(world: World) -> None:
    world.create_pipeline([processing("One")])
    response = world.service.handle(request("DescribePipeline", b'{"PipelineName": "flow"}'))
    assert response is not None
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["PipelineName"] == "flow"


def test_moto_answers_what_is_left_to_it_with_the_body_unread(world: World) -> None:
    asked = request("CreateDomain", b'{"DomainName": "d"}')
    assert world.service.handle(asked) is None
    assert asked.body.read() == b'{"DomainName": "d"}'


@pytest.mark.parametrize("operation", ["CreateAutoMLJobV2", "CreateMonitoringSchedule", "Nonsense", ""])
def test_anything_else_is_refused_by_name(world: World, operation: str) -> None:
    with pytest.raises(AwsError, match=f"does not support sagemaker {operation or '/'}") as caught:
        world.service.handle(request(operation))
    assert caught.value.status == 501


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_a_body_that_is_no_json_object_is_refused(world: World, body: bytes) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        world.service.handle(request("ListPipelines", body))


def test_a_request_is_checked_against_the_api(world: World) -> None:
    with pytest.raises(AwsError, match=r'ValidationException.*Missing required parameter in input: "PipelineName"'):
        world.service.handle(request("DescribePipeline"))


def test_nothing_is_both_ours_and_motos_and_all_of_it_exists(world: World) -> None:
    ours = set(world.service.operations._table)
    assert not ours & LEFT_TO_MOTO
    assert ours | LEFT_TO_MOTO <= set(service_model().operation_names)


def runtime_request(path: str = "/endpoints/live/invocations", method: str = "POST", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return request("", b"abc", path=path, method=method, headers=named)


def test_an_endpoint_is_invoked(world: World) -> None:
    runtime = SageMakerRuntime(world.jobs)
    response = runtime.handle(runtime_request(content_type="text/csv", accept="text/plain"))
    assert response.body == b"ABC"
    assert response.headers == {"content-type": "text/plain", "x-amzn-invoked-production-variant": "AllTraffic"}


def test_a_variant_can_be_chosen(world: World) -> None:
    runtime = SageMakerRuntime(world.jobs)
    response = runtime.handle(runtime_request(x_amzn_sagemaker_target_variant="blue"))
    assert response.headers["x-amzn-invoked-production-variant"] == "blue"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (runtime_request("/endpoints/live/async-invocations"), "async-invocations"),
        (runtime_request(method="GET"), "GET"),
        (runtime_request(x_amzn_sagemaker_target_model="m"), "TargetModel"),
    ],
)
def test_other_invocations_are_refused(world: World, asked: HttpRequest, told: str) -> None:
    with pytest.raises(AwsError, match=f"does not support .*{told}"):
        SageMakerRuntime(world.jobs).handle(asked)
