"""What can be wrong with a policy or with a question about it."""

from __future__ import annotations


class PolicyError(ValueError):
    """A document is no policy that IAM would take: its text is what a MalformedPolicyDocument message says."""


class UndecidableError(Exception):
    """Nobody here can tell whether a statement applies, because it asks for something the local cloud does not know.

    Such an Allow does not allow, and such a Deny denies.
    """
