"""The catalog and the audit: one item per account, changed only by who holds the team's lease, each change audited.

Besides accounts the table holds two kinds of items whose partition key begins with `#`, which no team's name does:
`#leases` (sort key: the team) says which execution works on a team, and `#accounts` (sort key: an account id) which
account of which team an id belongs to, so that no id is ever in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from headgate.control.aws import Aws
from headgate.control.errors import CallFailed, Refused, Transient
from headgate.control.vending.settings import Settings
from headgate.control.vending.values import Row, State, Work, members

LEASES = "#leases"
ACCOUNTS = "#accounts"
LEASE = timedelta(minutes=20)
"""How long a lease outlives the last step of its owner: longer than any function runs and any step waits."""
_CHANGED = "ConditionalCheckFailed"
_SETS = ("environments", "data_sets")


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a team.

    `stack_id` is the provisioned product's stack that the team was vended by, `done` the digest of the properties
    of its last request that succeeded, and `failed` of one that has failed since.
    """

    owner: str = ""
    action: str = ""
    until: datetime | None = None
    stack_id: str = ""
    done: str = ""
    failed: str = ""


def read(aws: Aws, settings: Settings, team: str, account_name: str) -> Row | None:
    """An account's item, as last written; None when there is none."""
    answer = aws.call(
        "dynamodb", "get_item", TableName=settings.catalog, Key=_key(team, account_name), ConsistentRead=True
    )
    return _row(_plain(answer["Item"])) if "Item" in answer else None


def of_team(aws: Aws, settings: Settings, team: str) -> tuple[Row, ...]:
    """All items of a team, by the accounts' names."""
    rows: list[Row] = []
    start: dict[str, Any] = {}
    while True:
        answer = aws.call(
            "dynamodb",
            "query",
            TableName=settings.catalog,
            KeyConditionExpression="team = :team",
            ExpressionAttributeValues=_item({":team": team}),
            ConsistentRead=True,
            **start,
        )
        rows += [_row(_plain(item)) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return tuple(rows)
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def write(aws: Aws, settings: Settings, work: Work, before: Row | None, after: Row, now: datetime) -> Row:
    """Change an item, with its audit, in one transaction that only the lease's owner can make.

    Raises Transient when the item has changed since `before`, Refused when the lease is another execution's or the
    account id another account's.
    """
    changed = replace(
        after,
        version=(before.version if before else 0) + 1,
        updated_at=now.isoformat(),
        execution=work.execution,
        declaration=work.declaration or after.declaration,
    )
    parts = [
        _lease_held(settings, work),
        _put_row(settings, before, changed),
        _put_audit(settings, work, before, changed),
    ]
    if changed.account_id and not (before and before.account_id):
        parts.append(_put_claim(settings, changed))
    try:
        aws.call("dynamodb", "transact_write_items", TransactItems=parts)
    except CallFailed as problem:
        raise _explained(aws, settings, problem, changed) from problem
    return changed


def lease_of(aws: Aws, settings: Settings, team: str) -> Lease:
    """The lease of a team; an empty one when nobody ever held it."""
    answer = aws.call("dynamodb", "get_item", TableName=settings.catalog, Key=_key(LEASES, team), ConsistentRead=True)
    item = _plain(answer.get("Item", {}))
    until = item.get("until")
    return Lease(
        item.get("owner", ""),
        item.get("action", ""),
        datetime.fromisoformat(until) if until else None,
        item.get("stack_id", ""),
        item.get("done", ""),
        item.get("failed", ""),
    )


def take_lease(
    aws: Aws, settings: Settings, team: str, execution: str, action: str, now: datetime, instead_of: str
) -> bool:
    """Take or renew a team's lease; False when it is another's. `instead_of` names an owner who need not give it back.

    An owner whose time is over loses it too.
    """
    return _update_lease(
        aws,
        settings,
        team,
        "SET #owner = :me, #action = :action, #until = :until",
        "attribute_not_exists(#owner) OR #owner IN (:me, :instead) OR #until < :now",
        {
            ":me": execution,
            ":action": action,
            ":until": (now + LEASE).isoformat(),
            ":now": now.isoformat(),
            ":instead": instead_of,
        },
    )


def renew_lease(aws: Aws, settings: Settings, work: Work, now: datetime) -> None:
    """Go on holding the lease; raises Refused when another execution has taken it."""
    held = _update_lease(
        aws,
        settings,
        work.team,
        "SET #action = :action, #until = :until",
        "#owner = :me",
        {":me": work.execution, ":action": work.action.value, ":until": (now + LEASE).isoformat()},
    )
    if not held:
        raise Refused(taken_over(work))


def give_lease_back(aws: Aws, settings: Settings, team: str, execution: str, **told: str) -> None:
    """End the lease, if it is still this execution's. `told` are members of Lease that it leaves changed."""
    sets = ", ".join(f"{name} = :{name}" for name in told)
    change = f"{f'SET {sets} ' if sets else ''}REMOVE #owner, #until, #action"
    values = {":me": execution, **{f":{name}": value for name, value in told.items()}}
    _update_lease(aws, settings, team, change, "#owner = :me", values)


def taken_over(work: Work) -> str:
    """What an execution says that another one has replaced."""
    return f"another execution has taken team {work.team} over: see the team's items in the catalog, then request again"


def _update_lease(
    aws: Aws, settings: Settings, team: str, change: str, condition: str, values: Mapping[str, str]
) -> bool:
    used = {name: f"{name[1:]}" for name in ("#owner", "#until", "#action") if name in change or name in condition}
    try:
        aws.call(
            "dynamodb",
            "update_item",
            TableName=settings.catalog,
            Key=_key(LEASES, team),
            UpdateExpression=change,
            ConditionExpression=condition,
            ExpressionAttributeNames=used,
            ExpressionAttributeValues=_item(values),
        )
    except CallFailed as problem:
        if problem.code == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _lease_held(settings: Settings, work: Work) -> dict[str, Any]:
    return {
        "ConditionCheck": {
            "TableName": settings.catalog,
            "Key": _key(LEASES, work.team),
            "ConditionExpression": "#owner = :me",
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": _item({":me": work.execution}),
        }
    }


def _put_row(settings: Settings, before: Row | None, after: Row) -> dict[str, Any]:
    put: dict[str, Any] = {"TableName": settings.catalog, "Item": _item(_stored(after))}
    if before is None:
        put["ConditionExpression"] = "attribute_not_exists(team)"
    else:
        put["ConditionExpression"] = "version = :version"
        put["ExpressionAttributeValues"] = _item({":version": before.version})
    return {"Put": put}


def _put_audit(settings: Settings, work: Work, before: Row | None, after: Row) -> dict[str, Any]:
    """The change for ever: nothing overwrites an item of the audit, whose key holds the version that it led to.

    One step of an account may change it more than once at one time: the version keeps these in their order.
    """
    entry = {
        "subject": f"account/{after.team}/{after.account_name}",
        "at#id": f"{after.updated_at}#{after.version:06}",
        "who": work.requested_by or work.execution,
        "what": f"{work.action}: {before.state if before else 'nothing'} to {after.state}",
        "why": work.reason or after.reason,
        "execution": work.execution,
        "before": _stored(before) if before else None,
        "after": _stored(after),
    }
    return {
        "Put": {
            "TableName": settings.audit,
            "Item": _item(entry),
            "ConditionExpression": "attribute_not_exists(subject)",
        }
    }


def _put_claim(settings: Settings, row: Row) -> dict[str, Any]:
    mine = f"{row.team}/{row.account_name}"
    return {
        "Put": {
            "TableName": settings.catalog,
            "Item": _item({"team": ACCOUNTS, "account_name": row.account_id, "belongs_to": mine}),
            "ConditionExpression": "attribute_not_exists(team) OR belongs_to = :mine",
            "ExpressionAttributeValues": _item({":mine": mine}),
        }
    }


def _explained(aws: Aws, settings: Settings, problem: CallFailed, row: Row) -> Exception:
    """What a transaction that was cancelled means. The reasons are in the order of its parts."""
    codes = [str(reason.get("Code")) for reason in problem.reasons]
    if problem.code != "TransactionCanceledException" or _CHANGED not in codes:
        busy = "TransactionConflict" in codes
        return Transient(problem.service, problem.operation, problem.code, problem.message) if busy else problem
    if codes[0] == _CHANGED:
        return Refused(
            f"another execution has taken team {row.team} over: see its items in the catalog, then request again"
        )
    if codes[-1] == _CHANGED and len(codes) > 3:
        claim = aws.call("dynamodb", "get_item", TableName=settings.catalog, Key=_key(ACCOUNTS, row.account_id or ""))
        owner = _plain(claim.get("Item", {})).get("belongs_to", "another account")
        return Refused(
            f"account id {row.account_id} of {row} is already in the catalog as {owner}: an id is declared once"
        )
    return Transient(problem.service, problem.operation, "ItemChanged", f"{row} was changed in the meantime")


def _key(team: str, account_name: str) -> dict[str, Any]:
    return _item({"team": team, "account_name": account_name})


def _stored(row: Row) -> dict[str, Any]:
    value = members(row)
    return {**value, "state": row.state.value, **{name: list(value[name]) for name in _SETS}}


def _row(item: Mapping[str, Any]) -> Row:
    known = {field.name for field in fields(Row)}
    value = {name: each for name, each in item.items() if name in known}
    return Row(
        **{
            **value,
            "state": State(value["state"]),
            "version": int(value["version"]),
            **{name: tuple(value.get(name, ())) for name in _SETS},
        }
    )


def _item(value: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeSerializer

    serialize = TypeSerializer().serialize
    return {name: serialize(each) for name, each in value.items()}


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeDeserializer

    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(each) for name, each in item.items()}
