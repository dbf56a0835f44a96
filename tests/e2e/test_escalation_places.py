"""Attempts as in test_escalation.py: into prod, into other Regions, and from one environment into its neighbour's."""

from __future__ import annotations

import pytest

from e2e.organization.attempts import ADMINISTRATOR, PROJECT, bucket, denied, job, key, role
from e2e.organization.furnishing import tagged
from e2e.organization.proofs import Proofs
from e2e.organization.verdicts import verdict_of

pytestmark = pytest.mark.slow


class TestPlaces:
    """Into prod past the machines, other Regions, other instance types."""

    @pytest.mark.parametrize(
        "who",
        [
            f"{ADMINISTRATOR}@churn-prod",
            "headgate-prod-ml-engineer@churn-prod",
            "headgate-prod-lead-data-scientist@churn-prod",
            "headgate-prod-it@churn-prod",
        ],
    )
    def test_deploying_from_a_laptop_into_prod(self, proofs: Proofs, who: str) -> None:
        stack = {"StackName": "headgate-prod-mine", "TemplateBody": "{}"}
        denied(proofs, "scp", "MachinesDeploy", who, "cloudformation CreateStack", **stack)
        endpoint = {"EndpointName": "prod-churn", "EndpointConfigName": "prod-churn-2"}
        denied(proofs, "scp", "MachinesDeploy", who, "sagemaker UpdateEndpoint", **endpoint)
        denied(proofs, "scp", "MachinesDeploy", who, "sagemaker DeleteEndpoint", EndpointName="prod-churn")

    def test_becoming_a_machine_that_deploys_into_prod(self, proofs: Proofs) -> None:
        for name in ("headgate-prod-deployer", "headgate-prod-promotion", "headgate-prod-cloudformation"):
            for who in ("ml-engineer of churn@identity", "it@identity", "deployer of churn@identity"):
                arn = role(proofs, "churn-prod", name)
                denied(proofs, "trust", "", who, "sts AssumeRole", RoleArn=arn, RoleSessionName="laptop")

    @pytest.mark.parametrize("who", [PROJECT, f"{ADMINISTRATOR}@churn-lab", "headgate-dev-cloudformation@churn-dev"])
    @pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2"])
    def test_an_unapproved_region(self, proofs: Proofs, who: str, region: str) -> None:
        denied(proofs, "scp", "ApprovedRegionsOnly", who, "dynamodb ListTables", region=region)
        queue = {"QueueName": "hidden"}
        denied(proofs, "scp", "ApprovedRegionsOnly", who, "sqs CreateQueue", region=region, **queue)

    @pytest.mark.parametrize("who", ["headgate-experimentation-data-scientist@churn-lab", f"{ADMINISTRATOR}@churn-lab"])
    def test_an_unapproved_instance_type(self, proofs: Proofs, who: str) -> None:
        cluster = {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
        work = {
            **job(proofs, who, "experimentation"),
            "ProcessingResources": {"ClusterConfig": cluster},
            "Tags": tagged("experimentation"),
        }
        denied(proofs, "scp", "ApprovedInstanceTypesOnly", who, "sagemaker CreateProcessingJob", **work)
        variant = {"VariantName": "a", "ModelName": "experimentation-try", "InitialInstanceCount": 1}
        config = {
            "EndpointConfigName": "experimentation-large",
            "ProductionVariants": [{**variant, "InstanceType": "ml.inf2.48xlarge"}],
            "Tags": tagged("experimentation"),
        }
        denied(proofs, "scp", "ApprovedInstanceTypesOnly", who, "sagemaker CreateEndpointConfig", **config)


class TestSharedAccounts:
    """Environments of one account are as far from each other as those of two."""

    @pytest.mark.parametrize(
        ("who", "other"),
        [
            ("headgate-dev-execution@pricing-nonprod", "experimentation"),
            ("headgate-dev-api@pricing-nonprod", "experimentation"),
            ("headgate-preprod-promotion@pricing-live", "prod"),
            ("headgate-preprod-deployer@pricing-live", "prod"),
        ],
    )
    def test_the_other_environment(self, proofs: Proofs, who: str, other: str) -> None:
        account = who.partition("@")[2]
        inside = {"aws:SourceVpc": proofs.names.places[account, "vpc"]}
        data = {"Bucket": bucket(proofs, account, other), "Key": "train.csv"}
        denied(proofs, "boundary", "NamedOfOwnEnvironment", who, "s3 GetObject", **data, context=inside)
        denied(proofs, "boundary", "NamedOfOwnEnvironment", who, "s3 PutObject", **data, context=inside)
        closed = key(proofs, account, other)
        denied(proofs, "boundary", "TaggedOfOwnEnvironment", who, "kms Decrypt", CiphertextBlob=b"sealed", KeyId=closed)
        arn = role(proofs, account, f"headgate-{other}-execution")
        name = {"RoleArn": arn, "RoleSessionName": "next-door"}
        denied(proofs, "boundary", "TaggedOfOwnEnvironment", who, "sts AssumeRole", **name)
        name = {"RoleName": f"headgate-{other}-execution"}
        denied(proofs, "boundary", "TaggedOfOwnEnvironment", who, "iam GetRole", **name)
        parameter = {"Name": f"/headgate/{other}/data-bucket"}
        denied(proofs, "boundary", "NamedOfOwnEnvironment", who, "ssm GetParameter", **parameter)

    def test_a_session_that_says_it_is_of_the_other_environment(self, proofs: Proofs) -> None:
        """A project's own role trusts everybody and their tags; what it may do still goes by its name."""
        arn = role(proofs, "pricing-live", "headgate-preprod-api", "/headgate-project/")
        outsider, own, other = "data-scientist of churn@identity", "preprod", "prod"
        for said, reads in ((own, True), (other, False)):
            tags = {"headgate:environment": said}
            parameters = proofs.callers.tagged(outsider, arn, tags, "ssm")
            found = verdict_of(lambda: parameters.get_parameter(Name=f"/headgate/{said}/data-bucket"))  # noqa: B023
            assert found.allowed is reads, found.message
        assert found.layer == "boundary"
        assert "TagsAreAsNamed" in proofs.statements(found, f"{ADMINISTRATOR}@pricing-live")

    def test_the_other_environments_role_for_a_job(self, proofs: Proofs) -> None:
        who = "headgate-dev-execution@pricing-nonprod"
        work = job(proofs, who, RoleArn=role(proofs, "pricing-nonprod", "headgate-experimentation-execution"))
        denied(proofs, "boundary", "PassRolesOfOwnEnvironment", who, "sagemaker CreateProcessingJob", **work)

    def test_an_administrator_has_no_key(self, proofs: Proofs) -> None:
        """Who may change nothing about a key cannot use it either, whatever their own policies say."""
        for environment in ("preprod", "prod"):
            closed = {"CiphertextBlob": b"sealed", "KeyId": key(proofs, "pricing-live", environment)}
            denied(proofs, "key", "", f"{ADMINISTRATOR}@pricing-live", "kms Decrypt", **closed)
