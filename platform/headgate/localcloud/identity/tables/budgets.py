"""Budgets. Several operations are allowed by two actions only: budgets:ViewBudget and budgets:ModifyBudget."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    allowed_by,
    creates,
    same,
    tags_resource,
    untags_resource,
)

_BUDGETS = "arn:aws:budgets::{account}:budget/"
_NAMED = _BUDGETS + "{BudgetName}"

OPERATIONS: Operations = {
    "CreateBudget": creates(
        "budgets:ModifyBudget", _BUDGETS + "{Budget.BudgetName}", tag_action="budgets:TagResource", tags="ResourceTags"
    ),
    "UpdateBudget": (Need("budgets:ModifyBudget", _BUDGETS + "{NewBudget.BudgetName}"),),
    **allowed_by(
        "budgets:ModifyBudget",
        _NAMED,
        "CreateNotification CreateSubscriber DeleteBudget DeleteNotification DeleteSubscriber UpdateNotification "
        "UpdateSubscriber",
    ),
    **allowed_by(
        "budgets:ViewBudget",
        _NAMED,
        "DescribeBudget DescribeBudgetPerformanceHistory DescribeNotificationsForBudget "
        "DescribeSubscribersForNotification",
    ),
    **allowed_by("budgets:ViewBudget", _BUDGETS + "*", "DescribeBudgetNotificationsForAccount DescribeBudgets"),
    **same("budgets", "{ResourceARN}", "ListTagsForResource"),
    "TagResource": tags_resource("budgets:TagResource", "{ResourceARN}", tags="ResourceTags"),
    "UntagResource": untags_resource("budgets:UntagResource", "{ResourceARN}", names="ResourceTagKeys"),
}
