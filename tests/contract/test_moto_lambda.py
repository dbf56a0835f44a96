"""Seam: `LambdaFunction._invoke_lambda`, where every trigger inside moto ends (`functions/moto_lambda.py`)."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import LocalDaemon, zipped

pytestmark = pytest.mark.slow

WRITER = """
    import boto3, json, uuid

    def handler(event, context):
        name = f"/{context.function_name}/{uuid.uuid4().hex}"
        boto3.client("ssm").put_parameter(Name=name, Value=json.dumps(event), Type="String")
        return name
"""


WHO = """
import boto3, os, helper

def handler(event, context):
    print("event", event)
    return {
        "identity": boto3.client("sts").get_caller_identity()["Arn"],
        "region": os.environ["AWS_REGION"],
        "setting": os.environ["SETTING"],
        "secret": os.environ.get("PYTHONHASHSEED"),
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "helper": helper.VALUE,
    }
"""


def parameters(daemon: LocalDaemon, path: str) -> list[str]:
    found = daemon.client("ssm").get_parameters_by_path(Path=path)["Parameters"]
    return sorted(parameter["Value"] for parameter in found)


def log_text(daemon: LocalDaemon, function: str) -> str:
    events = daemon.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return "\n".join(event["message"] for event in events)


def test_a_handler_runs_with_its_roles_credentials(daemon: LocalDaemon) -> None:
    arn = daemon.function(
        "who",
        "",
        Code={"ZipFile": zipped({"app.py": WHO, "helper.py": "VALUE = 7"})},
        Environment={"Variables": {"SETTING": "on"}},
    )
    payload, answer = daemon.invoke("who", {"x": 1}, LogType="Tail")
    assert "FunctionError" not in answer
    assert payload["identity"] == "arn:aws:sts::123456789012:assumed-role/functions/who"
    assert (payload["region"], payload["setting"], payload["secret"]) == ("eu-west-1", "on", None)
    assert payload["arn"] == arn
    assert 0 < payload["left"] <= 20_000
    assert payload["helper"] == 7
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "event {'x': 1}" in tail
    assert "event {'x': 1}" in log_text(daemon, "who")
    assert "REPORT RequestId" in tail


def test_a_function_in_another_account_acts_there(daemon: LocalDaemon) -> None:
    arn = daemon.function("elsewhere", WRITER, Role="arn:aws:iam::123456789012:role/functions")
    name, _ = daemon.invoke(arn, 1)
    assert parameters(daemon, "/elsewhere") == ["1"]
    assert name.startswith("/elsewhere/")


@pytest.mark.parametrize(
    ("name", "source", "kind", "message"),
    [
        ("raises", "def handler(e, c): raise ValueError('no good')", "ValueError", "no good"),
        ("exits", "import sys\ndef handler(e, c): sys.exit(3)", "Runtime.ExitError", "exit status 3"),
        ("dies", "import os\ndef handler(e, c): os.kill(os.getpid(), 9)", "Runtime.ExitError", "without providing"),
        ("set", "def handler(e, c): return {1}", "Runtime.MarshalError", "not JSON serializable"),
        ("absent", "x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("import", "import does_not_exist", "Runtime.ImportModuleError", "No module named 'does_not_exist'"),
        ("syntax", "def (", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
    ],
)
def test_every_failure_has_awss_name(daemon: LocalDaemon, name: str, source: str, kind: str, message: str) -> None:
    daemon.function(name, source)
    payload, answer = daemon.invoke(name)
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == kind
    assert message in payload["errorMessage"]


def test_the_trace_of_an_error_is_in_answer_and_log(daemon: LocalDaemon) -> None:
    daemon.function("traced", "def inner(): raise KeyError('k')\n\ndef handler(e, c): inner()")
    payload, _ = daemon.invoke("traced")
    assert any("inner" in line for line in payload["stackTrace"])
    assert not any("headgate" in line for line in payload["stackTrace"])
    assert "[ERROR] KeyError" in log_text(daemon, "traced")


def test_a_handler_that_takes_too_long_is_ended_and_its_log_kept(daemon: LocalDaemon) -> None:
    daemon.function(
        "slow", "import threading\ndef handler(e, c):\n    print('started')\n    threading.Event().wait()", Timeout=1
    )
    payload, answer = daemon.invoke("slow")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    assert "started" in log_text(daemon, "slow")


def test_dry_run_calls_nothing(daemon: LocalDaemon) -> None:
    daemon.function("dry", WRITER)
    _, answer = daemon.invoke("dry", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert parameters(daemon, "/dry") == []


def test_unknown_functions_runtimes_and_events_are_refused(daemon: LocalDaemon) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*function:nobody"):
        daemon.invoke("nobody")
    daemon.function("node", "", Runtime="nodejs20.x")
    with pytest.raises(ClientError, match=r"UnsupportedByLocalCloud.*nodejs20.x"):
        daemon.invoke("node")
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        daemon.client("lambda").invoke(FunctionName="node", Payload=b"not json")


def test_a_package_of_its_own_wins_over_the_preloaded_one(daemon: LocalDaemon) -> None:
    source = "import urllib3\ndef handler(e, c): return urllib3.MINE"
    daemon.function("bundled", "", Code={"ZipFile": zipped({"app.py": source, "urllib3/__init__.py": "MINE = 1"})})
    assert daemon.invoke("bundled")[0] == 1


def test_layers_are_importable(daemon: LocalDaemon) -> None:
    content = zipped({"python/layered.py": "VALUE = 'from a layer'"})
    layer = daemon.client("lambda").publish_layer_version(LayerName="l", Content={"ZipFile": content})
    daemon.function("layered", "import layered\ndef handler(e, c): return layered.VALUE",
                    Layers=[layer["LayerVersionArn"]])  # fmt: skip
    assert daemon.invoke("layered")[0] == "from a layer"


def test_calls_run_side_by_side(daemon: LocalDaemon) -> None:
    daemon.function(
        "pair",
        """
        import boto3, time

        def handler(event, context):
            ssm = boto3.client("ssm")
            ssm.put_parameter(Name=f"/pair/{event}", Value="here", Type="String")
            while len(ssm.get_parameters_by_path(Path="/pair")["Parameters"]) < 2:
                time.sleep(0.02)
            return "met"
        """,
    )
    met: list[Any] = []
    threads = [threading.Thread(target=lambda n=n: met.append(daemon.invoke("pair", n)[0])) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert met == ["met", "met"]


def test_a_trigger_inside_moto_calls_the_handler_once_even_over_restarts(daemon: LocalDaemon) -> None:
    arn = daemon.function("triggered", WRITER)
    sns = daemon.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello")
    before = parameters(daemon, "/triggered")
    assert [json.loads(value)["Records"][0]["Sns"]["Message"] for value in before] == ["hello"]
    log = log_text(daemon, "triggered")
    daemon.kill_and_restart()
    assert parameters(daemon, "/triggered") == before
    assert log_text(daemon, "triggered") == log


def test_an_accepted_event_is_delivered_even_if_the_daemon_dies(daemon: LocalDaemon) -> None:
    daemon.function(
        "async",
        """
        import boto3, time

        def handler(event, context):
            ssm = boto3.client("ssm")
            ssm.put_parameter(Name="/async/started", Value="1", Type="String", Overwrite=True)
            while not [p for p in ssm.get_parameters_by_path(Path="/async")["Parameters"] if p["Name"] == "/async/go"]:
                time.sleep(0.02)
            ssm.put_parameter(Name="/async/done", Value=event["word"], Type="String", Overwrite=True)
        """,
    )
    _, answer = daemon.invoke("async", {"word": "delivered"}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    wait_for(daemon, "/async/started")
    daemon.kill_and_restart()
    daemon.client("ssm").put_parameter(Name="/async/go", Value="1", Type="String")
    assert wait_for(daemon, "/async/done") == "delivered"


def wait_for(daemon: LocalDaemon, name: str) -> str:
    """The parameter's value, once it is there."""
    ssm = daemon.client("ssm")
    for _ in range(200):
        try:
            value: str = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            threading.Event().wait(0.05)
        else:
            return value
    raise AssertionError(f"{name} did not appear")


def test_a_handler_that_is_interrupted_by_a_kill_does_not_block_later_replays(daemon: LocalDaemon) -> None:
    arn = daemon.function(
        "stuck",
        "import boto3, threading\n"
        "def handler(e, c):\n"
        "    boto3.client('ssm').put_parameter(Name='/stuck', Value='1', Type='String', Overwrite=True)\n"
        "    threading.Event().wait()",
        Timeout=60,
    )
    sns = daemon.client("sns")
    topic = sns.create_topic(Name="stuck")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    publisher = threading.Thread(target=lambda: _quietly(sns.publish, TopicArn=topic, Message="m"))
    publisher.start()
    wait_for(daemon, "/stuck")
    daemon.client("ssm").put_parameter(Name="/meanwhile", Value="1", Type="String")
    daemon.kill_and_restart()
    daemon.client("ssm").put_parameter(Name="/later", Value="1", Type="String")
    daemon.kill_and_restart()
    assert wait_for(daemon, "/meanwhile") == wait_for(daemon, "/later") == "1"
    publisher.join(20)


def _quietly(call: Any, **arguments: Any) -> None:
    """The daemon is killed under this call; what comes of it is no part of the test."""
    from botocore.exceptions import BotoCoreError

    try:
        call(**arguments)
    except (BotoCoreError, ClientError):
        return
