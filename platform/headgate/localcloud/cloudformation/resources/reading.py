"""Resource types whose drift can be told, and what their live values need to be compared with a template's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import tag_list, tags_of
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

See = Callable[[Context, str, Json], "Json | None"]


def _nothing_seen(_: Context, __: str, ___: Json) -> Json:
    return {}


@dataclass(frozen=True, slots=True)
class Readable(Declared):
    """A declared type that can be read: `see` are its live values in the template's words, None when it is gone.

    What `see` leaves out is not compared; it may give more than the template has.
    """

    see: See = _nothing_seen

    def read(self, context: Context, physical_id: str, properties: Json) -> Json | None:
        """The live values of those properties that can be told."""
        return self.see(context, physical_id, properties)


def told(live: Mapping[str, Any], *names: str) -> Json:
    """Some members of an API's answer; what it leaves out has no value, which a template's value differs from."""
    return {name: live.get(name) for name in names}


def live_document(wanted: Any, live: Any) -> Any:
    """A live policy or pattern in the form of the template's, which may be an object or a text."""
    found = json.loads(live) if isinstance(live, str) else live
    if not isinstance(wanted, str):
        return found
    try:
        return wanted if json.loads(wanted) == found else json.dumps(found)
    except ValueError:
        return json.dumps(found)


def in_order(wanted: Any, live: list[Any]) -> list[Any]:
    """A live list whose order means nothing: as the template has it, then what it does not have."""
    known = [item for item in wanted or () if item in live]
    return known + [item for item in live if item not in known]


def own_tags(context: Context, wanted: Any, live: Mapping[str, str]) -> list[Json]:
    """A resource's live tags without those that it has from its stack."""
    named = tags_of(wanted)
    own = {key: value for key, value in live.items() if key in named or context.tags.get(key) != value}
    return tag_list(own) or []
