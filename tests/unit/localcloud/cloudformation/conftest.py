"""CloudFormation behind a small HTTP server, with resource types that keep things in a dictionary."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.clock import Timeline
from headgate.localcloud.cloudformation.service import CloudFormation
from headgate.localcloud.cloudformation.types import Context, Physical, ResourceError, ResourceType
from headgate.localcloud.documents import Documents
from headgate.localcloud.seams import Caller, Json
from unit.localcloud.http_harness import ACCOUNT, FakeClock, Slot, make_client, serve

TOPIC, QUEUE, GROUP = "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Logs::LogGroup"


@dataclass
class World:
    """What the fake types have made, and what they are told to do wrong."""

    things: dict[str, Json] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    refuse: dict[tuple[str, str], str] = field(default_factory=dict)
    hold: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    reached: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    contexts: list[Context] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, verb: str, context: Context) -> None:
        key = (verb, context.logical_id)
        with self.lock:
            self.calls.append(key)
            self.contexts.append(context)
        if key in self.reached:
            self.reached[key].set()
        if key in self.hold:
            assert self.hold[key].wait(20)
        if key in self.refuse:
            raise ResourceError(self.refuse[key], code="InvalidRequest")


@dataclass(frozen=True)
class FakeType:
    """A type whose resources are entries of the world; the physical id is the given or a generated name."""

    world: World
    type_name: str
    handled: frozenset[str]
    name: str
    ignored: Mapping[str, str] = field(default_factory=dict)

    def create(self, context: Context, properties: Json) -> Physical:
        self.world.step("create", context)
        physical_id = properties.get(self.name) or context.name(64)
        if physical_id in self.world.things:
            raise ResourceError(f"{physical_id} exists", code="AlreadyExists")
        self.world.things[physical_id] = dict(properties)
        return self._physical(physical_id)

    def update(self, context: Context, physical_id: str, old: Json, new: Json) -> Physical:
        self.world.step("update", context)
        self.world.things[physical_id] = dict(new)
        return self._physical(physical_id)

    def delete(self, context: Context, physical_id: str, properties: Json) -> None:
        self.world.step("delete", context)
        self.world.things.pop(physical_id, None)

    def find(self, context: Context, properties: Json) -> Physical | None:
        physical_id = properties.get(self.name) or context.name(64)
        return self._physical(physical_id) if physical_id in self.world.things else None

    def read(self, context: Context, physical_id: str, properties: Json) -> Json | None:
        return self.world.things.get(physical_id)

    def _physical(self, physical_id: str) -> Physical:
        arn = f"arn:aws:fake:us-east-1:{ACCOUNT}:{physical_id}"
        return Physical(physical_id, {"Arn": arn, "TopicArn": arn, "TopicName": physical_id, "QueueName": physical_id})


@dataclass
class FakeAccess:
    """Hands out what tests put in as clients, by service; remembers for which session and region."""

    clients: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)

    def role_id(self, arn: str) -> str:
        return self.roles.get(arn, "")

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        self.asked.append((service, principal, caller.account))
        return self.clients[service]

    def session_client(self, service: str, keys: Mapping[str, str], region: str) -> Any:
        self.asked.append((service, keys["AccessKeyId"], region))
        return self.clients[service]


class FakeSts:
    """Gives out sessions whose access key is the account of the role."""

    def __init__(self) -> None:
        self.assumed: list[str] = []

    def assume_role(self, RoleArn: str, RoleSessionName: str, DurationSeconds: int) -> Json:  # noqa: N803
        self.assumed.append(RoleArn)
        return {"Credentials": {"AccessKeyId": RoleArn.split(":")[4], "SecretAccessKey": "s", "SessionToken": "t"}}


@dataclass
class FakeOrganization:
    """Units with accounts in them; `management` manages."""

    management: str = ACCOUNT
    trusted: bool = True
    parents: dict[str, str] = field(
        default_factory=lambda: {
            "ou-root-teams000": "r-root",
            "ou-root-dev00000": "ou-root-teams000",
            "ou-root-quar0000": "r-root",
        }
    )
    places: dict[str, str] = field(default_factory=dict)

    def manages(self, account: str) -> bool:
        return self.trusted and account == self.management

    def has(self, account: str, unit: str) -> bool:
        return unit in self.parents or unit == "r-root"

    def accounts_below(self, unit: str) -> tuple[str, ...]:
        return tuple(account for account in self.places if unit in self.way(account))

    def way(self, account: str) -> tuple[str, ...]:
        found, unit = [], self.places.get(account, "")
        while unit:
            found.append(unit)
            unit = self.parents.get(unit, "")
        return tuple(reversed(found))

    def manager(self, account: str) -> str:
        return self.management


class Place:
    """One local CloudFormation over one folder: it can be stopped as by kill, and started again."""

    def __init__(self, folder: Path, slot: Slot, url: str) -> None:
        self.folder, self._slot, self.url = folder, slot, url
        self.world = World()
        self.access = FakeAccess()
        self.organization = FakeOrganization()
        self.iam: list[tuple[str, str, str]] = []
        self.clock = FakeClock()
        self.types: dict[str, ResourceType] = {
            TOPIC: FakeType(
                self.world, TOPIC, frozenset({"TopicName", "DisplayName", "Tags", "Subscription"}), "TopicName"
            ),
            QUEUE: FakeType(self.world, QUEUE, frozenset({"QueueName", "DelaySeconds", "Tags"}), "QueueName"),
            GROUP: FakeType(
                self.world,
                GROUP,
                frozenset({"LogGroupName", "RetentionInDays"}),
                "LogGroupName",
                {"LogGroupClass": "no"},
            ),
        }
        self.client = make_client("cloudformation", url)
        self.start()

    def start(self) -> None:
        self.documents = Documents(self.folder / "state.db")
        self.timeline = Timeline(None, self.clock.now)
        self.service = CloudFormation(
            self.documents,
            self.timeline,
            lambda: self.url,
            self.access,
            lambda: self.types,
            self.organization,
            lambda account, operation, form: self.iam.append((account, operation, form["RoleName"])),
        )
        self._slot.service = self.service

    def stop(self) -> None:
        self.service.close()
        self.timeline.close()
        self.documents.close()

    def settle(self) -> None:
        self.service.stack_sets.join()
        self.service.engine.join()

    def stack(self, name: str = "s") -> Json:
        found: Json = self.client.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def create(self, template: Json | str, name: str = "s", *, wait: bool = True, **more: Any) -> str:
        text = template if isinstance(template, str) else json.dumps(template)
        stack_id: str = self.client.create_stack(StackName=name, TemplateBody=text, **more)["StackId"]
        if wait:
            self.settle()
        return stack_id

    def update(self, template: Json, name: str = "s", *, wait: bool = True, **more: Any) -> None:
        self.client.update_stack(StackName=name, TemplateBody=json.dumps(template), **more)
        if wait:
            self.settle()

    def delete(self, name: str = "s", **more: Any) -> None:
        self.client.delete_stack(StackName=name, **more)
        self.settle()

    def events(self, name: str = "s") -> list[tuple[str, str]]:
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(item["LogicalResourceId"], item["ResourceStatus"]) for item in reversed(found)]

    def reasons(self, name: str = "s") -> str:
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(item.get("ResourceStatusReason", "") for item in found)


def topic(**properties: Any) -> Json:
    return {"Type": TOPIC, "Properties": properties}


def template(outputs: Json | None = None, **resources: Json) -> Json:
    return {"Resources": resources, **({"Outputs": outputs} if outputs else {})}


@pytest.fixture(scope="session")
def wire() -> Iterator[tuple[Slot, str]]:
    slot = Slot()
    with serve(slot, "cloudformation") as url:
        yield slot, url


@pytest.fixture
def place(tmp_path: Path, wire: tuple[Slot, str]) -> Iterator[Place]:
    found = Place(tmp_path, *wire)
    yield found
    found.stop()


@pytest.fixture
def caught() -> Callable[[Callable[[], object]], str]:
    """The message of the ClientError that a call raises."""
    from botocore.exceptions import ClientError

    def catch(call: Callable[[], object]) -> str:
        with pytest.raises(ClientError) as error:
            call()
        return str(error.value)

    return catch
