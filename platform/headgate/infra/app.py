"""The CDK app: every kind of stack, synthesized in one process. `cdk.json` and `synth` both run it.

Members' templates come first, in a stage of their own, because governance's template refers to them by digest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk

from headgate.control.vending.calls import CALLS
from headgate.infra.assets import FOLDER, control_zip, sha256
from headgate.infra.contents import CONTROL, INDEX, INPUTS_VARIABLE, MACHINE, Inputs
from headgate.infra.features import CONTEXT
from headgate.infra.stacks.account import AccountStack
from headgate.infra.stacks.base import KindStack
from headgate.infra.stacks.bootstrap import BootstrapStack
from headgate.infra.stacks.data_lake import DataLakeStack
from headgate.infra.stacks.environment import EnvironmentStack
from headgate.infra.stacks.governance import Contents, GovernanceStack, template_url
from headgate.infra.stacks.guard import GuardStack
from headgate.infra.stacks.products import AccountSetProduct, ProjectProduct
from headgate.infra.stacks.project import ProjectStack
from headgate.infra.stacks.tooling import ToolingStack
from headgate.spec.organization import load_organization

ASSETS_BUCKET = "headgate-governance-${AWS::AccountId}-${AWS::Region}"


@dataclass(frozen=True, slots=True)
class Built:
    """The app before its last synthesis. `nested` are the template files that exist already, by kind, and `top` those
    that are still to come.
    """

    app: cdk.App
    nested: Mapping[str, Path]
    top: Mapping[str, Path]
    control: Path


def build(inputs: Inputs, outdir: Path | None = None) -> Built:
    """The app with every stack of every kind. Members' and products' templates are on disk when it returns."""
    app = cdk.App(outdir=str(outdir) if outdir else None, analytics_reporting=False, context=dict(CONTEXT))
    members = _synthesized(app, "members", lambda stage: _members(stage, inputs))
    products = _synthesized(app, "products", lambda stage: _products(stage, _digest(members["project"])))
    templates = {**members, **products}
    control = Path(app.outdir) / "control.zip"
    control.write_bytes(control_zip(CONTROL))
    digests = {kind: _digest(path) for kind, path in templates.items()}
    stacks = (
        BootstrapStack(app, _synthesizer()),
        GovernanceStack(app, _synthesizer(), Contents(digests, _digest(control), MACHINE, tuple(CALLS))),
    )
    top = {stack.kind: Path(app.outdir) / stack.template_file for stack in stacks}
    return Built(app, templates, top, control)


def main() -> None:
    """Synthesizes into the folder that the environment, or the cdk CLI, asks for."""
    text = os.environ.get(INPUTS_VARIABLE)
    built = build(Inputs.loads(text) if text else _of_this_folder())
    built.app.synth()
    outdir = Path(built.app.outdir)
    _list_assets(outdir, (*built.nested.values(), built.control))
    templates = {kind: str(path.relative_to(outdir)) for kind, path in {**built.nested, **built.top}.items()}
    index = {"templates": templates, "control": str(built.control.relative_to(outdir))}
    (outdir / INDEX).write_text(json.dumps(index, indent=1, sort_keys=True))


def _list_assets(outdir: Path, paths: Iterable[Path]) -> None:
    """Tells the cdk CLI which files to publish before it deploys governance: those that its template refers to."""
    manifest = outdir / "governance.assets.json"
    written = json.loads(manifest.read_text())
    for path in paths:
        digest = _digest(path)
        where = {"bucketName": ASSETS_BUCKET, "objectKey": f"{FOLDER}{digest}{path.suffix}"}
        written["files"][digest] = {
            "displayName": path.name,
            "source": {"path": str(path.relative_to(outdir)), "packaging": "file"},
            "destinations": {"current_account-current_region": where},
        }
    manifest.write_text(json.dumps(written, indent=1))


def _of_this_folder() -> Inputs:
    return Inputs.of(load_organization(Path.cwd()))


def _members(stage: cdk.Stage, inputs: Inputs) -> list[KindStack]:
    kinds = (GuardStack, AccountStack, EnvironmentStack, ToolingStack, ProjectStack)
    return [*(kind(stage, _synthesizer()) for kind in kinds), DataLakeStack(stage, _synthesizer(), inputs.data_sets)]


def _products(stage: cdk.Stage, project: str) -> list[KindStack]:
    return [AccountSetProduct(stage, _synthesizer()), ProjectProduct(stage, _synthesizer(), template_url(project))]


def _synthesized(app: cdk.App, name: str, fill: Callable[[cdk.Stage], list[KindStack]]) -> dict[str, Path]:
    """A stage with its stacks, written to disk at once: the template files by kind."""
    stage = cdk.Stage(app, name)
    stacks = fill(stage)
    assembly = stage.synth()
    return {stack.kind: Path(assembly.get_stack_artifact(stack.artifact_id).template_full_path) for stack in stacks}


def _synthesizer() -> cdk.CliCredentialsStackSynthesizer:
    """Assets go into governance's bucket under their digests, with whatever credentials the deployer has."""
    return cdk.CliCredentialsStackSynthesizer(file_assets_bucket_name=ASSETS_BUCKET, bucket_prefix=FOLDER)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes())


if __name__ == "__main__":
    main()
