"""Runs a training script inside its job, and writes down why it failed.

Started as a file with `python3 -I -S`, it imports next to nothing: it stands between the job and the script for as long
as the script runs, and must cost milliseconds. Usage: `entry.py FAILURE_FILE SUCCESS_FILE -- COMMAND...`.
"""

from __future__ import annotations

import os
import select
import signal
import sys

TAIL = 16 * 1024
_TRACE = b"Traceback (most recent call last):"


def failure_text(code: int, errors: bytes, command: list[str]) -> str:
    """The text of `/opt/ml/output/failure`: the exception first, as readers see only the first 1,024 characters.

    Args:
        code: the exit code; negative when a signal ended the script.
        errors: the end of what the script wrote to its standard error.
        command: what was run.
    """
    start = errors.rfind(_TRACE)
    text = (errors[start:] if start >= 0 else errors).decode("utf-8", "replace").strip()
    lines = text.splitlines()
    cause = lines[-1] if start >= 0 and lines else ""
    extra = ""
    if code == -signal.SIGKILL:
        extra = 'ExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"\n'
    elif code < 0:
        extra = f'ExtraInfo "Process killed by signal {-code}"\n'
    message = f"{cause}\n{text}" if cause else "\n".join(lines[-20:])
    said = f'ExitCode {code}\nErrorMessage "{message.strip()}"\n{extra}Command "{" ".join(command)}"'
    return f"ExecuteUserScriptError:\n{said}"


def run(command: list[str]) -> tuple[int, bytes]:
    """Run a command, its standard error passed on and its end kept; exit code (minus the signal) and that end.

    TERM and INT go on to the command, so that a job that is stopped gives its script the chance to save. The command's
    end is the end, even when something it started in the background still holds its standard error.
    """
    reader, writer = os.pipe()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    child = _spawn(command, reader, writer)
    os.close(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: os.kill(child, received))
    tail = b""
    ended = 0
    while True:
        ready, _, _ = select.select([reader] if ended else [reader, woken], [], [], 0 if ended else None)
        if reader in ready:
            chunk = os.read(reader, 65536)
            if not chunk:
                break
            os.write(2, chunk)
            tail = (tail + chunk)[-TAIL:]
        elif ended:
            break
        elif os.read(woken, 512):
            ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), tail


def _spawn(command: list[str], reader: int, errors: int) -> int:
    child = os.fork()
    if child == 0:
        os.dup2(errors, 2)
        os.close(reader)
        try:
            os.execvpe(command[0], command, os.environ)  # noqa: S606
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(127)
    return child


def _write_once(path: str, text: str) -> None:
    """Write a file unless the script wrote it already."""
    if not os.path.exists(path):  # noqa: PTH110
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)


def main(arguments: list[str]) -> int:
    """Run the script and report. Returns its exit code; 128 and the signal's number when a signal ended it."""
    divide = arguments.index("--")
    failure, success = arguments[:divide]
    command = arguments[divide + 1 :]
    sys.stdout.write(f"Invoking script with the following command:\n\n{' '.join(command)}\n\n")
    sys.stdout.flush()
    code, errors = run(command)
    if code == 0:
        _write_once(success, "")
        return 0
    _write_once(failure, failure_text(code, errors, command))
    return code if code > 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
