from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import doctor
from headgate.cli.common import Options
from headgate.cli.findings import Finding
from headgate.cli.sessions import state_of
from headgate.localcloud.jobs import isolation
from headgate.localcloud.jobs.isolation import Isolation


def invoke(folder: Path, *arguments: str) -> tuple[object, str]:
    result = CliRunner().invoke(doctor.command, ["-C", str(folder), *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.output


def test_a_good_machine_is_healthy(tmp_path: Path) -> None:
    code, output = invoke(tmp_path, "--output", "json")
    found = json.loads(output)
    checks = [finding["check"] for finding in found["findings"]]
    assert {"python", "isolation", "loopback", "disk", "state folder", "moto", "git"} <= set(checks)
    assert code == (0 if found["healthy"] else 1)


def test_what_must_be_mended_fails_and_is_listed_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / ".headgate").mkdir()
    (tmp_path / ".headgate" / "version").write_text('{"format": 99}')
    code, output = invoke(tmp_path)
    assert code == 1
    assert "to mend:" in output
    assert "  state folder: a newer Headgate" in output


def test_a_machine_without_isolation_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "probe", lambda: Isolation("none", "nothing works", "apt install bubblewrap"))
    finding = doctor.check_isolation()
    assert (finding.verdict, finding.fix) == ("problem", "apt install bubblewrap")
    monkeypatch.setattr(isolation, "probe", lambda: Isolation("proot", "proot works", "apt install bubblewrap"))
    assert doctor.check_isolation().verdict == "warning"


@pytest.mark.parametrize(("free", "verdict"), [(0.5e9, "problem"), (3e9, "warning"), (50e9, "ok")])
def test_free_space_is_judged(tmp_path: Path, free: float, verdict: str) -> None:
    assert doctor.check_disk(tmp_path / "not" / "there", lambda _: int(free)).verdict == verdict


def test_old_pythons_are_refused() -> None:
    assert doctor.check_python((3, 10)).verdict == "problem"


def test_only_the_tested_moto_is_fine() -> None:
    def missing(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    assert doctor.check_moto().verdict == "ok"
    other = doctor.check_moto(lambda _: "4.0.0")
    assert other.verdict == "problem"
    assert "moto[server]==" in other.fix
    assert "headgate[local]" in doctor.check_moto(missing).fix


def test_an_optional_package_that_is_missing_says_what_for() -> None:
    finding = doctor.check_optional("x", ("no-such-package",), "tuning", "pip install x")
    assert finding == Finding("x", "warning", "not installed, needed for tuning", "pip install x")


def test_a_broken_plugin_is_a_problem_and_a_wrong_project_file_too(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: demo\n")
    (tmp_path / "headgate_plugin.py").write_text("raise RuntimeError('broken on purpose')\n")
    options = Options(project=tmp_path)
    (finding,) = (each for each in doctor.check_plugins(options) if each.verdict != "ok")
    assert finding.verdict == "problem"
    assert "broken on purpose" in finding.found
    assert finding.fix.startswith(f"mend {tmp_path / 'headgate_plugin.py'}")
    (tmp_path / "headgate.yaml").write_text("name: [\n")
    assert any(finding.check == "headgate.yaml" for finding in doctor.check_plugins(options))


def test_a_plugin_that_is_disabled_for_the_call_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: demo\n")
    (tmp_path / "headgate_plugin.py").write_text("raise RuntimeError('broken on purpose')\n")
    options = Options(project=tmp_path, disabled_plugins=frozenset({"project"}))
    assert {finding.verdict for finding in doctor.check_plugins(options)} == {"ok"}


def test_a_hook_that_fails_without_a_project_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: demo\n")
    source = "from headgate.plugins import hookimpl\n@hookimpl\ndef headgate_commands(): return 1 / 0\n"
    (tmp_path / "headgate_plugin.py").write_text(source)
    (finding,) = (each for each in doctor.check_plugins(Options(project=tmp_path)) if each.verdict != "ok")
    assert (finding.check, finding.verdict) == ("plugin project", "warning")
    assert "headgate_commands failed: ZeroDivisionError" in finding.found


def test_a_file_in_the_state_folders_place_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".headgate").touch()
    finding = doctor.check_state(tmp_path / ".headgate")
    assert (finding.verdict, finding.found) == ("problem", f"{tmp_path / '.headgate'} is not a folder")


def test_it_looks_at_the_state_folder_that_cloud_uses(tmp_path: Path) -> None:
    (tmp_path / "organization.yaml").write_text("{}")
    (tmp_path / "team").mkdir()
    assert state_of(tmp_path / "team") == tmp_path / ".headgate"
    (tmp_path / "team" / "headgate.yaml").write_text("name: demo\n")
    assert state_of(tmp_path / "team") == tmp_path / "team" / ".headgate"


def test_git_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    assert doctor.check_git().verdict == "warning"


def test_a_running_daemons_folder_says_where(tmp_path: Path) -> None:
    (tmp_path / "version").write_text('{"format": 1}')
    assert doctor.check_state(tmp_path).found == "format 1 of 1, not running"


@pytest.mark.parametrize("made", [True, False])
def test_a_state_folder_that_is_or_would_be_out_of_reach_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: bool
) -> None:
    state = tmp_path / ".headgate"
    if made:
        state.mkdir()
    place = state if made else tmp_path
    monkeypatch.setattr(doctor.os, "access", lambda path, _mode: path != place)
    finding = doctor.check_state(state)
    assert (finding.verdict, finding.found) == ("problem", f"{place} is not writable")
    assert "HEADGATE_STATE_DIR" in finding.fix
