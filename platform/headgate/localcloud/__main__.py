"""`python -m headgate.localcloud`: the daemon's process. `headgate cloud up` is how people start it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run the daemon in the foreground, or with --detach as a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m headgate.localcloud", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="the state folder, one daemon each")
    parser.add_argument("--port", type=int, default=None, help="listen here; default: the last port, or any free one")
    parser.add_argument("--detach", action="store_true", help="leave the terminal and write to daemon.log")
    parser.add_argument("--ready-descriptor", type=int, default=None, help="report readiness here, then close it")
    options = parser.parse_args(arguments)
    _fix_hash_seed()
    if options.detach and os.fork() != 0:
        os._exit(0)  # the starter reaps this process; the daemon belongs to nobody
    from headgate.localcloud import daemon
    from headgate.localcloud.folder import Folder

    if options.detach:
        os.setsid()
        daemon.log_to(Folder(options.state_dir).log)
    daemon.configure_logging()
    return daemon.run(daemon.Options(options.state_dir.resolve(), options.port, options.ready_descriptor))


def _fix_hash_seed() -> None:
    """Start over with a fixed hash seed: the order of sets is part of what a replayed journal must repeat."""
    if os.environ.get("PYTHONHASHSEED") == "0":
        return
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    os.execve(sys.executable, [sys.executable, "-m", "headgate.localcloud", *sys.argv[1:]], environment)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
