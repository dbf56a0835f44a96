"""An app with a mistake for each Guard rule: run in a process of its own by `test_checks`."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk

from headgate.infra.checks import RULES, guard_rules

ALLOW_ALL: dict[str, Any] = {
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}]
}
MISTAKES: dict[str, dict[str, Any]] = {
    "AWS::IAM::Role": {"Path": "/", "ManagedPolicyArns": ["arn"], "AssumeRolePolicyDocument": ALLOW_ALL},
    "AWS::IAM::User": {},
    "AWS::S3::Bucket": {},
    "AWS::S3::BucketPolicy": {"Bucket": "b", "PolicyDocument": ALLOW_ALL},
    "AWS::Logs::LogGroup": {},
    "AWS::KMS::Key": {"KeyPolicy": ALLOW_ALL},
    "AWS::SNS::Topic": {},
    "AWS::SQS::Queue": {},
    "AWS::DynamoDB::Table": {"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]},
    "AWS::ECR::Repository": {"RepositoryPolicyText": ALLOW_ALL},
    "AWS::Lambda::Function": {"Code": {"ZipFile": "x"}, "Role": "arn"},
    "AWS::CloudTrail::Trail": {"IsLogging": False, "S3BucketName": "b"},
    "AWS::Events::EventBus": {"Name": "b"},
    "AWS::Events::EventBusPolicy": {"StatementId": "x", "Statement": ALLOW_ALL["Statement"][0]},
    "AWS::EC2::VPC": {"CidrBlock": "10.0.0.0/16"},
    "AWS::EC2::Subnet": {"VpcId": "vpc-1", "MapPublicIpOnLaunch": True},
    "AWS::EC2::SecurityGroup": {
        "GroupDescription": "x",
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}],
    },
    "AWS::EC2::SecurityGroupIngress": {"IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"},
    "AWS::EC2::VPCEndpoint": {"VpcId": "vpc-1", "ServiceName": "s", "PolicyDocument": ALLOW_ALL},
    "AWS::SageMaker::ModelPackageGroup": {"ModelPackageGroupName": "g", "ModelPackageGroupPolicy": ALLOW_ALL},
}


def main() -> None:
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "seeded", synthesizer=cdk.BootstraplessSynthesizer())
    for kind, properties in MISTAKES.items():
        cdk.CfnResource(stack, kind.replace("::", ""), type=kind, properties=properties)
    rules = cdk.CloudFormationValidatePlugin(guard_rules=guard_rules(RULES), include_default_rules=False)
    cdk.Validations.of(app).add_plugins(rules)
    try:
        app.synth()
    except RuntimeError as error:
        if "Validation" not in str(error):
            raise


if __name__ == "__main__":
    main()
