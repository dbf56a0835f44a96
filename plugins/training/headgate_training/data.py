"""The data that a pipeline begins with, when it is a file or folder of the project.

It travels like code: uploaded under the digest of its bytes before the pipeline runs, so that the S3 URI names exactly
these bytes, and step caching reuses what was made of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from headgate.aws.properties import fits_property
from headgate.errors import UserError
from headgate.pipelines import Asset, AssetFile, Compiled, Parameter, Pipeline


@dataclass(frozen=True)
class DataPipeline(Pipeline):
    """A pipeline whose parameters may default to S3 URIs that are known only once the bucket is.

    `uploads`: parameter name to a local file or folder that becomes its default. `artifacts`: the name of a parameter
    whose default is the folder of this pipeline's outputs, `s3://<bucket>/<prefix>/<pipeline>`.
    """

    uploads: Mapping[str, Path] = field(default_factory=dict)
    artifacts: str = ""

    def compile(self, *, artifact_bucket: str, prefix: str = "") -> Compiled:
        """As Pipeline.compile, with the data among the assets. Raises UserError when the data is not there."""
        base = "/".join(part for part in (f"s3://{artifact_bucket}", prefix.strip("/")) if part)
        assets = {name: data_asset(path, base) for name, path in self.uploads.items()}
        defaults = {name: asset.s3_uri for name, asset in assets.items()}
        if self.artifacts:
            defaults[self.artifacts] = f"{base}/{self.name}"
        parameters = [
            Parameter.string(each.name, defaults[each.name]) if each.name in defaults else each
            for each in self.parameters
        ]
        filled = replace(self, parameters=parameters)
        compiled = Pipeline.compile(filled, artifact_bucket=artifact_bucket, prefix=prefix)
        every = {asset.s3_uri: asset for asset in (*compiled.assets, *assets.values())}
        return replace(compiled, assets=tuple(every[uri] for uri in sorted(every)))


def data_asset(path: Path, base: str) -> Asset:
    """A file as `<base>/data/<digest>/<name>`, or a folder's files below `<base>/data/<digest>/`.

    The digest is that of the file, or of a `sha256sum` listing of the folder. Raises UserError when there is nothing.
    """
    if path.is_file():
        digest = _sha256(path)
        # The digest says what it is; the name is for people, and goes on the version as part of the address.
        name = "".join(char if char.isascii() and fits_property(char) else "_" for char in path.name)
        uri = f"{base}/data/{digest}/{name}"
        return Asset(digest, uri, (AssetFile(uri, path=path),))
    files = sorted(each for each in path.rglob("*.csv") if each.is_file()) if path.is_dir() else []
    if not files:
        raise UserError(f"plugins.training.data: there is no CSV file at {path}")
    names = [each.relative_to(path).as_posix() for each in files]
    listing = "".join(f"{_sha256(file)}  {name}\n" for file, name in zip(files, names, strict=True))
    digest = hashlib.sha256(listing.encode()).hexdigest()
    uri = f"{base}/data/{digest}"
    return Asset(
        digest, uri, tuple(AssetFile(f"{uri}/{name}", path=file) for file, name in zip(files, names, strict=True))
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
