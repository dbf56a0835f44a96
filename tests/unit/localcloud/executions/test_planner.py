"""The planner's rules by example, and what has to hold for any pipeline whatever happens in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.localcloud.executions.model import Branch, Need, Step
from headgate.localcloud.executions.planner import Situation, plan, unhandled


def step(name: str, *needs: Need | str, branch: Branch | None = None) -> Step:
    tied = tuple(need if isinstance(need, Need) else Need(need) for need in needs)
    return Step(name=name, kind="Processing", arguments={}, body={}, needs=tied, branch=branch)


def named(*steps: Step) -> dict[str, Step]:
    return {one.name: one for one in steps}


def situation(progress: dict[str, Any], **more: Any) -> Situation:
    return Situation(progress=progress, outcomes=more.pop("outcomes", {}), limit=more.pop("limit", 50), **more)


def test_a_step_starts_when_all_it_needs_has_succeeded() -> None:
    steps = named(step("A"), step("B"), step("C", "A", "B"))
    assert plan(steps, situation({"A": "Waiting", "B": "Waiting", "C": "Waiting"})).start == ("A", "B")
    assert plan(steps, situation({"A": "Succeeded", "B": "Running", "C": "Waiting"})).start == ()
    assert plan(steps, situation({"A": "Succeeded", "B": "Succeeded", "C": "Waiting"})).start == ("C",)


def test_no_more_than_the_limit_run_at_once() -> None:
    steps = named(*(step(name) for name in "ABCD"))
    progress = {"A": "Running", "B": "Waiting", "C": "Waiting", "D": "Waiting"}
    assert plan(steps, situation(progress, limit=3)).start == ("B", "C")
    assert plan(steps, situation(progress, limit=1)) == plan(steps, situation(progress, limit=0))


def test_the_branch_not_taken_is_skipped_with_all_that_depends_on_it() -> None:
    steps = named(
        step("Check"),
        step("Then", branch=Branch("Check", outcome=True)),
        step("Else", branch=Branch("Check", outcome=False)),
        step("AfterElse", "Else"),
        step("AfterThat", "AfterElse"),
    )
    progress = dict.fromkeys(steps, "Waiting") | {"Check": "Succeeded"}
    decided = plan(steps, situation(progress, outcomes={"Check": True}))
    assert decided.start == ("Then",)
    assert set(decided.skip) == {"Else", "AfterElse", "AfterThat"}


def test_a_failure_lets_running_steps_finish_and_starts_nothing() -> None:
    steps = named(step("A"), step("B"), step("C"), step("D", "A"))
    decided = plan(steps, situation({"A": "Failed", "B": "Running", "C": "Waiting", "D": "Waiting"}, limit=1))
    assert decided.start == ()
    assert decided.final is None
    assert plan(steps, situation({"A": "Failed", "B": "Succeeded", "C": "Waiting", "D": "Waiting"})).final == "Failed"


def test_a_step_that_waits_for_a_failure_runs_and_the_rest_goes_on() -> None:
    steps = named(step("A"), step("Notify", Need("A", "Failed")), step("Other"), step("Next", "A"))
    progress = {"A": "Failed", "Notify": "Waiting", "Other": "Waiting", "Next": "Waiting"}
    decided = plan(steps, situation(progress))
    assert decided.start == ("Notify", "Other")
    assert decided.skip == ("Next",)
    progress |= {"Notify": "Succeeded", "Other": "Succeeded", "Next": "Skipped"}
    assert plan(steps, situation(progress)).final == "CompletedWithFailures"


def test_a_step_that_waits_for_a_failure_is_skipped_after_a_success() -> None:
    steps = named(step("A"), step("Notify", Need("A", "Failed")), step("Always", Need("A", "Any")))
    decided = plan(steps, situation({"A": "Succeeded", "Notify": "Waiting", "Always": "Waiting"}))
    assert (decided.start, decided.skip) == (("Always",), ("Notify",))


def test_a_stop_starts_nothing_and_ends_when_nothing_runs() -> None:
    steps = named(step("A"), step("B", "A"))
    assert plan(steps, situation({"A": "Running", "B": "Waiting"}, stopping=True)).final is None
    assert plan(steps, situation({"A": "Stopped", "B": "Waiting"}, stopping=True)).final == "Stopped"


def test_a_step_that_was_stopped_from_outside_stops_the_execution() -> None:
    assert plan(named(step("A")), situation({"A": "Stopped"})).final == "Stopped"


@st.composite
def pipelines(draw: st.DrawFn) -> dict[str, Step]:
    """Any acyclic pipeline: a step needs only steps before it, and stands in a branch of one of those at most."""
    steps: dict[str, Step] = {}
    for index in range(draw(st.integers(1, 9))):
        before = sorted(steps)
        needs = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        triggers = [draw(st.sampled_from(["Completed", "Completed", "Completed", "Failed", "Any"])) for _ in needs]
        inside = draw(st.sampled_from([None, *before]))
        branch = Branch(inside, outcome=draw(st.booleans())) if inside else None
        name = f"S{index}"
        tied = tuple(Need(need, trigger) for need, trigger in zip(needs, triggers, strict=True))
        steps[name] = Step(name=name, kind="Processing", arguments={}, body={}, needs=tied, branch=branch)
    return steps


@given(pipelines(), st.integers(1, 4), st.data())
def test_any_execution_keeps_the_rules_and_ends(steps: dict[str, Step], limit: int, data: st.DataObject) -> None:
    progress: dict[str, Any] = dict.fromkeys(steps, "Waiting")
    outcomes: dict[str, bool] = {}
    started: set[str] = set()
    stopping = False
    for _ in range(10 * len(steps) + 10):
        decided = plan(steps, Situation(dict(progress), dict(outcomes), limit, stopping))
        progress.update(dict.fromkeys(decided.skip, "Skipped"))
        for name in decided.start:
            assert name not in started, "a step starts once"
            assert not stopping
            assert not unhandled(steps, progress)
            for need in steps[name].needs:
                ends = {"Completed": {"Succeeded"}, "Failed": {"Failed"}, "Any": {"Succeeded", "Failed"}}
                assert progress[need.step] in ends[need.trigger]
            branch = steps[name].branch
            assert branch is None or outcomes[branch.condition] is branch.outcome
            started.add(name)
            progress[name] = "Running"
        running = [name for name, state in progress.items() if state == "Running"]
        assert len(running) <= limit
        if decided.final is not None:
            assert not running
            assert decided.final != "Succeeded" or set(progress.values()) <= {"Succeeded", "Skipped"}
            assert decided.final != "Failed" or "Failed" in progress.values()
            return
        assert running, "an execution that has not ended has something to wait for"
        ending = data.draw(st.sampled_from(running))
        progress[ending] = data.draw(st.sampled_from(["Succeeded", "Succeeded", "Succeeded", "Failed"]))
        if progress[ending] == "Succeeded":
            outcomes[ending] = data.draw(st.booleans())
        stopping = stopping or data.draw(st.integers(0, 19)) == 0
    raise AssertionError("the execution did not end")
