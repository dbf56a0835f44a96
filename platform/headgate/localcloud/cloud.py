"""The composition root: everything the local cloud is made of, wired together once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from headgate.localcloud import sdk_data
from headgate.localcloud.alarms.service import Alarms
from headgate.localcloud.authorization.access import Access
from headgate.localcloud.clock import Timeline
from headgate.localcloud.cloudformation.resources.registry import registry
from headgate.localcloud.cloudformation.service import CloudFormation
from headgate.localcloud.cloudformation.stacksets.organization import StoredOrganization
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.events.service import EventBridge
from headgate.localcloud.functions import moto_lambda, moto_settings
from headgate.localcloud.functions.moto_lambda import LambdaInvocations
from headgate.localcloud.functions.runner import FunctionRunner
from headgate.localcloud.functions.values import Function
from headgate.localcloud.jobs.engine import JobEngine
from headgate.localcloud.logs.service import LogsService
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.mail import Outbox
from headgate.localcloud.notices.announcer import Announcer, Calls
from headgate.localcloud.notices.calls import AccountResults
from headgate.localcloud.notices.objects import ObjectNotices
from headgate.localcloud.organizations.access_role import make_account_role
from headgate.localcloud.organizations.service import Organizations
from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec
from headgate.localcloud.s3.service import S3Service
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.runtime import SageMakerRuntime
from headgate.localcloud.sagemaker.service import SageMaker
from headgate.localcloud.scheduler.service import Scheduler
from headgate.localcloud.seams import Caller, Clock, Json, Service, StateFolder
from headgate.localcloud.server import (
    moto_alarms,
    moto_budgets,
    moto_deliveries,
    moto_glue,
    moto_keys,
    moto_lakeformation,
    moto_mail,
    moto_networks,
    moto_speed,
    moto_storage,
)
from headgate.localcloud.server.app import Application
from headgate.localcloud.server.clients import Clients
from headgate.localcloud.server.control import Command, Control
from headgate.localcloud.server.credentials import RoleCredentials
from headgate.localcloud.server.identity import DEFAULT_ACCOUNT
from headgate.localcloud.server.internal import ask_form
from headgate.localcloud.server.journal import Journal
from headgate.localcloud.server.moto_alarms import MotoMetrics
from headgate.localcloud.server.moto_host import MotoHost
from headgate.localcloud.servicecatalog.organization import way_in
from headgate.localcloud.servicecatalog.service import ServiceCatalog
from headgate.localcloud.states.client_calls import ClientCalls
from headgate.localcloud.states.service import StepFunctions
from headgate.localcloud.sts.sessions import Sessions
from headgate.localcloud.trail.history import EventHistory
from headgate.localcloud.trail.recorder import Recorder
from headgate.localcloud.trail.service import CloudTrail

_RUNTIMES = Key("", "", "runtimes", "all")
_WARM = ("sts", "iam", "ssm", "sqs", "awslambda", "events", "secretsmanager", "kms")


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()


class LocalCloud:
    """AWS on one machine, over one state folder. `start` brings it up, `close` takes every job down with it."""

    def __init__(self, state: StateFolder, *, clock: Clock, endpoint_url: Callable[[], str]) -> None:
        self._endpoint_url = endpoint_url
        self._clients = Clients()
        self.documents = Documents(state.database)
        self.timeline = Timeline(self.documents, clock.now)
        self._clock = clock = self.timeline
        self.outbox = Outbox(self.documents, clock)
        self.journal = Journal(state.moto / "journal")
        self.moto = MotoHost(self.journal, clock, prepare=self._prepare_moto, warm=_WARM)
        self.objects = ObjectStore(state.objects, clock)
        self.logs = LogStore(state.logs, clock)
        self.organizations = Organizations(self.documents, clock, self._make_role)
        sessions = Sessions(self.documents, clock)
        self.history = EventHistory(state.trail)
        self.recorder = Recorder(self.history, sessions, clock)
        self.access = Access(
            self.documents,
            self.moto,
            self.organizations.store,
            self.objects,
            self.logs,
            clock,
            sessions,
            self.recorder,
        )
        self.cloudtrail = CloudTrail(
            self.documents,
            self.history,
            self.organizations.store,
            self.timeline,
            self.service_client,
            self._may_use_bucket,
        )
        self.recorder.arrived = self.cloudtrail.delivery.arrived
        self.identities = self.access.identities
        self.credentials = RoleCredentials(self.access.assume_role, self.access.role_id, clock, endpoint_url)
        self.runtimes = RuntimeRegistry()
        stored = self.documents.find(_RUNTIMES) or {}
        for told in reversed(stored.get("projects", [])):
            self.runtimes.replace(tuple(RuntimeSpec.from_json(spec) for spec in told["specs"]), told["project"])
        self.functions = FunctionRunner(
            state.functions, self.credentials.environment, self._address_for, self._write_function_log, clock
        )
        self.invocations = LambdaInvocations(self.moto, self.functions, self.documents)
        self.jobs = JobEngine(
            self.documents,
            self.objects,
            self.logs,
            self.runtimes,
            clock,
            state.jobs,
            endpoint_url,
            self.credentials.environment,
            access=self.access.of_jobs(endpoint_url),
        )
        self.sagemaker = SageMaker(
            self.documents,
            self.objects,
            self.jobs,
            clock,
            self.client,
            authorize=self.access.gate.check,
            authorize_step=self.access.authorize_step,
        )

        self.events = EventBridge(self.documents, self.timeline, self)
        Announcer(self.documents, self.events)
        calls = Calls(self.documents, self.events, self.cloudtrail.logged_for)
        self.recorder.told, self.recorder.answered = calls.told, calls.answered
        AccountResults(self.documents, self.recorder.keep, clock.now)
        self.object_notices = ObjectNotices(
            self.objects, self.documents, self.timeline, self, self.events.publish, self.access.gate.require
        )
        self.alarms = Alarms(
            self.documents, self.timeline, self, self.events.publish, self.moto, MotoMetrics(self.moto)
        )
        self.scheduler = Scheduler(self.documents, self.timeline, self)
        self.states = StepFunctions(
            self.documents,
            self.timeline,
            ClientCalls(self.client),
            publish=self.events.publish,
            write_log=self._write_log,
            check_role=self._as_role,
            check_log_group=self._check_log_group,
        )
        self.servicecatalog = ServiceCatalog(
            self.documents,
            self.timeline,
            self.client,
            way=way_in(self.organizations.store),
            role_arn=self._role_arn,
        )
        self.cloudformation = CloudFormation(
            self.documents,
            self.timeline,
            endpoint_url,
            self,
            registry,
            StoredOrganization(self.organizations.store),
            self._ask_iam,
        )
        self.organizations.store.observers.append(self.cloudformation.on_account_moved)

    def start(self) -> None:
        """Start moto in the background and settle what a killed daemon left running."""
        self.moto.start()
        for part in (self.organizations, self.jobs, self.sagemaker, self.invocations, self.events, self.states):
            part.recover()
        self.scheduler.recover()
        self.object_notices.recover()
        self.alarms.recover()
        self.cloudtrail.recover()
        self.cloudformation.recover()
        self.servicecatalog.recover()

    def application(self, token: str, stop: Callable[[], None]) -> Application:
        """What the HTTP server calls; `stop` is run when a control request asks for the end."""
        control = Control(token, self._commands(stop))
        public = {self.cloudformation.responses.path: self.cloudformation.responses.answer}
        guard, origin = self.access.guard, self.access.origins.read
        return Application(self._services(), self.moto, self.identities, control, guard, public, origin)

    def client(self, caller: Caller, service: str, role_arn: str) -> Any:
        """A boto3 client of a service, acting as a role in the caller's account and region, against this cloud."""
        return self._clients.client(service, self._as_role(caller, role_arn))

    def _as_role(self, caller: Caller, role_arn: str) -> Mapping[str, str]:
        """The variables that make an SDK act as the role, in a session named after the service that takes it."""
        session = caller.service.partition(".")[0] or "SageMaker"
        return self.credentials.environment(caller, role_arn, session)

    def _role_arn(self, account: str, name: str) -> str:
        role = self.access.directory.role(account, name)
        return role.arn if role else ""

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        """A boto3 client of a service, acting as an AWS service (`events.amazonaws.com`) in the caller's account.

        `context` says on whose behalf: `aws:SourceArn`, `aws:SourceAccount`. Resource policies decide what it may do.
        """
        key = self.identities.service_key(principal, caller.account, context)
        return self._clients.client(service, self.credentials.variables(caller, key))

    def role_id(self, arn: str) -> str:
        """The unique id of a role that exists, empty for one that does not."""
        return self.access.role_id(arn)

    def session_client(self, service: str, keys: Mapping[str, str], region: str) -> Any:
        """A boto3 client of a service for a session that STS gave out, or for one known by its access key alone."""
        known = self.credentials.variables(Caller("", region), keys["AccessKeyId"])
        secret = {"AWS_SECRET_ACCESS_KEY": keys.get("SecretAccessKey"), "AWS_SESSION_TOKEN": keys.get("SessionToken")}
        return self._clients.client(service, {**known, **{name: value for name, value in secret.items() if value}})

    def close(self) -> None:
        """Stop executions and jobs, then let go of the files."""
        parts = (
            self.timeline,
            self.servicecatalog,
            self.cloudformation,
            self.events,
            self.object_notices,
            self.alarms,
            self.scheduler,
            self.states,
            self.sagemaker,
            self.jobs,
            self.functions,
        )
        for part in (*parts, self.moto, self.history, self.documents, self.objects):
            part.close()

    def _services(self) -> Mapping[str, Service]:
        return {
            "s3": S3Service(self.objects, self.object_notices.refused),
            "monitoring": self.alarms,
            "logs": LogsService(self.logs, self.documents),
            "sagemaker": self.sagemaker,
            "sagemaker-runtime": SageMakerRuntime(self.jobs),
            "lambda": self.invocations,
            "cloudformation": self.cloudformation,
            "organizations": self.organizations,
            "ram": self.organizations.sharing,
            "cloudtrail": self.cloudtrail,
            "events": self.events,
            "scheduler": self.scheduler,
            "servicecatalog": self.servicecatalog,
            "states": self.states,
            "sts": self.access.sts,
        }

    def _commands(self, stop: Callable[[], None]) -> Mapping[tuple[str, str], Command]:
        def ending(_: object) -> Json:
            threading.Thread(target=stop, name="stop", daemon=True).start()
            return {"stopping": True}

        return {
            ("GET", "health"): lambda _: self.health(),
            ("GET", "clock"): lambda _: self.timeline.as_json(),
            ("POST", "clock"): self.timeline.command,
            ("GET", "runtimes"): lambda _: self._told_runtimes(),
            ("POST", "runtimes"): lambda body: self.replace_runtimes(body["specs"], body["project"]),
            ("GET", "mail"): lambda _: self.outbox.as_json(),
            ("POST", "quotas"): self.organizations.set_quotas,
            ("POST", "trails"): lambda _: {"files": self.cloudtrail.delivery.flush()},
            ("POST", "stop"): ending,
        }

    def health(self) -> Json:
        """Whether everything is up; `moto` is false while its journal is being replayed."""
        return {"ready": True, "moto": self.moto.ready, "account": DEFAULT_ACCOUNT, "url": self._endpoint_url()}

    def replace_runtimes(self, specs: Any, project: str = "") -> Json:
        """Take over the container runtimes of a project, by its folder; they are kept for the next start."""
        if not isinstance(specs, list):
            raise TypeError("the runtimes must be a JSON list")
        runtimes = tuple(RuntimeSpec.from_json(spec) for spec in specs)
        self.runtimes.replace(runtimes, project)
        self.documents.put(_RUNTIMES, self._told_runtimes())
        return {"runtimes": [spec.name for spec in runtimes]}

    def _told_runtimes(self) -> Json:
        told = self.runtimes.told().items()
        return {"projects": [{"project": name, "specs": [spec.as_json() for spec in specs]} for name, specs in told]}

    def _ask_iam(self, account: str, operation: str, form: Mapping[str, str]) -> None:
        ask_form(self.moto, "iam", "2010-05-08", Caller(account, "us-east-1"), operation, form)
        self.access.iam_changed()

    def _may_use_bucket(self, caller: Caller, operation: str, parameters: Json) -> None:
        """Raises AwsError unless the bucket exists and lets the caller do an operation of S3."""
        self.objects.bucket(parameters["Bucket"])
        self.access.gate.require("s3", operation, parameters, caller)

    def _make_role(self, account: str, name: str, trusted: str) -> None:
        make_account_role(self.moto, account, name, trusted)
        self.access.iam_changed()

    def _prepare_moto(self) -> None:
        """Replace what would be a second truth inside moto; runs once moto can be imported."""
        sdk_data.share()
        moto_keys.install(self.moto.outside)
        moto_storage.install(self.moto.outside, self.objects, self.logs)
        moto_lambda.install(self.moto, self.functions)
        moto_deliveries.install(self.moto.outside, lambda: self.access.deliveries)
        moto_mail.install(self.moto.outside, self.outbox)
        moto_alarms.install()
        moto_budgets.install()
        moto_glue.install()
        moto_lakeformation.install()
        moto_networks.install()
        moto_speed.install()
        moto_settings.install()

    def _address_for(self, function: Function) -> str:
        return self.access.networks.address(self._endpoint_url(), function.account, function.region, function.subnets)

    def _write_function_log(self, function: Function, stream: str, text: str) -> None:
        self._write_log(function.account, function.region, function.log_group, stream, text.splitlines())

    def _write_log(self, account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
        with self.logs.writer(account, region, group, stream) as writer:
            for line in lines:
                writer.write(line)

    def _check_log_group(self, caller: Caller, arn: str) -> None:
        """Raises AwsError if a state machine's log group does not exist."""
        _, _, _, region, account, _, name, *_ = arn.split(":")
        if account != caller.account or self.logs.find_group(account, region, name) is None:
            raise AwsError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: there is no log group {arn}")
