"""What holds of every decision: more Denies never allow, and limits never grant."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.localcloud.identity import principals
from headgate.localcloud.identity.evaluate import AccessRequest, PolicySet, evaluate
from headgate.localcloud.identity.policy import Policy, parse_policy
from unit.localcloud.identity.policies import ACCOUNT, OTHER, ROLE, SESSION, USER, document

pytestmark = pytest.mark.slow


ACTIONS = ["s3:GetObject", "s3:Get*", "s3:*", "*", "sqs:*", "s3:PutObject", "kms:Decrypt"]
RESOURCES = ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::c/*"]
PRINCIPALS = [
    "*",
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": ROLE},
    {"AWS": SESSION.arn},
    {"AWS": USER.arn},
    {"AWS": OTHER},
]
SERVICES = [{"Service": "events.amazonaws.com"}, {"Service": "lambda.amazonaws.com"}]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"StringEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringLikeIfExists": {"aws:PrincipalTag/team": "b*"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["x"]}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringEquals": {"aws:NobodyKnowsThis": "a"}},
]


def statement(chance: random.Random, *, resource: bool, effect: str = "") -> dict[str, Any]:
    """Any statement at all."""
    made: dict[str, Any] = {
        "Effect": effect or chance.choice(["Allow", "Allow", "Deny"]),
        chance.choice(["Action", "Action", "NotAction"]): chance.sample(ACTIONS, chance.randint(1, 2)),
        chance.choice(["Resource", "Resource", "NotResource"]): chance.sample(RESOURCES, chance.randint(1, 2)),
        "Condition": chance.choice(CONDITIONS),
    }
    if resource:
        element = chance.choice(["Principal", "Principal", "NotPrincipal"])
        made[element] = chance.choice(PRINCIPALS if element == "NotPrincipal" else PRINCIPALS + SERVICES)
    return made


def pool(*, resource: bool) -> list[Policy]:
    """Policies to choose from: making them anew for every example would take most of the time."""
    chance = random.Random(20260131)
    return [
        parse_policy(
            document(*(statement(chance, resource=resource) for _ in range(chance.randint(1, 3)))),
            "resource" if resource else "identity",
        )
        for _ in range(300)
    ]


def denies(*, resource: bool) -> list[dict[str, Any]]:
    chance = random.Random(20260201)
    return [statement(chance, resource=resource, effect="Deny") for _ in range(200)]


POLICIES = st.sampled_from(pool(resource=False))
RESOURCE_POLICIES = st.sampled_from(pool(resource=True))
SEVERAL = st.lists(POLICIES, max_size=2).map(tuple)
DENIES = st.sampled_from(denies(resource=False))
RESOURCE_DENIES = st.sampled_from(denies(resource=True))

requests = st.builds(
    AccessRequest,
    st.sampled_from(
        [SESSION, USER, principals.root(ACCOUNT), principals.service("events.amazonaws.com"), principals.ANONYMOUS]
    ),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]),
    st.sampled_from(["arn:aws:s3:::a/b", "arn:aws:s3:::c/d", "*"]),
    st.fixed_dictionaries(
        {},
        optional={
            "aws:principaltag/team": st.sampled_from(["a", "b", "c"]),
            "aws:tagkeys": st.sampled_from([("x",), ("x", "y"), ("y",)]),
            "aws:securetransport": st.sampled_from(["true", "false"]),
        },
    ),
)
sets = st.builds(
    PolicySet,
    identity=SEVERAL,
    boundary=st.none() | POLICIES,
    session=st.none() | SEVERAL,
    scps=st.lists(SEVERAL, max_size=2).map(tuple),
    resource=st.none() | RESOURCE_POLICIES,
    same_account=st.booleans(),
    resource_layer=st.sampled_from(["resource", "resource", "key", "trust"]),
)


def more(policy: Policy | None, added: dict[str, Any], kind: Any) -> Policy:
    """A policy with one statement added."""
    own = [found.source for found in policy.statements] if policy else []
    return parse_policy(document(*own, added), kind)


@settings(max_examples=400, deadline=None)
@given(requests, sets, DENIES, st.integers(0, 3))
def test_another_deny_never_allows(request: AccessRequest, found: PolicySet, deny: dict[str, Any], where: int) -> None:
    added = parse_policy(document(deny), "identity")
    changed = [
        replace(found, identity=(*found.identity, added)),
        replace(found, boundary=more(found.boundary, deny, "identity")) if found.boundary else found,
        replace(found, session=(*found.session, added)) if found.session is not None else found,
        replace(found, scps=((*found.scps[0], added), *found.scps[1:])) if found.scps else found,
    ][where]
    assert evaluate(request, found).allowed or not evaluate(request, changed).allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets, RESOURCE_DENIES)
def test_another_deny_of_a_resource_policy_never_allows(
    request: AccessRequest, found: PolicySet, deny: dict[str, Any]
) -> None:
    changed = replace(found, resource=more(found.resource, deny, "resource"))
    assert evaluate(request, found).allowed or not evaluate(request, changed).allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets, POLICIES)
def test_a_boundary_never_grants(request: AccessRequest, found: PolicySet, boundary: Policy) -> None:
    without = replace(found, boundary=None)
    assert evaluate(request, without).allowed or not evaluate(request, replace(found, boundary=boundary)).allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets, SEVERAL)
def test_another_level_of_service_control_policies_never_grants(
    request: AccessRequest, found: PolicySet, level: tuple[Policy, ...]
) -> None:
    changed = replace(found, scps=(*found.scps, level))
    assert evaluate(request, found).allowed or not evaluate(request, changed).allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets, POLICIES)
def test_a_session_policy_never_grants(request: AccessRequest, found: PolicySet, session: Policy) -> None:
    without = replace(found, session=None)
    assert evaluate(request, without).allowed or not evaluate(request, replace(found, session=(session,))).allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets)
def test_what_is_allowed_across_accounts_is_allowed_within_one(request: AccessRequest, found: PolicySet) -> None:
    abroad = evaluate(request, replace(found, same_account=False))
    assert evaluate(request, replace(found, same_account=True)).allowed or not abroad.allowed


@settings(max_examples=300, deadline=None)
@given(requests, sets)
def test_a_refusal_says_why_and_an_explicit_deny_shows_its_statement(request: AccessRequest, found: PolicySet) -> None:
    decision = evaluate(request, found)
    assert decision.allowed == (decision.effect == "allow") == (decision.reason == "")
    if decision.effect == "explicit-deny":
        assert decision.statement is not None
        assert decision.statement["Effect"] == "Deny"
    if decision.allowed and decision.statement is not None:
        assert decision.statement["Effect"] == "Allow"


@settings(max_examples=200, deadline=None)
@given(requests, sets)
def test_the_order_of_policies_does_not_matter(request: AccessRequest, found: PolicySet) -> None:
    turned = replace(found, identity=found.identity[::-1], scps=found.scps[::-1])
    assert evaluate(request, found).allowed == evaluate(request, turned).allowed
