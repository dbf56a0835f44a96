"""What an operation needs, as data: actions, ARNs with placeholders, and where condition keys come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from headgate.localcloud.identity.tables.paths import Parameters, at, filled, owner, text, texts, values
from headgate.localcloud.seams import Caller

Value = str | tuple[str, ...]
Extract = Callable[[Parameters], Value | None]
"""A condition key's value from the request; None where the request does not say."""
Arns = Callable[[Parameters, Caller], Iterable[str]]
Keys = Mapping[str, str | Extract]
"""Condition keys, each with a dotted path into the parameters or a function of them. A path with `[]` gives a key with
several values."""
Family = Callable[[Parameters], Mapping[str, str]]
Attributes = Callable[[Parameters], Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Needed:
    """One action on one ARN that has to be allowed.

    `owner_account` is empty where the ARN does not tell (objects and buckets of S3): the directory knows then.
    `context` has keys in lower case. `kms_action` is an action on the KMS key that protects the resource `kms_from`.
    `attributes` are values of DynamoDB attributes: those of the table's partition key are `dynamodb:LeadingKeys`.
    """

    action: str
    resource: str
    owner_account: str
    context: Mapping[str, Value] = field(default_factory=dict)
    kms_action: str = ""
    kms_from: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """A template of `Needed`.

    `resource` is `*`, an ARN with placeholders (`{region}`, `{account}`, `{Parameter}`, `{List[].Member}`; a value that
    is an ARN itself stands for the whole), or a function. `families` are keys that end in a tag's key
    (`aws:RequestTag/`), `caller_keys` those whose values depend on the caller (a function's name becomes an ARN).
    `when` is a path that has to lead somewhere for the need to arise, or a function. `kms_action` is what the service
    does for the caller with the key that protects `kms_from`, by default the resource. Unless it is `optional`, a need
    whose resource leads nowhere is one on everything.
    """

    action: str
    resource: str | Arns = "*"
    keys: Keys = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    when: str | Callable[[Parameters], bool] = ""
    kms_action: str = ""
    kms_from: str | Arns = ""
    attributes: Attributes | None = None
    caller_keys: Mapping[str, Callable[[Parameters, Caller], Value | None]] = field(default_factory=dict)
    optional: bool = False

    def of(self, parameters: Parameters, caller: Caller) -> Iterator[Needed]:
        """What a request with these parameters needs; nothing if `when` does not hold."""
        if not self._arises(parameters):
            return
        context = self.context(parameters, caller)
        attributes = self.attributes(parameters) if self.attributes else {}
        for arn in _arns(self.resource, parameters, caller) or (() if self.optional else ("*",)):
            source = next(iter(_arns(self.kms_from or arn, parameters, caller)), "") if self.kms_action else ""
            kms_action = self.kms_action if source else ""
            yield Needed(self.action, arn, owner(arn, caller), context, kms_action, source, attributes)

    def context(self, parameters: Parameters, caller: Caller) -> dict[str, Value]:
        """The condition keys of the request in lower case."""
        found: dict[str, Value] = {}
        for key, source in self.keys.items():
            value = source(parameters) if callable(source) else _read(parameters, source)
            if value is not None:
                found[key.lower()] = value
        for key, of_caller in self.caller_keys.items():
            if (given := of_caller(parameters, caller)) is not None:
                found[key.lower()] = given
        for family, members in self.families.items():
            found |= {f"{family}{name}".lower(): value for name, value in members(parameters).items()}
        return found

    def _arises(self, parameters: Parameters) -> bool:
        if callable(self.when):
            return self.when(parameters)
        return not self.when or bool(values(parameters, self.when))


def _read(parameters: Parameters, path: str) -> Value | None:
    return texts(values(parameters, path)) if "[]" in path else text(at(parameters, path))


def _arns(resource: str | Arns, parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    found = resource(parameters, caller) if callable(resource) else filled(resource, parameters, caller)
    return tuple(dict.fromkeys(found))
