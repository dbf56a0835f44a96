"""Which layer decides, and what a refusal says."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.identity import principals
from headgate.localcloud.identity.evaluate import AccessRequest, Decision, PolicySet, evaluate
from headgate.localcloud.identity.policy import Policy, parse_policy
from unit.localcloud.identity.policies import (
    ACCOUNT,
    BUCKET,
    EVERYTHING,
    OTHER,
    ROLE,
    SESSION,
    USER,
    allow,
    ask,
    deny,
    document,
    on_bucket,
    policy,
)

NOTHING = policy(allow("none:Nothing"))
READ = policy(allow("s3:GetObject"))
ROOT = principals.root(ACCOUNT)
EVENTS = principals.service("events.amazonaws.com")


def to(*names: str, kind: str = "AWS", **more: Any) -> Policy:
    """A resource policy that allows everything to principals."""
    return on_bucket(allow(Principal={kind: list(names)}, **more))


ANYBODY = on_bucket(allow(Principal="*"))


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    found = ask(identity=(NOTHING,))
    assert (found.allowed, found.layer, found.effect) == (False, "identity", "implicit-deny")
    assert found.reason == "because no identity-based policy allows the s3:GetObject action"


def test_an_identity_policy_allows_and_is_named() -> None:
    found = ask(identity=(NOTHING, policy(allow("s3:Get*", Sid="Read"), name="reader")))
    assert (found.allowed, found.layer, found.effect, found.reason) == (True, "identity", "allow", "")
    assert found.policy == "reader"
    assert found.statement == allow("s3:Get*", Sid="Read")


def test_a_deny_wins_over_every_allow() -> None:
    found = ask(identity=(EVERYTHING, policy(deny("s3:*", Sid="No"), name="arn:aws:iam::1:policy/no")))
    assert (found.layer, found.effect) == ("identity", "explicit-deny")
    assert found.reason == "with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/no"
    assert found.statement == deny("s3:*", Sid="No")


def test_a_boundary_limits_and_grants_nothing() -> None:
    assert ask(identity=(EVERYTHING,), boundary=READ).allowed
    limited = ask(identity=(EVERYTHING,), boundary=READ, action="s3:PutObject")
    assert (limited.layer, limited.reason) == (
        "boundary",
        "because no permissions boundary allows the s3:PutObject action",
    )
    assert ask(identity=(NOTHING,), boundary=EVERYTHING).layer == "identity"
    denied = ask(identity=(EVERYTHING,), boundary=policy(allow(), deny("s3:*")))
    assert denied.reason == "with an explicit deny in a permissions boundary"


def test_a_session_policy_limits_and_grants_nothing() -> None:
    assert ask(identity=(EVERYTHING,), session=(READ,)).allowed
    limited = ask(identity=(EVERYTHING,), session=(READ,), action="s3:PutObject")
    assert (limited.layer, limited.reason) == ("session", "because no session policy allows the s3:PutObject action")
    assert ask(identity=(EVERYTHING,), session=()).layer == "session"
    assert ask(identity=(NOTHING,), session=(EVERYTHING,)).layer == "identity"
    assert ask(identity=(EVERYTHING,), session=(EVERYTHING, policy(deny()))).reason == (
        "with an explicit deny in a session policy"
    )


def test_every_level_of_the_organization_has_to_allow() -> None:
    levels = ((EVERYTHING,), (NOTHING, READ), (EVERYTHING,))
    assert ask(identity=(EVERYTHING,), scps=levels).allowed
    found = ask(identity=(EVERYTHING,), scps=levels, action="s3:PutObject")
    assert (found.layer, found.effect) == ("scp", "implicit-deny")
    assert found.reason == "because no service control policy allows the s3:PutObject action"
    assert ask(identity=(EVERYTHING,), scps=((EVERYTHING,), ())).layer == "scp"


def test_a_service_control_policy_denies_and_grants_nothing() -> None:
    denying = policy(allow(), deny("s3:*"), name="guardrail")
    found = ask(identity=(EVERYTHING,), scps=((EVERYTHING,), (EVERYTHING, denying)))
    assert found.reason == "with an explicit deny in a service control policy: guardrail"
    assert ask(identity=(NOTHING,), scps=((EVERYTHING,),)).layer == "identity"


def test_a_deny_of_any_layer_is_told_before_what_is_missing() -> None:
    assert ask(identity=(NOTHING,), scps=((EVERYTHING, policy(deny())),)).layer == "scp"
    assert ask(identity=(NOTHING,), boundary=policy(deny())).layer == "boundary"


def test_in_its_own_account_a_role_is_allowed_by_either_side() -> None:
    assert ask(identity=(READ,)).allowed
    assert ask(identity=(NOTHING,), resource=to(ROLE)).layer == "resource"
    assert ask(identity=(NOTHING,), resource=to(ROLE)).allowed
    assert ask(identity=(NOTHING,), resource=ANYBODY).allowed


@pytest.mark.parametrize("name", [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"])
def test_naming_the_own_account_leaves_it_to_identity_policies(name: str) -> None:
    assert ask(identity=(NOTHING,), resource=to(name)).layer == "identity"
    assert ask(identity=(READ,), resource=to(name)).allowed


def test_a_resource_policy_that_names_the_role_is_within_boundary_and_session() -> None:
    assert ask(identity=(), boundary=NOTHING, resource=to(ROLE)).layer == "boundary"
    assert ask(identity=(), session=(NOTHING,), resource=to(ROLE)).layer == "session"
    assert ask(identity=(), boundary=READ, session=(READ,), resource=to(ROLE)).allowed


def test_a_resource_policy_that_names_session_or_user_goes_beyond_boundary_and_session() -> None:
    assert ask(identity=(), boundary=NOTHING, session=(NOTHING,), resource=to(SESSION.arn)).allowed
    assert ask(principal=USER, identity=(), boundary=NOTHING, resource=to(USER.arn)).allowed
    assert not ask(identity=(), boundary=policy(deny()), resource=to(SESSION.arn)).allowed


def test_a_resource_policy_denies_everybody_it_names() -> None:
    denying = on_bucket(deny(Principal={"AWS": ROLE}))
    found = ask(identity=(EVERYTHING,), resource=denying)
    assert (found.layer, found.reason) == ("resource", "with an explicit deny in a resource-based policy")
    assert ask(principal=USER, identity=(EVERYTHING,), resource=denying).allowed


@pytest.mark.parametrize("grant", [to(ROLE), to(ACCOUNT), to(SESSION.arn), ANYBODY])
def test_across_accounts_both_sides_have_to_allow(grant: Policy) -> None:
    assert ask(identity=(READ,), resource=grant, same_account=False).allowed
    assert ask(identity=(NOTHING,), resource=grant, same_account=False).layer == "identity"
    assert ask(identity=(READ,), boundary=NOTHING, resource=grant, same_account=False).layer == "boundary"
    assert ask(identity=(READ,), session=(NOTHING,), resource=grant, same_account=False).layer == "session"


@pytest.mark.parametrize("grant", [None, to(OTHER), to(f"arn:aws:iam::{ACCOUNT}:role/other")])
def test_across_accounts_the_owner_has_to_allow(grant: Policy | None) -> None:
    found = ask(identity=(EVERYTHING,), resource=grant, same_account=False)
    assert (found.layer, found.reason) == (
        "resource",
        "because no resource-based policy allows the s3:GetObject action",
    )


def test_the_callers_organization_has_its_say_across_accounts() -> None:
    found = ask(identity=(READ,), resource=ANYBODY, same_account=False, scps=((NOTHING,),))
    assert found.layer == "scp"


def test_a_role_that_is_assumed_has_to_trust() -> None:
    def assume(trust: dict[str, Any], **policies: Any) -> Any:
        made = parse_policy(document({"Effect": "Allow", "Action": "sts:AssumeRole", **trust}), "trust")
        return ask(
            action="sts:AssumeRole",
            arn=f"arn:aws:iam::{ACCOUNT}:role/target",
            resource_layer="trust",
            **{"resource": made, "identity": (EVERYTHING,), **policies},
        )

    assert assume({"Principal": {"AWS": ACCOUNT}}).allowed
    assert assume({"Principal": {"AWS": ACCOUNT}}, identity=(NOTHING,)).layer == "identity"
    assert assume({"Principal": {"AWS": ROLE}}, identity=(NOTHING,)).allowed
    refused = assume({"Principal": {"AWS": OTHER}})
    assert (refused.layer, refused.reason) == (
        "trust",
        "because no role trust policy allows the sts:AssumeRole action",
    )
    assert assume({"Principal": {"AWS": OTHER}}, resource=None).layer == "trust"
    assert assume({"Principal": {"AWS": ROLE}}, same_account=False, identity=(NOTHING,)).layer == "identity"
    denied = assume({"Principal": {"AWS": ROLE}, "Effect": "Deny"})
    assert denied.reason == "with an explicit deny in the role trust policy"


@pytest.mark.parametrize(("service", "allowed"), [("events.amazonaws.com", True), ("lambda.amazonaws.com", False)])
def test_a_services_trust_is_enough_and_only_its_own(service: str, allowed: bool) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
    trust = parse_policy(document(statement), "trust")
    request = AccessRequest(principals.service(service), "sts:AssumeRole", ROLE)
    assert evaluate(request, PolicySet(resource=trust, resource_layer="trust")).allowed is allowed


def test_a_keys_policy_decides_whether_iam_counts() -> None:
    def use(own: Policy, identity: Policy) -> Decision:
        request = AccessRequest(SESSION, "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k")
        return evaluate(request, PolicySet((identity,), resource=own, resource_layer="key"))

    assert use(to(ACCOUNT), EVERYTHING).allowed
    assert use(to(ACCOUNT), NOTHING).layer == "identity"
    assert use(to(ROLE), NOTHING).allowed
    ignored = use(to(f"arn:aws:iam::{ACCOUNT}:role/other"), EVERYTHING)
    assert (ignored.layer, ignored.reason) == (
        "key",
        "because no resource-based policy allows the kms:Decrypt action",
    )


def test_a_root_may_everything_in_its_account_but_what_is_denied() -> None:
    assert ask(principal=ROOT).layer == "root"
    assert ask(principal=ROOT, scps=((NOTHING,),)).layer == "scp"
    assert ask(principal=ROOT, resource=on_bucket(deny(Principal="*"))).layer == "resource"
    assert not ask(principal=ROOT, same_account=False).allowed
    assert ask(principal=ROOT, same_account=False, resource=to(ACCOUNT)).allowed


@pytest.mark.parametrize("action", ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"])
def test_no_bucket_policy_locks_its_accounts_root_out(action: str) -> None:
    shut = on_bucket(deny(Principal="*"))
    assert ask(principal=ROOT, action=action, resource=shut).allowed
    assert not ask(principal=ROOT, action=action, resource=shut, same_account=False).allowed
    assert not ask(identity=(EVERYTHING,), action=action, resource=shut).allowed


def test_a_service_is_allowed_by_resource_policies_alone_and_no_scp_touches_it() -> None:
    named = to("events.amazonaws.com", kind="Service")
    assert ask(principal=EVENTS, resource=named, scps=((NOTHING,),)).allowed
    assert ask(principal=EVENTS, resource=ANYBODY).allowed
    assert ask(principal=EVENTS).reason == "because no resource-based policy allows the s3:GetObject action"
    assert not ask(principal=EVENTS, resource=to("*")).allowed
    assert not ask(principal=EVENTS, resource=on_bucket(allow(Principal="*"), deny(Principal={"AWS": "*"}))).allowed


def test_anonymous_callers_need_a_policy_for_everybody() -> None:
    assert ask(principal=principals.ANONYMOUS, resource=ANYBODY, same_account=False).allowed
    assert ask(principal=principals.ANONYMOUS, resource=to("*"), same_account=False).allowed
    assert not ask(principal=principals.ANONYMOUS, resource=to(ACCOUNT), same_account=False).allowed


def test_an_identity_provider_is_named_as_such() -> None:
    provider = "arn:aws:iam::111122223333:oidc-provider/example.com"
    someone = principals.federated(provider)
    assert ask(principal=someone, resource=to(provider, kind="Federated")).allowed
    assert not ask(principal=someone, resource=to("other", kind="Federated")).allowed


def test_roles_of_aws_services_are_beyond_scps() -> None:
    own = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    linked = principals.session(f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForX/run", own)
    assert ask(principal=linked, identity=(EVERYTHING,), scps=((NOTHING,),)).allowed


def test_not_principal_denies_all_but_those_whose_every_name_is_listed() -> None:
    def sparing(*names: str) -> Policy:
        return on_bucket({"Effect": "Deny", "NotPrincipal": {"AWS": list(names)}, "Action": "*", "Resource": "*"})

    account = f"arn:aws:iam::{ACCOUNT}:root"
    assert ask(identity=(READ,), resource=sparing(account, ROLE, SESSION.arn)).allowed
    assert not ask(identity=(READ,), resource=sparing(ROLE)).allowed
    assert not ask(identity=(READ,), resource=sparing(account, ROLE)).allowed
    assert ask(principal=USER, identity=(READ,), resource=sparing(account, USER.arn)).allowed
    assert ask(principal=ROOT, resource=sparing(account)).allowed
    assert not ask(principal=EVENTS, resource=sparing(account)).allowed
    assert ask(identity=(READ,), resource=sparing("*")).allowed


def test_allowing_not_principal_allows_everybody_else() -> None:
    others = on_bucket({"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"})
    assert not ask(identity=(), resource=others).allowed
    assert ask(principal=USER, identity=(), resource=others).allowed


def test_conditions_narrow_a_resource_policy() -> None:
    within = to("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})
    assert ask(identity=(READ,), resource=within, same_account=False, context={"aws:principalorgid": "o-1"}).allowed
    assert not ask(identity=(READ,), resource=within, same_account=False, context={"aws:principalorgid": "o-2"}).allowed


def test_the_strongest_grant_counts() -> None:
    both = on_bucket(allow(Principal={"AWS": ACCOUNT}), allow(Principal={"AWS": ROLE}))
    assert ask(identity=(), resource=both).allowed


def test_a_buckets_policy_is_about_the_resources_that_it_names() -> None:
    only = on_bucket(allow(resource=BUCKET, Principal={"AWS": ROLE}))
    assert not ask(identity=(), resource=only).allowed


@pytest.mark.parametrize("text", ["arn:aws:iam::1:user/x", "somebody", f"arn:aws:iam::{ACCOUNT}:role/x"])
def test_principals_are_made_of_their_own_arns(text: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN"):
        principals.user(text)
    with pytest.raises(ValueError, match="is not the ARN"):
        principals.session(text)


def test_a_session_without_a_known_role_stands_for_the_role_without_path() -> None:
    assert principals.session(SESSION.arn).policy_arn == f"arn:aws:iam::{ACCOUNT}:role/worker"
    assert principals.root(ACCOUNT).shown == f"arn:aws:iam::{ACCOUNT}:root"
    assert EVENTS.shown == "events.amazonaws.com"
    assert principals.ANONYMOUS.shown == "anonymous"
