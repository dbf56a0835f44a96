"""Pipeline variables held against what the definition declares and what the service will know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headgate.pipelines.check.arguments import is_variable
from headgate.pipelines.check.outline import UNREAD, Outline, StepOutline
from headgate.pipelines.check.problems import Problem
from headgate.pipelines.check.service import Service, Shape
from headgate.pipelines.references import EXECUTION_VARIABLES, path_tokens
from headgate.spec.suggest import suggest

EXTRA_PROPERTIES = {
    "QualityCheck": (
        "CalculatedBaselineConstraints",
        "CalculatedBaselineStatistics",
        "BaselineUsedForDriftCheckConstraints",
        "BaselineUsedForDriftCheckStatistics",
    ),
    "ClarifyCheck": ("CalculatedBaselineConstraints", "BaselineUsedForDriftCheckConstraints"),
    "Condition": ("Outcome",),
}
"""Properties that no Describe operation has."""


def variables(step: StepOutline) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every outermost variable of a step with its path; those of steps inside of it not."""
    own = dict(step.body)
    if step.type == "Condition":
        own["Arguments"] = {key: value for key, value in step.arguments.items() if key not in {"IfSteps", "ElseSteps"}}
    yield from _walk(own, "")


def referenced_steps(value: Any) -> Iterator[str]:
    """The names of the steps that a variable waits for."""
    if isinstance(value, dict):
        target = value.get("Get")
        if isinstance(target, str) and target.startswith("Steps."):
            yield target.split(".")[1]
        for inner in value.values():
            yield from referenced_steps(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from referenced_steps(inner)


def check_variables(step: StepOutline, outline: Outline, service: Service) -> Iterator[Problem]:
    """Variables that will not resolve."""
    if step.type in UNREAD:
        return
    checker = _Checker(step.name, outline, service)
    for path, value in variables(step):
        yield from checker.variable(value, path)
    yield from _property_files(step)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if is_variable(value):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{index}]")


class _Checker:
    def __init__(self, step: str, outline: Outline, service: Service) -> None:
        self.step, self.outline, self.service = step, outline, service

    def wrong(self, path: str, message: str, suggestion: str | None = None) -> Problem:
        return Problem(self.step, path, message, suggestion)

    def variable(self, value: Mapping[str, Any], path: str) -> Iterator[Problem]:
        kind, body = next(iter(value.items()))
        if kind == "Get":
            yield from self.get(body, path)
        elif kind == "Std:Join":
            yield from self.join(body, path)
        else:
            yield from self.json_get(body, path)

    def join(self, body: Any, path: str) -> Iterator[Problem]:
        if not isinstance(body, dict) or not isinstance(body.get("Values"), list):
            yield self.wrong(path, "Std:Join needs a list of Values, and On")
            return
        if not isinstance(body.get("On", ""), str):
            yield self.wrong(f"{path}.On", "expected a string")
        for inner_path, inner in _walk(body["Values"], f"{path}.Values"):
            yield from self.variable(inner, inner_path)

    def json_get(self, body: Any, path: str) -> Iterator[Problem]:
        if not isinstance(body, dict) or not ("PropertyFile" in body or "S3Uri" in body):
            yield self.wrong(path, "Std:JsonGet needs a PropertyFile, or an S3Uri, and a Path")
            return
        if not isinstance(body.get("Path"), str) or not body["Path"]:
            yield self.wrong(f"{path}.Path", "a path into the JSON file is needed")
        if is_variable(body.get("S3Uri")):
            yield from self.variable(body["S3Uri"], f"{path}.S3Uri")
        if "PropertyFile" not in body:
            return
        target = body["PropertyFile"].get("Get") if isinstance(body["PropertyFile"], dict) else None
        parts = target.split(".") if isinstance(target, str) else []
        if len(parts) != 4 or parts[0] != "Steps" or parts[2] != "PropertyFiles":
            yield self.wrong(f"{path}.PropertyFile", f"{target!r} is not Steps.<step>.PropertyFiles.<name>")
            return
        found = self.named_step(parts[1], path)
        if isinstance(found, Problem):
            yield found
            return
        names = [file.get("PropertyFileName") for file in _files(found)]
        if parts[3] not in names:
            yield self.wrong(
                path, f"step {found.name} has no property file {parts[3]!r}", suggest(parts[3], map(str, names))
            )

    def get(self, target: Any, path: str) -> Iterator[Problem]:
        root, _, rest = target.partition(".") if isinstance(target, str) else ("", "", "")
        if root == "Parameters":
            if rest not in self.outline.parameters:
                yield self.wrong(path, f"there is no parameter {rest!r}", suggest(rest, self.outline.parameters))
        elif root == "Execution":
            if rest not in EXECUTION_VARIABLES:
                yield self.wrong(path, f"there is no execution variable {rest!r}", suggest(rest, EXECUTION_VARIABLES))
        elif root == "Steps":
            yield from self.step_property(rest, path)
        else:
            yield self.wrong(path, f"{target!r} starts with neither Parameters., Execution. nor Steps.")

    def step_property(self, rest: str, path: str) -> Iterator[Problem]:
        name, _, member = rest.partition(".")
        found = self.named_step(name, path)
        if isinstance(found, Problem):
            yield found
        elif found.type not in UNREAD:
            tokens = path_tokens(member)
            if tokens is None:
                yield self.wrong(path, f"{member!r} is no path into the properties of step {name}")
            else:
                yield from self.tokens(found, tokens, path)

    def named_step(self, name: str, path: str) -> StepOutline | Problem:
        if name in self.outline.steps:
            return self.outline.steps[name]
        return self.wrong(path, f"there is no step {name!r}", suggest(name, self.outline.steps))

    def tokens(self, step: StepOutline, tokens: list[str | int], path: str) -> Iterator[Problem]:
        first = str(tokens[0])
        if step.type in {"Lambda", "Callback"}:
            yield from self.output_parameter(step, tokens, path)
            return
        extra = EXTRA_PROPERTIES.get(step.type, ())
        if first in extra:
            return
        shapes = [shape for shape in self.service.responses(step.type) if first in shape.members]
        if not shapes:
            members = [*extra, *(name for shape in self.service.responses(step.type) for name in shape.members)]
            what = f"has no property {first!r}" if members else "has no properties"
            yield self.wrong(path, f"a {step.type} step {what}", suggest(first, members))
            return
        yield from self.descend(shapes[0], tokens, path)
        if first == "ProcessingOutputConfig" and len(tokens) > 2 and isinstance(tokens[2], str):
            yield from self.processing_output(step, tokens[2], path)

    def output_parameter(self, step: StepOutline, tokens: list[str | int], path: str) -> Iterator[Problem]:
        outputs = [str(output.get("OutputName")) for output in _dicts(step.body.get("OutputParameters"))]
        if tokens[0] != "OutputParameters" or len(tokens) != 2:
            yield self.wrong(path, f"a {step.type} step has only OutputParameters['name']")
        elif (name := str(tokens[1])) not in outputs:
            yield self.wrong(path, f"step {step.name} has no output {name!r}", suggest(name, outputs))

    def descend(self, shape: Shape, tokens: list[str | int], path: str) -> Iterator[Problem]:
        for token in tokens:
            if shape.kind == "structure":
                if token not in shape.members:
                    yield self.wrong(path, f"{shape.name} has no member {token!r}", suggest(str(token), shape.members))
                    return
                shape = self.service.shape(shape.members[str(token)])
            elif shape.element is not None:
                shape = self.service.shape(shape.element)
            else:
                yield self.wrong(path, f"{shape.name} is a {shape.kind} and has no {token!r}")
                return

    def processing_output(self, step: StepOutline, name: str, path: str) -> Iterator[Problem]:
        config = step.arguments.get("ProcessingOutputConfig")
        outputs = config.get("Outputs") if isinstance(config, dict) else None
        names = [str(output.get("OutputName")) for output in _dicts(outputs)]
        if name not in names:
            yield self.wrong(path, f"step {step.name} has no output {name!r}", suggest(name, names))


def _property_files(step: StepOutline) -> Iterator[Problem]:
    config = step.arguments.get("ProcessingOutputConfig")
    outputs = _dicts(config.get("Outputs") if isinstance(config, dict) else None)
    names = [str(output.get("OutputName")) for output in outputs]
    for index, file in enumerate(_files(step)):
        path = f"PropertyFiles[{index}]"
        if not file.get("PropertyFileName") or not file.get("FilePath"):
            yield Problem(step.name, path, "a property file needs PropertyFileName, OutputName and FilePath")
        if file.get("OutputName") not in names:
            output = str(file.get("OutputName"))
            yield Problem(step.name, f"{path}.OutputName", f"the step has no output {output!r}", suggest(output, names))


def _files(step: StepOutline) -> list[dict[str, Any]]:
    return _dicts(step.body.get("PropertyFiles"))


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
