from __future__ import annotations

import pytest

from headgate.control.errors import Refused
from headgate.control.vending.settings import VARIABLES, load
from unit.control.world import ENVIRONMENT, SETTINGS


def test_every_variable_is_required_and_named_when_it_is_missing() -> None:
    assert set(ENVIRONMENT) == set(VARIABLES)
    with pytest.raises(Refused, match=r"lacks the environment variables HEADGATE_AUDIT_TABLE, HEADGATE_OU_DEV$"):
        load({**ENVIRONMENT, "HEADGATE_OU_DEV": "", "HEADGATE_AUDIT_TABLE": ""})


def test_units_are_ids_by_the_declarations_names() -> None:
    assert SETTINGS.units == {
        "Experimentation": "ou-experimentation",
        "Dev": "ou-dev",
        "Preprod": "ou-preprod",
        "Prod": "ou-prod",
    }


def test_names_are_made_from_the_settings() -> None:
    assert SETTINGS.environment_stack_set("dev") == "headgate-environment-dev"
    assert SETTINGS.member_role_arn("200000000000") == "arn:aws:iam::200000000000:role/headgate/headgate-vending"


def test_a_switch_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(Refused, match="HEADGATE_CLOSE_ACCOUNTS is 'yes': it is either true or false"):
        load({**ENVIRONMENT, "HEADGATE_CLOSE_ACCOUNTS": "yes"})
