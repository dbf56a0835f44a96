"""The SDK's data files (models of services, rules of endpoints), parsed once for all sessions of a process.

botocore parses them again for every session, and moto once more for itself: a large part of what a short program or a
first call costs. What a client changes in its model (S3's takes `{Bucket}` out of the paths of what it calls)
stays its session's own: the local cloud reads the same models to understand requests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_parsed: dict[str, Any] = {}


def share(told: Callable[[str], None] = lambda _: None) -> None:
    """Have every botocore session that is made from now on share its data. `told` gets each file that is parsed."""
    from botocore.loaders import JSONFileLoader, Loader

    class SharedFileLoader(JSONFileLoader):  # type: ignore[misc, unused-ignore]
        """Reads a file when nobody in this process has yet."""

        def load_file(self, file_path: str) -> Any:
            if file_path not in _parsed:
                found = super().load_file(file_path)
                if found is None:
                    return None
                _parsed[file_path] = found
                told(file_path)
            return _own(_parsed[file_path])

    Loader.FILE_LOADER_CLASS = SharedFileLoader


def _own(data: Any) -> Any:
    """The data with operations that may be changed in how they are called; all the rest is shared."""
    if not isinstance(data, dict) or "operations" not in data:
        return data
    operations = {name: {**each, "http": dict(each["http"])} for name, each in data["operations"].items()}
    return {**data, "operations": operations}


def read(file_path: str) -> None:
    """Parse a file that somebody will need; a file that is gone is none. `share` comes first."""
    from botocore.loaders import Loader

    Loader.FILE_LOADER_CLASS().load_file(file_path)
