"""The resource types of Headgate's stacks, by the role that CloudFormation deploys them as.

Whatever a stack of these declares must be listed here first; a test compares the lists with the templates. Member
accounts' baselines are not: StackSets deploy those as an administrator that service control policies leave out.
"""

from __future__ import annotations


def _types(text: str) -> tuple[str, ...]:
    return tuple(f"AWS::{each}" for each in text.split())


PROJECT_TYPES = _types(
    "ApiGateway::Deployment ApiGateway::Method ApiGateway::Resource ApiGateway::RestApi ApiGateway::Stage"
    " ApplicationAutoScaling::ScalableTarget ApplicationAutoScaling::ScalingPolicy"
    " CloudWatch::Alarm CloudWatch::Dashboard DynamoDB::Table Events::Rule"
    " IAM::ManagedPolicy IAM::Policy IAM::Role"
    " Lambda::Alias Lambda::EventSourceMapping Lambda::Function Lambda::LayerVersion Lambda::Permission Lambda::Version"
    " Logs::LogGroup SNS::Subscription SNS::Topic SNS::TopicPolicy SQS::Queue SQS::QueuePolicy SSM::Parameter"
    " SageMaker::DataQualityJobDefinition SageMaker::Endpoint SageMaker::EndpointConfig SageMaker::FeatureGroup"
    " SageMaker::Model SageMaker::ModelBiasJobDefinition SageMaker::ModelExplainabilityJobDefinition"
    " SageMaker::ModelQualityJobDefinition SageMaker::MonitoringSchedule SageMaker::Pipeline"
    " Scheduler::Schedule Scheduler::ScheduleGroup SecretsManager::Secret StepFunctions::StateMachine"
)
"""What projects may deploy into an environment."""

GOVERNANCE_TYPES = _types(
    "CloudFormation::StackSet CloudTrail::Trail CloudWatch::Alarm DynamoDB::Table Events::Rule"
    " IAM::ManagedPolicy IAM::Policy IAM::Role KMS::Alias KMS::Key Lambda::Function Lambda::Permission Logs::LogGroup"
    " Organizations::OrganizationalUnit Organizations::Policy S3::Bucket S3::BucketPolicy"
    " SNS::Subscription SNS::Topic SNS::TopicPolicy SQS::Queue SQS::QueuePolicy SSM::Parameter"
    " ServiceCatalog::CloudFormationProduct ServiceCatalog::LaunchRoleConstraint ServiceCatalog::Portfolio"
    " ServiceCatalog::PortfolioPrincipalAssociation ServiceCatalog::PortfolioProductAssociation"
    " StepFunctions::StateMachine"
)
"""What the governance stack consists of."""

PRODUCT_TYPES = _types("CloudFormation::StackSet")
"""What the products of the portfolio launch, besides custom resources."""

ALL_TYPES = (*PROJECT_TYPES, *GOVERNANCE_TYPES, *PRODUCT_TYPES)
