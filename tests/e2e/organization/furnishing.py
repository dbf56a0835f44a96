"""What teams have put into their accounts: the pipelines, endpoints, models and stacks that the table's rows are about.

Everything is made by whoever makes it in earnest (data scientists experiment, CI deploys, promotion serves), so that
this is a part of the proof: if one of them may not, nothing here comes to be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from e2e.organization.callers import REGION, Callers
from e2e.organization.names import Names
from unit.localcloud.jobs import any_image

RUNTIME = {
    "name": "any",
    "plugin": "tests",
    "image_patterns": [r".*\.dkr\.ecr\..*"],
    "target": "any_image:AnyImage",
    "search_path": [str(Path(any_image.__file__).parent)],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_SERVED = (
    ("headgate-experimentation-data-scientist", "churn-lab", "experimentation", "try"),
    ("headgate-dev-promotion", "churn-dev", "dev", "churn"),
    ("headgate-preprod-promotion", "churn-preprod", "preprod", "churn"),
    ("headgate-prod-promotion", "churn-prod", "prod", "churn"),
    ("headgate-experimentation-data-scientist", "pricing-nonprod", "experimentation", "try"),
    ("headgate-preprod-promotion", "pricing-live", "preprod", "pricing"),
    ("headgate-prod-promotion", "pricing-live", "prod", "pricing"),
)
"""Who serves which endpoint: `<environment>-<name>`."""
_PIPELINES = (
    ("headgate-experimentation-data-scientist", "churn-lab", "experimentation", "training"),
    ("headgate-dev-deployer", "churn-dev", "dev", "training"),
    ("headgate-prod-deployer", "churn-prod", "prod", "monitor"),
)


def furnish(callers: Callers, names: Names) -> None:
    """Make all of it. Raises ClientError, or AssertionError for a stack that failed."""
    for who, account, environment, name in _PIPELINES:
        _create_pipeline(callers, names, f"{who}@{account}", environment, name)
    for who, account, environment, name in _SERVED:
        _serve(callers, names, f"{who}@{account}", environment, name)
    _open_bucket(callers, names)
    for account in ("churn-dev", "pricing-nonprod"):
        _bring_data(callers, names, f"headgate-dev-data-engineer@{account}")
    _train(callers, names, "headgate-experimentation-data-scientist@pricing-nonprod")
    for team, account in (("churn", "churn-dev"), ("pricing", "pricing-nonprod")):
        _register(callers, names, f"headgate-dev-execution@{account}", team)
        _deploy(callers, names, f"headgate-dev-deployer@{account}", "dev")
    _deploy(callers, names, "headgate-preprod-deployer@pricing-live", "preprod")


def tagged(environment: str) -> list[dict[str, str]]:
    """The tag that says which environment something is of."""
    return [{"Key": "headgate:environment", "Value": environment}]


def role_of(names: Names, who: str, environment: str, machine: str) -> str:
    """The ARN of a machine's role in the account of `who`."""
    number = names.accounts[who.partition("@")[2]]
    return f"arn:aws:iam::{number}:role/headgate/headgate-{environment}-{machine}"


def image(names: Names, team: str) -> str:
    """A team's image in tooling."""
    return f"{names.accounts['tooling']}.dkr.ecr.{REGION}.amazonaws.com/headgate/{team}/forecast:1"


def in_vpc(names: Names, who: str) -> dict[str, list[str]]:
    """VpcConfig for the account of `who`."""
    account = who.partition("@")[2]
    return {"Subnets": [names.places[account, "subnet-1"]], "SecurityGroupIds": [names.places[account, "sg-1"]]}


def _create_pipeline(callers: Callers, names: Names, who: str, environment: str, name: str) -> None:
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "nothing to do"}}
    callers.client(who, "sagemaker").create_pipeline(
        PipelineName=f"{environment}-{name}",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [step]}),
        ClientRequestToken="0" * 32,
        RoleArn=role_of(names, who, environment, "execution"),
        Tags=tagged(environment),
    )


def _serve(callers: Callers, names: Names, who: str, environment: str, name: str) -> None:
    """A model, an endpoint configuration and an endpoint, which fails in time: nobody built the image."""
    sagemaker = callers.client(who, "sagemaker")
    team, full = who.partition("@")[2].partition("-")[0], f"{environment}-{name}"
    sagemaker.create_model(
        ModelName=full,
        ExecutionRoleArn=role_of(names, who, environment, "execution"),
        PrimaryContainer={"Image": image(names, team)},
        VpcConfig=in_vpc(names, who),
        Tags=tagged(environment),
    )
    variant = {"VariantName": "a", "ModelName": full, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    for config in (full, f"{full}-2"):
        sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[variant],
            KmsKeyId=f"alias/headgate-{environment}",
            Tags=tagged(environment),
        )
    if full != "experimentation-try" or "pricing" in who:  # that one is created by a row of the table
        sagemaker.create_endpoint(EndpointName=full, EndpointConfigName=full, Tags=tagged(environment))


def _open_bucket(callers: Callers, names: Names) -> None:
    """Somebody outside of the organization has a bucket that everybody may write to."""
    s3, name = callers.client("root@stranger", "s3"), f"open-{names.accounts['stranger']}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.delete_public_access_block(Bucket=name)
    on = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": on}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def _bring_data(callers: Callers, names: Names, who: str) -> None:
    """Data comes in through the VPC, and is encrypted with the environment's key by the bucket's default."""
    account = who.partition("@")[2]
    s3 = callers.client(who, "s3", context={"aws:SourceVpc": names.places[account, "vpc"]})
    s3.put_object(Bucket=f"headgate-dev-data-{names.accounts[account]}-{REGION}", Key="train.csv", Body=b"1,2,3")


def _train(callers: Callers, names: Names, who: str) -> None:
    account = names.accounts[who.partition("@")[2]]
    callers.client(who, "sagemaker").create_training_job(
        TrainingJobName="experimentation-fit",
        AlgorithmSpecification={"TrainingImage": image(names, "pricing"), "TrainingInputMode": "File"},
        RoleArn=role_of(names, who, "experimentation", "execution"),
        OutputDataConfig={
            "S3OutputPath": f"s3://headgate-experimentation-artifacts-{account}-{REGION}/fit",
            "KmsKeyId": "alias/headgate-experimentation",
        },
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
            "VolumeKmsKeyId": "alias/headgate-experimentation",
        },
        VpcConfig=in_vpc(names, who),
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        Tags=tagged("experimentation"),
    )


def _register(callers: Callers, names: Names, who: str, team: str) -> None:
    group = f"arn:aws:sagemaker:{REGION}:{names.accounts['tooling']}:model-package-group/{team}-forecast"
    callers.client(who, "sagemaker").create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": image(names, team)}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )


def _deploy(callers: Callers, names: Names, who: str, environment: str) -> None:
    """A project's stack, as CI deploys it: a role that may do everything, within the boundary, and a table."""
    cloudformation = callers.client(who, "cloudformation")
    name = f"headgate-{environment}-forecast"
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": _project(names, who, environment)}),
        RoleARN=role_of(names, who, environment, "cloudformation"),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(
        StackName=name, ChangeSetName="first", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    cloudformation.execute_change_set(StackName=name, ChangeSetName="first")
    try:
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300}
        )
    except WaiterError as error:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED")]
        raise AssertionError(f"{who}: stack {name} failed: {failed}") from error


def _project(names: Names, who: str, environment: str) -> Mapping[str, Any]:
    number, team = names.accounts[who.partition("@")[2]], who.partition("@")[2].partition("-")[0]
    own = [*tagged(environment), {"Key": "headgate:team", "Value": team}]
    anybody = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{names.accounts['identity']}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    role = {
        "RoleName": f"headgate-{environment}-api",
        "Path": "/headgate-project/",
        # A project writes its roles' trust: this one lets in whoever comes, with whatever tags.
        "AssumeRolePolicyDocument": {**TRUST, "Statement": [*TRUST["Statement"], anybody]},
        "PermissionsBoundary": f"arn:aws:iam::{number}:policy/headgate/headgate-boundary",
        "Policies": [{"PolicyName": "everything", "PolicyDocument": EVERYTHING}],
        "Tags": own,
    }
    table = {
        "TableName": f"headgate-{environment}-rows",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {
        "Api": {"Type": "AWS::IAM::Role", "Properties": role},
        "Rows": {"Type": "AWS::DynamoDB::Table", "Properties": table},
    }
