"""GetTemplate, GetTemplateSummary, ValidateTemplate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.localcloud.cloudformation.api.prepare import Preparation, needed_capabilities, read
from headgate.localcloud.cloudformation.changes.store import ChangeSetStore
from headgate.localcloud.cloudformation.stacks.acting import Acting
from headgate.localcloud.cloudformation.stacks.engine import Tools
from headgate.localcloud.cloudformation.template.document import Template
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json, Operation


@dataclass(frozen=True, slots=True)
class TemplateOperations:
    """The operations, by name in `table`. `stack_set_template` is the template of a StackSet, by name."""

    tools: Tools
    change_sets: ChangeSetStore

    def table(self) -> Mapping[str, Operation]:
        return {
            "GetTemplate": self.get,
            "GetTemplateSummary": self.summary,
            "ValidateTemplate": self.validate,
        }

    def get(self, caller: Caller, request: Json) -> Json:
        if "ChangeSetName" in request:
            found = self.change_sets.find(caller, request["ChangeSetName"], request.get("StackName", ""))
            text = found["deployment"]["template"]
        else:
            if "StackName" not in request:
                raise AwsError("ValidationError", "StackName or ChangeSetName is required")
            stack = self.tools.store.get(caller.account, caller.region, request["StackName"])
            text = stack.deployment.template
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def summary(self, caller: Caller, request: Json) -> Json:
        if "StackSetName" in request:
            raise AwsError(
                "ValidationError", "DescribeStackSet tells the template of a StackSet; GetTemplateSummary does not"
            )
        if "StackName" in request:
            stack = self.tools.store.get(caller.account, caller.region, request["StackName"])
            template = read(stack.deployment.template)
        else:
            template = self._given(caller, request)
        body = _summary(template)
        body["ResourceTypes"] = sorted({item.type for item in template.resources.values()})
        body["ResourceIdentifierSummaries"] = []
        return body

    def validate(self, caller: Caller, request: Json) -> Json:
        body = _summary(self._given(caller, request))
        return {
            name: body[name]
            for name in ("Parameters", "Description", "Capabilities", "CapabilitiesReason")
            if name in body
        }

    def _given(self, caller: Caller, request: Json) -> Template:
        acting = Acting(caller.account, caller.region, caller.access_key, caller.principal)
        text, limit = Preparation(self.tools, acting).template_text(request)
        template = read(text, limit)
        Preparation(self.tools, acting).check_registered(template)
        return template


def _summary(template: Template) -> Json:
    capabilities, reason = needed_capabilities(list(template.resources.values()))
    body: Json = {
        "Parameters": [_parameter(name, declaration) for name, declaration in template.parameters.items()],
        "Description": template.description,
        "Capabilities": capabilities,
        "CapabilitiesReason": reason,
        "Version": "2010-09-09",
    }
    return {name: value for name, value in body.items() if value not in ("", None)}


def _parameter(name: str, declaration: Json) -> Json:
    body: Json = {
        "ParameterKey": name,
        "ParameterType": declaration["Type"],
        "NoEcho": str(declaration.get("NoEcho", "false")).lower() == "true",
    }
    if "Default" in declaration:
        body["DefaultValue"] = str(declaration["Default"])
    if "Description" in declaration:
        body["Description"] = declaration["Description"]
    constraints = {key: declaration[key] for key in ("AllowedValues",) if key in declaration}
    if constraints:
        body["ParameterConstraints"] = {"AllowedValues": [str(value) for value in declaration["AllowedValues"]]}
    return body
