"""Private /opt/ml in every way that works on the machine at hand."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from headgate.localcloud.jobs import isolation
from headgate.localcloud.jobs.isolation import Isolation, Sandbox, home_and_tmp, probe, redirected, wrap
from headgate.localcloud.jobs.processes import Program, Spawner, kill_strays
from unit.localcloud.jobs.ways import WAYS


def way(name):
    found = probe({"HEADGATE_ISOLATION": name})
    if not found.available:
        pytest.fail(f"{name} does not work here: {found.reason}")
    return found


def sandbox(tmp_path, *visible):
    for name in ("ml", "tmp"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tmp" / "home").mkdir()
    (tmp_path / "hosts").write_text("127.0.0.1 algo-1\n")
    python = (sys.prefix, sys.base_prefix)  # the checkout itself may be beneath /tmp
    return Sandbox(tmp_path / "ml", tmp_path / "tmp", tmp_path / "hosts", (*python, *visible))


@pytest.fixture
def spawner():
    made = Spawner()
    yield made
    made.close()


def start(spawner, chosen, box, script, *, token=None, limit=None):
    token = token or box.ml.as_posix()  # unlike that of any other test, in any other run
    argv = (sys.executable, "-c", dedent(script))
    environment = {"PATH": os.environ["PATH"], **home_and_tmp(chosen, box)}
    return spawner.start(chosen, Program("algo-1", argv, environment, "/opt/ml", box, token, limit))


def output_of(process):
    """Everything that a program prints, and its exit code."""
    text = b""
    while True:
        select.select([process.output], [], [], 20)
        chunk = os.read(process.output, 1 << 16)
        if not chunk:
            break
        text += chunk
    select.select([process.ended], [], [], 20)
    return text.decode(), process.close()


@pytest.mark.parametrize("name", WAYS)
def test_a_program_sees_its_own_opt_ml_tmp_and_hosts(tmp_path, spawner, name):
    box = sandbox(tmp_path)
    (box.ml / "here").write_text("mine")
    script = """
        import os, sys
        print(open("/opt/ml/here").read())
        print(os.listdir("/tmp"))
        print(open("/etc/hosts").read().strip())
        print(os.getcwd())
        open("/tmp/made", "w").write("in private")
        open("relative", "w").write("below /opt/ml")
        print(sorted(os.listdir("/opt")))
    """
    text, code = output_of(start(spawner, way(name), box, script))
    assert code == 0, text
    assert text.splitlines()[0] == "mine"
    assert text.splitlines()[2:4] == ["127.0.0.1 algo-1", "/opt/ml"]
    others = {entry.name for entry in Path("/opt").iterdir()}
    assert text.splitlines()[4] == str(sorted({"ml", *others}))
    assert (box.tmp / "made").read_text() == "in private"
    assert (box.ml / "relative").exists()
    assert not Path("/opt/ml/here").exists()


@pytest.mark.parametrize("name", WAYS)
def test_what_a_launch_names_beneath_tmp_stays_visible(tmp_path, spawner, name):
    kept = Path("/tmp") / f"headgate-test-{os.getpid()}-{name}"
    kept.mkdir()
    try:
        (kept / "library").write_text("needed")
        box = sandbox(tmp_path, str(kept / "library"))
        text, code = output_of(start(spawner, way(name), box, f"print(open('{kept}/library').read())"))
        assert (text.strip(), code) == ("needed", 0)
    finally:
        (kept / "library").unlink()
        kept.rmdir()


@pytest.mark.parametrize("name", WAYS)
def test_a_read_only_file_stays_so_even_for_root(tmp_path, spawner, name):
    box = sandbox(tmp_path)
    file = box.ml / "input"
    file.write_text("immutable")
    file.chmod(0o444)
    text, code = output_of(start(spawner, way(name), box, "open('/opt/ml/input', 'a').write('x')"))
    assert code == 1
    assert "PermissionError" in text
    assert file.read_text() == "immutable"


@pytest.mark.parametrize("name", WAYS)
def test_exit_codes_and_signals_are_reported_as_docker_does(tmp_path, spawner, name):
    chosen = way(name)
    assert output_of(start(spawner, chosen, sandbox(tmp_path / "a"), "raise SystemExit(7)"))[1] == 7
    script = "import os; os.kill(os.getpid(), 11)"
    assert output_of(start(spawner, chosen, sandbox(tmp_path / "b"), script))[1] == 128 + signal.SIGSEGV


@pytest.mark.parametrize("name", WAYS)
def test_term_reaches_the_program_and_kill_ends_all_it_started(tmp_path, spawner, name):
    box = sandbox(tmp_path)
    script = """
        import os, signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, lambda *_: os.write(1, b"asked to stop\\n"))
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print("ready", flush=True)
        while True:
            time.sleep(600)
    """
    process = start(spawner, way(name), box, script, token=f"kill-{name}-{os.getpid()}")
    select.select([process.output], [], [], 20)
    assert os.read(process.output, 100) == b"ready\n"
    process.terminate()
    select.select([process.output], [], [], 20)
    assert os.read(process.output, 100) == b"asked to stop\n"
    process.kill()
    assert process.close() == 137
    assert kill_strays(f"kill-{name}-{os.getpid()}") == 0


@pytest.mark.parametrize("name", WAYS)
def test_a_job_dies_with_the_process_that_started_it(tmp_path, name):
    sandbox(tmp_path)
    program = f"""
        import sys, time
        from pathlib import Path
        from headgate.localcloud.jobs.isolation import Sandbox, probe
        from headgate.localcloud.jobs.processes import Program, Spawner
        root = Path({str(tmp_path)!r})
        box = Sandbox(root / "ml", root / "tmp", None, (sys.prefix, sys.base_prefix))
        argv = (sys.executable, "-c", "open('/opt/ml/up', 'w').close(); import time; time.sleep(600)")
        spawner = Spawner()
        spawner.start(probe({{"HEADGATE_ISOLATION": {name!r}}}),
            Program("algo-1", argv, {{"PATH": "/usr/bin:/bin"}}, "/opt/ml", box, "orphan-{name}-{os.getpid()}"))
        time.sleep(600)
    """
    daemon = subprocess.Popen([sys.executable, "-c", dedent(program)])
    deadline = time.monotonic() + 20
    while not (tmp_path / "ml" / "up").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    token = f"HEADGATE_JOB=orphan-{name}-{os.getpid()}".encode()
    while any(token in _environment(pid) for pid in _pids()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(token in _environment(pid) for pid in _pids())


def _pids():
    return [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""


def test_without_a_process_namespace_strays_are_found_by_their_mark(tmp_path, spawner):
    chosen = replace(way(WAYS[0]), process_namespace=False)
    script = """
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    """
    _, code = output_of(start(spawner, chosen, sandbox(tmp_path), script, token=f"stray-{os.getpid()}"))
    assert code == 0
    assert kill_strays(f"stray-{os.getpid()}") == 0


def test_redirection_rewrites_paths_and_is_only_chosen_when_asked_for(tmp_path, spawner):
    chosen = probe({"HEADGATE_ISOLATION": "redirect"})
    assert chosen.name == "redirect"
    box = sandbox(tmp_path)
    (box.ml / "data").write_text("found")
    assert redirected("--data=/opt/ml/data", box) == f"--data={box.ml}/data"
    text, code = output_of(start(spawner, chosen, box, "print(open('/opt/ml/data').read())"))
    assert (text.strip(), code) == ("found", 0)


def test_proot_binds_the_same_folders(tmp_path):
    box = sandbox(tmp_path)
    words = wrap(Isolation("proot", ""), box, ["python3", "x.py"], cwd="/opt/ml")
    assert words[1:3] == ["-b", f"{box.ml}:/opt/ml"]
    assert f"{box.hosts}:/etc/hosts" in words
    assert words[-4:] == ["-w", "/opt/ml", "python3", "x.py"]


@pytest.mark.parametrize(("name", "program"), [("bubblewrap", "bwrap"), ("proot", "proot")])
def test_the_program_is_found_on_the_daemons_path_whatever_the_jobs_path_is(tmp_path, monkeypatch, name, program):
    mine = tmp_path / "bin" / program
    mine.parent.mkdir()
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(mine.parent))
    assert wrap(Isolation(name, ""), sandbox(tmp_path), ["true"], cwd="/opt/ml")[0] == str(mine)
    monkeypatch.setenv("PATH", "/nowhere")
    assert wrap(Isolation(name, ""), sandbox(tmp_path / "b"), ["true"], cwd="/opt/ml")[0] == program


def test_the_best_way_that_works_is_chosen_and_reasons_are_told(monkeypatch):
    assert probe({}).available
    monkeypatch.setattr(isolation, "_try", lambda candidate: "" if candidate.name == "proot" else "forbidden here")
    found = probe({})
    assert found.name == "proot"
    assert "install bubblewrap" in found.fix
    monkeypatch.setattr(isolation, "_try", lambda _candidate: "forbidden here")
    found = probe({})
    assert found.name == "none"
    assert found.reason == "bubblewrap: forbidden here; namespaces: forbidden here; proot: forbidden here"
    assert "HEADGATE_ISOLATION=redirect" in found.fix


@pytest.mark.parametrize(
    ("wanted", "installed", "fix"),
    [
        ("", [], "install bubblewrap ("),
        ("", ["bwrap"], "allow user namespaces ("),
        ("proot", [], "install proot, or unset HEADGATE_ISOLATION"),
        ("bubblewrap", ["bwrap"], "unset HEADGATE_ISOLATION"),
        ("namespaces", [], "unset HEADGATE_ISOLATION"),
    ],
)
def test_the_fix_fits_what_is_missing(monkeypatch, wanted, installed, fix):
    monkeypatch.setattr(isolation, "_try", lambda _candidate: "forbidden here")
    monkeypatch.setattr(isolation.shutil, "which", lambda name: f"/bin/{name}" if name in installed else None)
    assert probe({"HEADGATE_ISOLATION": wanted}).fix.startswith(fix)


def test_a_wrong_or_missing_way_is_refused(monkeypatch):
    assert "is not one of" in probe({"HEADGATE_ISOLATION": "chroot"}).reason
    assert not probe({"HEADGATE_ISOLATION": "none"}).available
    monkeypatch.setattr(isolation.shutil, "which", lambda _name: None)
    assert "proot is not installed" in probe({"HEADGATE_ISOLATION": "proot"}).reason


def test_a_program_that_is_not_there_is_an_exit_code_and_a_message(tmp_path, spawner):
    for number, name in enumerate(WAYS):
        box = sandbox(tmp_path / str(number))
        program = Program("algo-1", ("no-such-program",), {"PATH": "/usr/bin"}, "/opt/ml", box, str(box.ml))
        text, code = output_of(spawner.start(way(name), program))
        assert code != 0
        assert "no-such-program" in text


def test_one_file_cannot_grow_past_the_limit(tmp_path, spawner):
    script = """
        with open("/opt/ml/big", "wb") as file:
            file.write(b"x" * 5000)
    """
    text, code = output_of(start(spawner, way(WAYS[0]), sandbox(tmp_path), script, limit=4096))
    assert code == 1
    assert "File too large" in text
