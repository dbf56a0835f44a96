"""What a registered version says of its origin: the properties that `headgate models lineage` reads.

CustomerMetadataProperties hold at most 50 keys, with values of at most 256 characters, and not every character
(CreateModelPackage). What is known when the pipeline is compiled is put into their alphabet here; what is known only
when it runs is in it already: numbers, ARNs, digests, and what steps have put into it themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from headgate.aws.properties import LONGEST_VALUE, as_property
from headgate.errors import UserError
from headgate.pipelines import Parameter, Reference, SourceCode, Value, join

MOST_PROPERTIES = 50
RESERVED = 5
"""How many properties are left for those who add some later, such as the MLflow recorder."""

_ROOM_FOR_A_VALUE = 24


def code_properties(sources: Mapping[str, SourceCode]) -> dict[str, str]:
    """The digest of each step's code, and one digest over them all."""
    lines = "".join(f"{name} {code.sha256}\n" for name, code in sorted(sources.items()))
    return {
        "code_digest": hashlib.sha256(lines.encode()).hexdigest(),
        **{f"code.{name}": code.sha256 for name, code in sorted(sources.items())},
    }


def recorded(text: str) -> str:
    """The text as a property holds it, or its digest when it is too long: enough to tell two apart."""
    value = as_property(text)
    return value if len(value) <= LONGEST_VALUE else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def hyperparameter_properties(values: Mapping[str, Value]) -> dict[str, Value]:
    """`hyperparameters`: `eta=0.05 max_depth=3 ...` by name, continued in `hyperparameters.2` when one is full."""
    chunks: list[list[Value]] = [[]]
    length = 0
    for name, value in sorted(values.items()):
        label = as_property(name)
        room = len(label) + 2 + max(_ROOM_FOR_A_VALUE, len(_shown(value)))
        if chunks[-1] and length + room > LONGEST_VALUE:
            chunks.append([])
            length = 0
        chunks[-1] += [f"{' ' if chunks[-1] else ''}{label}=", value if isinstance(value, Reference) else _shown(value)]
        length += room
    return {
        "hyperparameters" if number == 1 else f"hyperparameters.{number}": join("", chunk)
        for number, chunk in enumerate(chunks, start=1)
        if chunk
    }


def bounded(properties: Mapping[str, Value]) -> Mapping[str, Value]:
    """The properties as they are. Raises UserError when there are more than a version can hold."""
    most = MOST_PROPERTIES - RESERVED
    if len(properties) > most:
        raise UserError(
            f"a version would have {len(properties)} properties, and SageMaker allows {MOST_PROPERTIES}: "
            "give fewer hyperparameters"
        )
    return properties


def _shown(value: Value) -> str:
    if isinstance(value, Parameter):
        return "" if value.default is None else _shown(value.default)
    if isinstance(value, Reference):
        return ""
    return as_property(str(value).lower() if isinstance(value, bool) else str(value))
