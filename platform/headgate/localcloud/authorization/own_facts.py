"""What our own stores hold about resources: buckets, objects, model package groups, log groups, accounts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from headgate.localcloud.authorization.arns import Arn
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.identity.directory import Document, ResourceRecord
from headgate.localcloud.logs import policies
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.organizations.model import Account, Organization, Policy, Unit
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.s3.store import ObjectStore

Look = Callable[[Arn], ResourceRecord | None]
_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
_KEY_ID = re.compile(r"[0-9a-f-]{36}|mrk-[0-9a-f]{32}|alias/.+")


def own_facts(
    documents: Documents, objects: ObjectStore, logs: LogStore, organizations: OrganizationStore
) -> Mapping[str, Look]:
    """Who to ask about an ARN, by its service."""
    return {
        "s3": BucketFacts(objects),
        "sagemaker": SageMakerFacts(documents),
        "logs": LogFacts(logs, documents),
        "organizations": OrganizationFacts(organizations),
    }


class BucketFacts:
    """`arn:aws:s3:::bucket` and `arn:aws:s3:::bucket/key`. A bucket's public access block is in its policy's favour."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def __call__(self, arn: Arn) -> ResourceRecord | None:
        name, _, key = arn.resource.partition("/")
        bucket = self._objects.buckets.find(name)
        if bucket is None:
            return None
        if not key:
            policy = self._objects.buckets.setting(name, "policy")
            document = Document(f"policy of bucket {name}", policy.decode()) if policy else None
            default_key = self._kms_key(bucket.account, bucket.region, _default_key(self._setting(name, "encryption")))
            return ResourceRecord(bucket.account, document, _bucket_tags(self._setting(name, "tagging")), default_key)
        found = self._objects.find(name, key)
        if found is None:
            return None
        named = found.attributes.encryption.get(_KEY_HEADER, "")
        owned_key = self._kms_key(bucket.account, bucket.region, named)
        return ResourceRecord(bucket.account, None, dict(found.attributes.tags), owned_key)

    def _setting(self, bucket: str, name: str) -> ET.Element | None:
        body = self._objects.buckets.setting(bucket, name)
        return ET.fromstring(body) if body else None  # noqa: S314 - checked when it was put

    @staticmethod
    def _kms_key(account: str, region: str, named: str) -> str:
        """A key's ARN, for one that is named by its id or alias; empty for AWS's own key."""
        if not named or "alias/aws/" in named:
            return ""
        if _KEY_ID.fullmatch(named):
            return f"arn:aws:kms:{region}:{account}:{named if named.startswith('alias/') else f'key/{named}'}"
        return named


def _default_key(encryption: ET.Element | None) -> str:
    found = encryption.find(".//{*}KMSMasterKeyID") if encryption is not None else None
    return (found.text or "").strip() if found is not None else ""


def _bucket_tags(tagging: ET.Element | None) -> dict[str, str]:
    found = {}
    for tag in tagging.iterfind(".//{*}Tag") if tagging is not None else ():
        found[tag.findtext("{*}Key", "")] = tag.findtext("{*}Value", "")
    return found


class SageMakerFacts:
    """Tags by ARN, and the policies of model package groups, which are those of their versions too."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __call__(self, arn: Arn) -> ResourceRecord | None:
        policy = None
        if arn.kind in {"model-package-group", "model-package"}:
            group = arn.name.partition("/")[0]
            found = self._documents.find(Key(arn.account, arn.region, "model-package-group-policy", group))
            policy = Document(f"policy of model package group {group}", found["ResourcePolicy"]) if found else None
        tags = {**self._tags(arn, self._group(arn)), **self._tags(arn, arn.text)}
        if policy is None and not tags and self._documents.find(self._key(arn)) is None:
            return None
        return ResourceRecord(arn.account, policy, tags)

    def _tags(self, arn: Arn, of: str) -> dict[str, str]:
        return self._documents.find(Key(arn.account, arn.region, "tags", of)) or {}

    @staticmethod
    def _group(arn: Arn) -> str:
        """Whose tags an ARN has too: a version those of its group (SageMaker API, CreateModelPackage)."""
        group, slash, _ = arn.name.partition("/")
        if arn.kind != "model-package" or not slash:
            return arn.text
        return f"arn:aws:sagemaker:{arn.region}:{arn.account}:model-package-group/{group}"

    @staticmethod
    def _key(arn: Arn) -> Key:
        name = arn.text if arn.kind == "model-package" else arn.name
        return Key(arn.account, arn.region, arn.kind, name)


class LogFacts:
    """Log groups and their tags. The account's resource policies are those of every group of it."""

    def __init__(self, logs: LogStore, documents: Documents) -> None:
        self._logs = logs
        self._documents = documents

    def __call__(self, arn: Arn) -> ResourceRecord | None:
        if arn.kind != "log-group":
            return None
        name = arn.name.partition(":")[0]
        group: Any = self._logs.find_group(arn.account, arn.region, name)
        if group is None:
            return None
        statements = policies.statements(self._documents, arn.account, arn.region)
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        policy = Document("resource policies of CloudWatch Logs", text) if statements else None
        return ResourceRecord(arn.account, policy, dict(group.settings.tags))


class OrganizationFacts:
    """Roots, units, accounts and policies: owned by the management account."""

    def __init__(self, store: OrganizationStore) -> None:
        self._store = store

    def __call__(self, arn: Arn) -> ResourceRecord | None:
        identifier = arn.resource.rpartition("/")[2]
        for kind in (Account, Unit, Policy, Organization):
            row = self._store.find(kind, identifier)
            if row is not None:
                return ResourceRecord(arn.account, None, self._store.tags(identifier))
        return None
