"""What an image URI says: whose image, which framework, which version."""

from __future__ import annotations

import re
from dataclasses import dataclass

_URI = re.compile(r"^(?:(?P<registry>[^/]+)/)?(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?$")
_VERSION = re.compile(r"^(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class ImageName:
    """`<registry>/<repository>:<tag>`; the tag is `latest` when the URI has none."""

    registry: str
    repository: str
    tag: str

    @staticmethod
    def parse(uri: str) -> ImageName:
        """Take an image URI apart. What does not look like one is a repository of its own."""
        found = _URI.match(uri)
        if found is None:
            return ImageName("", uri, "latest")
        return ImageName(found["registry"] or "", found["repository"], found["tag"] or "latest")

    @property
    def exact(self) -> bool:
        """Whether the tag names a minor version too, as those of framework images do."""
        return re.match(r"\d+\.\d+", self.tag) is not None

    @property
    def version(self) -> tuple[int, int] | None:
        """The major and minor version that the tag starts with (`1.0-1-cpu-py3` is 1.0); None for `latest`."""
        found = _VERSION.match(self.tag)
        return None if found is None else (int(found[1]), int(found[2] or 0))


def repository_pattern(*names: str) -> str:
    """A regular expression for image URIs whose last part is one of these repositories, with any tag."""
    return rf"(^|/)(?:{'|'.join(re.escape(name) for name in names)})(?:[:@]|$)"
