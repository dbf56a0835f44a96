"""Building blocks that the stacks share: each makes a few resources that belong together."""

from __future__ import annotations
