"""The beginning of an execution: the team's lease, then which accounts are to be worked on, then their items.

One execution at a time works on a team. A second one waits, and takes over when the first has ended without giving
the lease back; a quarantine waits for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from headgate.control.aws import Aws
from headgate.control.errors import CallFailed, Refused
from headgate.control.vending import catalog, declaration
from headgate.control.vending.catalog import Lease
from headgate.control.vending.edges import Edges
from headgate.control.vending.lasting import refusal
from headgate.control.vending.steps import wait_seconds
from headgate.control.vending.values import DECLARED, Action, Request, Row, State, Wanted, Work, members, parse_request

LONGEST = timedelta(minutes=50)
"""Of an execution: CloudFormation waits an hour for the answer to a custom resource."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The accounts to work on, and those of them that the catalog is to have an item of first."""

    accounts: tuple[Wanted, ...]
    reserve: tuple[Wanted, ...] = ()


def begin(event: Mapping[str, Any], edges: Edges) -> dict[str, Any]:
    """The work of an execution: `{"settled", "wait_seconds"}` until the lease is there, then also `work`, `accounts`.

    Raises Refused for what cannot be done, with the reason.
    """
    request, execution = parse_request(event["request"]), str(event["execution"])
    started = datetime.fromisoformat(event["started_at"])
    deadline = started + LONGEST
    owner = _lease(edges, request, execution)
    if owner:
        if edges.now >= deadline:
            raise Refused(
                f"team {request.team} is still being worked on by execution {owner}: request again when that has ended"
            )
        return {"settled": False, "wait_seconds": wait_seconds(started, edges.now), "waiting_for": f"execution {owner}"}
    work = Work(
        action=request.action,
        team=request.team,
        execution=execution,
        deadline=deadline.isoformat(),
        reason=request.reason,
        requested_by=request.requested_by,
        force=request.force,
    )
    try:
        work, plan = _plan(edges, request, work)
        _reserve(edges, work, plan)
    except CallFailed as problem:
        raise readable(problem) from problem
    return {
        "settled": True,
        "wait_seconds": 1,
        "work": members(work),
        "accounts": [members(each) for each in plan.accounts],
    }


def decide(request: Request, declared: tuple[Wanted, ...], rows: tuple[Row, ...]) -> Plan:
    """Which accounts a request is about; raises Refused when it cannot be done, before anything is changed."""
    by_name = {row.account_name: row for row in rows}
    if request.action not in DECLARED:
        return Plan(tuple(_as_it_is(row) for row in _rows_for(request, rows)))
    accounts = [each for each in declared if request.account_name in (None, each.name)]
    if not accounts:
        raise Refused(
            f"team {request.team} declares no account {request.account_name}: "
            f"it declares {', '.join(each.name for each in declared) or 'none'}"
        )
    if request.action is Action.ADOPT:
        accounts = [each for each in accounts if each.account_id]
        if not accounts:
            raise Refused(
                f"no account of team {request.team} declares an id to adopt: write it into organization.yaml, apply"
            )
    if request.action is Action.RELEASE:
        accounts = [each for each in accounts if each.name in by_name and not _is_over(by_name[each.name])]
        if not accounts:
            raise Refused(f"team {request.team} has no such account in quarantine")
    for each in accounts:
        if each.name in by_name:
            _refuse_change(by_name[each.name], each, request.action)
    return Plan(tuple(accounts), tuple(each for each in accounts if _needs_item(by_name.get(each.name))))


def decide_takeover(lease: Lease, action: Action, status: str | None) -> bool:
    """Whether a lease that another execution holds may be taken: it has ended, or there is no time to wait."""
    return action is Action.QUARANTINE or not lease.owner or status != "RUNNING"


def _rows_for(request: Request, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    chosen = tuple(row for row in rows if request.account_name in (None, row.account_name))
    if not chosen and (request.action is Action.QUARANTINE or request.account_name):
        name = f"account {request.account_name}" if request.account_name else "account"
        raise Refused(f"the catalog has no {name} of team {request.team}")
    return tuple(row for row in chosen if row.state is not State.RETIRED)


def _refuse_change(row: Row, wanted: Wanted, action: Action) -> None:
    if _is_over(row):
        raise Refused(f"{row} is retired for ever: declare an account of another name")
    if row.state is State.QUARANTINED and action is not Action.RELEASE:
        raise Refused(f"{row} is quarantined ({row.reason or 'no reason given'}): release it first")
    if row.account_id and wanted.account_id not in (None, row.account_id):
        raise Refused(f"{row} is {row.account_id} in the catalog, but {wanted.account_id} in the declaration")
    if not row.account_id:
        return
    is_complete = row.state in (State.ACTIVE, State.QUARANTINED)
    if reason := refusal(row, wanted, is_complete=is_complete):
        raise Refused(f"{row} {reason}")


def _is_over(row: Row) -> bool:
    return row.state is State.RETIRED and row.account_id is not None


def _needs_item(row: Row | None) -> bool:
    """Whether an account is to be reserved: it is new, or was given up before it ever existed."""
    return row is None or row.state is State.RETIRED


def _as_it_is(row: Row) -> Wanted:
    return Wanted(
        row.account_name,
        row.email,
        row.ou,
        row.environments,
        row.region,
        data_sets=row.data_sets,
        account_id=row.account_id,
    )


def _lease(edges: Edges, request: Request, execution: str) -> str | None:
    """None when the team's lease is this execution's now; the execution to wait for otherwise."""
    take = (edges.aws, edges.settings, request.team, execution, request.action.value, edges.now)
    if catalog.take_lease(*take, instead_of=execution):
        return None
    lease = catalog.lease_of(edges.aws, edges.settings, request.team)
    if decide_takeover(lease, request.action, _status(edges.aws, lease.owner)) and catalog.take_lease(
        *take, instead_of=lease.owner or execution
    ):
        return None
    return lease.owner or "another"


def _status(aws: Aws, execution: str) -> str | None:
    if not execution:
        return None
    try:
        status: str = aws.call("stepfunctions", "describe_execution", executionArn=execution)["status"]
    except CallFailed as problem:
        if problem.code == "ExecutionDoesNotExist":
            return None
        raise
    return status


def _plan(edges: Edges, request: Request, work: Work) -> tuple[Work, Plan]:
    if _is_idle(request, catalog.lease_of(edges.aws, edges.settings, request.team)):
        return work, Plan(())
    rows = catalog.of_team(edges.aws, edges.settings, request.team)
    if request.action not in DECLARED:
        return work, decide(request, (), rows)
    applied = declaration.read(edges.aws, edges.settings.declaration_parameter)
    declared = declaration.wanted(applied, request.team)
    return replace(work, declaration=applied.digest), decide(request, declared, rows)


def _is_idle(request: Request, lease: Lease) -> bool:
    """Whether CloudFormation asks for something that is not to be done.

    A stack that never vended the team's accounts, such as one whose creation has failed, does not retire them. And
    what a failed update has reached is not undone when it is rolled back: the next request goes on from there.
    """
    response = request.response
    if response is None:
        return False
    if request.action is Action.RETIRE:
        return lease.stack_id != response.stack_id
    return bool(lease.failed) and (response.old_properties, response.properties) == (lease.failed, lease.done)


def _reserve(edges: Edges, work: Work, plan: Plan) -> None:
    for each in plan.reserve:
        before = catalog.read(edges.aws, edges.settings, work.team, each.name)
        row = Row(
            team=work.team,
            account_name=each.name,
            state=State.REQUESTED,
            email=each.email,
            ou=each.ou,
            environments=each.environments,
            region=each.region,
            data_sets=each.data_sets,
            version=before.version if before else 0,
        )
        catalog.write(edges.aws, edges.settings, work, before, row, edges.now)


def readable(problem: CallFailed) -> Exception:
    """An unexpected answer of AWS as a refusal that people understand; what may pass stays what it is."""
    from headgate.control.errors import Transient

    if isinstance(problem, Transient):
        return problem
    return Refused(f"{problem.service} refused {problem.operation}: {problem.message} ({problem.code})")
