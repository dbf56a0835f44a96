"""What an account may cost, and who hears when it costs more."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from headgate.infra.tokens import filled, sub

THRESHOLDS = (("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Percent of the budget at which people are told."""


def budget(scope: Construct, topic_arn: str) -> budgets.CfnBudget:
    """The account's monthly budget `BudgetUsd`: told to the topic, and to `OwnerEmail` when there is one."""
    has_owner = cdk.CfnCondition(
        scope,
        "HasOwner",
        expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(sub("${OwnerEmail}"), "")),
    )
    subscribers = [
        {"SubscriptionType": "SNS", "Address": topic_arn},
        {
            "Fn::If": [
                has_owner.logical_id,
                {"SubscriptionType": "EMAIL", "Address": {"Ref": "OwnerEmail"}},
                {"Ref": "AWS::NoValue"},
            ]
        },
    ]
    notifications = [
        {
            "Notification": {
                "ComparisonOperator": "GREATER_THAN",
                "NotificationType": kind,
                "Threshold": percent,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": subscribers,
        }
        for kind, percent in THRESHOLDS
    ]
    made = budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=sub("headgate-${Team}-${AccountName}"),
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(
                amount=cdk.Token.as_number(filled("${BudgetUsd}")), unit="USD"
            ),
        ),
    )
    made.add_property_override("NotificationsWithSubscribers", notifications)
    return made
