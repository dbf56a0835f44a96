"""What plugins say is wrong with the project, not with themselves: UserErrors that their hooks raise."""

from __future__ import annotations

import re

from headgate.errors import UserError
from headgate.spec.document import find
from headgate.spec.load import RawProject
from headgate.spec.problems import Problem

_SETTING = re.compile(r"plugins(\.[A-Za-z0-9_-]+)+")


def as_problem(error: UserError, raw: RawProject) -> Problem:
    """A plugin's UserError as a problem of headgate.yaml, at the setting whose path its message begins with."""
    match = _SETTING.match(error.message)
    path = match[0] if match else ""
    node = find(raw.node, path.split(".") if path else ())
    return Problem(error.where or node.key or node.where, error.message, error.expected or "", path=path)
