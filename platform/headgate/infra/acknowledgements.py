"""What cdk-nag and CloudFormation's validator find and why it is right as it is: each finding with its reason.

A wildcard in a policy is acknowledged by its own id, and only when its form is one that is known here. A wildcard
of any other form stays a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NAG = "AwsSolutions::AwsSolutions-"
VALIDATOR = "CloudFormation-Validate::"

BY_TYPE: Mapping[str, Mapping[str, str]] = {
    "AWS::ECR::Repository": {
        f"{NAG}ECR1": "the policy is for everybody under a condition: Headgate's roles of this organization, and of "
        "the team where it is a project's repository",
    },
    "AWS::Glue::Crawler": {
        f"{NAG}GL1": "a crawler's log names tables and partitions, never values; Glue's own log group holds it",
    },
    "AWS::Lambda::Function": {
        f"{NAG}L1": "python3.13 is the newest Python that every test of the control package runs on; Lambda supports "
        "it until 2029",
    },
    "AWS::StepFunctions::StateMachine": {
        f"{NAG}SF2": "every state's input and output is in the machine's log at level ALL; a trace would add nothing",
    },
    "AWS::SQS::Queue": {f"{NAG}SQS3": "it is the dead-letter queue itself"},
}
"""By type of resource: the finding's id and the reason."""

OF_STACKS: Mapping[str, str] = {
    f"{VALIDATOR}W1001": "what is referred to and what refers to it are under the same condition",
    f"{VALIDATOR}W1030": "the default is empty because the VPC is brought then; under CreatesVpc it never is",
}
"""The validator's warnings that hold for a whole stack."""

_NAMED = "the name before the wildcard says whose it is; what comes after it is chosen by projects or by AWS"
_BY_TAG = "AWS makes up the name; conditions on tags or on the service in between say whose it is"

WILDCARDS: Sequence[tuple[str, str]] = (
    (
        r"Resource::\*",
        "actions without resources of their own, or narrowed by conditions; the table of who may do what is tested",
    ),
    (r"Resource::.*:key/\*", _BY_TAG),
    (r"Resource::arn:<AWS::Partition>:sagemaker:.*\*", _BY_TAG),
    (r"Resource::arn:<AWS::Partition>:organizations::.*", "ids of AWS Organizations are made up; all are this one's"),
    (r"Resource::arn:<AWS::Partition>:ec2:.*", "network interfaces of jobs, in the account's own VPC"),
    (r"Resource::arn:<AWS::Partition>:ecr:<AWS::Region>:\*:repository/\*", "images of AWS's own, in accounts of AWS"),
    (r"Resource::arn:<AWS::Partition>:iam::\*:role/headgate/headgate-[a-z*-]+", "one role by name, in every account"),
    (
        r"Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:role/aws-service-role/\*",
        "roles that services link to themselves: conditions name the services, and they name the roles",
    ),
    (r"Resource::.*:(budget|scalable-target|type/resource|event-source-mapping)[/:]\*", _BY_TAG),
    (r"Resource::arn:<AWS::Partition>:apigateway:.*", _BY_TAG),
    (r"Resource::arn:<AWS::Partition>:catalog:.*:(product|portfolio)/\*", "ids of Service Catalog are made up"),
    (r"Resource::.*stack/SC-\*/\*", "the stacks of Service Catalog's products: it names them so"),
    (r"Resource::.*log-group:/aws/sagemaker/\*", "SageMaker's log groups: it names them so"),
    (r"Resource::.*log-group:/aws-glue/crawlers\*", "Glue's log groups: it names them so"),
    (r"Resource::.*headgate.*\*.*", _NAMED),
    (r"Action::[a-z0-9-]+:(BatchDescribe|BatchGet|Describe|Get|List|View|Lookup)[A-Za-z]*\*", "reads only"),
)
"""Forms of wildcards, first match first, and why they are right."""

BOUNDARY_ACTION = "a boundary grants nothing: it names the services that any role may be granted anything of"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The id of a finding, and why it is no fault."""

    id: str
    reason: str


def of_policy(document: Mapping[str, Any], *, is_boundary: bool) -> Iterator[Acknowledged]:
    """What there is to acknowledge in a policy as it is in the template, with its intrinsic functions."""
    seen: set[str] = set()
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        found = [f"Action::{each}" for each in _strings(statement.get("Action")) if "*" in each]
        found += [f"Resource::{each}" for each in _strings(statement.get("Resource")) if "*" in each]
        for wildcard in found:
            reason = BOUNDARY_ACTION if is_boundary else reason_for(wildcard)
            if reason is not None and wildcard not in seen:
                seen.add(wildcard)
                yield Acknowledged(f"{NAG}IAM5[{wildcard}]", reason)


def reason_for(wildcard: str) -> str | None:
    """Why a wildcard (`Action::s3:Get*`, `Resource::arn:...`) is right; None when there is no such reason."""
    return next((reason for form, reason in WILDCARDS if re.fullmatch(form, wildcard)), None)


def _strings(value: Any) -> Iterator[str]:
    """The strings of an element, with `<Name>` where `Fn::Sub` fills in `${Name}`: cdk-nag's way to write them."""
    for each in value if isinstance(value, list) else [value]:
        text = each.get("Fn::Sub") if isinstance(each, Mapping) else each
        if isinstance(text, str):
            yield text.replace("${", "<").replace("}", ">")
