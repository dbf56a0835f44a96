"""Making the organization what is declared: everything but the teams' accounts, which are requested and vended.

Each step can be repeated: an apply that was interrupted anywhere is finished by the next one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headgate.actions.accounts.desired import desired_stacks
from headgate.actions.accounts.drift import edited_guardrails, loose_guardrails
from headgate.actions.accounts.facts import DECLARATION_PARAMETER, read_stack
from headgate.actions.accounts.opening import OpenOrganization, who
from headgate.actions.accounts.plan import DesiredStack, stack_change
from headgate.deploy.assets import Upload, publish
from headgate.deploy.durable import DurableAccounts
from headgate.deploy.lease import deployment_lease
from headgate.deploy.polling import Polling
from headgate.deploy.prerequisites import OrganizationFacts, prepare_organization
from headgate.deploy.stack_sets import StackSets
from headgate.deploy.stacks import StackEvent, StackPlan, StackRequest, Stacks
from headgate.errors import FailedError, UserError
from headgate.infra.kinds import KINDS
from headgate.infra.synth import Assembly
from headgate.views.accounts import read_policies, read_units

Tell = Callable[[str], None]

DURABLE_STACKS = {"tooling": "tooling", "data-lake": "data-lake"}
"""The kind of stack in each durable account that is a member."""


class DeclinedError(FailedError):
    """Somebody was asked, and said no."""

    def __init__(self, stack: str) -> None:
        super().__init__(f"stack '{stack}' is left as it is", next_command="headgate accounts plan")


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did: the durable accounts by name, and the steps that changed something."""

    accounts: Mapping[str, str]
    changed: tuple[str, ...]


class Apply:
    """One apply. `tell` gets each step as it begins, `events` what happens to each resource;
    `confirm` is asked before a change that takes something away.
    """

    def __init__(
        self,
        opened: OpenOrganization,
        *,
        tell: Tell = lambda _: None,
        events: Callable[[StackEvent], None] = lambda _: None,
        confirm: Callable[[StackPlan], bool] = lambda _: True,
    ) -> None:
        self._organization = opened.organization
        self._session = opened.session
        self._opened = opened
        self._tell = tell
        self._confirm = confirm
        self._polling = Polling(opened.session.poll_seconds)
        self._stacks = Stacks(opened.session.client("cloudformation"), self._polling, events)
        self._changed: list[str] = []

    def run(self) -> Applied:
        """Apply the declaration. Raises FailedError with the reason of the step that failed."""
        assembly = self._opened.assembly()
        facts = prepare_organization(
            self._session.client("organizations"),
            self._session.client("cloudformation"),
            self._session.client("ram"),
            self._session.account,
            self._step,
        )
        bootstrap, _ = desired_stacks(self._organization, assembly, facts, {})
        bucket = f"headgate-governance-{self._session.account}-{self._session.region}"
        if not self._opened.as_platform and not self._has(bucket):
            self._deploy(bootstrap, None)  # the lease needs the bucket that this makes
        with deployment_lease(self._session.client("s3"), bucket, who(self._session)):
            self._lay_foundation(bootstrap)
            return self._with_lease(assembly, facts, bucket)

    def _lay_foundation(self, bootstrap: DesiredStack) -> None:
        """The boundary and CloudFormation's role, which limit the platform team: it does not change them itself."""
        if not self._opened.as_platform:
            self._deploy(bootstrap, None)
            return
        change = stack_change(bootstrap, read_stack(self._session.client("cloudformation"), bootstrap.name))
        if change is not None:
            account = self._organization.governance_account_id
            raise UserError(
                f"stack {bootstrap.name} has to change first, and the platform team may not change what limits it",
                expected=f"credentials of an administrator of the governance account {account}, this once",
                next_command="headgate accounts apply",
                details=change.details or (change.message,),
            )

    def _has(self, bucket: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._session.client("s3").head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
        return True

    def _with_lease(self, assembly: Assembly, facts: OrganizationFacts, bucket: str) -> Applied:
        s3 = self._session.client("s3")
        uploads = [Upload(asset.path, asset.key) for asset in assembly.assets]
        if count := publish(s3, bucket, uploads):
            self._changed.append(f"published {count} assets")
        durable = DurableAccounts(self._session.client("organizations"), self._polling, self._step)
        members = [each for each in self._organization.durable.values() if each.name in DURABLE_STACKS]
        accounts = durable.ensure(members)
        _, governance = desired_stacks(self._organization, assembly, facts, {**accounts})
        self._deploy(governance, bucket)
        self._restore_guardrails(governance.parameters)
        self._place(durable, accounts)
        self._deploy_durable(accounts)
        self._publish_declaration(bucket)
        return Applied({"governance": self._session.account, **accounts}, tuple(self._changed))

    def _deploy(self, desired: DesiredStack, bucket: str | None) -> None:
        """Bring one stack of the governance account to what is desired; `bucket` holds its template, if it is large."""
        request = StackRequest(
            name=desired.name,
            template_url=self._url(bucket, desired.template.asset.key) if bucket else None,
            template_body=None if bucket else desired.template.body,
            parameters=desired.parameters,
            tags={"headgate:organization": self._organization.name},
            role_arn=self._execution_role() if bucket else None,
        )
        plan = self._stacks.prepare(request)
        if plan.kind != "none":
            if any(change.loses_something for change in plan.changes) and not self._confirm(plan):
                self._stacks.discard(plan)
                raise DeclinedError(desired.name)
            self._step(f"{plan.kind} stack {desired.name}: {len(plan.changes)} resources")
        self._stacks.execute(plan)

    def _restore_guardrails(self, parameters: Mapping[str, str]) -> None:
        """What somebody has taken off or changed by hand: to CloudFormation nothing has changed."""
        organizations = self._session.client("organizations")
        units, policies = read_units(self._session.client("ssm")), read_policies(organizations)
        for edited in edited_guardrails(parameters, policies):
            organizations.update_policy(PolicyId=edited.policy_id, Content=edited.content)
            self._step(f"guardrail {edited.name} says again what it should")
        for loose in loose_guardrails(units, policies):
            organizations.attach_policy(PolicyId=loose.policy_id, TargetId=loose.target)
            self._step(f"guardrail {loose.name} is attached to {loose.unit} again")

    def _place(self, durable: DurableAccounts, accounts: Mapping[str, str]) -> None:
        unit = read_units(self._session.client("ssm"))["durable"]
        for name, account in accounts.items():
            if durable.place(account, unit):
                self._step(f"account {name} is in the unit Durable")
        self._stack_sets().settle(KINDS["guard"].stack_name)

    def _deploy_durable(self, accounts: Mapping[str, str]) -> None:
        """The durable accounts' own stacks; their parameters are the StackSets' own, which governance has set."""
        unit = read_units(self._session.client("ssm"))["durable"]
        for name, kind in DURABLE_STACKS.items():
            if self._stack_sets().ensure(KINDS[kind].stack_name, accounts[name], unit, self._session.region, {}):
                self._changed.append(f"stack {KINDS[kind].stack_name} in account {name}")

    def _publish_declaration(self, bucket: str) -> None:
        """Last: vending reads only a declaration whose stacks are there."""
        digest = self._organization.digest
        key = f"organization/{digest}.json"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "declaration.json"
            file.write_text(json.dumps(self._organization.as_json(), sort_keys=True))
            publish(self._session.client("s3"), bucket, [Upload(file, key)])
        ssm, uri = self._session.client("ssm"), f"s3://{bucket}/{key}"
        found = ssm.get_parameters(Names=[DECLARATION_PARAMETER])["Parameters"]
        if not found or found[0]["Value"] != uri:
            ssm.put_parameter(Name=DECLARATION_PARAMETER, Value=uri, Type="String", Overwrite=bool(found))
            self._step(f"the declaration is {digest[:12]}")

    def _execution_role(self) -> str:
        return f"arn:aws:iam::{self._session.account}:role/headgate/headgate-governance-cloudformation"

    def _stack_sets(self) -> StackSets:
        return StackSets(self._session.client("cloudformation"), self._polling, self._tell)

    def _url(self, bucket: str, key: str) -> str:
        return f"https://{bucket}.s3.{self._session.region}.amazonaws.com/{key}"

    def _step(self, text: str) -> None:
        self._changed.append(text)
        self._tell(text)
