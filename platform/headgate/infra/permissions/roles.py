"""A role as a value: its name, who may become it, what it may do in which environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.document import Document, Json, Purpose, Statement, merged, size
from headgate.infra.permissions.places import (
    ENVIRONMENT_TAG,
    ENVIRONMENTS,
    ROLE_PATH,
    Kind,
)

_FRAME = len('{"Version":"2012-10-17","Statement":[]}')
_LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "HomeRegion": "ap-southeast-1",
    "Environment": "experimentation",
    "Team": "t" * 31,
    "OrganizationId": "o-" + "o" * 32,
    **dict.fromkeys(
        ("AWS::AccountId", "ToolingAccountId", "DataLakeAccountId", "GovernanceAccountId", "IdentityAccountId"),
        "0" * 12,
    ),
}


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a stack of `kind` creates, under ROLE_PATH and with the boundary.

    `name` may hold the placeholder `${Environment}`. `grants` says by place what it is given; `policies` are the same
    as documents, one for each set of environments, and are attached in exactly those. `environments` is where the
    role exists, None outside of environments. `tags` have placeholders as values.
    """

    key: str
    kind: Kind
    name: str
    what: str
    trust: Document
    grants: Mapping[str, tuple[Capability, ...]]
    policies: tuple[Document, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    environments: frozenset[str] | None = None
    is_person: bool = False
    path: str = ROLE_PATH

    @property
    def arn(self) -> str:
        """The role's ARN in its own account, with placeholders."""
        return resources.role(self.name, path=self.path)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The trust policy and the policies."""
        return (self.trust, *self.policies)


def in_environments(
    key: str,
    what: str,
    trust: Document,
    grants: Mapping[str, tuple[Capability, ...]],
    tags: Mapping[str, str],
    *,
    extra: Iterable[Document] = (),
    is_person: bool = False,
) -> Role:
    """A role of the environment stack: one template, with a policy for every set of environments that shares grants."""
    return Role(
        key=key,
        kind=Kind.ENVIRONMENT,
        name=f"headgate-{resources.HERE}-{key}",
        what=what,
        trust=trust,
        grants=grants,
        policies=(*_by_environments(key, grants), *extra),
        tags={ENVIRONMENT_TAG: resources.HERE, **tags},
        environments=frozenset(grants),
        is_person=is_person,
    )


def in_account(
    key: str,
    kind: Kind,
    place: str,
    what: str,
    trust: Document,
    capabilities: tuple[Capability, ...],
    tags: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
    extra: Iterable[Document] = (),
    is_person: bool = False,
) -> Role:
    """A role of an account that is no environment; `${Environment}` in its grants is the place's name."""
    settled = tuple(each.where({"Environment": place}) for each in _statements(capabilities))
    own = packed(f"{key}/{place}", settled)
    return Role(
        key=key,
        kind=kind,
        name=name or f"headgate-{place}-{key}",
        what=what,
        trust=trust,
        grants={place: capabilities},
        policies=(*own, *extra),
        tags={ENVIRONMENT_TAG: place, **(tags or {})},
        is_person=is_person,
    )


def packed(
    name: str, statements: Iterable[Statement], environments: frozenset[str] | None = None
) -> tuple[Document, ...]:
    """Statements as few documents, none over the limit of a managed policy: `name`, `name-2` and so on."""
    groups: list[list[Statement]] = []
    room = 0
    for statement in statements:
        needed = size(_longest(statement)) + 1
        if needed > room:
            groups.append([])
            room = Purpose.IDENTITY.limit - _FRAME
        groups[-1].append(statement)
        room -= needed
    return tuple(
        Document(name if number == 1 else f"{name}-{number}", Purpose.IDENTITY, tuple(group), environments)
        for number, group in enumerate(groups, 1)
    )


def _longest(statement: Statement) -> dict[str, Json]:
    """The statement with values as long as they get."""
    return statement.where(_LONGEST).as_json()


def _statements(capabilities: Iterable[Capability]) -> tuple[Statement, ...]:
    return merged(statement for each in capabilities for statement in each.statements)


def _by_environments(key: str, grants: Mapping[str, tuple[Capability, ...]]) -> Iterable[Document]:
    """What is granted in the same environments is one policy, so that a role has few of them."""
    where: dict[str, frozenset[str]] = {}
    known: dict[str, Capability] = {}
    for environment in ENVIRONMENTS:
        for capability in grants.get(environment, ()):
            where[capability.name] = where.get(capability.name, frozenset()) | {environment}
            known[capability.name] = capability
    for environments in sorted(set(where.values()), key=lambda each: (-len(each), sorted(each))):
        name = "-".join(each for each in ENVIRONMENTS if each in environments)
        granted = [known[each] for each, places in where.items() if places == environments]
        yield from packed(f"{key}/{name}", _statements(granted), environments)
