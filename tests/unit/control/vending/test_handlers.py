"""The functions as Lambda calls them: what stands in the environment reaches the step, and its errors come out."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import headgate
from headgate.control.errors import Refused
from headgate.control.vending import edges, handlers
from headgate.control.vending.edges import Edges
from unit.control.machine import Execution
from unit.control.world import ENVIRONMENT, World, declaration, response


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    world.others.declaration = declaration(dev={})
    monkeypatch.setattr(handlers, "of_function", world.edges)
    return world


def item(world: World) -> dict[str, Any]:
    """The machine's item of an account that has just begun."""
    execution = Execution(world, {"action": "provision", "team": "sales"})
    context = {"request": execution.context["$$.Execution.Input"], "execution": execution.arn}
    begun = handlers.begin({**context, "started_at": world.now.isoformat()}, None)
    return {"work": begun["work"], "account": begun["accounts"][0]}


def test_the_handlers_of_accounts_go_through_their_steps(world: World) -> None:
    value = item(world)
    steps = [
        ("place", "place"),
        ("deploy", "guard"),
        ("deploy", "account"),
        ("deploy", "environments"),
        ("grant", "grant"),
    ]
    for handler, step in [*steps, ("activate", "activate")]:
        for _ in range(9):
            value = getattr(handlers, handler)({"step": step, "item": value}, None)
            if value["settled"]:
                break
            world.advance(value["wait_seconds"])
        assert value["settled"], step
    assert world.rows()["sales/dev"]["state"] == "active"
    for handler in ("quarantine", "inspect", "retire"):
        assert getattr(handlers, handler)({"step": handler, "item": value}, None)["settled"]
    assert world.rows()["sales/dev"]["state"] == "retired"


def test_the_handlers_of_the_end_write_and_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    value = item(world)
    failed = handlers.fail({"item": {**value, "error": {"Error": "Refused", "Cause": "no room"}}}, None)
    assert (failed["failed"], world.rows()["sales/dev"]["reason"]) == ("Refused: no room", "Refused: no room")
    request = {"action": "provision", "team": "sales", "response": response()}
    event = {"request": request, "execution": value["work"]["execution"], "outcome": {"results": [failed]}}
    assert handlers.conclude(event, None) == {"succeeded": False, "reason": "dev: Refused: no room"}
    sent: list[str] = []
    monkeypatch.setattr(handlers, "put", lambda url, _: sent.append(url))
    detail = {"executionArn": "a", "status": "ABORTED", "input": json.dumps(request)}
    handlers.ended({"detail": detail}, None)
    assert sent == ["https://example.com/answer"]


def test_the_custom_resource_answers_when_its_function_is_not_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADGATE_STATE_MACHINE_ARN", raising=False)
    sent: list[bytes] = []
    monkeypatch.setattr(handlers, "put", lambda _, body: sent.append(body))
    event = {
        "RequestType": "Create",
        "ResponseURL": "https://example.com/answer",
        "StackId": "s",
        "RequestId": "r",
        "LogicalResourceId": "AccountSet",
        "ResourceProperties": {"Team": "sales"},
    }
    handlers.request(event, None)
    assert b"HEADGATE_STATE_MACHINE_ARN" in sent[0]


def test_a_function_has_its_settings_time_and_calls_from_its_environment() -> None:
    made: Edges = edges.of_function("deploy", ENVIRONMENT)
    assert made.settings.catalog == "headgate-catalog"
    assert made.now.tzinfo is not None
    with pytest.raises(Refused, match="organizations move_account in the home account is not among the calls"):
        made.aws.call("organizations", "move_account")


def test_the_package_runs_without_the_rest_of_headgate(tmp_path: Path) -> None:
    package = Path(headgate.__file__).parent
    with zipfile.ZipFile(tmp_path / "control.zip", "w") as archive:
        archive.writestr("headgate/__init__.py", "")
        for file in sorted((package / "control").rglob("*.py")):
            archive.write(file, Path("headgate") / file.relative_to(package))
    script = (
        "import sys; import headgate.control.vending.handlers as handlers\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'boto3', 'botocore', 'yaml', 'jsonschema', 'click'}, loaded\n"
        "assert 'control.zip' in handlers.__file__, handlers.__file__\n"
        "assert not [name for name in sys.modules if name.startswith('headgate.') and '.control' not in name]\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "control.zip")}
    )
