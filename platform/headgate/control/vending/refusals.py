"""What Organizations' refusals mean to the people who asked for an account.

Source: AWS Organizations API Reference, CreateAccountStatus FailureReason, ConstraintViolationException Reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.control.errors import CallFailed, ControlError, Refused, Transient
from headgate.control.vending.values import Row

_LIMIT = (
    "the organization has as many accounts as its quota allows: raise the quota 'Default maximum number of accounts'"
)
_FAILURES: Mapping[str, str] = {
    "ACCOUNT_LIMIT_EXCEEDED": _LIMIT,
    "EMAIL_ALREADY_EXISTS": (
        "another AWS account has the e-mail address {email}: declare another address, or that account's id"
    ),
    "INVALID_EMAIL": "{email} is not a valid e-mail address: declare another one",
    "INVALID_ADDRESS": "the management account's postal address is not valid: correct it in its account settings",
    "CONCURRENT_ACCOUNT_MODIFICATION": "another change of the organization was under way",
    "INTERNAL_FAILURE": "Organizations had an internal failure",
    "MISSING_PAYMENT_INSTRUMENT": "the management account has no payment method: add one",
    "INVALID_PAYMENT_INSTRUMENT": "the management account's payment method is not valid: correct it",
}


def creation_failed(row: Row, failure: str) -> str:
    """Why an account was not created, and what would be right."""
    reason = _FAILURES.get(failure, failure or "Organizations gives no reason").format(email=row.email)
    return f"{row} was not created: {reason}; then request again"


def not_created(row: Row, problem: CallFailed) -> ControlError:
    """The error that a refused CreateAccount is: Transient when it may go through later."""
    if isinstance(problem, Transient):
        return problem
    if problem.code == "ConstraintViolationException" and problem.why == "ACCOUNT_NUMBER_LIMIT_EXCEEDED":
        return Refused(creation_failed(row, "ACCOUNT_LIMIT_EXCEEDED"))
    if problem.code == "FinalizingOrganizationException":
        return Transient(problem.service, problem.operation, problem.code, problem.message)
    return Refused(creation_failed(row, f"{problem.message} ({problem.code})"))
