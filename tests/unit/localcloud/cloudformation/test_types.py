from __future__ import annotations

import pytest

from headgate.localcloud.cloudformation.types import generated_name


def test_a_generated_name_is_stack_logical_id_and_suffix() -> None:
    name = generated_name("team", "Data", "token")
    assert name.startswith("team-Data-")
    assert len(name) == len("team-Data-") + 12


def test_a_generated_name_is_the_same_for_the_same_token_only() -> None:
    assert generated_name("s", "A", "t") == generated_name("s", "A", "t")
    assert generated_name("s", "A", "t") != generated_name("s", "A", "u")
    assert generated_name("s", "A", "t")[-12:] != generated_name("s", "B", "t")[-12:]


@pytest.mark.parametrize("length", [12, 13, 20, 32, 63, 64])
def test_a_generated_name_fits(length: int) -> None:
    name = generated_name("a-long-name-of-a-stack" * 4, "AndALongLogicalId" * 4, "t", length)
    assert len(name) <= length
    assert not name.startswith("-")


def test_a_lower_case_name_is_one_for_a_bucket() -> None:
    name = generated_name("Team-", "Data", "t", 63, lower=True)
    assert name == name.lower()
    assert "--" not in name


def test_no_room_for_the_suffix_is_an_error() -> None:
    with pytest.raises(ValueError, match="12"):
        generated_name("s", "A", "t", 8)
