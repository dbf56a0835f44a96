from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.cloudformation.template import dynamic, graph
from headgate.localcloud.cloudformation.template.conditions import check_rules, evaluate_conditions
from headgate.localcloud.cloudformation.template.document import RESOURCE_LIMIT, parse
from headgate.localcloud.cloudformation.template.forms import read
from headgate.localcloud.cloudformation.template.functions import Scope, cidr, evaluate
from headgate.localcloud.cloudformation.template.values import NO_VALUE, Unknown
from headgate.localcloud.errors import AwsError

TOPIC = {"Type": "AWS::SNS::Topic"}


def test_yaml_and_json_mean_the_same() -> None:
    text = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  A:
    Type: AWS::SNS::Topic
    Condition: C
    Properties:
      Name: !Sub
        - ${x}-${AWS::Region}
        - x: !Select [0, !Split [",", !Ref P]]
      Arn: !GetAtt B.Outputs.Arn
      List: !If [C, !Join ["-", [a, !ImportValue e]], !Ref AWS::NoValue]
      Date: 2012-10-17
      Flag: true
      Number: 5
"""
    assert read(text) == {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "A": {
                "Type": "AWS::SNS::Topic",
                "Condition": "C",
                "Properties": {
                    "Name": {
                        "Fn::Sub": [
                            "${x}-${AWS::Region}",
                            {"x": {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "P"}]}]}},
                        ]
                    },
                    "Arn": {"Fn::GetAtt": ["B", "Outputs.Arn"]},
                    "List": {
                        "Fn::If": ["C", {"Fn::Join": ["-", ["a", {"Fn::ImportValue": "e"}]]}, {"Ref": "AWS::NoValue"}]
                    },
                    "Date": "2012-10-17",
                    "Flag": True,
                    "Number": 5,
                },
            }
        },
    }
    assert read("{Resources: {A: {Type: 'AWS::SNS::Topic'}}}") == {"Resources": {"A": TOPIC}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A: [1", "YAML not well-formed. (line"),
        ('{"A": 1', "not well-formed"),
        ('{"A": 1, "A": 2}', "stands twice"),
        ("A: 1\nA: 2", "stands twice in one mapping (line 2"),
        ("A: &x {b: 1}\nC: *x", "aliases are not allowed"),
        ("A: !Nope 1", "!Nope is not one of CloudFormation's"),
        ("[1]: 2", "a key has to be text"),
        ("- 1", "unsupported structure"),
        ("", "unsupported structure"),
    ],
)
def test_text_that_is_no_template_says_where(text: str, said: str) -> None:
    with pytest.raises(AwsError) as error:
        read(text)
    assert said in error.value.message
    assert error.value.code == "ValidationError"


def resources(**more: Any) -> str:
    return json.dumps({"Resources": {"A": TOPIC}, **more})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"Resources": {}}), "At least one Resources member"),
        (json.dumps({"Resources": []}), "Resources must be an object"),
        (resources(Foo={}), "Invalid template property or properties [Foo]"),
        (resources(Transform="AWS::Serverless-2016-10-31"), "does not support transforms"),
        (resources(Hooks={}), "does not support the Hooks"),
        (resources(AWSTemplateFormatVersion="2011-01-01"), "2010-09-09"),
        (resources(Description="x" * 1025), "'Description' length"),
        (resources(Parameters={"P": 1}), "Every Parameters member must be an object"),
        (resources(Outputs={f"O{n}": {"Value": "x"} for n in range(201)}), "Number of outputs, 201"),
        (json.dumps({"Resources": {"A-b": TOPIC}}), "non alphanumeric"),
        (json.dumps({"Resources": {"A": {}}}), "must contain a Type"),
        (json.dumps({"Resources": {"A": {**TOPIC, "CreationPolicy": {}}}}), "does not support CreationPolicy"),
        (json.dumps({"Resources": {"A": {**TOPIC, "Foo": 1}}}), "Invalid template resource property 'Foo'"),
        (json.dumps({"Resources": {"A": {**TOPIC, "Properties": []}}}), "Properties] must be an object"),
        (json.dumps({"Resources": {"A": {**TOPIC, "Condition": {}}}}), "must be the name of a condition"),
        (json.dumps({"Resources": {"A": {**TOPIC, "DeletionPolicy": "Keep"}}}), "Unrecognized DeletionPolicy Keep"),
        (json.dumps({"Resources": {"A": {**TOPIC, "UpdateReplacePolicy": "Snapshot"}}}), "Snapshot"),
        (json.dumps({"Resources": {"A": {**TOPIC, "DependsOn": {}}}}), "must be a name or a list"),
        (json.dumps({"Resources": {f"R{n}": TOPIC for n in range(RESOURCE_LIMIT + 1)}}), "Number of resources, 501"),
        (resources(Description="x" * 52_000), "less than or equal to 51200"),
    ],
)
def test_templates_that_are_not_in_form_are_refused(text: str, said: str) -> None:
    with pytest.raises(AwsError) as error:
        parse(text)
    assert said in error.value.message


def checked(body: dict[str, Any]) -> None:
    graph.check(parse(json.dumps(body)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Ref": "Z"}}}}}, "Unresolved resource dependencies [Z]"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Sub": "${Z.Arn}"}}}}}, "[Z]"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Sub": ["${q}", {"q": {"Ref": "Z"}}]}}}}}, "[Z]"),
        ({"Resources": {"A": {**TOPIC, "DependsOn": "Z"}}}, "[Z]"),
        ({"Resources": {"A": {**TOPIC, "Condition": "Z"}}}, "condition dependency Z"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::If": ["Z", 1, 2]}}}}}, "condition dependency Z"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::FindInMap": ["Z", 1, 2]}}}}}, "mapping dependency Z"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Nope": 1}}}}}, "unknown function Fn::Nope"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Equals": [1, 2]}}}}}, "unknown function Fn::Equals"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Sub": "x", "b": 1}}}}}, "has to stand alone"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Length": []}}}}}, "does not support the function"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Ref": []}}}}}, "single String"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::GetAtt": ["A"]}}}}}, "two non-empty"),
        ({"Resources": {"A": {**TOPIC, "Properties": {"X": {"Fn::Sub": [1]}}}}}, "Fn::Sub takes"),
        ({"Resources": {"A": TOPIC}, "Outputs": {"O": {}}}, "must contain a Value"),
        ({"Resources": {"A": TOPIC}, "Outputs": {"O": {"Value": 1, "Foo": 1}}}, "unknown member Foo"),
        ({"Resources": {"A": TOPIC}, "Outputs": {"O": {"Value": {"Ref": "Z"}}}}, "in the Outputs block"),
        (
            {"Resources": {"A": TOPIC}, "Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, 1]}}},
            "Cannot reference resources",
        ),
        ({"Resources": {"A": TOPIC}, "Conditions": {"C": {"Fn::Join": []}}}, "a condition is one of"),
        ({"Resources": {"A": TOPIC}, "Conditions": {"C": {"Fn::Not": [{"Condition": "D"}]}}}, "condition dependency D"),
    ],
)
def test_references_that_lead_nowhere_are_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError) as error:
        checked(body)
    assert said in error.value.message


def test_a_condition_of_a_policy_is_none_of_the_template() -> None:
    statement = {"Effect": "Allow", "Condition": {"StringEquals": {"a": "b"}}}
    checked({"Resources": {"A": {**TOPIC, "Properties": {"P": [statement, {"Condition": "text"}]}}}})


def test_circles_are_named() -> None:
    with pytest.raises(AwsError, match=r"Circular dependency between resources: \[A, B\]"):
        checked({"Resources": {
            "A": {**TOPIC, "Properties": {"X": {"Ref": "B"}}},
            "B": {**TOPIC, "Properties": {"X": {"Fn::GetAtt": "A.Arn"}}},
            "C": {**TOPIC, "DependsOn": "A"},
        }})  # fmt: skip


SCOPE = Scope(
    names={"AWS::Region": "eu-west-1", "P": "p", "L": ["a", "b"], "N": 5, "AWS::NoValue": NO_VALUE},
    mappings={"M": {"eu-west-1": {"k": "v", "list": [1, 2]}}},
    conditions={"Yes": True, "No": False},
    reference={"R": "r-1", "U": Unknown(frozenset({"U"}))}.get,
    attribute=lambda name, attribute: {"R.Arn": "arn:r", "U.Arn": Unknown(frozenset({"U.Arn"}))}.get(
        f"{name}.{attribute}"
    ),
    import_value=lambda name: f"imported {name}",
    zones=lambda region: [f"{region}a", f"{region}b"],
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "P"}, "p"),
        ({"Ref": "R"}, "r-1"),
        ({"Fn::GetAtt": ["R", "Arn"]}, "arn:r"),
        ({"Fn::GetAtt": "R.Arn"}, "arn:r"),
        ({"Fn::GetAtt": ["R", {"Fn::Sub": "Arn"}]}, "arn:r"),
        ({"Fn::Sub": "${P}-${R}-${R.Arn}-${!Literal}-${N}"}, "p-r-1-arn:r-${Literal}-5"),
        ({"Fn::Sub": ["${x}${AWS::Region}", {"x": True}]}, "trueeu-west-1"),
        ({"Fn::Join": ["-", ["a", {"Ref": "N"}, {"Ref": "AWS::NoValue"}]]}, "a-5"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "a,b"),
        ({"Fn::Select": ["1", {"Ref": "L"}]}, "b"),
        ({"Fn::Split": [":", {"Fn::GetAtt": ["R", "Arn"]}]}, ["arn", "r"]),
        ({"Fn::If": ["Yes", 1, {"Ref": "AWS::NoValue"}]}, 1),
        ({"a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}, "b": [{"Ref": "AWS::NoValue"}]}, {"b": []}),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}, "v"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "list"]}, [1, 2]),
        ({"Fn::ImportValue": {"Fn::Sub": "${P}-x"}}, "imported p-x"),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b"]),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"x": {"Ref": "P", "y": 1}}, {"x": {"Ref": "P", "y": 1}}),
    ],
)
def test_functions(value: Any, expected: Any) -> None:
    assert evaluate(value, SCOPE) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "U"},
        {"Fn::Sub": "x${U}"},
        {"Fn::Join": ["", ["a", {"Ref": "U"}]]},
        {"Fn::Join": ["", {"Ref": "U"}]},
        {"Fn::Select": [0, {"Ref": "U"}]},
        {"Fn::Split": [",", {"Ref": "U"}]},
        {"Fn::FindInMap": ["M", {"Ref": "U"}, "k"]},
        {"Fn::ImportValue": {"Ref": "U"}},
        {"Fn::Base64": {"Ref": "U"}},
        {"Fn::Cidr": [{"Ref": "U"}, 1]},
        {"Fn::GetAZs": {"Ref": "U"}},
    ],
)
def test_what_depends_on_the_unknown_is_unknown(value: Any) -> None:
    assert evaluate(value, SCOPE) == Unknown(frozenset({"U"}))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Ref": "Z"}, "Unresolved resource dependencies [Z]"),
        ({"Fn::GetAtt": ["R", "Nope"]}, "does not support attribute type Nope"),
        ({"Fn::Sub": "${L}"}, "does not resolve to a string"),
        ({"Fn::Join": ["-"]}, "Fn::Join object requires"),
        ({"Fn::Join": ["-", "x"]}, "has to be a list"),
        ({"Fn::Join": ["-", [["x"]]]}, "has to be a string"),
        ({"Fn::Select": [5, {"Ref": "L"}]}, "nonexistent value at index 5"),
        ({"Fn::Select": ["x", {"Ref": "L"}]}, "an integer index"),
        ({"Fn::Select": [1]}, "an integer index"),
        ({"Fn::Split": ["", "x"]}, "a delimiter and a string"),
        ({"Fn::If": ["Yes", 1]}, "three elements"),
        ({"Fn::If": ["Nope", 1, 2]}, "condition dependency Nope"),
        ({"Fn::FindInMap": ["M", "x", "k"]}, "Unable to get mapping for M::x::k"),
        ({"Fn::FindInMap": ["M", "x"]}, "three parameters"),
        ({"Fn::ImportValue": ["x"]}, "String-typed"),
        ({"Fn::Cidr": ["10.0.0.0/16"]}, "Fn::Cidr takes"),
    ],
)
def test_functions_that_cannot_be_evaluated_say_so(value: Any, said: str) -> None:
    with pytest.raises(AwsError) as error:
        evaluate(value, SCOPE)
    assert said in error.value.message


@pytest.mark.parametrize(
    ("block", "count", "bits"),
    [("10.0.0.0/24", 3, 7), ("nonsense", 1, 8), ("10.0.0.0/24", 0, 4), ("10.0.0.0/8", 257, 8)],
)
def test_blocks_that_do_not_fit(block: str, count: int, bits: int) -> None:
    with pytest.raises(AwsError, match="Cidr"):
        cidr(block, count, bits)


def test_cidr_of_ipv6() -> None:
    assert cidr("fd00::/56", 2, 64) == ["fd00::/64", "fd00:0:0:1::/64"]


def conditions(body: dict[str, Any], **names: Any) -> dict[str, bool]:
    text = json.dumps({"Resources": {"A": TOPIC}, "Conditions": body})
    return evaluate_conditions(parse(text), Scope(names))


def test_conditions_by_each_other() -> None:
    found = conditions(
        {
            "Both": {"Fn::And": [{"Condition": "Prod"}, {"Fn::Not": [{"Condition": "Small"}]}]},
            "Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
            "Small": {"Fn::Equals": [{"Ref": "Size"}, 1]},
            "Any": {"Fn::Or": [{"Condition": "Small"}, {"Condition": "Both"}]},
        },
        Env="prod",
        Size="2",
    )
    assert found == {"Both": True, "Prod": True, "Small": False, "Any": True}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"A": {"Condition": "B"}, "B": {"Condition": "A"}}, "Circular dependency between conditions"),
        ({"A": {"Condition": "Z"}}, "condition dependency Z"),
        ({"A": {"Fn::Nope": []}}, "is no condition function"),
        ({"A": {"Fn::And": [{"Fn::Equals": [1, 1]}]}}, "list of 2 to 10 parameters"),
        ({"A": {"Fn::Not": ["text"]}}, "has to be one function"),
    ],
)
def test_conditions_that_cannot_be_evaluated(body: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError) as error:
        conditions(body)
    assert said in error.value.message


def rules(body: dict[str, Any], **names: Any) -> None:
    template = parse(json.dumps({"Resources": {"A": TOPIC}, "Rules": {"R": body}}))
    check_rules(template, Scope(names))


def test_rules_speak_when_an_assertion_does_not_hold() -> None:
    sizes = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "Assertions": [{"Assert": {"Fn::Contains": [["m5", "c5"], {"Ref": "Size"}]}, "AssertDescription": "too small"}],
    }
    rules(sizes, Env="prod", Size="m5")
    rules(sizes, Env="dev", Size="t2")
    with pytest.raises(AwsError, match="rule R: too small"):
        rules(sizes, Env="prod", Size="t2")
    rules({"Assertions": [{"Assert": {"Fn::EachMemberIn": [["a"], ["a", "b"]]}}]})
    rules({"Assertions": [{"Assert": {"Fn::EachMemberEquals": [["a", "a"], "a"]}}]})
    with pytest.raises(AwsError, match="takes a list"):
        rules({"Assertions": [{"Assert": {"Fn::Contains": ["a", "a"]}}]})
    with pytest.raises(AwsError, match="RefAll"):
        rules({"Assertions": [{"Assert": {"Fn::RefAll": "AWS::EC2::VPC::Id"}}]})
    with pytest.raises(AwsError, match="needs Assertions"):
        rules({"Assert": 1})


class Values:
    """Where dynamic references look."""

    def ssm(self, name: str, version: str, *, secure: bool) -> str:
        return f"{name}@{version or 'latest'}{' secure' if secure else ''}"

    def secret(self, secret_id: str, stage: str, version: str) -> str:
        return json.dumps({"user": "u", "port": 5}) + (stage or (version and ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{resolve:ssm:/a/b}}", "/a/b@latest"),
        ("x-{{resolve:ssm:a:3}}-y", "x-a@3-y"),
        ("{{resolve:secretsmanager:s:SecretString:user}}", "u"),
        ("{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:111111111111:secret:s-x:SecretString:port}}", "5"),
        ("{{resolve:secretsmanager:s}}", '{"user": "u", "port": 5}'),
        ("plain", "plain"),
    ],
)
def test_dynamic_references(text: str, expected: str) -> None:
    assert dynamic.substitute({"P": [{"x": text}]}, Values(), "AWS::SNS::Topic") == {"P": [{"x": expected}]}


def test_secure_parameters_stand_in_some_properties_only() -> None:
    text = "{{resolve:ssm-secure:pw:1}}"
    found = dynamic.substitute({"MasterUserPassword": text}, Values(), "AWS::RDS::DBInstance")
    assert found == {"MasterUserPassword": "pw@1 secure"}
    with pytest.raises(AwsError, match="not supported in this property"):
        dynamic.substitute({"DisplayName": text}, Values(), "AWS::SNS::Topic")


@pytest.mark.parametrize(
    "text",
    ["{{resolve:nope:x}}", "{{resolve:ssm:a b}}", "{{resolve:secretsmanager:s:SecretBinary}}",
     "{{resolve:secretsmanager:s:SecretString:nothing}}"],
)  # fmt: skip
def test_dynamic_references_that_are_wrong(text: str) -> None:
    with pytest.raises(AwsError) as error:
        dynamic.substitute({"P": text}, Values(), "AWS::SNS::Topic")
    assert error.value.code == "ValidationError"
