"""An organization: synthesis, a plan of 400 accounts, vending four, and one decision of IAM."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Result, command
from benchmarks.organization import REGION, BenchOrganization, Run
from headgate.aws.sessions import STATE_FOLDER

TEAMS = 100
PEER_STACKS = 400
PEER = f"a CDK app of {PEER_STACKS} stacks of 10 resources, synthesis alone"
LEAST_TOLD = 1.5
"""Milliseconds an account: 400 of them would be 0.6 s of a plan."""
NO_PEER = "(nobody else does this on a laptop)"

_SYNTHESIZE = """
import json, sys
from pathlib import Path
from headgate.infra.synth import synthesize
from headgate.spec.organization import load_organization
made = synthesize(load_organization(Path(sys.argv[1])), cache=Path(sys.argv[2]))
print(json.dumps({kind: template.digest for kind, template in made.templates.items()}))
"""
_ONE_STACK_AN_ACCOUNT = """
import sys
import aws_cdk as cdk
from aws_cdk import aws_iam as iam, aws_kms as kms, aws_s3 as s3
app = cdk.App(outdir=sys.argv[1])
for number in range(int(sys.argv[2])):
    stack = cdk.Stack(app, f"account-{number}")
    key = kms.Key(stack, "Key")
    for name in ("Data", "Artifacts", "Logs"):
        s3.Bucket(stack, name, encryption_key=key, enforce_ssl=True)
    for name in ("Scientist", "Lead", "Engineer"):
        iam.Role(stack, name, assumed_by=iam.AccountRootPrincipal())
app.synth()
"""
_DECIDE = """
import json, statistics, sys, time
from pathlib import Path
from headgate.localcloud.cloud import LocalCloud, SystemClock
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import StateFolder
state, key, bucket, calls = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
cloud = LocalCloud(StateFolder(state), clock=SystemClock(), endpoint_url=lambda: "http://127.0.0.1:1")
cloud.moto.start()
cloud.moto.wait(60)
caller = cloud.identities.caller(key, "eu-west-1")
asked = [
    ("s3", "GetObject", {"Bucket": bucket, "Key": "one"}),
    ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "t", "RoleArn": "arn:aws:iam::1:role/r"}),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
    ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111122223333:role/headgate/headgate-governance-it"}),
]
taken, decided = [], {}
for number in range(calls):
    service, operation, parameters = asked[number % len(asked)]
    begun = time.perf_counter()
    try:
        cloud.access.gate.require(service, operation, parameters, caller)
        decided[operation] = "allowed"
    except AwsError as error:
        decided[operation] = error.code
    taken.append((time.perf_counter() - begun) * 1000)
from moto.iam.access_control import IAMPolicy
from moto.iam.models import iam_backends
path = caller.principal.split("/")
name = path[1] if "assumed-role" in path[0] else path[-1]
role = next(each for each in iam_backends[caller.account]["aws"].roles.values() if each.name == name)
policies = [*({"policy_document": text} for text in role.policies.values()), *role.managed_policies.values()]
named = [("s3:GetObject", f"arn:aws:s3:::{bucket}/one"), ("sagemaker:CreateTrainingJob", "*"),
         ("iam:CreateRole", "*"), ("sts:AssumeRole", "arn:aws:iam::111122223333:role/headgate/headgate-governance-it")]
motos = []
for number in range(calls):
    action, resource = named[number % len(named)]
    begun = time.perf_counter()
    for policy in policies:
        IAMPolicy(policy).is_action_permitted(action, resource)
    motos.append((time.perf_counter() - begun) * 1000)
cloud.close()
print(json.dumps({"median": statistics.median(taken[100:]), "p99": statistics.quantiles(taken[100:], n=100)[98],
                  "moto_median": statistics.median(motos), "moto_p99": statistics.quantiles(motos, n=100)[98],
                  "policies": len(policies), "decided": decided}))
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """What one stack for each account costs: seconds, MB at the peak, templates."""

    seconds: float
    megabytes: float
    templates: int


def measure(folder: Path) -> Iterator[Result]:
    """Cold first, so that everything after it has the templates in the cache."""
    peer = _one_stack_an_account(folder / "peer")
    with BenchOrganization(folder / "organization", TEAMS) as made:
        yield from _synthesis(folder, made, peer)
        made.run("accounts", "plan")
        applied = made.run("accounts", "apply", "--yes")
        yield Result("accounts apply, an empty account", applied.seconds, "s", 60, NO_PEER)
        vended = made.run("accounts", "request", "team-000")
        yield Result("vending a team's four accounts", vended.seconds, "s", 15, NO_PEER)
        yield from _decisions(made)
        yield from _plans(made, peer)


def _one_stack_an_account(folder: Path) -> Peer:
    begun = time.perf_counter()
    log = folder.with_suffix(".log")
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _ONE_STACK_AN_ACCOUNT, folder, str(PEER_STACKS)], stdout=said, stderr=said
        )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"the app of {PEER_STACKS} stacks failed:\n{log.read_text()[-2000:]}"
        raise RuntimeError(message)
    return Peer(time.perf_counter() - begun, used.ru_maxrss / 1024, len(list(folder.glob("account-*.template.json"))))


def _synthesis(folder: Path, made: BenchOrganization, peer: Peer) -> Iterator[Result]:
    one = BenchOrganization(folder / "one", 1)
    begun = time.perf_counter()
    templates = _templates(made, folder / "cold")
    yield Result("synthesis of all kinds, cold", time.perf_counter() - begun, "s", 30, PEER, peer.seconds)
    fewer = _templates(one, folder / "cold-one")
    different = len(set(templates.items()) ^ set(fewer.items()))
    yield Result(f"templates that differ, {TEAMS} teams or 1", different, "", 0)
    yield Result("templates in all", len(templates), "", len(fewer), PEER, peer.templates)


def _templates(made: BenchOrganization, cache: Path) -> dict[str, str]:
    done = command([sys.executable, "-c", _SYNTHESIZE, made.file, cache])()
    found: dict[str, str] = json.loads(str(done))
    return found


def _plans(made: BenchOrganization, peer: Peer) -> Iterator[Result]:
    """With the accounts of one team, of half of them, and of all."""
    few = min(run.busy for run in _runs(made))
    made.seed(1, TEAMS // 2)
    half = min(run.busy for run in _runs(made))
    made.seed(TEAMS // 2, TEAMS)
    first = made.run("accounts", "plan", "--exit-code", check=False)
    if first.code:
        message = f"what was seeded is not as declared:\n{first.output[:2000]}"
        raise RuntimeError(message)
    runs = _runs(made)
    seconds = statistics.median(run.seconds for run in runs)
    yield Result(f"accounts plan, {TEAMS} teams, {TEAMS * 4} accounts", seconds, "s", 10, PEER, peer.seconds)
    yield Result("its peak memory", max(run.megabytes for run in runs), "MB", 500, PEER, peer.megabytes)
    # Linear, in processor time: the last accounts cost no more than the first ones. Less than the floor is noise.
    before = (half - few) * 1000 / (TEAMS * 2)
    after = (min(run.busy for run in runs) - half) * 1000 / (TEAMS * 2)
    bound = max(1.5 * before, LEAST_TOLD)
    yield Result(f"an account more, of the last {TEAMS * 2}", after, "ms", bound, f"of the first {TEAMS * 2}", before)


def _runs(made: BenchOrganization) -> list[Run]:
    return [made.run("accounts", "plan") for _ in range(3)]


def _decisions(made: BenchOrganization) -> Iterator[Result]:
    """In a process of its own, on the state that the stopped cloud has left: a data scientist's calls in dev."""
    key = made.variables("--as", "data-scientist", "--team", "team-000", "--env", "dev")["AWS_ACCESS_KEY_ID"]
    rows = json.loads(made.run("accounts", "list", "--output", "json").output)
    account = next(row["account_id"] for row in rows if row["name"] == "dev")
    made.run("cloud", "down")
    state = made.folder / STATE_FOLDER
    bucket = f"headgate-dev-data-{account}-{REGION}"
    done = subprocess.run(
        [sys.executable, "-c", _DECIDE, state, key, bucket, "4000"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = json.loads(done.stdout)
    if not found["policies"]:
        message = "moto has no policy of the role to decide by"
        raise RuntimeError(message)
    if len(set(found["decided"].values())) < 2:
        message = f"everything was decided alike: {found['decided']}"
        raise RuntimeError(message)
    peer = "moto on the role's own policies, without boundary, SCPs and resource policies"
    yield Result("a decision of IAM, median", found["median"], "ms", 1, peer, found["moto_median"])
    yield Result("a decision of IAM, 99th percentile", found["p99"], "ms", 5, peer, found["moto_p99"])
