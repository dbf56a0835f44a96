"""How a training job's record changes: pure functions of the record and the time."""

from __future__ import annotations

from headgate.localcloud.seams import Json

MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Resources released due to runtime exceeding MaxRuntimeInSeconds",
}
"""The StatusMessage of each SecondaryStatus."""


def transition(body: Json, status: str, now: float) -> None:
    """Enter a secondary status; the one before it ends now."""
    transitions = body.setdefault("SecondaryStatusTransitions", [])
    if transitions and "EndTime" not in transitions[-1]:
        transitions[-1]["EndTime"] = now
    transitions.append({"Status": status, "StartTime": now, "StatusMessage": MESSAGES[status]})
    body["SecondaryStatus"] = status
    if status == "Training":
        body["TrainingStartTime"] = now


def end(body: Json, status: str, secondary: str, now: float) -> None:
    """Enter the last status of a job: Completed, Failed or Stopped."""
    transition(body, secondary, now)
    body["SecondaryStatusTransitions"][-1]["EndTime"] = now
    body["TrainingJobStatus"] = status
    body["TrainingEndTime"] = now
    if "TrainingStartTime" in body:
        seconds = max(1, round(now - body["TrainingStartTime"]))
        body["TrainingTimeInSeconds"] = seconds
        body["BillableTimeInSeconds"] = seconds


def rules_not_run(parameters: Json) -> Json:
    """What Describe says of debugger and profiler rules: they were asked for, and they did not run."""
    found: Json = {}
    for asked, told in (
        ("DebugRuleConfigurations", "DebugRuleEvaluationStatuses"),
        ("ProfilerRuleConfigurations", "ProfilerRuleEvaluationStatuses"),
    ):
        if parameters.get(asked):
            found[told] = [
                {
                    "RuleConfigurationName": rule["RuleConfigurationName"],
                    "RuleEvaluationStatus": "Error",
                    "StatusDetails": "the local cloud does not run debugger and profiler rules; they would run on AWS",
                }
                for rule in parameters[asked]
            ]
    return found
