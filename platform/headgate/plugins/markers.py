"""The names that tie plugins to this engine."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT_NAME: Final = "headgate"
API_VERSION: Final = 1
"""The version of the hooks. It changes when a plugin written for the old ones would break."""

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
