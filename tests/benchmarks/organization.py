"""An organization of a hundred teams in a local cloud of its own, most of it written straight into the state.

One team is vended for real. The other teams' accounts are what plans read of one: a member in its unit, instances
of StackSets, a row of the catalog. Their stacks' resources are not there, which no plan looks at.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import boto3
import yaml

from benchmarks.cloud import HEADGATE
from headgate.aws.sessions import STATE_FOLDER
from headgate.control.vending.declaration import Declaration, wanted
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.documents import Documents
from headgate.localcloud.organizations.model import Account, Unit
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.seams import Clock
from headgate.spec.organization import Organization, load_organization

GOVERNANCE, REGION = "111122223333", "eu-west-1"
_BATCH = 25
"""Items that DynamoDB takes at once."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command: how long it took in seconds, its peak memory in MB, what it printed and its exit code.

    `busy` is the processor time, in seconds, of the command and of the cloud that answers it: what else runs adds
    nothing to it.
    """

    seconds: float
    busy: float
    megabytes: float
    output: str
    code: int


class RealClock:
    def now(self) -> float:
        return time.time()


class BenchOrganization:
    """A folder with an organization.yaml of so many teams; `with` takes its cloud down."""

    def __init__(self, folder: Path, teams: int) -> None:
        self.folder = folder
        (folder / "accounts").mkdir(parents=True)
        self.file = folder / "accounts" / "organization.yaml"
        self.file.write_text(yaml.safe_dump(declaration(teams), sort_keys=False))
        self.organization: Organization = load_organization(self.file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.run("cloud", "down")

    def run(self, *arguments: str, check: bool = True, **environment: str) -> Run:
        """A `headgate` command in a process of its own. Raises RuntimeError when it fails and may not."""
        output = self.folder / "output"
        before = self._cloud_busy()
        begun = time.perf_counter()
        with output.open("w") as stream:
            process = subprocess.Popen(
                [HEADGATE, *arguments],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
        busy = used.ru_utime + used.ru_stime + max(self._cloud_busy() - before, 0.0)
        done = Run(
            time.perf_counter() - begun,
            busy,
            used.ru_maxrss / 1024,
            output.read_text(),
            os.waitstatus_to_exitcode(status),
        )
        process.returncode = done.code
        if check and done.code:
            message = f"headgate {' '.join(arguments)}: exit {done.code}\n{done.output[-2000:]}"
            raise RuntimeError(message)
        return done

    def _cloud_busy(self) -> float:
        """Processor time that the running cloud has taken, in seconds; 0 when there is none."""
        try:
            pid = json.loads((self.folder / STATE_FOLDER / "daemon.json").read_text())["pid"]
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def variables(self, *arguments: str) -> Mapping[str, str]:
        """What `headgate cloud env` prints."""
        found: Mapping[str, str] = json.loads(self.run("cloud", "env", "--shell", "json", *arguments).output)
        return found

    def seed(self, first: int, last: int) -> None:
        """Give these teams, by their numbers, their accounts. The cloud is stopped for it, and started again."""
        self.run("cloud", "down")
        documents = Documents(self.folder / STATE_FOLDER / "state.db")
        try:
            rows = list(_seed(documents, self.organization, RealClock(), range(first, last)))
        finally:
            documents.close()
        url = json.loads(self.run("cloud", "up", "--output", "json").output)["url"]
        dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=f"HEADGATE{GOVERNANCE}",
            aws_secret_access_key="any",
        )
        for begin in range(0, len(rows), _BATCH):
            items = [{"PutRequest": {"Item": row}} for row in rows[begin : begin + _BATCH]]
            dynamodb.batch_write_item(RequestItems={"headgate-catalog": items})


def declaration(teams: int) -> dict[str, Any]:
    """So many teams with an account for each environment."""
    return {
        "name": "bench",
        "region": REGION,
        "email": "aws+{account}@example.com",
        "accounts": {"governance": {"id": GOVERNANCE}},
        "data_sets": {"sales": {}},
        "teams": {
            f"team-{number:03}": {
                "owners": ["owner@example.com", "lead@example.com"],
                "approvers": {"preprod": ["lead@example.com"], "prod": ["risk@example.com"]},
                "cost_centre": str(number),
                "budget": 100,
                "data_sets": ["sales"],
                "cidr": f"10.{number}.0.0/18",
            }
            for number in range(teams)
        },
    }


def _seed(
    documents: Documents, organization: Organization, clock: Clock, numbers: range
) -> Iterator[Mapping[str, Any]]:
    """Write members and instances, after those of the first team; yield the rows of the catalog."""
    from boto3.dynamodb.types import TypeSerializer

    serialize = TypeSerializer().serialize
    members, sets = OrganizationStore(documents), StackSetStore(documents, clock)
    units = {unit.name: unit.id for unit in members.all(Unit)}
    teams = list(organization.teams)
    first, others = teams[0], [teams[number] for number in numbers]
    pattern = next(each for each in members.all(Account) if each.email == f"aws+{first}-dev@example.com")
    instances = [
        (stack_set, instance)
        for stack_set in sets.sets()
        for instance in sets.instances(stack_set, pattern.id)
        if not stack_set.name.startswith("headgate-environment-")
    ]
    environments = {stack_set.name.rpartition("-")[2]: stack_set for stack_set in sets.sets()}
    model = next(each for each in sets.instances(environments["dev"], pattern.id))
    applied = Declaration(organization.digest, organization.as_json())
    number = 500_000_000_000 + 100 * numbers.start
    with members.changing():
        for team in others:
            for account in wanted(applied, team):
                number += 1
                identity = str(number)
                members.put(
                    replace(pattern, id=identity, parent=units[account.ou], email=account.email, name=account.name)
                )
                for stack_set, instance in instances:
                    sets.put_instance(stack_set, replace(instance, account=identity, ou=units[account.ou]))
                for environment in account.environments:
                    sets.put_instance(environments[environment], replace(model, account=identity, ou=units[account.ou]))
                row = {
                    "team": team,
                    "account_name": account.name,
                    "state": "active",
                    "account_id": identity,
                    "environments": list(account.environments),
                    "email": account.email,
                    "ou": account.ou,
                    "region": account.region,
                    "parameters": {"account": account.account_parameters, **account.environment_parameters},
                }
                yield {name: serialize(value) for name, value in row.items()}
