"""AWS's own managed policies are policies too: every one of them can be evaluated."""

from __future__ import annotations

import json

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from headgate.localcloud.identity.policy import parse_policy
from unit.localcloud.identity.policies import ask


@pytest.mark.slow
def test_every_managed_policy_is_understood() -> None:
    every = json.loads(aws_managed_policies_data)
    assert len(every) > 800
    for name, body in every.items():
        assert parse_policy(body["Document"], "identity", name).statements


def test_the_administrators_policy_allows_and_the_readers_only_reads() -> None:
    every = json.loads(aws_managed_policies_data)
    administrator = parse_policy(every["AdministratorAccess"]["Document"], "identity")
    reader = parse_policy(every["AmazonS3ReadOnlyAccess"]["Document"], "identity")
    assert ask(identity=(administrator,), action="s3:PutObject").allowed
    assert ask(identity=(reader,)).allowed
    assert not ask(identity=(reader,), action="s3:PutObject").allowed
