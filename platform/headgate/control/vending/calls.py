"""Every call to AWS that each handler may make, and in which account: what the functions' roles must allow, no more.

`headgate.control.aws` refuses a call that is not listed for the handler that makes it, so the list cannot fall behind.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.control.aws import Call, Where

_CATALOG = (
    Call("dynamodb", "get_item"),
    Call("dynamodb", "query"),
    Call("dynamodb", "transact_write_items"),
)
_READ = (Call("dynamodb", "get_item"),)
_ITEM = (
    Call("dynamodb", "get_item"),
    Call("dynamodb", "transact_write_items"),
)
_FIND = (
    Call("organizations", "list_accounts"),
    Call("organizations", "describe_account"),
    Call("organizations", "describe_create_account_status"),
    Call("organizations", "list_create_account_status"),
    Call("organizations", "list_parents"),
    Call("organizations", "list_tags_for_resource"),
)
_LEASE = (Call("dynamodb", "update_item"),)

CALLS: Mapping[str, frozenset[Call]] = {
    "request": frozenset({Call("stepfunctions", "start_execution")}),
    "begin": frozenset(
        {
            *_CATALOG,
            *_LEASE,
            Call("stepfunctions", "describe_execution"),
            Call("ssm", "get_parameter"),
            Call("s3", "get_object"),
        }
    ),
    "place": frozenset(
        {
            *_ITEM,
            *_LEASE,
            *_FIND,
            Call("organizations", "create_account"),
            Call("organizations", "invite_account_to_organization"),
            Call("organizations", "list_handshakes_for_organization"),
            Call("organizations", "list_policies_for_target"),
            Call("organizations", "move_account"),
            Call("organizations", "tag_resource"),
        }
    ),
    "deploy": frozenset(
        {
            *_READ,
            *_LEASE,
            Call("organizations", "list_parents"),
            Call("cloudformation", "list_stack_instances"),
            Call("cloudformation", "describe_stack_instance"),
            Call("cloudformation", "describe_stack_set_operation"),
            Call("cloudformation", "create_stack_instances"),
            Call("cloudformation", "update_stack_instances"),
            Call("cloudformation", "delete_stack_instances"),
        }
    ),
    "grant": frozenset(
        {
            *_READ,
            *_LEASE,
            Call("lakeformation", "list_permissions", Where.DATA_LAKE),
            Call("lakeformation", "grant_permissions", Where.DATA_LAKE),
            Call("lakeformation", "revoke_permissions", Where.DATA_LAKE),
        }
    ),
    "activate": frozenset(
        {
            *_ITEM,
            *_LEASE,
            Call("organizations", "list_parents"),
            Call("organizations", "list_policies_for_target"),
            Call("cloudformation", "list_stack_instances"),
        }
    ),
    "quarantine": frozenset(
        {
            *_ITEM,
            *_LEASE,
            Call("organizations", "list_parents"),
            Call("organizations", "move_account"),
        }
    ),
    "inspect": frozenset(
        {
            *_READ,
            *_LEASE,
            Call("sagemaker", "list_endpoints", Where.TEAM),
            Call("s3", "list_buckets", Where.TEAM),
            Call("sagemaker", "list_model_package_groups", Where.TOOLING),
            Call("sagemaker", "list_model_packages", Where.TOOLING),
            Call("sagemaker", "describe_model_package", Where.TOOLING),
        }
    ),
    "retire": frozenset(
        {
            *_ITEM,
            *_LEASE,
            *_FIND,
            Call("organizations", "move_account"),
            Call("organizations", "close_account"),
        }
    ),
    "fail": frozenset(_ITEM),
    "conclude": frozenset({*_READ, *_LEASE, Call("dynamodb", "query")}),
    "ended": frozenset(),
}
"""By the name of the handler, a function of `headgate.control.vending.handlers`. A role of another account is assumed
with sts AssumeRole by the handlers that call anywhere but home: see `accounts_reached`."""


def accounts_reached(handler: str) -> frozenset[Where]:
    """The accounts, other than home, in which a handler assumes HEADGATE_MEMBER_ROLE."""
    return frozenset(call.where for call in CALLS[handler]) - {Where.HOME}
