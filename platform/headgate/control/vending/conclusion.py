"""The end of an execution: what went wrong is in the catalog and in the answer, the lease is given back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headgate.control import answers
from headgate.control.errors import ControlError
from headgate.control.vending import catalog
from headgate.control.vending.edges import Edges
from headgate.control.vending.requests import physical_id
from headgate.control.vending.values import Action, Item, Request, Response, Row, State, parse_request

ENVIRONMENTS = ("experimentation", "dev", "preprod", "prod")
NO_ACCOUNT = "none"
"""The answer's id for an environment that the team does not have."""
BETWEEN = " | "
"""Between the reasons in an answer, which is one line."""
ANSWERED = "VendingFailed"
"""The error of an execution that has failed and has told CloudFormation so."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an execution came to; without a reason it has succeeded."""

    reason: str
    data: Mapping[str, str]


def record_failure(event: Mapping[str, Any], edges: Edges) -> dict[str, Any]:
    """Write why an account's work has ended into its item; the machine's item is handed on with the reason.

    Why an account is quarantined or retired is not overwritten.
    """
    value = event["item"]
    item, reason = Item.from_json(value), reason_of(value["error"])
    row = catalog.read(edges.aws, edges.settings, item.work.team, item.account.name)
    if row is not None and row.reason != reason and row.state not in (State.QUARANTINED, State.RETIRED):
        catalog.write(edges.aws, edges.settings, item.work, row, replace(row, reason=reason), edges.now)
    return {**item.as_json(), "failed": reason}


def conclude(event: Mapping[str, Any], edges: Edges) -> dict[str, Any]:
    """Give the lease back and answer CloudFormation: `{"succeeded", "reason"}`."""
    execution, outcome = str(event["execution"]), event["outcome"]
    try:
        request = parse_request(event["request"])
    except ControlError as problem:
        return {"succeeded": False, "reason": str(problem)}
    rows = catalog.of_team(edges.aws, edges.settings, request.team)
    conclusion = decide(outcome, rows)
    told = _told(request, conclusion, edges)
    catalog.give_lease_back(edges.aws, edges.settings, request.team, execution, **told)
    if request.response:
        edges.put(request.response.url, answer(request.team, request.response, conclusion))
    return {"succeeded": not conclusion.reason, "reason": conclusion.reason or "done"}


def decide(outcome: Mapping[str, Any], rows: Sequence[Row]) -> Conclusion:
    """What to tell: everything that went wrong on one line, or the accounts' ids."""
    if "error" in outcome:
        return Conclusion(reason_of(outcome["error"]), {})
    results: Sequence[Mapping[str, Any]] = outcome.get("results", ())
    failures = [
        (_name(each), each.get("failed") or reason_of(each["error"]))
        for each in results
        if "failed" in each or "error" in each
    ]
    return Conclusion(answers.one_line(BETWEEN.join(told_once(failures))), account_ids(rows))


def told_once(failures: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Accounts by name with why their work has ended: a sentence for each reason, however many accounts it stopped."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, reason in failures:
        # What differs in two accounts' sentences is mostly whom they are about, and that is said in front.
        same = _self(name).sub("the account", reason) if name else reason
        groups.setdefault(same, []).append((name, reason))
    return tuple(_sentence(same, among) for same, among in groups.items())


def _sentence(same: str, among: Sequence[tuple[str, str]]) -> str:
    (name, reason), *others = among
    if others:
        return f"{', '.join(name for name, _ in among)}: {same}"
    return reason if not name or _self(name).search(reason) else f"{name}: {reason}"


def _self(name: str) -> re.Pattern[str]:
    """How a sentence speaks of an account."""
    return re.compile(rf"\baccount {re.escape(name)} of team [^\s:;,()]+")


def _name(result: Mapping[str, Any]) -> str:
    return str(result.get("account", {}).get("name", ""))


def account_ids(rows: Sequence[Row]) -> dict[str, str]:
    """The answer's data: `DevAccountId` and so on, and `AccountIds` as in `dev=111122223333,prod=444455556666`."""
    living = [row for row in rows if row.account_id and row.state is not State.RETIRED]
    by_environment = {name: row.account_id or "" for row in living for name in row.environments}
    listed = ",".join(f"{row.account_name}={row.account_id}" for row in living)
    return {
        **{f"{name.title()}AccountId": by_environment.get(name, NO_ACCOUNT) for name in ENVIRONMENTS},
        "AccountIds": listed or NO_ACCOUNT,
    }


def answer(team: str, response: Response, conclusion: Conclusion) -> bytes:
    """The document that CloudFormation waits for."""
    return answers.document(
        stack_id=response.stack_id,
        request_id=response.request_id,
        logical_resource_id=response.logical_resource_id,
        physical_id=response.physical_id or physical_id(team),
        reason=conclusion.reason,
        data=conclusion.data,
    )


def ended(event: Mapping[str, Any], put: Callable[[str, bytes], None]) -> None:
    """Answer for an execution that was stopped, ran out of time, or could not send its answer."""
    detail: Mapping[str, Any] = event["detail"]
    if detail["status"] in ("RUNNING", "SUCCEEDED") or detail.get("error") == ANSWERED:
        return
    value = json.loads(detail["input"])
    if not value.get("response"):
        return
    cause = f": {detail['cause']}" if detail.get("cause") else ""
    status = detail["status"].lower().replace("_", " ")
    reason = f"execution {detail['executionArn']} is {status}{cause}; request again to go on"
    put(value["response"]["url"], answer(str(value["team"]), Response(**value["response"]), Conclusion(reason, {})))


def reason_of(error: Mapping[str, Any]) -> str:
    """The sentence in an error of a state: a function's message, or the error's name and cause."""
    cause = str(error.get("Cause", ""))
    try:
        value = json.loads(cause)
    except ValueError:
        return answers.one_line(f"{error.get('Error', 'unknown error')}: {cause}")
    message = value.get("errorMessage") if isinstance(value, dict) else None
    return answers.one_line(str(message) if message else f"{error.get('Error')}: {cause}")


def _told(request: Request, conclusion: Conclusion, edges: Edges) -> dict[str, str]:
    """What the lease is to tell the next execution of the request of a stack."""
    response = request.response
    if response is None:
        return {}
    if conclusion.reason:
        return {"failed": response.properties}
    if request.action is Action.RETIRE:
        owner = catalog.lease_of(edges.aws, edges.settings, request.team).stack_id
        return {"stack_id": "", "done": "", "failed": ""} if owner == response.stack_id else {}
    return {"stack_id": response.stack_id, "done": response.properties, "failed": ""}
