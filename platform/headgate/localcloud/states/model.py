"""A state machine's definition as values, read from checked Amazon States Language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from headgate.localcloud.seams import Json

Kind = Literal["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"]
KINDS: tuple[Kind, ...] = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")


@dataclass(frozen=True, slots=True)
class State:
    """One state. `body` is its JSON; `graphs` are a Parallel's branches or a Map's one item processor."""

    name: str
    kind: Kind
    body: Json
    graphs: tuple[Graph, ...] = ()

    @property
    def is_last(self) -> bool:
        return bool(self.body.get("End")) or self.kind in ("Succeed", "Fail")


@dataclass(frozen=True, slots=True)
class Graph:
    """States that lead to one another, of the whole machine, of a branch or of an item processor."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Machine:
    """A whole definition. `timeout_seconds` is how long an execution may take, None without limit."""

    graph: Graph
    timeout_seconds: int | None

    def graph_at(self, place: tuple[tuple[str, int], ...]) -> Graph:
        """The graph that is reached by (state, number of its graph) steps from the outermost one."""
        graph = self.graph
        for name, number in place:
            graph = graph.states[name].graphs[number]
        return graph


def read(definition: Json) -> Machine:
    """The values of a definition that `checks.check` has nothing against."""
    return Machine(_graph(definition), definition.get("TimeoutSeconds"))


def processor(body: Json) -> Json:
    """A Map's item processor, under its present or its former name."""
    return cast("Json", body.get("ItemProcessor") or body["Iterator"])


def _graph(body: Json) -> Graph:
    return Graph(body["StartAt"], {name: _state(name, one) for name, one in body["States"].items()})


def _state(name: str, body: Json) -> State:
    graphs: tuple[Graph, ...] = ()
    if body["Type"] == "Parallel":
        graphs = tuple(_graph(branch) for branch in body["Branches"])
    elif body["Type"] == "Map":
        graphs = (_graph(processor(body)),)
    return State(name, body["Type"], body, graphs)
