"""What moto holds about resources that policies are about: owner, policy, tags, key. Call it in moto's turn.

A service that was never used is not loaded, and has no resources; asking moto itself would make it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from headgate.localcloud.authorization import iam_facts
from headgate.localcloud.authorization.arns import Arn
from headgate.localcloud.identity.directory import Document, ResourceRecord
from headgate.localcloud.seams import Json

Look = Callable[[Arn], ResourceRecord | None]


def resource(arn: Arn) -> ResourceRecord | None:
    """What exists under an ARN, as far as it is moto's; None for nothing."""
    look = _BY_SERVICE.get(arn.service)
    return look(arn) if look is not None else None


def backend_of(service: str, arn: Arn, module: str = "", *, region: str = "") -> Any:
    """A service's state in an account and region; None if there is none."""
    loaded = sys.modules.get(f"moto.{module or service}.models")
    table = getattr(loaded, f"{service}_backends", None) if loaded is not None else None
    parts = dict.get(table, arn.account) if table is not None else None
    return dict.get(parts, region or arn.region) if parts is not None else None


def _document(name: str, text: str | Json | None) -> Document | None:
    if not text:
        return None
    return Document(name, text if isinstance(text, str) else json.dumps(text))


def _pairs(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag[value] for tag in tags or ()}


def _iam(arn: Arn) -> ResourceRecord | None:
    name = arn.resource.rpartition("/")[2]
    found: Any = None
    trust: Document | None = None
    if arn.kind == "role":
        role = iam_facts.role(arn.account, name)
        found, trust = role, role.trust if role else None
    elif arn.kind == "user":
        found = iam_facts.user(arn.account, name)
    elif arn.kind == "policy":
        found = iam_facts.policy(arn.account, name)
    # A role that was asked for under another path than its own is one that does not exist.
    return ResourceRecord(arn.account, trust, found.tags) if found is not None and found.arn == arn.text else None


def _kms(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("kms", arn)
    if backend is None:
        return None
    if arn.kind == "alias":
        return (
            ResourceRecord(arn.account) if any(arn.resource in key.aliases for key in backend.keys.values()) else None
        )
    key = backend.keys.get(arn.name)
    if key is None:
        return None
    tags = _pairs(backend.tagger.list_tags_for_resource(key.id)["Tags"], "TagKey", "TagValue")
    context = {"kms:ResourceAliases": tuple(key.aliases)} if key.aliases else {}
    return ResourceRecord(arn.account, _document(f"key policy of {arn.text}", key.policy), tags, context=context)


def _sqs(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("sqs", arn)
    queue = backend.queues.get(arn.resource) if backend is not None else None
    if queue is None:
        return None
    policy = queue._policy_json if queue._policy_json.get("Statement") else None  # noqa: SLF001 - the seam
    return ResourceRecord(arn.account, _document(f"policy of queue {arn.resource}", policy), dict(queue.tags or {}))


def _sns(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("sns", arn)
    topic = backend.topics.get(arn.text) if backend is not None else None
    if topic is None:
        return None
    policy = _document(f"policy of topic {arn.resource}", topic._policy_json)  # noqa: SLF001 - the seam
    return ResourceRecord(arn.account, policy, dict(topic._tags))  # noqa: SLF001


def _lambda(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("lambda", arn, "awslambda")
    if backend is None or arn.kind != "function":
        return None
    name = arn.name.partition(":")[0]
    functions = backend._lambdas._functions  # noqa: SLF001 - the seam
    function = functions[name]["latest"] if name in functions else None
    if function is None:
        return None
    statements = [_lambda_statement(one) for one in function.policy.statements]
    policy = {"Version": "2012-10-17", "Statement": statements} if statements else None
    return ResourceRecord(arn.account, _document(f"policy of function {name}", policy), dict(function.tags or {}))


def _lambda_statement(statement: Json) -> Json:
    """moto leaves principals as AddPermission was given them: an account's number, an ARN, a service."""
    principal = statement.get("Principal")
    if isinstance(principal, str) and principal != "*":
        return {**statement, "Principal": {"AWS": principal}}
    return statement


def _secret(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("secretsmanager", arn)
    secret = _secret_of(backend, arn)
    if secret is None:
        return None
    policy = _document(f"policy of secret {secret.name}", secret.policy)
    key = secret.kms_key_id or ""
    return ResourceRecord(arn.account, policy, _pairs(secret.tags), key if key.startswith("arn:") else "")


def _secret_of(backend: Any, arn: Arn) -> Any:
    found = dict.values(backend.secrets) if backend is not None else ()
    return next((secret for secret in found if arn.text == secret.arn or arn.name == secret.name), None)


def _dynamodb(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("dynamodb", arn)
    name = arn.name.partition("/")[0]
    table = backend.tables.get(name) if backend is not None and arn.kind == "table" else None
    if table is None:
        return None
    kept = backend.resource_policies.get(table.table_arn)
    policy = _document(f"policy of table {name}", kept.policy_doc if kept is not None else None)
    key = (table.sse_specification or {}).get("KMSMasterKeyId", "")
    return ResourceRecord(
        arn.account,
        policy,
        _pairs(table.tags),
        key if key.startswith("arn:") else "",
        partition_key=table.hash_key_attr or "",
    )


def _ecr(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("ecr", arn)
    repository = backend.repositories.get(arn.name) if backend is not None else None
    if repository is None:
        return None
    tags = _pairs(backend.tagger.list_tags_for_resource(repository.arn)["tags"])
    policy = _repository_policy(repository.policy, repository.arn)
    return ResourceRecord(arn.account, _document(f"policy of repository {arn.name}", policy), tags)


def _repository_policy(text: str | None, arn: str) -> Json | None:
    """A repository's policy: its statements have no Resource, being about the repository alone (ECR user guide)."""
    if not text:
        return None
    document: Json = json.loads(text)
    given = document.get("Statement", [])
    statements = [given] if isinstance(given, dict) else given
    return {**document, "Statement": [{"Resource": arn, **statement} for statement in statements]}


def _glue(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("glue", arn)
    if backend is None:
        return None
    catalog = f"arn:aws:glue:{arn.region}:{arn.account}:catalog"
    kept = backend.resource_policies.get(catalog) or backend.resource_policies.get(backend.default_catalog_arn) or {}
    policy = _document("resource policy of the Glue catalog", kept.get("PolicyInJson"))
    return ResourceRecord(arn.account, policy, dict(backend.tagger.get_tag_dict_for_resource(arn.text)))


def _ssm(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("ssm", arn)
    if backend is None or arn.kind != "parameter":
        return None
    for name in (f"/{arn.name}", arn.name):
        if dict.__contains__(backend._parameters, name):  # noqa: SLF001 - the seam
            tags = backend._resource_tags.get("Parameter", {}).get(name, {})  # noqa: SLF001
            return ResourceRecord(arn.account, None, dict(tags))
    return None


def _ec2(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("ec2", arn)
    if backend is None:
        return None
    tags = backend.tags.get(arn.name)
    return ResourceRecord(arn.account, None, dict(tags)) if tags else None


def _monitoring(arn: Arn) -> ResourceRecord | None:
    backend = backend_of("cloudwatch", arn)
    if backend is None:
        return None
    with suppress(KeyError, AttributeError):
        return ResourceRecord(arn.account, None, dict(backend.tagger.get_tag_dict_for_resource(arn.text)))
    return None


_BY_SERVICE: Mapping[str, Look] = {
    "cloudwatch": _monitoring,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "ecr": _ecr,
    "glue": _glue,
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "secretsmanager": _secret,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}


def resolve(arn: Arn) -> str:
    """The ARN that a resource has of its own, for one that a request spelt shorter; the same if there is none."""
    if arn.service == "kms" and arn.kind == "alias":
        backend = backend_of("kms", arn)
        keys = backend.keys.values() if backend is not None else ()
        return next((str(key.arn) for key in keys if arn.resource in key.aliases), arn.text)
    if arn.service == "secretsmanager":
        secret = _secret_of(backend_of("secretsmanager", arn), arn)
        return str(secret.arn) if secret is not None else arn.text
    if arn.service == "iam":
        return _resolve_iam(arn)
    return arn.text


def _resolve_iam(arn: Arn) -> str:
    name = arn.resource.rpartition("/")[2]
    look: dict[str, Callable[[str, str], Any]] = {
        "role": iam_facts.role,
        "user": iam_facts.user,
        "policy": iam_facts.policy,
    }
    if arn.kind not in look or arn.account == "aws" or arn.resource.count("/") > 1:
        return arn.text  # with a path it is whole: one that is to be created, or one that somebody spelt out
    found = look[arn.kind](arn.account, name)
    return str(found.arn) if found is not None else arn.text
