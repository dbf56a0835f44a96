"""What our own stores say about resources, and when what was looked up is looked up again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from headgate.localcloud.authorization.arns import parse
from headgate.localcloud.authorization.changes import changes_policies
from headgate.localcloud.authorization.control_facts import ControlFacts
from headgate.localcloud.authorization.own_facts import BucketFacts, LogFacts, OrganizationFacts, SageMakerFacts
from headgate.localcloud.authorization.versions import Remembered, Versions
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.identity.directory import ResourceRecord
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.organizations.model import Account, Organization, Tags
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.s3.store import Attributes, ObjectStore
from unit.localcloud.http_harness import ACCOUNT, FakeClock

REGION = "eu-west-1"
KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def arn(text: str):
    found = parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["", "bucket", "arn:aws:s3", "urn:aws:s3:::b:x"])
def test_what_is_no_arn(text: str) -> None:
    assert parse(text) is None


def test_an_arns_kind_and_name() -> None:
    table = arn("arn:aws:dynamodb:eu-west-1:111111111111:table/t/stream/x")
    assert (table.kind, table.name) == ("table", "t/stream/x")
    function = arn("arn:aws:lambda:eu-west-1:111111111111:function:f:1")
    assert (function.kind, function.name) == ("function", "f:1")


class TestBuckets:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ObjectStore]:
        store = ObjectStore(tmp_path, FakeClock())
        store.create_bucket(ACCOUNT, REGION, "data")
        yield store
        store.close()

    def test_policy_tags_and_default_key(self, store: ObjectStore) -> None:
        store.put_setting("data", "policy", b'{"Statement": []}')
        store.put_setting(
            "data", "tagging", b"<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>"
        )
        key = "<KMSMasterKeyID>12345678-1234-1234-1234-123456789012</KMSMasterKeyID>"
        store.put_setting("data", "encryption", f"<E><Rule><A>{key}</A></Rule></E>".encode())
        found = BucketFacts(store)(arn("arn:aws:s3:::data"))
        assert found is not None
        assert found.policy is not None
        assert (found.owner_account, found.policy.text, found.tags) == (ACCOUNT, '{"Statement": []}', {"team": "a"})
        assert found.kms_key == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"

    @pytest.mark.parametrize(
        ("named", "key"),
        [
            ("", ""),
            ("alias/aws/s3", ""),
            ("alias/mine", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/mine"),
            ("arn:aws:kms:eu-west-1:222222222222:key/k", "arn:aws:kms:eu-west-1:222222222222:key/k"),
        ],
    )
    def test_an_objects_tags_and_key(self, store: ObjectStore, named: str, key: str) -> None:
        attributes = Attributes(tags={"team": "a"}, encryption={KEY_HEADER: named} if named else {})
        store.set_attributes(store.put_bytes("data", "a/b", b""), attributes)
        found = BucketFacts(store)(arn("arn:aws:s3:::data/a/b"))
        assert found is not None
        assert (found.owner_account, found.tags, found.kms_key) == (ACCOUNT, {"team": "a"}, key)

    def test_what_is_not_there(self, store: ObjectStore) -> None:
        assert BucketFacts(store)(arn("arn:aws:s3:::other")) is None
        assert BucketFacts(store)(arn("arn:aws:s3:::data/none")) is None


def test_a_model_package_has_its_groups_policy_and_tags(tmp_path: Path) -> None:
    documents = Documents(tmp_path / "state.db")
    start = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    documents.put(Key(ACCOUNT, REGION, "model-package-group-policy", "g"), {"ResourcePolicy": "{}"})
    documents.put(Key(ACCOUNT, REGION, "tags", f"{start}:model-package-group/g"), {"stage": "dev"})
    facts = SageMakerFacts(documents)
    found = facts(arn(f"{start}:model-package/g/1"))
    assert found is not None
    assert found.policy is not None
    assert (found.policy.text, found.tags) == ("{}", {"stage": "dev"})
    assert facts(arn(f"{start}:endpoint/e")) is None
    documents.put(Key(ACCOUNT, REGION, "endpoint", "e"), {})
    assert facts(arn(f"{start}:endpoint/e")) == ResourceRecord(ACCOUNT)


def test_log_groups_have_tags_and_the_policies_of_their_account(tmp_path: Path) -> None:
    logs = LogStore(tmp_path, FakeClock())
    logs.add_group(ACCOUNT, REGION, "/aws/lambda/f", tags={"team": "a"})
    documents = Documents(tmp_path / "state.db")
    facts = LogFacts(logs, documents)
    found = facts(arn(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/f:log-stream:s"))
    assert found is not None
    assert (found.tags, found.policy) == ({"team": "a"}, None)
    for name in ("one", "two"):
        body = {"policyDocument": json.dumps({"Statement": {"Sid": name}})}
        documents.put(Key(ACCOUNT, REGION, "logs-resource-policy", name), body)
    found = facts(arn(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/f"))
    assert found is not None
    assert found.policy is not None
    assert '"Statement": [{"Sid": "one"}, {"Sid": "two"}]' in found.policy.text
    assert facts(arn(f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/none")) is None
    assert facts(arn(f"arn:aws:logs:{REGION}:{ACCOUNT}:destination:d")) is None


def test_an_organizations_accounts_have_tags(tmp_path: Path) -> None:
    store = OrganizationStore(Documents(tmp_path / "state.db"))
    with store.changing():
        store.put(Organization("o-1", ACCOUNT, "r-1", 1.0))
        store.put(Account("222222222222", "o-1", "r-1", "dev", "dev@example.com", 1.0))
        store.put(Tags("222222222222", "o-1", {"team": "a"}))
    start = f"arn:aws:organizations::{ACCOUNT}:account/o-1"
    found = OrganizationFacts(store)(arn(f"{start}/222222222222"))
    assert found == ResourceRecord(ACCOUNT, None, {"team": "a"})
    assert OrganizationFacts(store)(arn(f"{start}/333333333333")) is None


class TestControlServices:
    @pytest.fixture
    def world(self, tmp_path: Path) -> SimpleNamespace:
        documents = Documents(tmp_path / "state.db")
        facts = ControlFacts(documents)
        sources = facts.sources()

        def look(text: str) -> ResourceRecord | None:
            found = arn(text)
            return sources[found.service](found)

        def put(kind: str, name: str, **body: object) -> None:
            documents.put(Key(ACCOUNT, REGION, kind, name), body)

        return SimpleNamespace(facts=facts, look=look, put=put, start=f"{REGION}:{ACCOUNT}")

    def test_a_bus_has_a_policy(self, world: SimpleNamespace) -> None:
        bus = f"arn:aws:events:{world.start}:event-bus"
        assert world.look(f"{bus}/default") == ResourceRecord(ACCOUNT)
        assert world.look(f"{bus}/headgate") is None
        policy = {"Version": "2012-10-17", "Statement": []}
        world.put("event-bus", "headgate", Policy=policy)
        world.put("event-tags", f"{bus}/headgate", team="a")
        found = world.look(f"{bus}/headgate")
        assert json.loads(found.policy.text) == policy
        assert found.tags == {"team": "a"}

    def test_a_rule_stands_on_its_bus(self, world: SimpleNamespace) -> None:
        world.put("event-rule", "default/nightly")
        world.put("event-rule", "headgate/other")
        rule = f"arn:aws:events:{world.start}:rule"
        assert world.look(f"{rule}/nightly") == world.look(f"{rule}/headgate/other") == ResourceRecord(ACCOUNT)
        assert world.look(f"{rule}/none") is None

    @pytest.mark.parametrize(
        ("kind", "name", "body", "text"),
        [
            ("state-machine", "m", {"tags": {"team": "a"}}, "states:{}:stateMachine:m"),
            ("schedule-group", "g", {"tags": {"team": "a"}}, "scheduler:{}:schedule-group/g"),
            ("trail", "t", {"tags": {"team": "a"}}, "cloudtrail:{}:trail/t"),
            ("catalog-product", "prod-1", {"Tags": [{"Key": "team", "Value": "a"}]}, "catalog:{}:product/prod-1"),
        ],
    )
    def test_tags(self, world: SimpleNamespace, kind: str, name: str, body: dict[str, object], text: str) -> None:
        named = f"arn:aws:{text.format(world.start)}"
        assert world.look(named) is None
        world.put(kind, name, **body)
        assert world.look(named) == ResourceRecord(ACCOUNT, None, {"team": "a"})

    def test_a_stack_is_found_by_its_name(self, world: SimpleNamespace) -> None:
        start = f"arn:aws:cloudformation:{world.start}:stack/s"
        world.put("cfn-stack-name", "s", id=f"{start}/1")
        world.put("cfn-stack", f"{start}/1", tags={"team": "a"})
        assert world.facts.resolve_stack(arn(f"{start}/*")) == f"{start}/1"
        assert world.look(f"{start}/1").tags == {"team": "a"}
        none = f"arn:aws:cloudformation:{world.start}:stack/none/*"
        assert world.facts.resolve_stack(arn(none)) == none


def test_facts_are_remembered_until_the_service_changes() -> None:
    versions, looked = Versions(), []
    facts: Remembered[int] = Remembered(lambda: versions.of("sqs"))

    def look() -> int:
        looked.append(1)
        return len(looked)

    assert (facts.get("q", look), facts.get("q", look)) == (1, 1)
    versions.changed("sns")
    assert facts.get("q", look) == 1
    versions.changed("sqs")
    assert facts.get("q", look) == 2


def test_a_lookup_that_a_change_overtook_is_not_remembered() -> None:
    versions = Versions()
    facts: Remembered[str] = Remembered(lambda: versions.of("sqs"))

    def overtaken() -> str:
        versions.changed("sqs")
        return "old"

    assert facts.get("q", overtaken) == "old"
    assert facts.get("q", lambda: "new") == "new"


@pytest.mark.parametrize(
    ("service", "operation", "changes"),
    [
        ("sqs", "SetQueueAttributes", True),
        ("sqs", "SendMessage", False),
        ("dynamodb", "PutItem", False),
        ("dynamodb", "TagResource", True),
        ("iam", "GetRole", False),
        ("iam", "PutRolePolicy", True),
        ("lambda", "Invoke", False),
    ],
)
def test_moving_data_changes_no_policy(service: str, operation: str, changes: bool) -> None:
    assert changes_policies(service, operation, "POST") is changes


def test_versions_never_move_back_whoever_changes_things_at_once() -> None:
    """Sums of two counters stand for a state of things only as long as neither moves back."""
    versions, seen, threads = Versions(), [], []
    begin = threading.Barrier(5)

    def change() -> None:
        begin.wait()
        for _ in range(2000):
            versions.changed("iam")

    def watch() -> None:
        begin.wait()
        while len(seen) < 20_000:
            seen.append(versions.of("iam"))

    threads = [threading.Thread(target=each) for each in (change, change, change, change, watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == sorted(seen)
    assert versions.of("iam") == 8000
