"""Templates and assets of every kind of stack, synthesized once for the same content and then read from a cache.

A hit reads a few files and imports no CDK. A miss runs the CDK app in a process of its own, with the Node that comes
with the `infra` extra: the CDK's memory and its Node process end with it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from headgate.errors import FailedError
from headgate.infra.assets import Asset, control_files, sha256
from headgate.infra.contents import CONTROL, INDEX, Inputs
from headgate.infra.kinds import KINDS, PARAMETERS
from headgate.infra.limits import check_template
from headgate.infra.processes import run
from headgate.spec.organization import Organization

_INFRA = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Template:
    """A synthesized template. `digest` is the SHA-256 of the file, `parameters` are its parameters' defaults by name
    (None: it has none, and a value must be given).
    """

    kind: str
    path: Path
    digest: str
    parameters: Mapping[str, str | None]

    @property
    def body(self) -> str:
        """The template's text."""
        return self.path.read_text()

    @property
    def asset(self) -> Asset:
        """The template as an asset, for those that are deployed from S3."""
        return Asset(self.digest, self.path, "file")


@dataclass(frozen=True, slots=True)
class Assembly:
    """All templates by kind, and what has to be in governance's bucket before they are deployed."""

    templates: Mapping[str, Template]
    assets: tuple[Asset, ...]


def synthesize(organization: Organization, *, cache: Path) -> Assembly:
    """The templates of an organization, from the cache when nothing that they are made from has changed.

    Raises UserError when the CDK or Node is not installed, FailedError when synthesis fails or a template is too big.
    """
    return synthesize_inputs(Inputs.of(organization), cache=cache)


def synthesize_inputs(inputs: Inputs, *, cache: Path) -> Assembly:
    """The same, for what of an organization matters to templates."""
    folder = cache / content_digest(inputs)
    found = _read(folder)
    if found is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".synth-") as scratch:
        outdir = Path(scratch) / "out"
        run("headgate.infra.app", inputs, outdir, "the CDK could not synthesize the templates")
        collected = Path(scratch) / "collected"
        _collect(outdir, collected)
        _publish(collected, folder)
    made = _read(folder)
    if made is None:
        raise FailedError("the templates that were just synthesized cannot be read", where=str(folder))
    return made


def content_digest(inputs: Inputs) -> str:
    """What the templates are made from, as one SHA-256: this package, the control package, the inputs, the CDK."""
    digest = hashlib.sha256()
    for name, content in _sources():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    digest.update(inputs.dumps().encode())
    digest.update(_version("aws-cdk-lib").encode())
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, bytes]]:
    for file in sorted(_INFRA.rglob("*.py")):
        yield f"infra/{file.relative_to(_INFRA).as_posix()}", file.read_bytes()
    for file in control_files(CONTROL):
        yield f"control/{file.relative_to(CONTROL).as_posix()}", file.read_bytes()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _read(folder: Path) -> Assembly | None:
    """What is in the cache; None when nothing is, or not what was written."""
    try:
        index = json.loads((folder / INDEX).read_text())
        for name, digest in index["files"].items():
            if sha256((folder / name).read_bytes()) != digest:
                return None
    except (OSError, ValueError, KeyError):
        return None
    files: Mapping[str, str] = index["files"]
    templates = {
        kind: Template(kind, folder / name, files[name], _defaults(kind)) for kind, name in index["templates"].items()
    }
    control = Asset(files[index["control"]], folder / index["control"], "zip")
    return Assembly(templates, (control, *(each.asset for each in templates.values())))


def _defaults(kind: str) -> Mapping[str, str | None]:
    return {name: PARAMETERS[name].default for name in KINDS[kind].parameters}


def _collect(outdir: Path, folder: Path) -> None:
    """The files that matter, with an index of them; checked against CloudFormation's limits."""
    folder.mkdir()
    index = json.loads((outdir / INDEX).read_text())
    files: dict[str, str] = {}
    templates: dict[str, str] = {}
    for kind, path in sorted(index["templates"].items()):
        content = (outdir / path).read_bytes()
        check_template(kind, content)
        templates[kind] = f"{kind}.template.json"
        files[templates[kind]] = sha256(content)
        (folder / templates[kind]).write_bytes(content)
    control = (outdir / index["control"]).read_bytes()
    (folder / "control.zip").write_bytes(control)
    files["control.zip"] = sha256(control)
    written = {"files": files, "templates": templates, "control": "control.zip"}
    (folder / INDEX).write_text(json.dumps(written, indent=1, sort_keys=True))


def _publish(collected: Path, folder: Path) -> None:
    """Into the cache in one step; somebody else who was faster has written the same."""
    if folder.exists() and _read(folder) is None:
        shutil.rmtree(folder)
    try:
        collected.rename(folder)
    except OSError:
        if _read(folder) is None:
            raise
