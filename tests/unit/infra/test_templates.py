"""What the templates hold, whoever made them: parameters, boundaries, networks, buckets, references between stacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from headgate.control.vending.calls import CALLS
from headgate.control.vending.settings import VARIABLES
from headgate.infra.kinds import KINDS, PARAMETERS
from headgate.infra.limits import INLINE
from headgate.infra.synth import Assembly
from headgate.localcloud.cloudformation.resources.registry import registry

pytestmark = pytest.mark.slow

Template = Mapping[str, Any]
Templates = Mapping[str, Template]


def _of(template: Template, kind: str) -> dict[str, Any]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def _everywhere(value: Any) -> Iterator[Any]:
    yield value
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in children:
        yield from _everywhere(each)


def _functions(template: Template, name: str) -> list[Any]:
    return [each[name] for each in _everywhere(template) if isinstance(each, Mapping) and set(each) == {name}]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_parameter_is_declared_once_and_used(kind: str, templates: Templates) -> None:
    template = templates[kind]
    names = set(template.get("Parameters", {}))
    assert names == set(KINDS[kind].parameters)
    body = {section: content for section, content in template.items() if section != "Parameters"}
    substituted = " ".join(str(each) for each in _functions(body, "Fn::Sub"))
    used = {str(each) for each in _functions(body, "Ref")} | set(re.findall(r"\$\{(\w+)", substituted))
    assert names <= used
    assert set(re.findall(r"\$\{([A-Za-z]\w*)\}", substituted)) <= names | set(template["Resources"])


def test_every_parameter_that_is_described_belongs_to_a_kind() -> None:
    assert {name for kind in KINDS.values() for name in kind.parameters} == set(PARAMETERS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_local_cloud_knows_every_type_and_property(kind: str, templates: Templates) -> None:
    known = registry()
    unknown = [
        (resource["Type"], name)
        for resource in templates[kind]["Resources"].values()
        if not resource["Type"].startswith("Custom::")
        for name in resource.get("Properties", {})
        if name not in known[resource["Type"]].handled and name not in known[resource["Type"]].ignored
    ]
    assert unknown == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_of_the_machine_or_the_moment_is_in_a_template(kind: str, assembly: Assembly) -> None:
    body = assembly.templates[kind].body
    assert "aws:cdk:path" not in body
    assert "aws:asset" not in body
    assert "CDKMetadata" not in body
    assert "BootstrapVersion" not in body
    assert not re.search(r'"/(home|root|tmp|work|Users)/', body)


def test_what_is_deployed_without_a_bucket_fits_into_a_request(assembly: Assembly) -> None:
    assert len(assembly.templates["bootstrap"].body) <= INLINE


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_role_carries_the_boundary(kind: str, templates: Templates) -> None:
    for role in _of(templates[kind], "AWS::IAM::Role").values():
        boundary = role["Properties"]["PermissionsBoundary"]
        assert boundary == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/headgate/headgate-boundary"}


def test_the_boundary_is_made_before_any_other_role_where_it_is_made(templates: Templates) -> None:
    for kind in ("bootstrap", "guard"):
        roles = _of(templates[kind], "AWS::IAM::Role")
        assert roles
        assert all("Boundary" in role["DependsOn"] for role in roles.values())


def test_all_that_an_environment_owns_says_whose_it_is(templates: Templates) -> None:
    template = templates["environment"]
    for resource in (*_of(template, "AWS::S3::Bucket").values(), *_of(template, "AWS::KMS::Key").values()):
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
        assert tags["headgate:environment"] == {"Ref": "Environment"}
        assert tags["headgate:team"] == {"Ref": "Team"}
        assert tags["headgate:cost-centre"] == {"Ref": "CostCentre"}


def test_feature_branches_expire_in_the_buckets_of_an_environment(templates: Templates) -> None:
    buckets = _of(templates["environment"], "AWS::S3::Bucket")
    for name in ("Data", "Artifacts"):
        rules = buckets[name]["Properties"]["LifecycleConfiguration"]["Rules"]
        (rule,) = [each for each in rules if each.get("Prefix") == "feature/"]
        assert rule["ExpirationInDays"] == {"Ref": "FeatureExpiryDays"}
        assert not any(each.get("ExpirationInDays") for each in rules if each is not rule)


def test_data_is_reached_through_the_own_vpc_only_where_there_is_no_internet(templates: Templates) -> None:
    policy = _of(templates["environment"], "AWS::S3::BucketPolicy")["DataPolicy"]["Properties"]["PolicyDocument"]
    (choice,) = [each["Fn::If"] for each in policy["Statement"] if "Fn::If" in each]
    condition, open_to_the_internet, statement = choice
    assert condition == "HasInternet"
    assert open_to_the_internet == {"Ref": "AWS::NoValue"}
    assert statement["Effect"] == "Deny"
    assert statement["Condition"]["StringNotEquals"] == {
        "aws:SourceVpc": {"Fn::ImportValue": "headgate-account-vpc-id"}
    }
    exempt = str(statement["Condition"]["ArnNotLike"])
    assert "-execution" not in exempt
    assert "scientist" not in exempt


def test_nothing_leads_to_the_internet_unless_it_is_asked_for(templates: Templates) -> None:
    template = templates["account"]
    ways = {
        name: each
        for kind in ("InternetGateway", "NatGateway", "EIP", "VPCGatewayAttachment", "Route")
        for name, each in _of(template, f"AWS::EC2::{kind}").items()
    }
    assert len(ways) == 7
    assert {each["Condition"] for each in ways.values()} == {"HasInternet"}
    assert template["Conditions"]["HasInternet"]["Fn::And"][1] == {"Fn::Equals": [{"Ref": "Internet"}, "true"]}


def test_what_sagemaker_needs_is_reached_without_internet(templates: Templates) -> None:
    endpoints = _of(templates["account"], "AWS::EC2::VPCEndpoint").values()
    services = {each["Properties"]["ServiceName"]["Fn::Sub"].rpartition("${AWS::Region}.")[2] for each in endpoints}
    assert {
        "s3", "sagemaker.api", "sagemaker.runtime", "sts", "logs", "monitoring", "ecr.api", "ecr.dkr", "kms", "ssm",
        "secretsmanager", "events", "states", "lambda",
    } <= services  # fmt: skip
    conditions = {each["Properties"]["VpcEndpointType"]: each["Condition"] for each in endpoints}
    assert conditions == {"Gateway": "CreatesVpc", "Interface": "HasEndpoints"}


def test_a_brought_vpc_is_taken_as_it_is(templates: Templates) -> None:
    template = templates["account"]
    made = [each for each in template["Resources"].values() if each["Type"].startswith("AWS::EC2::")]
    unconditional = [each["Type"] for each in made if "Condition" not in each]
    assert unconditional == []
    brought = [each["Type"] for each in made if each["Condition"] == "BringsVpc"]
    assert brought == ["AWS::EC2::FlowLog"]
    assert template["Outputs"]["ExportedVpcId"]["Value"] == {
        "Fn::If": ["CreatesVpc", {"Ref": "NetworkVpc"}, {"Ref": "VpcId"}]
    }


@pytest.mark.parametrize(("exporter", "importers"), [("account", ["environment"]), ("governance", ["product-project"])])
def test_what_is_imported_is_exported_and_what_is_exported_imported(
    exporter: str, importers: list[str], templates: Templates
) -> None:
    exported = {each["Export"]["Name"] for each in templates[exporter]["Outputs"].values()}
    imported = {name for kind in importers for name in _functions(templates[kind], "Fn::ImportValue")}
    assert imported == exported


def test_other_stacks_have_no_outputs(templates: Templates) -> None:
    assert {kind for kind, template in templates.items() if template.get("Outputs")} == {"account", "governance"}


def test_functions_are_told_all_that_they_ask_for(templates: Templates) -> None:
    functions = _of(templates["governance"], "AWS::Lambda::Function")
    assert len(functions) == len(CALLS)
    for function in functions.values():
        handler = function["Properties"]["Handler"].rpartition(".")[2]
        told = set(function["Properties"]["Environment"]["Variables"])
        asked = set(VARIABLES) - {"AWS_REGION"}
        assert told == ({"HEADGATE_STATE_MACHINE_ARN"} if handler in {"request", "ended"} else asked)


def test_the_machine_is_whole(templates: Templates) -> None:
    (machine,) = _of(templates["governance"], "AWS::StepFunctions::StateMachine").values()
    wanted = set(re.findall(r"\$\{(\w+)\}", machine["Properties"]["DefinitionString"]))
    assert wanted == set(machine["Properties"]["DefinitionSubstitutions"])


def test_every_asset_that_a_template_names_is_published(assembly: Assembly, templates: Templates) -> None:
    named = {
        digest
        for kind in ("governance", "product-project")
        for digest in re.findall(r"[0-9a-f]{64}", str(templates[kind]))
    }
    assert named <= {each.digest for each in assembly.assets}
    (function, *_) = _of(templates["governance"], "AWS::Lambda::Function").values()
    assert function["Properties"]["Code"]["S3Key"] in {each.key for each in assembly.assets if each.kind == "zip"}


def test_stack_sets_ship_the_templates_of_this_assembly(assembly: Assembly, templates: Templates) -> None:
    shipped = {
        each["Properties"]["StackSetName"]: each["Properties"]
        for each in _of(templates["governance"], "AWS::CloudFormation::StackSet").values()
    }
    kinds = {
        "headgate-guard": "guard", "headgate-account": "account", "headgate-tooling": "tooling",
        "headgate-data-lake": "data-lake",
        **{f"headgate-environment-{each}": "environment" for each in ("experimentation", "dev", "preprod", "prod")},
    }  # fmt: skip
    assert shipped.keys() == kinds.keys()
    for name, kind in kinds.items():
        assert assembly.templates[kind].digest in shipped[name]["TemplateURL"]["Fn::Sub"]
        given = {each["ParameterKey"] for each in shipped[name]["Parameters"]}
        needed = {each for each in KINDS[kind].parameters if PARAMETERS[each].default is None}
        assert needed <= given <= set(KINDS[kind].parameters)
        assert shipped[name]["AutoDeployment"]["Enabled"] is (kind == "guard")


def test_the_catalog_is_protected_and_comes_last(templates: Templates) -> None:
    tables = _of(templates["governance"], "AWS::DynamoDB::Table")
    assert set(tables) == {"Catalog", "Audit"}
    for each in tables.values():
        assert each["Properties"]["DeletionProtectionEnabled"] is True
        assert "VendingMachine" in each["DependsOn"]
    others = {name: each for name, each in templates["governance"]["Resources"].items() if name not in tables}
    assert not [name for name, each in others.items() if {"Catalog", "Audit"} & set(each.get("DependsOn", ()))]


def test_data_sets_are_read_by_tag_whatever_the_team(templates: Templates) -> None:
    policy = _of(templates["data-lake"], "AWS::S3::BucketPolicy")["DataPolicy"]["Properties"]["PolicyDocument"]
    readers = {each["Sid"]: each for each in policy["Statement"] if each["Sid"].startswith("Read")}
    assert set(readers) == {"ReadCustomers", "ReadSales"}
    for name in ("Customers", "Sales"):
        condition = readers[f"Read{name}"]["Condition"]
        assert condition["StringLike"] == {"aws:PrincipalTag/headgate:data-sets": f"*:{name.lower()}:*"}
        assert condition["StringEquals"]["aws:PrincipalOrgID"] == {"Ref": "OrganizationId"}
        assert all(action.startswith("s3:GetObject") for action in readers[f"Read{name}"]["Action"])


def test_a_data_set_has_a_database_and_grants(templates: Templates) -> None:
    databases = _of(templates["data-lake"], "AWS::Glue::Database").values()
    assert {each["Properties"]["DatabaseInput"]["Name"] for each in databases} == {
        "headgate_customers",
        "headgate_sales",
    }
    grants = _of(templates["data-lake"], "AWS::LakeFormation::PrincipalPermissions")
    assert len(grants) == 6
    assert not [each for each in grants.values() if each["Properties"]["PermissionsWithGrantOption"]]


def test_templates_are_json_that_is_the_same_read_and_written(assembly: Assembly) -> None:
    for template in assembly.templates.values():
        assert json.loads(template.body)["Description"].startswith("Headgate: ")
