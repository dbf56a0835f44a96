"""What moto's Budgets lacks: changing a budget, its tags, and who is told.

Held by tests/contract/test_moto_budgets.py.
"""

from __future__ import annotations

import json
from typing import Any

from headgate.localcloud.server.moto_determinism import once_imported, patch

Tags = dict[str, str]


def install() -> None:
    """Patch Budgets as soon as somebody uses it."""
    once_imported("moto.budgets.responses", _patch)


def _patch() -> None:
    from moto.budgets.responses import BudgetsResponse

    original: Any = BudgetsResponse.create_budget
    if getattr(original, "headgate", False):
        return

    def create(self: Any) -> str:
        answer: str = original(self)
        name = _parameter(self, "Budget")["BudgetName"]
        _tag(self, _arn(self, name), _parameter(self, "ResourceTags") or [])
        return answer

    create.headgate = True  # type: ignore[attr-defined]
    patch(BudgetsResponse, "create_budget", create)
    for name, method in _ADDED.items():
        setattr(BudgetsResponse, name, method)


def _parameter(response: Any, name: str) -> Any:
    return response._get_param(name)  # noqa: SLF001 - the seam


def _arn(response: Any, budget: str) -> str:
    return f"arn:{response.partition}:budgets::{response.current_account}:budget/{budget}"


def _budget(response: Any, name: str) -> Any:
    """Raises moto's NotFoundException."""
    account = _parameter(response, "AccountId")
    response.backend.describe_budget(account_id=account, budget_name=name)
    return response.backend.budgets[account][name]


def _update_budget(self: Any) -> str:
    from moto.core.utils import unix_time

    new = _parameter(self, "NewBudget")
    budget = _budget(self, new["BudgetName"])
    kept = {name: budget.budget[name] for name in ("TimePeriod",) if name in budget.budget}
    budget.budget = {**kept, **new, "LastUpdatedTime": unix_time()}
    return json.dumps({})


def _describe_subscribers(self: Any) -> str:
    from moto.budgets.exceptions import NotFoundException

    budget, wanted = _budget(self, _parameter(self, "BudgetName")), _parameter(self, "Notification")
    for notification in budget.notifications:
        if _same(notification.details, wanted):
            return json.dumps({"Subscribers": notification.subscribers})
    raise NotFoundException("Unable to get subscribers - the notification doesn't exist.")


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """A notification is known by its kind, comparison and threshold; its state is not part of it."""
    names = ("NotificationType", "ComparisonOperator")
    threshold = float(one["Threshold"]) == float(other["Threshold"])
    kind = one.get("ThresholdType", "PERCENTAGE") == other.get("ThresholdType", "PERCENTAGE")
    return threshold and kind and all(one[name] == other[name] for name in names)


def _tags_of(response: Any, arn: str) -> Tags:
    kept: dict[str, Tags] = response.backend.__dict__.setdefault("headgate_tags", {})
    return kept.setdefault(arn, {})


def _tag(response: Any, arn: str, tags: list[dict[str, str]]) -> None:
    _tags_of(response, arn).update({tag["Key"]: tag["Value"] for tag in tags})


def _tag_resource(self: Any) -> str:
    _tag(self, _tagged(self), _parameter(self, "ResourceTags"))
    return json.dumps({})


def _untag_resource(self: Any) -> str:
    tags = _tags_of(self, _tagged(self))
    for key in _parameter(self, "ResourceTagKeys"):
        tags.pop(key, None)
    return json.dumps({})


def _list_tags(self: Any) -> str:
    tags = _tags_of(self, _tagged(self))
    return json.dumps({"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]})


def _tagged(response: Any) -> str:
    """The ARN of the budget that tags are asked for. Raises moto's NotFoundException if it is gone."""
    arn: str = _parameter(response, "ResourceARN")
    response.backend.describe_budget(account_id=arn.split(":")[4], budget_name=arn.partition("budget/")[2])
    return arn


_ADDED = {
    "update_budget": _update_budget,
    "describe_subscribers_for_notification": _describe_subscribers,
    "tag_resource": _tag_resource,
    "untag_resource": _untag_resource,
    "list_tags_for_resource": _list_tags,
}
