"""`python -m headgate.infra`: what `cdk.json` runs, on the Node that comes with the `infra` extra."""

from __future__ import annotations

import os

from headgate.infra.processes import node


def main() -> None:
    """Synthesizes into the folder that the cdk CLI asks for."""
    os.environ.setdefault("JSII_NODE", str(node()))
    from headgate.infra.app import main as synthesize

    synthesize()


if __name__ == "__main__":
    main()
