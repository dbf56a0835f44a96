"""What `headgate run` leaves behind to finish by itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headgate.cli import run


def test_a_detached_run_is_recorded_with_the_state_folder_of_the_one_who_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(run.subprocess, "Popen", lambda command, **how: started.append({"command": command, **how}))
    monkeypatch.setenv("HEADGATE_STATE_DIR", "mine")
    monkeypatch.chdir(tmp_path)
    opened: Any = SimpleNamespace(project=SimpleNamespace(root=tmp_path / "project"))
    run._record_later(opened, "abc", "local")
    (recorder,) = started
    assert recorder["command"][-6:] == ["runs", "record", "abc", "--wait", "--target", "local"]
    assert recorder["env"]["HEADGATE_STATE_DIR"] == str(tmp_path / "mine")
    assert (tmp_path / "mine" / "record.log").exists()
    assert not (tmp_path / "project").exists()
