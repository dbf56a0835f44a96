"""One module for each kind of stack."""

from __future__ import annotations
