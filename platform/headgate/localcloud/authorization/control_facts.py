"""What the stores of the control services hold about resources: buses, state machines, stacks, products, trails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from headgate.localcloud.authorization.arns import Arn
from headgate.localcloud.cloudformation.stacks.store import STACK, STACK_NAME
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.events import buses, rules
from headgate.localcloud.events.names import DEFAULT_BUS
from headgate.localcloud.events.tags import TAGS_KIND
from headgate.localcloud.identity.directory import Document, ResourceRecord
from headgate.localcloud.scheduler import groups
from headgate.localcloud.seams import Json
from headgate.localcloud.servicecatalog.records import PORTFOLIO, PRODUCT
from headgate.localcloud.states.records import MACHINE
from headgate.localcloud.trail.trails import KIND as TRAIL

Look = Callable[[Arn], ResourceRecord | None]
_ANY_STACK = "/*"


class ControlFacts:
    """Each method takes an ARN of its service."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def sources(self) -> Mapping[str, Look]:
        """Who to ask about an ARN, by its service."""
        return {
            "catalog": self.catalog,
            "cloudformation": self.stack,
            "cloudtrail": self.trail,
            "events": self.events,
            "scheduler": self.schedule_group,
            "states": self.machine,
        }

    def events(self, arn: Arn) -> ResourceRecord | None:
        """An event bus with its policy, or a rule."""
        if arn.kind == "event-bus":
            found = self._find(arn, buses.KIND, arn.name)
            if found is None and arn.name != DEFAULT_BUS:
                return None
            policy = (found or {}).get("Policy")
            document = Document(f"policy of event bus {arn.name}", json.dumps(policy)) if policy else None
            return ResourceRecord(arn.account, document, self._event_tags(arn))
        name = arn.name if "/" in arn.name else f"{DEFAULT_BUS}/{arn.name}"
        if self._find(arn, rules.KIND, name) is None:
            return None
        return ResourceRecord(arn.account, None, self._event_tags(arn))

    def machine(self, arn: Arn) -> ResourceRecord | None:
        found = self._find(arn, MACHINE, arn.name.partition(":")[0]) if arn.kind == "stateMachine" else None
        return ResourceRecord(arn.account, None, found["tags"]) if found is not None else None

    def schedule_group(self, arn: Arn) -> ResourceRecord | None:
        found = self._find(arn, groups.KIND, arn.name) if arn.kind == "schedule-group" else None
        return ResourceRecord(arn.account, None, found.get("tags", {})) if found is not None else None

    def stack(self, arn: Arn) -> ResourceRecord | None:
        found = self._find(arn, STACK, arn.text) if arn.kind == "stack" else None
        return ResourceRecord(arn.account, None, _tags(found.get("tags"))) if found is not None else None

    def resolve_stack(self, arn: Arn) -> str:
        """A stack's own ARN, for `stack/NAME/*`."""
        if arn.kind != "stack" or not arn.name.endswith(_ANY_STACK):
            return arn.text
        found = self._find(arn, STACK_NAME, arn.name.removesuffix(_ANY_STACK))
        return str(found["id"]) if found is not None else arn.text

    def catalog(self, arn: Arn) -> ResourceRecord | None:
        kind = {"portfolio": PORTFOLIO, "product": PRODUCT}.get(arn.kind)
        found = self._find(arn, kind, arn.name) if kind else None
        return ResourceRecord(arn.account, None, _tags(found.get("Tags"))) if found is not None else None

    def trail(self, arn: Arn) -> ResourceRecord | None:
        found = self._find(arn, TRAIL, arn.name) if arn.kind == "trail" else None
        return ResourceRecord(arn.account, None, found["tags"]) if found is not None else None

    def _find(self, arn: Arn, kind: str, name: str) -> Json | None:
        return self._documents.find(Key(arn.account, arn.region, kind, name))

    def _event_tags(self, arn: Arn) -> Mapping[str, str]:
        return self._find(arn, TAGS_KIND, arn.text) or {}


def _tags(given: object) -> Mapping[str, str]:
    """Tags by key; stored by key already, or as AWS lists them."""
    if isinstance(given, dict):
        return given
    return {tag["Key"]: tag["Value"] for tag in given} if isinstance(given, list) else {}
