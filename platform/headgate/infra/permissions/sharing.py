"""Policies of what the durable accounts share with every other account of the organization.

Nobody is let in by account id: what counts is the organization, a role under Headgate's path (whose tags only
StackSets set), and the tag that says which team or which data sets the role is for. Templates do not grow with teams.
"""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.capabilities.data import READ_OBJECTS, WRITE_OBJECTS
from headgate.infra.permissions.capabilities.registry import PULL, READ_PACKAGES
from headgate.infra.permissions.document import Conditions, Statement
from headgate.infra.permissions.places import DATA_SETS_TAG, OWN_TEAM, PROJECT_PATH, TEAM_TAG
from headgate.infra.permissions.resource_policies import EVERYBODY, USE_KEY, allow

_TEAM = f"aws:PrincipalTag/{TEAM_TAG}"
_DATA_SETS = f"aws:PrincipalTag/{DATA_SETS_TAG}"
_HEADGATE = resources.role("*", account="*")
_PROJECTS = resources.role("*", account="*", path=PROJECT_PATH)


def _members(conditions: Conditions | None = None, *, projects: bool = False) -> Conditions:
    """Headgate's roles in other accounts of the organization; those that projects made only where tags say nothing.

    In a resource's own account its policy alone would be enough, so there it lets nobody in: roles' own policies say.
    """
    made: dict[str, dict[str, object]] = {
        "StringEquals": {"aws:PrincipalOrgID": "${OrganizationId}"},
        "StringNotEquals": {"aws:PrincipalAccount": resources.ACCOUNT},
        "ArnLike": {"aws:PrincipalArn": (_HEADGATE, _PROJECTS) if projects else _HEADGATE},
    }
    for operator, keys in (conditions or {}).items():
        made.setdefault(operator, {}).update(keys)
    return made


def _of_some_team(*services: str) -> Conditions:
    """A role of any team, through these services of the home Region."""
    names = tuple(f"{service}.{resources.HOME}.amazonaws.com" for service in services)
    return {"StringEquals": {"kms:ViaService": names if len(names) > 1 else names[0]}, "Null": {_TEAM: "false"}}


def tooling_key() -> Statement:
    """Teams' roles use tooling's key through S3, ECR and SageMaker."""
    return allow("TeamsUse", USE_KEY, ("*",), EVERYBODY, _members(_of_some_team("s3", "ecr", "sagemaker")))


def tooling_artifacts() -> tuple[Statement, ...]:
    """A team's roles read and write their own folder of tooling's artifacts bucket, and delete nothing."""
    arn = resources.TOOLING_ARTIFACTS
    own = (resources.objects(arn, f"{OWN_TEAM}/"),)
    below: Conditions = {"StringLike": {"s3:prefix": f"{OWN_TEAM}/*"}}
    return (
        allow("ReadOwnFolder", READ_OBJECTS, own, EVERYBODY, _members()),
        allow("WriteOwnFolder", WRITE_OBJECTS, own, EVERYBODY, _members()),
        allow("ListOwnFolder", ("s3:ListBucket",), (arn,), EVERYBODY, _members(below)),
        allow("Locate", ("s3:GetBucketLocation",), (arn,), EVERYBODY, _members()),
    )


def team_group() -> Statement:
    """A model package group of `${Team}`: its roles register and read, from any account; approval stays in tooling."""
    here = resources.arn("sagemaker", "model-package-group/${Team}-${Project}")
    packages = resources.arn("sagemaker", "model-package/${Team}-${Project}/*")
    of_team: Conditions = {"StringEquals": {_TEAM: "${Team}"}}
    actions = ("sagemaker:CreateModelPackage", "sagemaker:ListModelPackages", *READ_PACKAGES)
    return allow("ReadAndRegister", actions, (here, packages), EVERYBODY, _members(of_team))


def team_repository() -> Statement:
    """An image repository of `${Team}`: its roles pull from any account. Only tooling's own CI pushes."""
    of_team: Conditions = {"StringEquals": {_TEAM: "${Team}"}}
    return allow("Pull", PULL, (), EVERYBODY, _members(of_team))


def shared_repository() -> Statement:
    """An image repository that everybody in the organization pulls from."""
    return allow("Pull", PULL, (), EVERYBODY, _members())


def bus() -> Statement:
    """Accounts of the organization send events to tooling's bus; projects' own roles too."""
    return allow("Organization", ("events:PutEvents",), (resources.TOOLING_BUS,), EVERYBODY, _members(projects=True))


def lake_key() -> Statement:
    """Roles that may read some data set decrypt through S3."""
    through: Conditions = {
        "StringEquals": {"kms:ViaService": f"s3.{resources.HOME}.amazonaws.com"},
        "StringLike": {_DATA_SETS: ":*:"},
    }
    return allow("ReadersOfDataSets", ("kms:Decrypt", "kms:DescribeKey"), ("*",), EVERYBODY, _members(through))


def lake_locations() -> Statement:
    """Every role of the organization may ask where the lake's bucket is."""
    return allow("Locate", ("s3:GetBucketLocation",), (resources.LAKE_BUCKET,), EVERYBODY, _members())


def data_set(name: str, prefix: str, sid: str) -> tuple[Statement, ...]:
    """Roles that are tagged with the data set read and list its folder; `prefix` ends with a slash."""
    tagged = {_DATA_SETS: f"*:{name}:*"}
    listed: Conditions = {"StringLike": {**tagged, "s3:prefix": f"{prefix}*"}}
    folder = (resources.objects(resources.LAKE_BUCKET, prefix),)
    return (
        allow(f"Read{sid}", READ_OBJECTS, folder, EVERYBODY, _members({"StringLike": tagged})),
        allow(f"List{sid}", ("s3:ListBucket",), (resources.LAKE_BUCKET,), EVERYBODY, _members(listed)),
    )


def assets() -> Statement:
    """Headgate's roles of every account read published assets from governance's bucket."""
    return allow("ReadAssets", ("s3:GetObject",), (resources.ASSETS,), EVERYBODY, _members())


def assets_key() -> Statement:
    """They decrypt through S3."""
    through: Conditions = {"StringEquals": {"kms:ViaService": f"s3.{resources.HOME}.amazonaws.com"}}
    return allow("ReadersOfAssets", ("kms:Decrypt", "kms:DescribeKey"), ("*",), EVERYBODY, _members(through))
