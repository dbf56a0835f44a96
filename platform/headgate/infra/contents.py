"""What the templates are made from, apart from this code: the declaration's data sets, and the control package."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from headgate.spec.organization import Organization


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set as the data lake's template needs it: its objects are under `prefix`, which ends with a slash."""

    name: str
    description: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that templates depend on. Teams are not in it: what differs between them comes by parameters."""

    data_sets: tuple[DataSet, ...] = ()

    @classmethod
    def of(cls, organization: Organization) -> Inputs:
        """What of the declaration matters to templates."""
        data_sets = sorted(organization.data_sets.values(), key=lambda each: each.name)
        return cls(tuple(DataSet(each.name, each.description, each.prefix) for each in data_sets))

    @classmethod
    def loads(cls, text: str) -> Inputs:
        """What `dumps` has written."""
        written: dict[str, Any] = json.loads(text)
        return cls(tuple(DataSet(**each) for each in written["data_sets"]))

    def dumps(self) -> str:
        """The inputs as JSON: the same text for the same inputs."""
        return json.dumps(asdict(self), sort_keys=True)


INPUTS_VARIABLE = "HEADGATE_INFRA_INPUTS"
"""The environment variable in which the app gets its inputs as JSON; without it, it reads organization.yaml."""

INDEX = "headgate.json"
"""The file in which the app says which template is where."""

CONTROL = Path(__file__).parents[1] / "control"
"""The folder of the control package."""

MACHINE = CONTROL / "vending" / "machine.asl.json"
