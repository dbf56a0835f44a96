"""cfn-lint finds nothing in any template."""

from __future__ import annotations

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from headgate.infra.kinds import KINDS
from headgate.infra.synth import Assembly

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_template_is_clean(kind: str, assembly: Assembly) -> None:
    matches = lint(assembly.templates[kind].body, config=ManualArgs(regions=["eu-west-1"]))
    assert [f"{each.rule.id} {'/'.join(map(str, each.path or ()))}: {each.message}" for each in matches] == []
