"""AWS::Budgets::Budget, with those who are told."""

from __future__ import annotations

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_TAGGING = Tagging(
    "budgets", "TagResource", "UntagResource", "ResourceARN", ("ResourceTags", "ResourceTagKeys"), name="ResourceTags"
)


def _name(context: Context, properties: Json) -> str:
    return str(properties["Budget"].get("BudgetName") or context.name(100))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:budgets::{context.account}:budget/{name}"


def _budget(properties: Json, name: str) -> Json:
    """The budget in the API's words; `CostFilters` and the like are the same there."""
    return {**properties["Budget"], "BudgetName": name}


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    call(
        context,
        "budgets",
        "CreateBudget",
        AccountId=context.account,
        Budget=_budget(properties, name),
        NotificationsWithSubscribers=properties.get("NotificationsWithSubscribers"),
        ResourceTags=tag_list(all_tags(context, properties, "ResourceTags")),
    )
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, "Budget"):
        call(context, "budgets", "UpdateBudget", AccountId=context.account, NewBudget=_budget(new, name))
    _TAGGING.apply(context, _arn(context, name), old, new)


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "budgets", "DeleteBudget", AccountId=context.account, BudgetName=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    members = {"AccountId": context.account, "BudgetName": name}
    return name if exists(context, "budgets", "DescribeBudget", **members) else None


TYPES = (
    Declared(
        "AWS::Budgets::Budget",
        handled=frozenset({"Budget", "NotificationsWithSubscribers", "ResourceTags"}),
        make=_make,
        made=frozenset({"Budget", "ResourceTags"}),
        converge=_converge,
        describe=lambda _, name, __: {"Id": name},
        remove=_remove,
        find_id=_find,
    ),
)
