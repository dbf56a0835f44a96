from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.functions.handler import Context, call_handler, forget_bundled


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that handlers are imported from, forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("fn", "fn_package", "fn_package.inner"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def call(handler: str = "fn.handler", event: Any = None) -> tuple[bool, Any]:
    """Whether it failed, and the payload."""
    answer = call_handler(
        {
            "handler": handler,
            "event": json.dumps(event),
            "request_id": "r-1",
            "name": "f",
            "version": "$LATEST",
            "arn": "arn:f",
            "memory": 128,
            "timeout": 3.0,
            "log_group": "/aws/lambda/f",
            "log_stream": "s",
        }
    )
    return answer["failed"], json.loads(answer["payload"])


def test_the_result_is_json_and_the_context_is_complete(code: Path) -> None:
    (code / "fn.py").write_text(
        "def handler(event, context):\n"
        "    return [event, context.function_name, context.memory_limit_in_mb, context.aws_request_id,\n"
        "            context.log_group_name, context.log_stream_name, context.function_version]"
    )
    assert call(event={"a": 1}) == (False, [{"a": 1}, "f", "128", "r-1", "/aws/lambda/f", "s", "$LATEST"])


def test_a_handler_in_a_package_is_found_by_path(code: Path) -> None:
    (code / "fn_package").mkdir()
    (code / "fn_package" / "inner.py").write_text("def go(event, context): return 'inner'")
    assert call("fn_package/inner.go") == (False, "inner")


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("def handler(e, c): raise OSError('gone')", "fn.handler", "OSError"),
        ("import sys\ndef handler(e, c): sys.exit('text')", "fn.handler", "Runtime.ExitError"),
        ("def handler(e, c): return object()", "fn.handler", "Runtime.MarshalError"),
        ("", "fn.handler", "Runtime.HandlerNotFound"),
        ("", "fn", "Runtime.MalformedHandlerName"),
        ("import nothing_of_that_name", "fn.handler", "Runtime.ImportModuleError"),
        ("x = (", "fn.handler", "Runtime.UserCodeSyntaxError"),
    ],
)
def test_failures_have_awss_names(
    code: Path, capsys: pytest.CaptureFixture[str], source: str, handler: str, kind: str
) -> None:
    (code / "fn.py").write_text(source)
    failed, payload = call(handler)
    assert failed
    assert payload["errorType"] == kind
    if kind != "Runtime.ExitError":
        assert f"[ERROR] {kind}" in capsys.readouterr().out


def test_time_left_never_gets_below_zero() -> None:
    made = {"name": "", "version": "", "arn": "", "memory": 1, "request_id": "", "log_group": "", "log_stream": ""}
    assert 900 < Context(made, time.monotonic() + 1).get_remaining_time_in_millis() <= 1000
    assert Context(made, time.monotonic() - 1).get_remaining_time_in_millis() == 0


def test_bundled_packages_replace_loaded_ones_but_never_the_standard_library(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code / "fn_package").mkdir()
    (code / "json.py").write_text("")
    (code / "headgate").mkdir()
    monkeypatch.setitem(sys.modules, "fn_package", sys)
    monkeypatch.setitem(sys.modules, "fn_package.inner", sys)
    forget_bundled([str(code)])
    assert "fn_package" not in sys.modules
    assert "fn_package.inner" not in sys.modules
    assert "json" in sys.modules
    assert "headgate.localcloud.functions.handler" in sys.modules
