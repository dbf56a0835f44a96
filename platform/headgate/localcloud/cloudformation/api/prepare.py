"""From a request's template, parameters and tags to a checked deployment, before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from headgate.localcloud.cloudformation.stacks.acting import Acting
from headgate.localcloud.cloudformation.stacks.engine import Tools
from headgate.localcloud.cloudformation.stacks.model import Model, Place, build_template
from headgate.localcloud.cloudformation.stacks.provision import is_custom
from headgate.localcloud.cloudformation.stacks.records import Deployment, Stack
from headgate.localcloud.cloudformation.stacks.resolution import ActingLookup
from headgate.localcloud.cloudformation.template import graph, parameters
from headgate.localcloud.cloudformation.template.document import BODY_LIMIT, URL_LIMIT, Declaration, Template, parse
from headgate.localcloud.cloudformation.template.forms import format_error
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Json

_IAM_NAMES = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}
"""Types that need a capability, with the property that makes it CAPABILITY_NAMED_IAM."""

_REFUSED = {
    "StackPolicyBody": "stack policies",
    "StackPolicyURL": "stack policies",
    "StackPolicyDuringUpdateBody": "stack policies",
    "StackPolicyDuringUpdateURL": "stack policies",
    "NotificationARNs": "notifications of stack events (NotificationARNs)",
    "ResourceTypes": "ResourceTypes",
    "TimeoutInMinutes": "TimeoutInMinutes",
}
_S3_HOST = re.compile(
    r"^(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$|^(?P<old>.+)\.s3\.amazonaws\.com$"
)
_TAG_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Prepared:
    """A deployment that passed every check that needs no resource to be made."""

    deployment: Deployment
    model: Model


def refuse_unsupported(request: Json) -> None:
    """Raises AwsError (501) for what is asked for and would not be done."""
    for name, what in _REFUSED.items():
        if request.get(name):
            raise unsupported(f"{what} of CloudFormation stacks")
    if (request.get("RollbackConfiguration") or {}).get("RollbackTriggers"):
        raise unsupported("rollback triggers (RollbackConfiguration)")


class Preparation:
    """Reads and checks templates for the requests of one acting session."""

    def __init__(self, tools: Tools, acting: Acting) -> None:
        self._tools = tools
        self._acting = acting

    def template_text(self, request: Json, previous: str | None = None) -> tuple[str, int]:
        """The template that a request means, and its limit in bytes. Raises AwsError (ValidationError)."""
        given = [name for name in ("TemplateBody", "TemplateURL", "UsePreviousTemplate") if request.get(name)]
        if len(given) != 1:
            raise AwsError("ValidationError", "Either Template URL or Template Body must be specified, not both.")
        if "TemplateBody" in given:
            return request["TemplateBody"], BODY_LIMIT
        if "TemplateURL" in given:
            return self._download(request["TemplateURL"]), URL_LIMIT
        if not previous:
            raise AwsError("ValidationError", "UsePreviousTemplate: the stack has no template yet")
        return previous, URL_LIMIT

    def deployment(self, request: Json, place: Place, previous: Deployment | None = None) -> Prepared:
        """The checked deployment that CreateStack, UpdateStack or CreateChangeSet asks for. Raises AwsError."""
        text, limit = self.template_text(request, previous.template if previous else None)
        template = read(text, limit)
        before = previous.parameters if previous else None
        lookup = ActingLookup(self._tools.provisioner.sessions, self._acting)
        values = parameters.resolve(template.parameters, request.get("Parameters", ()), lookup, before)
        tags = self._tags(request, previous)
        capabilities = tuple(request.get("Capabilities", ()))
        deployment = Deployment(text, values, tags, capabilities, template.description)
        model = build_template(template, deployment, place)
        self.check_types(model)
        _check_capabilities(template.resources.values(), capabilities)
        return Prepared(deployment, model)

    def check_registered(self, template: Template) -> None:
        """Every type is one of AWS's. Raises AwsError (ValidationError)."""
        find = self._tools.schemas.find
        unknown = sorted({item.type for item in template.resources.values() if find(item.type) is None})
        if unknown:
            raise format_error(f"Unrecognized resource types: [{', '.join(unknown)}]")

    def check_types(self, model: Model) -> None:
        """Every type exists on AWS and here, and has the attributes that are asked for. Raises AwsError."""
        self.check_registered(model.template)
        provider = self._tools.provisioner.provider
        missing = sorted({item.type for item in model.resources.values() if provider(item.type) is None})
        if missing:
            raise unsupported(f"the resource type{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
        values: list[Any] = [item.properties for item in model.resources.values()]
        for logical_id, attribute in graph.References([*values, *model.outputs.values()]).attributes:
            self._check_attribute(model.resources[logical_id], attribute)

    def _check_attribute(self, declaration: Declaration, attribute: str) -> None:
        schema = self._tools.schemas.find(declaration.type)
        if schema is None or is_custom(declaration.type) or attribute.startswith("Outputs."):
            return
        if attribute not in schema.attributes and attribute.split(".", maxsplit=1)[0] not in schema.properties:
            raise AwsError(
                "ValidationError",
                f"Template error: resource {declaration.logical_id} does not support attribute type {attribute} in "
                f"Fn::GetAtt; {declaration.type} has {', '.join(sorted(schema.attributes)) or 'none'}",
            )

    def _tags(self, request: Json, previous: Deployment | None) -> Mapping[str, str]:
        if "Tags" not in request:
            return previous.tags if previous else {}
        tags = request["Tags"]
        names = [tag["Key"] for tag in tags]
        if len(names) > _TAG_LIMIT or len(set(names)) < len(names):
            raise AwsError("ValidationError", f"a stack has at most {_TAG_LIMIT} tags, each key once")
        reserved = [name for name in names if name.lower().startswith("aws:")]
        if reserved:
            raise AwsError(
                "ValidationError", f"aws: prefixed tag key names are not allowed for external use: {reserved[0]}"
            )
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _download(self, url: str) -> str:
        shared = self._tools.templates.read(urlsplit(url).path)
        if shared is not None:
            return shared
        bucket, key, version = s3_place(url)
        client = self._tools.provisioner.sessions.client(self._acting, "s3")
        try:
            found = client.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
            if found["ContentLength"] > URL_LIMIT:
                raise AwsError(
                    "ValidationError",
                    f"Template may not exceed {URL_LIMIT} bytes in size; {url} has {found['ContentLength']}",
                )
            return str(found["Body"].read().decode())
        except client.exceptions.ClientError as error:
            said = error.response.get("Error", {})
            raise AwsError("ValidationError", f"S3 error: {said.get('Message')} ({said.get('Code')}, {url})") from error
        except UnicodeDecodeError as error:
            raise format_error(f"{url} is not UTF-8 text") from error


def read(text: str, limit: int = URL_LIMIT) -> Template:
    """A template with every check that needs no parameters. Raises AwsError (ValidationError)."""
    template = parse(text, limit=limit)
    parameters.check_declarations(template.parameters)
    graph.check(template)
    return template


def s3_place(url: str) -> tuple[str, str, str]:
    """Bucket, key and version of an S3 URL, of either style, on AWS or on loopback. Raises AwsError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = unquote(parts.path).removeprefix("/")
    match = _S3_HOST.match(host)
    if parts.scheme not in ("http", "https") or (match is None and host not in ("127.0.0.1", "localhost")):
        raise AwsError("ValidationError", f"TemplateURL must be a supported S3 URL, not {url}")
    bucket = (match["bucket"] or match["old"]) if match else ""
    if not bucket:
        bucket, _, path = path.partition("/")
    version = dict(part.partition("=")[::2] for part in parts.query.split("&")).get("versionId", "")
    return bucket, path, version


def needed_capabilities(resources: Sequence[Declaration]) -> tuple[list[str], str]:
    """The capabilities that a template asks for, and why."""
    iam = [item for item in resources if item.type in _IAM_NAMES]
    if not iam:
        return [], ""
    listed = ", ".join(sorted({item.type for item in iam}))
    reason = f"The following resource(s) require capabilities: [{listed}]"
    named = any(_IAM_NAMES[item.type] in item.properties for item in iam)
    return (["CAPABILITY_NAMED_IAM"] if named else ["CAPABILITY_IAM"]), reason


def _check_capabilities(resources: Any, given: Sequence[str]) -> None:
    needed, _ = needed_capabilities(list(resources))
    enough = {"CAPABILITY_NAMED_IAM", *needed}
    if needed and not enough & set(given):
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")


def place_of(stack: Stack) -> Place:
    return Place(stack.account, stack.region, stack.name, stack.id)
