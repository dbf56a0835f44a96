"""A deployment evaluated as far as parameters go: which resources it has, and what each needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.stacks.records import Deployment
from headgate.localcloud.cloudformation.template.conditions import check_rules, evaluate_conditions
from headgate.localcloud.cloudformation.template.document import URL_LIMIT, Declaration, Template, parse
from headgate.localcloud.cloudformation.template.functions import Scope, choose
from headgate.localcloud.cloudformation.template.graph import References, dependencies, order
from headgate.localcloud.cloudformation.template.values import NO_VALUE
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class Place:
    """What pseudo parameters stand for."""

    account: str
    region: str
    stack_name: str
    stack_id: str

    def names(self) -> dict[str, Any]:
        partition = "aws-cn" if self.region.startswith("cn-") else "aws"
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": partition,
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        }


@dataclass(frozen=True, slots=True)
class Model:
    """A template for given parameters. `resources` are those whose condition holds, `Fn::If` chosen."""

    template: Template
    names: Mapping[str, Any]
    conditions: Mapping[str, bool]
    resources: Mapping[str, Declaration]
    needs: Mapping[str, frozenset[str]]
    outputs: Mapping[str, Json]

    def scope(
        self,
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        import_value: Callable[[str], str],
        zones: Callable[[str], list[str]],
    ) -> Scope:
        return Scope(self.names, self.template.mappings, self.conditions, reference, attribute, import_value, zones)


def build(deployment: Deployment, place: Place) -> Model:
    """Evaluate conditions and rules, and order what remains. Raises AwsError (ValidationError)."""
    return build_template(parse(deployment.template, limit=URL_LIMIT), deployment, place)


def build_template(template: Template, deployment: Deployment, place: Place) -> Model:
    """As `build`, for a template that is parsed already."""
    names = {**place.names(), **{name: value.resolved for name, value in deployment.parameters.items()}}
    scope = Scope(names, template.mappings)
    conditions = evaluate_conditions(template, scope)
    check_rules(template, replace(scope, conditions=conditions))
    resources = {
        name: replace(declaration, properties=choose(declaration.properties, conditions))
        for name, declaration in template.resources.items()
        if not declaration.condition or conditions[declaration.condition]
    }
    outputs = {
        name: choose(output, conditions)
        for name, output in template.outputs.items()
        if "Condition" not in output or conditions[output["Condition"]]
    }
    _check_present(template, resources, outputs)
    order(resources)
    needs = {name: dependencies(declaration, resources) for name, declaration in resources.items()}
    return Model(template, names, conditions, resources, needs, outputs)


def _check_present(template: Template, resources: Mapping[str, Declaration], outputs: Mapping[str, Json]) -> None:
    """What is left refers to nothing that its condition has taken out."""
    absent = set(template.resources) - set(resources)
    if not absent:
        return
    for block, values in (
        ("Resources", [declaration.properties for declaration in resources.values()]),
        ("Outputs", [{key: item for key, item in output.items() if key != "Condition"} for output in outputs.values()]),
    ):
        missing = References(values).logical_ids & absent
        if missing:
            listed = ", ".join(sorted(missing))
            raise AwsError(
                "ValidationError",
                f"Template format error: Unresolved resource dependencies [{listed}] in the {block} block of the "
                f"template",
            )
