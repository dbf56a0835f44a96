"""Executions begin, go on, fail, are stopped and run into each other in any order; what must never be never is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.control.aws import Call
from unit.control.machine import Execution
from unit.control.world import World, declaration, denied, throttled

pytestmark = pytest.mark.slow

NAMES = ("dev", "prod")
BEGIN = st.tuples(
    st.just("begin"),
    st.sampled_from(["provision", "provision", "provision", "quarantine", "release", "retire"]),
    st.sampled_from([None, *NAMES]),
)
GO_ON = st.tuples(st.just("go on"), st.integers(0, 3), st.integers(1, 12))
STOP = st.tuples(st.just("stop"), st.integers(0, 3), st.none())
FAIL = st.tuples(
    st.just("fail"), st.integers(0, 9), st.sampled_from(["throttled", "denied", "throttled late", "denied late"])
)
WAIT = st.tuples(st.just("wait"), st.integers(1, 1500), st.none())
EVENTS = st.lists(st.one_of(BEGIN, GO_ON, GO_ON, GO_ON, FAIL, STOP, WAIT), max_size=40)


class Chaos:
    """A world, the executions in it, and the failures that are due."""

    def __init__(self) -> None:
        self.world = World()
        self.world.validates = False
        self.world.others.declaration = declaration(dev={}, prod={})
        self.walks: list[tuple[Execution, Iterator[str]]] = []
        self.due: dict[int, str] = {}
        self.world.before = lambda number, call: self._fault(number, call, "")
        self.world.after = lambda number, call: self._fault(number, call, " late")
        self.world.watch = self.check
        self.world.stack_sets.made = self.check_making

    def _fault(self, number: int, call: Call, when: str) -> Exception | None:
        kind = self.due.get(number, "")
        return (
            {f"throttled{when}": throttled, f"denied{when}": denied}[kind](call)
            if kind.endswith(when)
            and kind
            in (
                f"throttled{when}",
                f"denied{when}",
            )
            else None
        )

    def apply(self, kind: str, one: Any, two: Any) -> None:
        if kind == "begin":
            request = {"action": one, "team": "sales", "account_name": two}
            execution = Execution(self.world, request, f"e{len(self.walks)}")
            self.walks.append((execution, execution.walk()))
        elif kind == "fail":
            self.due[len(self.world.calls) + one] = two
        elif kind == "wait":
            self.world.advance(one)
        elif self.walks:
            execution, walk = self.walks[one % len(self.walks)]
            if kind == "stop" and execution.status == "RUNNING":
                self.walks[one % len(self.walks)] = (execution, iter(()))
                execution.status = self.world.others.executions[execution.arn] = "ABORTED"
            for _ in range(two or 0):
                next(walk, None)

    def check(self) -> None:
        """What is true after every call of every execution."""
        organization, rows = self.world.organization, self.world.rows()
        made = Counter(each.name for each in organization.requests.values() if not each.failure)
        assert all(count == 1 for count in made.values()), "two accounts for one name"
        ids = [row["account_id"] for row in rows.values() if row["account_id"]]
        assert len(ids) == len(set(ids)), "one account for two names"
        for row in rows.values():
            if row["state"] == "active":
                guard = self.world.stack_sets.of(row["account_id"]).get("headgate-guard")
                parent = organization.accounts[row["account_id"]].parent
                assert guard == "CURRENT", "active without its guard"
                assert parent in (f"ou-{row['account_name']}", "ou-quarantine", "ou-retired"), (
                    "active outside of its unit"
                )
            if row["state"] == "quarantined":
                parent = organization.accounts[row["account_id"]].parent
                assert parent in ("ou-quarantine", "ou-retired"), "quarantined in name only"

    def check_making(self, stack_set: str, account_id: str) -> None:
        """What is true when an instance is about to be made."""
        parent = self.world.organization.accounts[account_id].parent
        if stack_set != "headgate-guard":
            row = next(row for row in self.world.rows().values() if row["account_id"] == account_id)
            assert parent == f"ou-{row['account_name']}", "stacks outside of its unit"
            assert self.world.stack_sets.of(account_id)["headgate-guard"] == "CURRENT", "stacks without the guard"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EVENTS)
def test_no_order_of_events_and_failures_breaks_what_must_hold(events: list[tuple[str, Any, Any]]) -> None:
    chaos = Chaos()
    for event in events:
        chaos.apply(*event)
    chaos.due.clear()
    for number, (execution, walk) in enumerate(chaos.walks):
        for _ in walk:
            pass
        assert execution.status != "RUNNING", number
    settle(chaos.world)


def settle(world: World) -> None:
    """Whatever has happened, the next requests bring every account that is not retired to be active."""
    if any(row["state"] == "quarantined" for row in world.rows().values()) or any(
        account.parent == "ou-quarantine" for account in world.organization.accounts.values()
    ):
        released = Execution(world, {"action": "release", "team": "sales"}, "release").run()
        assert released.status == "SUCCEEDED", released.cause
    for name in NAMES:
        row = world.rows().get(f"sales/{name}")
        if row is None or row["state"] != "retired" or row["account_id"] is None:
            request = {"action": "provision", "team": "sales", "account_name": name}
            last = Execution(world, request, f"last-{name}").run()
            assert last.status == "SUCCEEDED", last.cause
            assert world.rows()[f"sales/{name}"]["state"] == "active"
