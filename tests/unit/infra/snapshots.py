"""Templates as texts that a person reads in a diff. `python -m unit.infra.snapshots` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from headgate.infra.synth import Assembly, Template

FOLDER = Path(__file__).parents[2] / "snapshots"


def render(template: Template, assembly: Assembly) -> str:
    """A template as YAML with sorted keys; digests of assets are masked, and so is the machine's definition."""
    text = template.body
    for each in assembly.assets:
        text = text.replace(each.digest, "<digest>").replace(f'"{each.digest[:12]}"', '"<digest>"')
    body: dict[str, Any] = json.loads(text)
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            resource["Properties"]["DefinitionString"] = "<machine.asl.json>"
    written: str = yaml.safe_dump(body, sort_keys=True, width=120)
    return re.sub(r"[0-9a-f]{64}", "<digest>", written)


def main() -> None:
    """Write every snapshot from the templates as they are now."""
    import tempfile

    from headgate.infra.synth import synthesize_inputs
    from unit.infra.conftest import INPUTS

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as cache:
        assembly = synthesize_inputs(INPUTS, cache=Path(cache))
        for kind, template in assembly.templates.items():
            (FOLDER / f"{kind}.yaml").write_text(render(template, assembly))


if __name__ == "__main__":
    main()
