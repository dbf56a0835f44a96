"""Seam: changing, tagging and telling of budgets (`moto_budgets.py`)."""

from __future__ import annotations

from typing import Any

import pytest

from contract.local_daemon import ACCOUNT, LocalDaemon

pytestmark = pytest.mark.slow  # each starts processes of its own

NOTIFICATION = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
ARN = f"arn:aws:budgets::{ACCOUNT}:budget/b"


def budget(amount: int) -> dict[str, Any]:
    limit = {"Amount": str(amount), "Unit": "USD"}
    return {"BudgetName": "b", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}


def tags(budgets: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in budgets.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"]}


def test_a_budget_changes_and_keeps_who_is_told_and_its_tags(daemon: LocalDaemon) -> None:
    budgets = daemon.client("budgets")
    subscriber = {"SubscriptionType": "EMAIL", "Address": "lead@example.com"}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget=budget(10),
        NotificationsWithSubscribers=[{"Notification": NOTIFICATION, "Subscribers": [subscriber]}],
        ResourceTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    )
    started = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="b")["Budget"]["TimePeriod"]
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=budget(20))
    budgets.untag_resource(ResourceARN=ARN, ResourceTagKeys=["a"])
    budgets.tag_resource(ResourceARN=ARN, ResourceTags=[{"Key": "c", "Value": "3"}])
    daemon.kill_and_restart()
    budgets = daemon.client("budgets")
    found = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="b")["Budget"]
    assert (found["BudgetLimit"]["Amount"], found["TimePeriod"]) == ("20", started)
    told = budgets.describe_subscribers_for_notification(
        AccountId=ACCOUNT, BudgetName="b", Notification={**NOTIFICATION, "ThresholdType": "PERCENTAGE"}
    )
    assert told["Subscribers"] == [subscriber]
    assert tags(budgets) == {"b": "2", "c": "3"}


def test_what_is_not_there_is_not_found(daemon: LocalDaemon) -> None:
    budgets = daemon.client("budgets")
    missing = {**budget(1), "BudgetName": "missing"}
    with pytest.raises(budgets.exceptions.NotFoundException, match="missing"):
        budgets.update_budget(AccountId=ACCOUNT, NewBudget=missing)
    with pytest.raises(budgets.exceptions.NotFoundException, match="missing"):
        budgets.list_tags_for_resource(ResourceARN=ARN.replace("/b", "/missing"))
    budgets.create_budget(AccountId=ACCOUNT, Budget={**missing, "BudgetName": "quiet"})
    with pytest.raises(budgets.exceptions.NotFoundException, match="notification"):
        budgets.describe_subscribers_for_notification(AccountId=ACCOUNT, BudgetName="quiet", Notification=NOTIFICATION)
