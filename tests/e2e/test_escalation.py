"""Attempts to get more than one has, as real calls: each is denied by the layer that should deny it.

The strongest roles try: a project's role that may do everything (within the boundary), an account's administrator, root
users, CI, IT. Where one layer could be opened by mistake, it is opened, and the next one has to hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from e2e.organization.attempts import ADMINISTRATOR, PROJECT, bucket, denied, job, job_input, key, program, role
from e2e.organization.callers import REGION
from e2e.organization.furnishing import EVERYTHING, TRUST, in_vpc, role_of
from e2e.organization.proofs import Proofs
from headgate.localcloud.seams import Caller

pytestmark = pytest.mark.slow

_BOUNDARY = "arn:aws:iam::{}:policy/headgate/headgate-boundary"


class TestRoles:
    """Making, changing and passing roles."""

    @pytest.mark.parametrize("who", [PROJECT, f"{ADMINISTRATOR}@churn-dev"])
    def test_a_role_without_the_boundary(self, proofs: Proofs, who: str) -> None:
        new = {
            "RoleName": "headgate-dev-free",
            "Path": "/headgate-project/",
            "AssumeRolePolicyDocument": json.dumps(TRUST),
        }
        other = {**new, "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
        for given in (new, other):
            denied(proofs, "scp", "RolesCarryTheBoundary", who, "iam CreateRole", **given)
        names = {each["RoleName"] for each in proofs.administrator("churn-dev", "iam").list_roles()["Roles"]}
        assert "headgate-dev-free" not in names

    def test_a_role_without_the_boundary_by_way_of_a_stack(self, proofs: Proofs) -> None:
        who, name = "headgate-dev-deployer@churn-dev", "headgate-dev-free"
        cloudformation = proofs.callers.client(who, "cloudformation")
        free = {"RoleName": name, "Path": "/headgate-project/", "AssumeRolePolicyDocument": TRUST}
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps({"Resources": {"Free": {"Type": "AWS::IAM::Role", "Properties": free}}}),
            RoleARN=role_of(proofs.names, who, "dev", "cloudformation"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = cloudformation.get_waiter("stack_create_complete")
        with pytest.raises(WaiterError, match="ROLLBACK"):
            waiter.wait(StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150})
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        why = " ".join(event.get("ResourceStatusReason", "") for event in events)
        assert "is not authorized to perform: iam:CreateRole" in why
        assert "explicit deny in a service control policy: headgate-baseline" in why

    def test_ones_own_boundary(self, proofs: Proofs) -> None:
        arn = _BOUNDARY.format(proofs.names.accounts["churn-dev"])
        change = {"PolicyArn": arn, "PolicyDocument": json.dumps(EVERYTHING), "SetAsDefault": True}
        for who in (PROJECT, f"{ADMINISTRATOR}@churn-dev"):
            denied(proofs, "scp", "BaselineRolesStay", who, "iam CreatePolicyVersion", **change)
            denied(proofs, "scp", "BaselineRolesStay", who, "iam DeletePolicy", PolicyArn=arn)
            own = {"RoleName": "headgate-dev-api"}
            denied(proofs, "scp", "NobodyShedsTheBoundary", who, "iam DeleteRolePermissionsBoundary", **own)
        versions = proofs.administrator("churn-dev", "iam").list_policy_versions(PolicyArn=arn)["Versions"]
        assert len(versions) == 1

    def test_a_stronger_role_for_what_one_runs(self, proofs: Proofs) -> None:
        strong = role(proofs, "churn-dev", ADMINISTRATOR, "/")
        code = {"S3Bucket": bucket(proofs, "churn-dev", "dev", "artifacts"), "S3Key": "code.zip"}
        function: dict[str, Any] = {"FunctionName": "headgate-dev-more", "Role": strong, "Code": code}
        denied(proofs, "scp", "FunctionsInTheVpc", PROJECT, "lambda CreateFunction", **function)
        function["VpcConfig"] = {"SubnetIds": in_vpc(proofs.names, PROJECT)["Subnets"]}
        denied(proofs, "boundary", "PassRolesOfOwnEnvironment", PROJECT, "lambda CreateFunction", **function)
        stack = {"StackName": "headgate-dev-more", "TemplateBody": "{}", "RoleARN": strong}
        denied(proofs, "identity", "", "headgate-dev-deployer@churn-dev", "cloudformation CreateStack", **stack)
        work = job(
            proofs, "headgate-dev-execution@churn-dev", RoleArn=role(proofs, "churn-dev", "headgate-dev-deployer")
        )
        denied(proofs, "identity", "", "headgate-dev-execution@churn-dev", "sagemaker CreateProcessingJob", **work)

    def test_tags_that_say_who_one_is(self, proofs: Proofs) -> None:
        own = {"RoleName": "headgate-dev-api"}

        def tag(name: str, value: str) -> Mapping[str, Any]:
            return {**own, "Tags": [{"Key": f"headgate:{name}", "Value": value}]}

        for sid, layer, given in (
            ("OnlyStackSetsTagPeople", "scp", tag("data-sets", ":sales:returns:")),
            ("OnlyStackSetsTagPeople", "scp", tag("persona", "it")),
            ("TagsOfOwnTeam", "boundary", tag("team", "pricing")),
            ("TagsOfOwnEnvironment", "boundary", tag("environment", "prod")),
        ):
            denied(proofs, layer, sid, PROJECT, "iam TagRole", **given)
        removed = {**own, "TagKeys": ["headgate:environment"]}
        denied(proofs, "scp", "TagsOfRolesStay", PROJECT, "iam UntagRole", **removed)
        person = {"RoleName": "headgate-dev-data-scientist", "Tags": tag("data-sets", ":returns:")["Tags"]}
        denied(proofs, "scp", "", f"{ADMINISTRATOR}@churn-dev", "iam TagRole", **person)

    def test_users_and_keys_that_never_expire(self, proofs: Proofs) -> None:
        for who in (PROJECT, f"{ADMINISTRATOR}@churn-prod"):
            denied(proofs, "scp", "NoUsersAndNoAccessKeys", who, "iam CreateUser", UserName="somebody")


class TestTeams:
    """Across teams."""

    @pytest.mark.parametrize(
        ("who", "name"),
        [
            ("data-scientist of churn@identity", "headgate-dev-data-scientist"),
            ("lead-data-scientist of churn@identity", "headgate-dev-lead-data-scientist"),
            ("headgate-tooling-deployer@tooling for churn", "headgate-dev-deployer"),
            (PROJECT, "headgate-dev-execution"),
            (f"{ADMINISTRATOR}@churn-dev", ADMINISTRATOR),
        ],
    )
    def test_another_teams_role(self, proofs: Proofs, who: str, name: str) -> None:
        path = "/" if name == ADMINISTRATOR else "/headgate/"
        arn = role(proofs, "pricing-nonprod", name, path)
        denied(proofs, "trust", "", who, "sts AssumeRole", RoleArn=arn, RoleSessionName="across")

    def test_another_teams_bucket(self, proofs: Proofs) -> None:
        theirs = bucket(proofs, "pricing-nonprod", "dev")
        denied(proofs, "resource", "", PROJECT, "s3 GetObject", Bucket=theirs, Key="train.csv")

    def test_another_teams_bucket_that_was_opened_by_mistake(self, proofs: Proofs) -> None:
        """Whoever keeps the baseline opens the bucket to the team; the key that encrypts its objects stays closed."""
        theirs, reader = bucket(proofs, "pricing-nonprod", "dev"), proofs.names.accounts["churn-dev"]
        s3 = proofs.administrator("pricing-nonprod", "s3")
        before = s3.get_bucket_policy(Bucket=theirs)["Policy"]
        opened = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{reader}:root"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{theirs}/*",
        }
        s3.put_bucket_policy(Bucket=theirs, Policy=json.dumps({"Version": "2012-10-17", "Statement": [opened]}))
        denied(proofs, "key", "", PROJECT, "s3 GetObject", Bucket=theirs, Key="train.csv")
        s3.put_bucket_policy(Bucket=theirs, Policy=before)

    def test_another_teams_key(self, proofs: Proofs) -> None:
        theirs = key(proofs, "pricing-nonprod", "dev")
        owner = proofs.callers.client("headgate-dev-api@pricing-nonprod", "kms")
        secret = owner.encrypt(KeyId=theirs, Plaintext=b"secret")["CiphertextBlob"]
        denied(proofs, "key", "", PROJECT, "kms Decrypt", CiphertextBlob=secret, KeyId=theirs)
        assert owner.decrypt(CiphertextBlob=secret, KeyId=theirs)["Plaintext"] == b"secret"

    def test_a_data_set_that_the_team_may_not_read(self, proofs: Proofs) -> None:
        lake = f"headgate-data-lake-data-{proofs.names.accounts['data-lake']}-{REGION}"
        curator = proofs.callers.client("headgate-data-lake-data-engineer@data-lake", "s3")
        for name in ("sales", "returns"):
            curator.put_object(Bucket=lake, Key=f"{name}/1.csv", Body=b"1")
        who, inside = "headgate-dev-execution@churn-dev", {"aws:SourceVpc": proofs.names.places["churn-dev", "vpc"]}
        mine = proofs.callers.client(who, "s3", context=inside)
        assert mine.get_object(Bucket=lake, Key="sales/1.csv")["Body"].read() == b"1"
        denied(proofs, "resource", "", who, "s3 GetObject", Bucket=lake, Key="returns/1.csv", context=inside)


class TestJobs:
    """What jobs may, they may as their role and from their VPC."""

    @pytest.fixture
    def jobs(self, proofs: Proofs) -> Callable[..., Any]:
        """Runs a processing job in churn's dev as the execution role; gives its description once it has ended."""
        if not proofs.cloud.cloud.jobs.isolation().available:
            pytest.fail("jobs cannot run on this machine")
        who = "headgate-dev-execution@churn-dev"
        caller = Caller(proofs.names.accounts["churn-dev"], REGION)

        def run(name: str, **more: Any) -> Any:
            request = {**job(proofs, who), "ProcessingJobName": name, **more}
            proofs.callers.client(who, "sagemaker").create_processing_job(**request)
            return proofs.cloud.cloud.jobs.wait(caller, "processing-job", name, 60)

        return run

    def test_a_job_reads_its_own_data_within_the_vpc(self, proofs: Proofs, jobs: Any) -> None:
        uri = f"s3://{bucket(proofs, 'churn-dev', 'dev')}/train.csv"
        code = (
            "import boto3, os; body = boto3.client('s3').get_object("
            f"Bucket='{bucket(proofs, 'churn-dev', 'dev')}', Key='train.csv')['Body'].read(); "
            "assert body == open('/opt/ml/processing/in/train.csv', 'rb').read() == b'1,2,3'"
        )
        ended = jobs("own-data", ProcessingInputs=[job_input(uri)], AppSpecification=program(proofs, code))
        assert ended["ProcessingJobStatus"] == "Completed", ended.get("FailureReason")

    def test_a_jobs_credentials_are_worth_nothing_elsewhere(self, proofs: Proofs) -> None:
        stolen = "headgate-dev-execution@churn-dev"
        own = bucket(proofs, "churn-dev", "dev")
        denied(proofs, "resource", "OwnVpcOnly", stolen, "s3 GetObject", Bucket=own, Key="train.csv")
        theirs = {"aws:SourceVpc": proofs.names.places["pricing-nonprod", "vpc"]}
        denied(proofs, "resource", "OwnVpcOnly", stolen, "s3 GetObject", Bucket=own, Key="train.csv", context=theirs)

    def test_another_teams_data_as_a_jobs_input(self, proofs: Proofs, jobs: Any) -> None:
        uri = f"s3://{bucket(proofs, 'pricing-nonprod', 'dev')}/train.csv"
        ended = jobs("their-data", ProcessingInputs=[job_input(uri)])
        assert ended["ProcessingJobStatus"] == "Failed"
        assert "Data download failed: AccessDenied (403)" in ended["FailureReason"]
        assert "no identity-based policy allows the s3:ListBucket action" in ended["FailureReason"]

    def test_another_place_for_a_jobs_output(self, proofs: Proofs, jobs: Any) -> None:
        uri = f"s3://{bucket(proofs, 'pricing-nonprod', 'dev', 'artifacts')}/stolen"
        code = "open('/opt/ml/processing/out/x', 'w').write('secret')"
        s3 = {"S3Uri": uri, "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
        output = {"Outputs": [{"OutputName": "out", "S3Output": s3}], "KmsKeyId": "alias/headgate-dev"}
        ended = jobs("out", ProcessingOutputConfig=output, AppSpecification=program(proofs, code))
        assert ended["ProcessingJobStatus"] == "Failed"
        assert "Data upload failed: AccessDenied (403)" in ended["FailureReason"]
        found = proofs.administrator("pricing-nonprod", "s3").list_objects_v2(
            Bucket=bucket(proofs, "pricing-nonprod", "dev", "artifacts")
        )
        assert found["KeyCount"] == 0


class TestOrganization:
    """Out of the organization, past its guardrails, out of sight."""

    @pytest.mark.parametrize("who", [PROJECT, f"{ADMINISTRATOR}@churn-prod", "headgate-prod-promotion@churn-prod"])
    def test_leaving(self, proofs: Proofs, who: str) -> None:
        denied(proofs, "scp", "AccountsStayInTheOrganization", who, "organizations LeaveOrganization")

    def test_leaving_as_what_baselines_are_deployed_with(self, proofs: Proofs) -> None:
        who = "stacksets-exec-x@churn-dev"
        denied(proofs, "scp", "AccountsStayInTheOrganization", who, "organizations LeaveOrganization")

    @pytest.mark.parametrize("who", ["headgate-governance-it@governance", "headgate-vending-place@governance"])
    def test_guardrails_taken_off(self, proofs: Proofs, who: str) -> None:
        organizations = proofs.administrator("governance", "organizations")
        policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        policy = next(each["Id"] for each in policies if each["Name"] == "headgate-baseline")
        targets = organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
        for target in targets:
            detached = {"PolicyId": policy, "TargetId": target["TargetId"]}
            denied(proofs, "identity", "", who, "organizations DetachPolicy", **detached)
        changed = {"PolicyId": policy, "Content": "{}"}
        denied(proofs, "identity", "", who, "organizations UpdatePolicy", **changed)
        assert organizations.list_targets_for_policy(PolicyId=policy)["Targets"] == targets

    @pytest.mark.parametrize("account", ["churn-lab", "churn-dev", "churn-prod", "tooling", "data-lake"])
    def test_root_users(self, proofs: Proofs, account: str) -> None:
        for call in ("s3 ListBuckets", "iam ListRoles", "organizations LeaveOrganization"):
            denied(proofs, "scp", "NoRootUser", f"root@{account}", call)

    def test_the_trail(self, proofs: Proofs) -> None:
        name = f"arn:aws:cloudtrail:{REGION}:{proofs.names.accounts['governance']}:trail/headgate"
        for who, layer in (
            (PROJECT, "scp"),
            (f"{ADMINISTRATOR}@churn-prod", "scp"),
            ("headgate-governance-it@governance", "boundary"),
        ):
            for call in ("StopLogging", "DeleteTrail"):
                denied(proofs, layer, "TrailStays", who, f"cloudtrail {call}", Name=name)
        auditor = proofs.callers.client("headgate-governance-auditor@governance", "cloudtrail")
        assert auditor.get_trail_status(Name=name)["IsLogging"]

    def test_an_attempt_leaves_a_trace(self, proofs: Proofs) -> None:
        who = f"{ADMINISTRATOR}@churn-preprod"
        denied(proofs, "scp", "TrailStays", who, "cloudtrail StopLogging", Name="headgate")
        auditor = proofs.callers.client("headgate-preprod-auditor@churn-preprod", "cloudtrail")
        attribute = {"AttributeKey": "EventName", "AttributeValue": "StopLogging"}
        found = auditor.lookup_events(LookupAttributes=[attribute])["Events"]
        traces = [json.loads(event["CloudTrailEvent"]) for event in found]
        assert [trace["errorCode"] for trace in traces] == ["AccessDeniedException"]
        assert f"assumed-role/{ADMINISTRATOR}/" in traces[0]["userIdentity"]["arn"]

    def test_flow_logs(self, proofs: Proofs) -> None:
        administrator = proofs.administrator("churn-prod", "ec2")
        logs = [each["FlowLogId"] for each in administrator.describe_flow_logs()["FlowLogs"]]
        assert logs
        who = f"{ADMINISTRATOR}@churn-prod"
        denied(proofs, "scp", "", who, "ec2 DeleteFlowLogs", FlowLogIds=logs)
        assert [each["FlowLogId"] for each in administrator.describe_flow_logs()["FlowLogs"]] == logs


class TestOpening:
    """Open to the world: buckets, networks, functions."""

    def test_the_network_that_headgate_made(self, proofs: Proofs) -> None:
        """An administrator's own security group is theirs; the baseline's, and its endpoints, stay as they are."""
        who, ec2 = f"{ADMINISTRATOR}@churn-dev", proofs.administrator("churn-dev", "ec2")
        group, vpc = proofs.names.places["churn-dev", "sg-1"], proofs.names.places["churn-dev", "vpc"]
        world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        call = "ec2 AuthorizeSecurityGroupIngress"
        denied(proofs, "scp", "NetworkStays", who, call, GroupId=group, IpPermissions=[world])
        (endpoint, *_) = ec2.describe_vpc_endpoints()["VpcEndpoints"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**EVERYTHING["Statement"][0], "Principal": "*"}]})
        changed = {"VpcEndpointId": endpoint["VpcEndpointId"], "PolicyDocument": policy}
        denied(proofs, "scp", "NetworkStays", who, "ec2 ModifyVpcEndpoint", **changed)
        untagged = {"Resources": [group], "Tags": [{"Key": "headgate:account"}]}
        denied(proofs, "scp", "NetworkStays", who, "ec2 DeleteTags", **untagged)
        own = {"GroupName": "mine", "Description": "mine", "VpcId": vpc}
        mine = proofs.callers.client(who, "ec2").create_security_group(**own)["GroupId"]
        assert proofs.call(who, "ec2", call.partition(" ")[2], {"GroupId": mine, "IpPermissions": [world]}).allowed

    @pytest.mark.parametrize("who", [PROJECT, f"{ADMINISTRATOR}@churn-dev"])
    def test_a_bucket(self, proofs: Proofs, who: str) -> None:
        for kind in ("data", "artifacts"):
            own = bucket(proofs, "churn-dev", "dev", kind)
            everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{own}/*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
            off = dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
            )
            for sid, call, more in (
                ("PublicAccessStaysBlocked", "PutPublicAccessBlock", {"PublicAccessBlockConfiguration": off}),
                ("BaselineBucketsStay", "PutBucketPolicy", {"Policy": policy}),
                ("BaselineBucketsStay", "DeleteBucketPolicy", {}),
                ("NoPublicAcl", "PutBucketAcl", {"ACL": "public-read"}),
            ):
                denied(proofs, "scp", sid, who, f"s3 {call}", Bucket=own, **more)
            blocks = proofs.administrator("churn-dev", "s3").get_public_access_block(Bucket=own)
            assert set(blocks["PublicAccessBlockConfiguration"].values()) == {True}

    def test_an_open_object(self, proofs: Proofs) -> None:
        own = {"Bucket": bucket(proofs, "churn-dev", "dev", "artifacts"), "Key": "x", "ACL": "public-read"}
        denied(proofs, "scp", "NoPublicAcl", "headgate-dev-deployer@churn-dev", "s3 PutObject", **own)

    def test_a_way_to_the_internet(self, proofs: Proofs) -> None:
        for who in (PROJECT, f"{ADMINISTRATOR}@churn-dev", "stacksets-exec-x@churn-dev"):
            denied(proofs, "scp", "NoWayToTheInternet", who, "ec2 CreateInternetGateway")
