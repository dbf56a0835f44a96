"""What git says about a project, for the lineage of what it trains."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from headgate.aws.properties import as_property, fits_property

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GitFacts:
    """The commit that runs, whether the work tree differs from it, and where it came from (without credentials).

    `dirty` is None where nobody can say: in no repository.
    """

    commit: str = UNKNOWN
    dirty: bool | None = None
    repository: str = UNKNOWN

    def parameters(self) -> dict[str, str]:
        """As the pipeline parameters that carry them to a version's properties, by name."""
        return {
            "GitCommit": self.commit,
            "GitDirty": UNKNOWN if self.dirty is None else "true" if self.dirty else "false",
            "GitRepository": self.repository if fits_property(self.repository) else as_property(self.repository),
        }


def read_git(root: Path) -> GitFacts:
    """The facts of the repository that holds `root`; all unknown when it is in none, or git is not installed."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return GitFacts()
    changes = _git(root, "status", "--porcelain", "--", ".")
    remote = _git(root, "remote", "get-url", "origin")
    return GitFacts(
        commit=commit,
        dirty=bool(changes),
        repository=without_credentials(remote) if remote else UNKNOWN,
    )


def without_credentials(remote: str) -> str:
    """A remote's address with any user and password taken out; an scp-like address stays as it is."""
    parts = urlsplit(remote)
    if not parts.scheme or "@" not in parts.netloc:
        return remote
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[1]))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
