"""What `kill -9` interrupts is taken up at the next start: at every step of an operation."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from headgate.localcloud.cloudformation.stacks.walk import Interrupted
from unit.localcloud.cloudformation.conftest import QUEUE, Place, template, topic


class Killer:
    """Ends the cloud when a step of a resource is reached: before it is done, or after."""

    def __init__(self, place: Place, step: tuple[str, str], *, after: bool) -> None:
        self.place, self.step, self.after = place, step, after
        self.struck = threading.Event()
        for name, kind in list(place.types.items()):
            place.types[name] = _Mortal(kind, self)  # type: ignore[assignment]

    def strike(self) -> None:
        self.struck.set()
        self.place.service.engine.tools.provisioner.stop.set()
        raise Interrupted


class _Mortal:
    def __init__(self, kind: Any, killer: Killer) -> None:
        self._kind, self._killer = kind, killer
        self.type_name, self.handled, self.ignored = kind.type_name, kind.handled, kind.ignored
        self.find = kind.find

    def _do(self, verb: str, context: Any, *arguments: Any) -> Any:
        mine = (verb, context.logical_id) == self._killer.step and not self._killer.struck.is_set()
        if mine and not self._killer.after:
            self._killer.strike()
        result = getattr(self._kind, verb)(context, *arguments)
        if mine:
            self._killer.strike()
        return result

    def create(self, context: Any, properties: Any) -> Any:
        return self._do("create", context, properties)

    def update(self, context: Any, physical_id: str, old: Any, new: Any) -> Any:
        return self._do("update", context, physical_id, old, new)

    def delete(self, context: Any, physical_id: str, properties: Any) -> Any:
        return self._do("delete", context, physical_id, properties)


BEFORE = template(A=topic(DisplayName="one"), B=topic(TopicName="old"), C=topic(TopicName="gone"))
AFTER = template(
    A=topic(DisplayName="two"), B={**topic(TopicName="new"), "DependsOn": "A"}, D={"Type": QUEUE, "DependsOn": "B"}
)


def restart(place: Place) -> None:
    place.settle()
    place.stop()
    place.start()
    place.service.recover()
    place.settle()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ["A", "B", "C"])
def test_an_interrupted_creation_is_finished(place: Place, name: str, *, after: bool) -> None:
    killer = Killer(place, ("create", name), after=after)
    place.create(BEFORE)
    assert killer.struck.is_set()
    restart(place)
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert len(place.world.things) == 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [("update", "A"), ("create", "B"), ("create", "D"), ("delete", "B"), ("delete", "C")])
def test_an_interrupted_update_is_finished(place: Place, step: tuple[str, str], *, after: bool) -> None:
    place.create(BEFORE)
    killer = Killer(place, step, after=after)
    place.update(AFTER)
    assert killer.struck.is_set()
    restart(place)
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert sorted(thing.get("DisplayName", "-") for thing in place.world.things.values()) == ["-", "-", "two"]
    assert "new" in place.world.things
    assert {"old", "gone"}.isdisjoint(place.world.things)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [("update", "A"), ("delete", "B")])
def test_an_interrupted_rollback_is_finished(place: Place, step: tuple[str, str], *, after: bool) -> None:
    place.create(BEFORE)
    before = {name: dict(thing) for name, thing in place.world.things.items()}
    place.world.refuse["create", "D"] = "no"
    place.update(AFTER)
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert place.world.things == before
    killer = Killer(place, step, after=after)
    place.update(AFTER)
    assert killer.struck.is_set()
    restart(place)
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert place.world.things == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_interrupted_deletion_is_finished(place: Place, *, after: bool) -> None:
    stack_id = place.create(BEFORE)
    killer = Killer(place, ("delete", "B"), after=after)
    place.delete()
    assert killer.struck.is_set()
    restart(place)
    assert place.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert place.world.things == {}


def test_settled_stacks_are_left_alone(place: Place) -> None:
    place.create(BEFORE)
    events = place.events()
    restart(place)
    assert place.events() == events
