from __future__ import annotations

import re

from tabular.properties import as_property


def test_what_sagemaker_allows_stays_as_it_is():
    assert as_property("Grün 1_2.3:4/5=6+7-8") == "Grün 1_2.3:4/5=6+7-8"


def test_every_other_character_is_its_bytes():
    assert as_property("<30,no") == "@3C30@2Cno"
    assert as_property("@€") == "@40@E2@82@AC"


def test_a_long_text_is_cut_between_characters():
    value = as_property("," * 500)
    assert len(value) <= 256
    assert re.fullmatch(r"(@2C)+\.\.\.", value)
