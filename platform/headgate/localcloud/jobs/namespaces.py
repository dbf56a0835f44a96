"""Enter private mount (and process) namespaces, then become the given command: a program, run with `python -I -S`.

Usage: `namespaces.py PLAN COMMAND...`, PLAN being JSON with `ml`, `tmp`, `hosts`, `keep`, `cwd`, `pid`, `network`. It
imports nothing but the standard library, because it is what stands in for bubblewrap where that is not installed.
Needs root, or a kernel that lets users make user namespaces.
"""

# pathlib would double the time that this program needs to start:
# ruff: noqa: PTH103, PTH106, PTH112, PTH113, PTH114, PTH115, PTH118, PTH119, PTH123, PTH208, PTH211

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_CAP_DAC_OVERRIDE = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str = "", flags: int = _MS_BIND | _MS_REC, data: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None)
    _check(result, f"mount {target}")


def _unshare(private_processes: bool, network: bool) -> None:
    flags = _CLONE_NEWNS | (_CLONE_NEWPID if private_processes else 0) | (0 if network else _CLONE_NEWNET)
    user, group = os.getuid(), os.getgid()
    if user == 0:
        _check(_libc.unshare(flags), "unshare")
        return
    _check(_libc.unshare(flags | _CLONE_NEWUSER), "unshare")
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{file}", "w") as handle:
            handle.write(text)


def _loopback_up() -> None:
    """A new network namespace has a loopback that is down: SIOCSIFFLAGS with IFF_UP (netdevice(7))."""
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", 1))


def _place(source: str, target: str) -> None:
    """Bind a file or folder at a new place, made for it; a symbolic link is made again."""
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        with open(target, "a"):
            pass
    _mount(source, target)


def _arrange(plan: dict[str, object]) -> None:
    _mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    tmp = str(plan["tmp"])
    stage = os.path.join(tmp, ".opt")
    os.makedirs(stage, exist_ok=True)
    _mount("tmpfs", stage, "tmpfs", 0, "size=1m,mode=755")
    for name in os.listdir("/opt") if os.path.isdir("/opt") else ():
        if name != "ml":
            _place(os.path.join("/opt", name), os.path.join(stage, name))
    _place(str(plan["ml"]), os.path.join(stage, "ml"))
    _mount(stage, "/opt")
    _check(_libc.umount2(stage.encode(), _MNT_DETACH), f"umount {stage}")
    os.rmdir(stage)
    if plan["hosts"] and os.path.isfile("/etc/hosts"):
        _mount(str(plan["hosts"]), "/etc/hosts")
    for path in plan["keep"]:  # type: ignore[attr-defined]
        _place(path, os.path.join(tmp, os.path.basename(path)))
    _mount(tmp, "/tmp")  # noqa: S108


def _drop_privileges() -> None:
    """Even root must not write to an input: it is the object store's own file. Others never had the capability."""
    if os.geteuid() == 0:
        _check(_libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0), "prctl")


def _die_with_parent() -> None:
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def _status(code: int) -> int:
    return os.waitstatus_to_exitcode(code) if os.WIFEXITED(code) else 128 + os.WTERMSIG(code)


def _reap(child: int) -> int:
    """Wait for everything as the first process of a namespace must; the status is the child's."""
    while True:
        pid, code = os.wait()
        if pid == child:
            return _status(code)


def _become(command: list[str]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606  this is a program starter
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _inside(plan: dict[str, object], command: list[str]) -> int:
    _arrange(plan)
    if plan["pid"]:
        _mount("proc", "/proc", "proc", 0)
    os.chdir(str(plan["cwd"]))
    _drop_privileges()
    child = os.fork()
    if child == 0:
        _become(command)
    return _reap(child)


def main(plan: dict[str, object], command: list[str]) -> int:
    """Run the command; the exit code is its own, or 128 plus the signal that ended it."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    _die_with_parent()
    # A stop goes to the whole group: the command gets it, and these two wait for the command.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _unshare(bool(plan["pid"]), bool(plan["network"]))
    if not plan["network"]:
        _loopback_up()
    first = os.fork()
    if first == 0:
        try:
            _die_with_parent()
            os._exit(_inside(plan, command))
        except OSError as error:
            sys.stderr.write(f"{error.strerror}\n")
            os._exit(126)
    return _reap(first)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
