"""Give a process a private `/opt/ml` without Docker.

Steps hard-code `/opt/ml/...`, so each host of a job sees its own folder there. The ways, best first: bubblewrap,
mount namespaces entered by ctypes (`namespaces.py`), proot, and redirection, which only rewrites the paths in
arguments and environment and is therefore chosen only when asked for (`HEADGATE_ISOLATION=redirect`).

This keeps jobs apart and tidy; it is no security boundary: a job runs as the user who started the local cloud and
sees that user's files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Mode = Literal["bubblewrap", "namespaces", "proot", "redirect", "none"]
MODES: tuple[Mode, ...] = ("bubblewrap", "namespaces", "proot", "redirect", "none")
OPT_IN = "HEADGATE_ISOLATION"
ML = "/opt/ml"
_PROGRAMS = {"bubblewrap": "bwrap", "proot": "proot"}
_HELPER = Path(__file__).with_name("namespaces.py")


@dataclass(frozen=True, slots=True)
class Isolation:
    """How jobs are kept apart on this machine. `reason` says why this way, `fix` what would give a better one."""

    name: Mode
    reason: str
    fix: str = ""
    process_namespace: bool = False
    """Whether a job also has its own process namespace, so that nothing it starts can outlive it."""

    @property
    def available(self) -> bool:
        return self.name != "none"

    @property
    def isolates_network(self) -> bool:
        """Whether a job can be kept from the network (`EnableNetworkIsolation`)."""
        return self.name in {"bubblewrap", "namespaces"}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One host's private folders on this machine, and the paths elsewhere that must stay visible to it."""

    ml: Path
    tmp: Path
    hosts: Path | None = None
    visible: tuple[str, ...] = ()
    network: bool = True
    """Whether it may use the network; without, it has a loopback of its own and nothing else."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """Descriptors that bwrap gets: it tells its child's pid on `info`, and waits for a byte on `block`."""

    info: int
    block: int


def wrap(
    isolation: Isolation, sandbox: Sandbox, argv: Iterable[str], *, cwd: str, handshake: Handshake | None = None
) -> list[str]:
    """The command that runs `argv` inside the sandbox, in the folder `cwd` as seen from inside."""
    if isolation.name == "bubblewrap":
        return [*_bubblewrap(isolation, sandbox, cwd, handshake), "--", *argv]
    if isolation.name == "namespaces":
        plan = {
            "ml": str(sandbox.ml),
            "tmp": str(sandbox.tmp),
            "hosts": str(sandbox.hosts) if sandbox.hosts else None,
            "keep": _beneath_tmp(sandbox.visible),
            "cwd": cwd,
            "pid": isolation.process_namespace,
            "network": sandbox.network,
        }
        return [sys.executable, "-I", "-S", str(_HELPER), json.dumps(plan), *argv]
    if isolation.name == "proot":
        binds = [(str(sandbox.ml), ML), (str(sandbox.tmp), "/tmp"), *((path, path) for path in _keep(sandbox))]  # noqa: S108
        if sandbox.hosts:
            binds.append((str(sandbox.hosts), "/etc/hosts"))
        # Short options and no --kill-on-exit: distributions still ship versions that know no others.
        return [_found("proot"), *(word for a, b in binds for word in ("-b", f"{a}:{b}")), "-w", cwd, *argv]
    return [redirected(word, sandbox) for word in argv]


def redirected(text: str, sandbox: Sandbox) -> str:
    """`text` with `/opt/ml` replaced by the host's own folder: all that redirection can do."""
    return text.replace(ML, str(sandbox.ml))


def home_and_tmp(isolation: Isolation, sandbox: Sandbox) -> dict[str, str]:
    """HOME and TMPDIR as seen from inside; both are private to the host and vanish with it."""
    tmp = str(sandbox.tmp) if isolation.name == "redirect" else "/tmp"  # noqa: S108
    return {"HOME": f"{tmp}/home", "TMPDIR": tmp}


def _bubblewrap(isolation: Isolation, sandbox: Sandbox, cwd: str, handshake: Handshake | None) -> list[str]:
    words = [_found("bwrap"), *(("--dev-bind", "/", "/") if Path("/opt").is_dir() else _children("/"))]
    words += ["--tmpfs", "/opt", *_children("/opt", leave="ml"), "--bind", str(sandbox.ml), ML]
    words += ["--bind", str(sandbox.tmp), "/tmp"]  # noqa: S108
    for path in _keep(sandbox):
        words += ["--bind", path, path]
    if sandbox.hosts and Path("/etc/hosts").is_file():
        words += ["--ro-bind", str(sandbox.hosts), "/etc/hosts"]
    if isolation.process_namespace:
        words += ["--unshare-pid", "--proc", "/proc"]
    if not sandbox.network:
        words.append("--unshare-net")
    if handshake is not None:
        words += ["--info-fd", str(handshake.info), "--block-fd", str(handshake.block)]
    # Without CAP_DAC_OVERRIDE even root cannot write to an input, which is the object store's own file.
    return [*words, "--new-session", "--die-with-parent", "--cap-drop", "CAP_DAC_OVERRIDE", "--chdir", cwd]


def _found(program: str) -> str:
    # A program that is started with a job's environment would be looked for on the job's PATH, not on ours.
    return shutil.which(program) or program


def _children(folder: str, *, leave: str = "") -> list[str]:
    words: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name == leave:
            continue
        if entry.is_symlink():
            words += ["--symlink", str(Path(entry.path).readlink()), entry.path]
        else:
            words += ["--dev-bind-try", entry.path, entry.path]
    return words


def _beneath_tmp(paths: Iterable[str]) -> list[str]:
    """The folders directly beneath /tmp that hold `paths`: a private /tmp would hide them otherwise."""
    found = set()
    for path in paths:
        real = os.path.normpath(path)
        if real.startswith("/tmp/"):  # noqa: S108
            found.add("/".join(real.split("/")[:3]))
    return sorted(path for path in found if Path(path).exists())


def _keep(sandbox: Sandbox) -> list[str]:
    return _beneath_tmp(sandbox.visible)


def probe(environment: Mapping[str, str] | None = None) -> Isolation:
    """Find the best way that works here by trying each once (5 to 40 ms). `HEADGATE_ISOLATION` forces one."""
    environment = os.environ if environment is None else environment
    wanted = environment.get(OPT_IN, "")
    if wanted and wanted not in MODES:
        return Isolation("none", f"{OPT_IN}={wanted} is not one of {', '.join(MODES)}", f"unset {OPT_IN}")
    if wanted in ("redirect", "none"):
        return _chosen(wanted)
    failures: list[str] = []
    for candidate in _candidates():
        if wanted and candidate.name != wanted:
            continue
        problem = _try(candidate)
        if not problem:
            return Isolation(candidate.name, candidate.reason, _fix(candidate.name), candidate.process_namespace)
        failures.append(f"{candidate.name}: {problem}")
    reason = "; ".join(dict.fromkeys(failures)) or f"{wanted} is not available here"
    return Isolation("none", reason, _way_out(wanted))


def _way_out(wanted: str) -> str:
    """What to do when nothing works. An installed bwrap that fails lacks the kernel's leave, not a package."""
    if wanted:
        missing = wanted in _PROGRAMS and shutil.which(_PROGRAMS[wanted]) is None
        return f"install {wanted}, or unset {OPT_IN}" if missing else f"unset {OPT_IN}"
    last = f"{OPT_IN}=redirect for scripts that only read the SM_* variables"
    if shutil.which("bwrap") is None:
        return f"install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap), or set {last}"
    return (
        "allow user namespaces (sysctl -w user.max_user_namespaces=15000, on Ubuntu also "
        "kernel.apparmor_restrict_unprivileged_userns=0; in a container, run it with --privileged), "
        f"or install proot (apt-get install proot), or set {last}"
    )


def _chosen(wanted: str) -> Isolation:
    if wanted == "redirect":
        return Isolation(
            "redirect", f"{OPT_IN}=redirect: jobs that open /opt/ml themselves will not find it", f"unset {OPT_IN}"
        )
    return Isolation("none", f"{OPT_IN}=none: no job can run", f"unset {OPT_IN}")


def _candidates() -> list[Isolation]:
    ways: list[Isolation] = []
    for private in (True, False):
        text = "with its own processes" if private else "sharing the machine's process table"
        ways.append(Isolation("bubblewrap", f"bwrap works, {text}", process_namespace=private))
    for private in (True, False):
        text = "with its own processes" if private else "sharing the machine's process table"
        ways.append(Isolation("namespaces", f"mount namespaces work, {text}", process_namespace=private))
    ways.append(Isolation("proot", "proot works; jobs that make many system calls are several times slower"))
    return ways


def _fix(name: Mode) -> str:
    if name == "bubblewrap":
        return ""
    return "install bubblewrap: it starts a job in 4 ms instead of " + ("30" if name == "namespaces" else "50")


def _try(candidate: Isolation) -> str:
    """Run one tiny command the candidate's way; the empty text means that it worked."""
    program = _PROGRAMS.get(candidate.name)
    if program and shutil.which(program) is None:
        return f"{program} is not installed"
    with tempfile.TemporaryDirectory(prefix="headgate-probe-") as folder:
        root = Path(folder)
        for name in ("ml", "tmp"):
            (root / name).mkdir()
        (root / "ml" / "probe").touch()
        (root / "hosts").write_text("127.0.0.1 localhost\n")
        sandbox = Sandbox(root / "ml", root / "tmp", root / "hosts")
        check = ["/bin/sh", "-c", "test -f /opt/ml/probe && test -w /tmp && cd /proc/self"]
        try:
            result = subprocess.run(
                wrap(candidate, sandbox, check, cwd=ML),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if result.returncode == 0:
        return ""
    return (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
