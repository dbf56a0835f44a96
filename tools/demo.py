"""The main job, as two teams would type it: the platform team vends a team its accounts, and the team trains a model.

Every line that starts with `$` is the command that is run. The organization and the project stay in a temporary
folder, so that the commands at the end work.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEADGATE = Path(sys.executable).with_name("headgate")
ORGANIZATION = Path(__file__).parents[1] / "accounts" / "organization.yaml"
TEAM, PROJECT = "churn", "diabetes"


class Demo:
    """Commands in one folder, all on the local cloud that belongs to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".headgate"
        self._environment = {**os.environ, "HEADGATE_STATE_DIR": str(self.state)}

    def headgate(self, *arguments: str, into: str = ".", quiet: bool = False) -> None:
        """Run a command in the foreground, shown as it is typed; a failure ends the demo with its exit code."""
        print(f"\n$ headgate {shlex.join(arguments)}", flush=True)
        errors = subprocess.PIPE if quiet else None
        done = subprocess.run(
            [HEADGATE, *arguments],
            cwd=self.folder / into,
            env=self._environment,
            stderr=errors,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stderr or "", file=sys.stderr)
            sys.exit(done.returncode)

    def git(self, *arguments: str) -> None:
        """Run git in the project; where nobody is known to git, as nobody in particular."""
        print(f"\n$ git {shlex.join(arguments)}", flush=True)
        nobody = {"GIT_COMMITTER_NAME": "demo", "GIT_COMMITTER_EMAIL": "demo@example.com"}
        author = {name.replace("COMMITTER", "AUTHOR"): value for name, value in nobody.items()}
        environment = {**nobody, **author, **os.environ}
        subprocess.run(["git", *arguments], cwd=self.folder / PROJECT, env=environment, check=True)

    def stop(self) -> None:
        subprocess.run(
            [HEADGATE, "cloud", "down"], cwd=self.folder, env=self._environment, check=False, capture_output=True
        )


def main() -> None:
    """Vend, scaffold, train, show."""
    begun = time.monotonic()
    demo = Demo(Path(tempfile.mkdtemp(prefix="headgate-demo-")))
    (demo.folder / "accounts").mkdir()
    shutil.copy(ORGANIZATION, demo.folder / "accounts")
    print(f"everything is in {demo.folder} and runs on this machine, without Docker, network or AWS account")
    try:
        print("\n# The platform team: an organization as accounts/organization.yaml declares it, and a team's accounts")
        demo.headgate("accounts", "apply", "--yes", quiet=True)
        demo.headgate("accounts", "request", TEAM)
        print("\n# The team: a project, which CI runs in the team's dev account under its guardrails")
        demo.headgate("new", PROJECT, "--template", "tabular", "--yes")
        demo.headgate("accounts", "project", TEAM, PROJECT, "--into", PROJECT)
        demo.git("add", "landing.yaml")
        demo.git("commit", "--quiet", "--message", "Land in the team's accounts")
        demo.headgate("validate", "--env", "dev", into=PROJECT)
        demo.headgate("run", "--env", "dev", into=PROJECT)
    finally:
        demo.stop()
    print(f"\ndone in {time.monotonic() - begun:.0f} s. Three commands to try next:")
    print(f"  cd {demo.folder / PROJECT} && export PATH={HEADGATE.parent}:$PATH HEADGATE_STATE_DIR={demo.state}")
    for command in (
        f"headgate models lineage {TEAM}-{PROJECT} --env dev   # the commit, data, code and hyperparameters behind it",
        "headgate run --env dev --param Seed=7              # another seed: registered only if it is as good",
        f"headgate accounts show {TEAM} --organization ../accounts/organization.yaml   # the team's accounts",
    ):
        print(f"  {command}")


if __name__ == "__main__":
    main()
