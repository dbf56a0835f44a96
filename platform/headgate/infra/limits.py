"""CloudFormation's limits on templates, checked when they are synthesized and not when they are deployed."""

from __future__ import annotations

import json

from headgate.errors import FailedError

INLINE = 51_200
"""Bytes of a template that is sent with the request."""

BY_URL = 1_000_000
"""Bytes of a template in S3: 1 MB, taken as the smaller of its two meanings."""

ENTRIES = {"Parameters": 200, "Resources": 500, "Outputs": 200, "Mappings": 200}
"""Entries of a template's sections (CloudFormation user guide, quotas)."""


def check_template(kind: str, content: bytes) -> None:
    """Raises FailedError for a template that CloudFormation would refuse, naming every limit that it is over."""
    template = json.loads(content)
    over = [
        f"{len(template.get(section, {}))} {section.lower()}, of which {limit} are allowed"
        for section, limit in ENTRIES.items()
        if len(template.get(section, {})) > limit
    ]
    if len(content) > BY_URL:
        over.append(f"{len(content):,} bytes, of which {BY_URL:,} are allowed")
    if over:
        raise FailedError(
            f"the template of kind {kind!r} is over CloudFormation's limits",
            expected="a smaller template: fewer data sets, or a kind of stack of their own for some of its resources",
            details=tuple(over),
        )
