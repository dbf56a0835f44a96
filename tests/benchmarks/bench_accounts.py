"""An organization: synthesis, a plan of 400 accounts, vending four, and one decision of IAM."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Result, command
from benchmarks.organization import REGION, BenchOrganization
from headgate.aws.sessions import STATE_FOLDER

TEAMS = 100
PEER_STACKS = 400

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
cloud.close()
print(json.dumps({"median": statistics.median(taken[100:]), "p99": statistics.quantiles(taken[100:], n=100)[98],
                  "decided": decided}))
"""


def measure(folder: Path) -> Iterator[Result]:
    """Cold first, so that everything after it has the templates in the cache."""
    with BenchOrganization(folder / "organization", TEAMS) as made:
        yield from _synthesis(folder, made)
        made.run("accounts", "plan")
        applied = made.run("accounts", "apply", "--yes")
        yield Result("accounts apply, an empty account", applied.seconds, "s", 60)
        vended = made.run("accounts", "request", "team-000")
        yield Result("vending a team's four accounts", vended.seconds, "s", 15)
        yield from _decisions(made)
        yield from _plans(folder, made)


def _synthesis(folder: Path, made: BenchOrganization) -> Iterator[Result]:
    one = BenchOrganization(folder / "one", 1)
    begun = time.perf_counter()
    templates = _templates(made, folder / "cold")
    yield Result("synthesis of all kinds, cold", time.perf_counter() - begun, "s", 30)
    fewer = _templates(one, folder / "cold-one")
    different = len(set(templates.items()) ^ set(fewer.items()))
    yield Result(f"templates that differ, {TEAMS} teams or 1", different, "", 0)
    yield Result("templates in all", len(templates), "", len(fewer))


def _templates(made: BenchOrganization, cache: Path) -> dict[str, str]:
    done = command([sys.executable, "-c", _SYNTHESIZE, made.file, cache])()
    found: dict[str, str] = json.loads(str(done))
    return found


def _plans(folder: Path, made: BenchOrganization) -> Iterator[Result]:
    made.seed()
    first = made.run("accounts", "plan", "--exit-code", check=False)
    if first.code:
        message = f"what was seeded is not as declared:\n{first.output[:2000]}"
        raise RuntimeError(message)
    runs = [made.run("accounts", "plan") for _ in range(3)]
    begun = time.perf_counter()
    command([sys.executable, "-c", _ONE_STACK_AN_ACCOUNT, folder / "peer", str(PEER_STACKS)])()
    theirs = time.perf_counter() - begun
    accounts = f"{TEAMS} teams, {TEAMS * 4} accounts"
    seconds = statistics.median(run.seconds for run in runs)
    yield Result(
        f"accounts plan, {accounts}",
        seconds,
        "s",
        10,
        f"a CDK app of {PEER_STACKS} stacks of 10 resources, synthesis alone",
        theirs,
    )
    yield Result("its peak memory", max(run.megabytes for run in runs), "MB", 500)


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
    if len(set(found["decided"].values())) < 2:
        message = f"everything was decided alike: {found['decided']}"
        raise RuntimeError(message)
    yield Result("a decision of IAM, median", found["median"], "ms", 1)
    yield Result("a decision of IAM, 99th percentile", found["p99"], "ms", 5)
