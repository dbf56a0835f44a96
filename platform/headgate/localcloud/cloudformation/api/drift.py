"""DetectStackDrift, DetectStackResourceDrift and what tells their results."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from headgate.localcloud.cloudformation.api.describe import page
from headgate.localcloud.cloudformation.changes.drift import IN_SYNC, NOT_CHECKED, compare, overall
from headgate.localcloud.cloudformation.stacks.acting import acting_for
from headgate.localcloud.cloudformation.stacks.engine import Tools
from headgate.localcloud.cloudformation.stacks.provision import StepError
from headgate.localcloud.cloudformation.stacks.records import Resource, Stack
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json, Operation

_KIND = "cfn-drift-detection"


@dataclass(frozen=True, slots=True)
class DriftOperations:
    """The operations, by name in `table`. A detection is over when it is answered."""

    tools: Tools
    documents: Documents

    def table(self) -> Mapping[str, Operation]:
        return {
            "DetectStackDrift": self.detect,
            "DetectStackResourceDrift": self.detect_resource,
            "DescribeStackDriftDetectionStatus": self.status,
            "DescribeStackResourceDrifts": self.drifts,
        }

    def detect(self, caller: Caller, request: Json) -> Json:
        stack = self._stack(caller, request)
        wanted = request.get("LogicalResourceIds")
        resources = self.tools.store.resources(stack)
        failures: list[str] = []
        for name, resource in resources.items():
            if resource.live is not None and (not wanted or name in wanted):
                try:
                    resources[name] = self._look(stack, resource)
                except StepError as error:
                    failures.append(f"{name}: {error.reason}")
        statuses = (resource.drift["StackResourceDriftStatus"] for resource in resources.values() if resource.live)
        now = self.tools.store.clock.now()
        drift = overall(statuses)
        count = drift.pop("DriftedStackResourceCount")
        drift["LastCheckTimestamp"] = now
        self.tools.store.change(stack, lambda found: replace(found, drift=drift))
        detection = str(uuid.uuid4())
        body: Json = {
            "StackId": stack.id,
            "StackDriftDetectionId": detection,
            "StackDriftStatus": drift["StackDriftStatus"],
            "DetectionStatus": "DETECTION_FAILED" if failures else "DETECTION_COMPLETE",
            "DetectionStatusReason": "; ".join(failures),
            "DriftedStackResourceCount": count,
            "Timestamp": now,
        }
        self.documents.insert(Key(stack.account, stack.region, _KIND, detection), body)
        return {"StackDriftDetectionId": detection}

    def detect_resource(self, caller: Caller, request: Json) -> Json:
        stack = self._stack(caller, request)
        resource = self.tools.store.resource(stack, request["LogicalResourceId"])
        if resource is None or resource.live is None:
            raise AwsError("ValidationError", f"Resource {request['LogicalResourceId']} does not exist")
        try:
            looked = self._look(stack, resource)
        except StepError as error:
            raise AwsError("ValidationError", error.reason) from error
        return {"StackResourceDrift": _described(stack, looked)}

    def status(self, caller: Caller, request: Json) -> Json:
        detection = request["StackDriftDetectionId"]
        found = self.documents.find(Key(caller.account, caller.region, _KIND, detection))
        if found is None:
            raise AwsError("ValidationError", f"there was no drift detection {detection}")
        return found

    def drifts(self, caller: Caller, request: Json) -> Json:
        stack = self.tools.store.get(caller.account, caller.region, request["StackName"])
        wanted = request.get("StackResourceDriftStatusFilters")
        found = [
            _described(stack, resource)
            for resource in self.tools.store.resources(stack).values()
            if "Timestamp" in resource.drift and (not wanted or resource.drift["StackResourceDriftStatus"] in wanted)
        ]
        return page("StackResourceDrifts", found, request)

    def _stack(self, caller: Caller, request: Json) -> Stack:
        stack = self.tools.store.get(caller.account, caller.region, request["StackName"])
        if stack.operation is not None or not stack.status.endswith(("_COMPLETE", "_FAILED")) or stack.gone:
            raise AwsError("ValidationError", f"Drift detection cannot be performed on a stack in {stack.status}")
        return replace(stack, acting=acting_for(caller, stack.acting.role_arn))

    def _look(self, stack: Stack, resource: Resource) -> Resource:
        """The resource with its drift. Raises StepError when it cannot be read."""
        live = resource.live
        if live is None:
            return resource
        drift: Json = {"StackResourceDriftStatus": NOT_CHECKED}
        if self.tools.provisioner.readable(live.type):
            found = self.tools.provisioner.read(stack, resource.logical_id, live)
            wanted = self.tools.provisioner.checks.convert(live.type, live.properties)
            drift = compare(self.tools.schemas.find(live.type), wanted, found)
        drift["Timestamp"] = self.tools.store.clock.now()
        looked = replace(resource, drift=drift)
        self.tools.store.put_resource(stack, looked)
        return looked


def _described(stack: Stack, resource: Resource) -> Json:
    body: Json = {
        "StackId": stack.id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        **resource.drift,
    }
    if body["StackResourceDriftStatus"] == IN_SYNC:
        body["PropertyDifferences"] = []
    return body
