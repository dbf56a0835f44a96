"""Serves the user's inference script: `python serving/__main__.py FRAMEWORK_MODULE`.

Started as a file, so that it also runs in environments that do not have Headgate installed.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Serve until TERM; returns the exit code."""
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from headgate_runtimes.serving.http import serve
    from headgate_runtimes.serving.script import load_script_model

    del sys.path[0]
    return serve(lambda: load_script_model(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
