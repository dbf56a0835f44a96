"""AWS::CDK::Metadata: what the CDK counts its users by."""

from __future__ import annotations

from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json


def _nothing(_: Context, __: str, ___: Json) -> None:
    """There is nothing but its name."""


TYPES = (
    Declared(
        "AWS::CDK::Metadata",
        handled=frozenset(),
        ignored={
            "Analytics": "a list of constructs that AWS counts; it makes nothing in the account",
            "Modules": "a list of libraries that AWS counts; it makes nothing in the account",
        },
        make=lambda context, _: context.name(64),
        describe=lambda _, name, __: {"Id": name},
        remove=_nothing,
    ),
)
