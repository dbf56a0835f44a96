"""What a handler has of the world: its settings, AWS, the time, and the way to answer CloudFormation."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from headgate.control.answers import put
from headgate.control.aws import Aws, Boto, Where
from headgate.control.vending.calls import CALLS
from headgate.control.vending.settings import Settings, load

if TYPE_CHECKING:
    from boto3.session import Session


@dataclass(frozen=True, slots=True)
class Edges:
    """Everything that a decision cannot know by itself. `now` is UTC."""

    settings: Settings
    aws: Aws
    now: datetime
    put: Callable[[str, bytes], None]


def of_function(handler: str, variables: Mapping[str, str] = os.environ) -> Edges:
    """The edges of a function that runs in Lambda; raises Refused when its environment lacks a variable."""
    settings = load(variables)
    fixed = {Where.TOOLING: settings.tooling, Where.DATA_LAKE: settings.data_lake}
    aws = Boto(own_session, CALLS[handler], lambda where, account: settings.member_role_arn(fixed.get(where, account)))
    return Edges(settings, aws, datetime.now(UTC), put)


def own_session() -> Session:
    import boto3

    return boto3.Session()
