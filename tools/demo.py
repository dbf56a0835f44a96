"""The main job, as a user would type it: scaffold a project, train it on the local cloud, see what was registered.

Every line that starts with `$` is the command that is run. The project stays in a temporary folder, so that the
commands at the end work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEADGATE = Path(sys.executable).with_name("headgate")
NAME = "diabetes-progression"


def headgate(*arguments: str, folder: Path) -> None:
    """Run a command in the foreground, shown as it is typed; a failure ends the demo with its exit code."""
    print(f"\n$ headgate {' '.join(arguments)}", flush=True)
    done = subprocess.run([HEADGATE, *arguments], cwd=folder, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Scaffold, train, show."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="headgate-demo-"))
    project = folder / NAME
    print(f"a project in {folder}; everything runs on this machine, without Docker, network or AWS account")
    headgate("new", NAME, "--template", "tabular", "--yes", folder=folder)
    try:
        headgate("validate", folder=project)
        headgate("cloud", "up", folder=project)
        headgate("run", folder=project)
    finally:
        subprocess.run([HEADGATE, "cloud", "down"], cwd=project, check=False, capture_output=True)
    print(f"\ndone in {time.monotonic() - begun:.0f} s. Three commands to try next:")
    print(f"  cd {project} && export PATH={HEADGATE.parent}:$PATH")
    for command in (
        f"headgate models lineage {NAME}   # the commit, data, code and hyperparameters behind the version",
        "headgate run --param Seed=7                     # another seed: registered only if it is as good as this one",
        "headgate logs --step Train                      # what the training job wrote",
    ):
        print(f"  {command}")


if __name__ == "__main__":
    main()
