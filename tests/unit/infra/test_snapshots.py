"""What changes in a template shows in a diff of its snapshot."""

from __future__ import annotations

import pytest

from headgate.infra.kinds import KINDS
from headgate.infra.synth import Assembly
from unit.infra.snapshots import FOLDER, render

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_template_is_as_it_was_reviewed(kind: str, assembly: Assembly) -> None:
    """After a change that is meant: `PYTHONPATH=tests python -m unit.infra.snapshots`, and read the diff."""
    assert render(assembly.templates[kind], assembly) == (FOLDER / f"{kind}.yaml").read_text()


def test_there_is_no_snapshot_of_what_is_gone() -> None:
    assert {each.stem for each in FOLDER.glob("*.yaml")} == set(KINDS)


def test_digests_do_not_show(assembly: Assembly) -> None:
    texts = [render(template, assembly) for template in assembly.templates.values()]
    assert not [each.digest for each in assembly.assets if any(each.digest[:12] in text for text in texts)]
