"""From what the SDK uploads to content-addressed assets.

The SDK puts code under names with a time in them, so that no two compilations are alike and step caching never hits.
Here each upload that the definition refers to gets a key made of what is in it. Archives count by their members: their
own bytes hold times too.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from headgate.pipelines.assets import Asset, AssetFile, pack_archive

INPUTS = frozenset({"S3Input", "S3DataSource"})
"""Where a prefix stands for all objects under it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that the SDK wrote: its URI, and the file that holds its bytes."""

    s3_uri: str
    file: Path


def content_addressed(
    definition: Mapping[str, Any], uploads: Sequence[Upload], base: str
) -> tuple[dict[str, Any], tuple[Asset, ...]]:
    """The definition with new URIs under `base`, and the assets to put there.

    An upload that the definition does not name, whole or as part of an input's prefix, stays where the SDK put it, for
    code may know the place; unless the same content is among the named: the SDK uploads some things twice.
    """
    contents = {upload.s3_uri: _content(upload) for upload in uploads}
    texts = list(_texts(definition, ""))
    objects = {
        uri: f"{base}/code/{content.sha256}/{PurePosixPath(uri).name}"
        for uri, content in contents.items()
        if any(_whole(uri).search(text) for _, text in texts)
    }
    assets = [_asset(contents[uri].sha256, new, {new: contents[uri]}) for uri, new in objects.items()]
    prefixes: dict[str, str] = {}
    placed = set(objects)
    for prefix in sorted({text.rstrip("/") for holder, text in texts if holder in INPUTS} - set(contents)):
        members = {uri.removeprefix(prefix): each for uri, each in contents.items() if uri.startswith(prefix + "/")}
        if members:
            digest = _digest((path, content.sha256) for path, content in members.items())
            prefixes[prefix] = f"{base}/code/{digest}"
            assets.append(_asset(digest, prefixes[prefix], {prefixes[prefix] + path: c for path, c in members.items()}))
            placed |= {prefix + path for path in members}
    named = {contents[uri].sha256 for uri in placed}
    for uri, content in contents.items():
        if uri not in placed and content.sha256 not in named:
            assets.append(Asset(content.sha256, uri, (AssetFile(uri, content.path, content.pack, overwrite=True),)))
    rewritten: dict[str, Any] = _Rewriting(objects, prefixes).apply(definition, "")
    unique = {asset.s3_uri: asset for asset in assets}
    return rewritten, tuple(unique[uri] for uri in sorted(unique))


@dataclass(frozen=True, slots=True)
class _Content:
    """An upload's digest, and its bytes: a file as it is, or an archive packed anew."""

    sha256: str
    path: Path | None = None
    pack: Callable[[], bytes] | None = None


def _content(upload: Upload) -> _Content:
    if upload.s3_uri.endswith((".tar.gz", ".tgz")) and tarfile.is_tarfile(upload.file):
        members = _members(upload.file)
        digest = _digest((name, f"{hashlib.sha256(data).hexdigest()} {mode:o}") for name, data, mode in members)
        return _Content(digest, pack=partial(pack_archive, members))
    with upload.file.open("rb") as stream:
        return _Content(hashlib.file_digest(stream, "sha256").hexdigest(), path=upload.file)


def _members(file: Path) -> tuple[tuple[str, bytes, int], ...]:
    with tarfile.open(file) as tar:
        found = [
            (PurePosixPath(member.name).as_posix(), tar.extractfile(member), member.mode)
            for member in tar
            if member.isfile()
        ]
        return tuple(sorted((name, data.read(), mode & 0o777) for name, data, mode in found if data is not None))


def _digest(parts: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{path}\0{content}\n" for path, content in sorted(parts)).encode()).hexdigest()


def _asset(digest: str, uri: str, files: Mapping[str, _Content]) -> Asset:
    return Asset(digest, uri, tuple(AssetFile(each, files[each].path, files[each].pack) for each in sorted(files)))


def _texts(value: Any, holder: str) -> Iterator[tuple[str, str]]:
    """Every string, with the name of the object that holds it."""
    if isinstance(value, str):
        yield holder, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, holder if isinstance(inner, str) else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, holder)


def _whole(uri: str) -> re.Pattern[str]:
    """The URI where it does not go on: also inside of JSON that is a hyperparameter."""
    return re.compile(re.escape(uri) + r"(?![\w./-])")


class _Rewriting:
    """New URIs for objects wherever they occur, for prefixes only where they are an input's whole URI."""

    def __init__(self, objects: Mapping[str, str], prefixes: Mapping[str, str]) -> None:
        self.objects = [(_whole(uri), new) for uri, new in objects.items()]
        self.prefixes = prefixes

    def apply(self, value: Any, holder: str) -> Any:
        if isinstance(value, Mapping):
            return {key: self.apply(inner, holder if isinstance(inner, str) else key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.apply(inner, holder) for inner in value]
        return self.text(value, holder) if isinstance(value, str) else value

    def text(self, value: str, holder: str) -> str:
        if holder in INPUTS and value.rstrip("/") in self.prefixes:
            return self.prefixes[value.rstrip("/")]
        for pattern, new in self.objects:
            value = pattern.sub(new, value)
        return value
