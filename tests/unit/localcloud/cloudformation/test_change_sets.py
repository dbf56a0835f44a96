from __future__ import annotations

import json
from typing import Any

import pytest

from unit.localcloud.cloudformation.conftest import QUEUE, Place, template, topic


def change_set(place: Place, body: Any, name: str = "c", **more: Any) -> Any:
    given = {"ChangeSetType": "UPDATE", **more}
    place.client.create_change_set(StackName="s", ChangeSetName=name, TemplateBody=json.dumps(body), **given)
    return place.client.describe_change_set(StackName="s", ChangeSetName=name)


def test_a_change_set_makes_a_stack_once_it_is_executed(place: Place) -> None:
    found = change_set(place, template(A=topic()), ChangeSetType="CREATE")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [
        (item["ResourceChange"]["Action"], item["ResourceChange"]["LogicalResourceId"]) for item in found["Changes"]
    ] == [("Add", "A")]
    assert place.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert place.world.things == {}
    place.client.execute_change_set(StackName="s", ChangeSetName="c")
    place.settle()
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert place.stack()["ChangeSetId"] == found["ChangeSetId"]
    done = place.client.describe_change_set(ChangeSetName=found["ChangeSetId"])
    assert done["ExecutionStatus"] == "EXECUTE_COMPLETE"


def test_changes_tell_replacement_cause_and_what_follows(place: Place) -> None:
    body = template(
        A=topic(TopicName={"Ref": "P"}), B=topic(DisplayName={"Ref": "A"}), C=topic(DisplayName="one"), D=topic()
    )
    body["Parameters"] = {"P": {"Type": "String", "Default": "old"}}
    place.create(body)
    new = template(
        A=topic(TopicName={"Ref": "P"}),
        B=topic(DisplayName={"Ref": "A"}),
        C=topic(DisplayName="two"),
        E={"Type": QUEUE},
    )
    new["Parameters"] = body["Parameters"]
    found = change_set(place, new, Parameters=[{"ParameterKey": "P", "ParameterValue": "new"}])
    changes = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in found["Changes"]}
    assert {name: change["Action"] for name, change in changes.items()} == {
        "A": "Modify", "B": "Modify", "C": "Modify", "D": "Remove", "E": "Add",
    }  # fmt: skip
    assert changes["A"]["Replacement"] == "True"
    assert changes["A"]["PolicyAction"] == "ReplaceAndDelete"
    detail = changes["A"]["Details"][0]
    assert (detail["ChangeSource"], detail["CausingEntity"], detail["Evaluation"]) == (
        "ParameterReference",
        "P",
        "Static",
    )
    detail = changes["B"]["Details"][0]
    assert (detail["ChangeSource"], detail["CausingEntity"], detail["Evaluation"]) == (
        "ResourceReference",
        "A",
        "Dynamic",
    )
    assert changes["B"]["Replacement"] == "False"
    assert changes["C"]["Details"][0]["ChangeSource"] == "DirectModification"
    assert changes["D"]["PolicyAction"] == "Delete"
    values = place.client.describe_change_set(StackName="s", ChangeSetName="c", IncludePropertyValues=True)
    contexts = {item["ResourceChange"]["LogicalResourceId"]: item["ResourceChange"] for item in values["Changes"]}
    after = json.loads(contexts["B"]["AfterContext"])
    assert after == {"Properties": {"DisplayName": "{{changeSet:KNOWN_AFTER_APPLY}}"}}
    place.client.execute_change_set(StackName="s", ChangeSetName="c")
    place.settle()
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert "new" in place.world.things


def test_no_changes_fail_the_change_set_as_on_aws(place: Place, caught) -> None:
    place.create(template(A=topic()))
    found = change_set(place, template(A=topic()))
    assert found["Status"] == "FAILED"
    assert "didn't contain changes" in found["StatusReason"]
    assert "InvalidChangeSetStatus" in caught(lambda: place.client.execute_change_set(StackName="s", ChangeSetName="c"))


@pytest.mark.parametrize(
    "change",
    [
        {"Metadata": {"a": 1}},
        {"DeletionPolicy": "Retain"},
    ],
)
def test_metadata_and_policies_are_changes(place: Place, change: dict[str, Any]) -> None:
    place.create(template(A=topic()))
    found = change_set(place, template(A={**topic(), **change}))
    assert found["Changes"][0]["ResourceChange"]["Scope"] == list(change)
    place.world.calls.clear()
    place.client.execute_change_set(StackName="s", ChangeSetName="c")
    place.settle()
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert place.world.calls == []
    assert change_set(place, template(A={**topic(), **change}), "again")["Status"] == "FAILED"


def test_outputs_alone_are_an_update(place: Place) -> None:
    place.create(template(A=topic()))
    place.update(template({"O": {"Value": {"Ref": "A"}}}, A=topic()))
    assert place.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert place.stack()["Outputs"][0]["OutputKey"] == "O"


def test_change_sets_are_listed_deleted_and_superseded(place: Place, caught) -> None:
    place.create(template(A=topic()))
    change_set(place, template(A=topic(DisplayName="1")), "one")
    change_set(place, template(A=topic(DisplayName="2")), "two")
    change_set(place, template(A=topic(DisplayName="3")), "three")
    assert "AlreadyExistsException" in caught(lambda: change_set(place, template(A=topic(DisplayName="x")), "one"))
    place.client.delete_change_set(StackName="s", ChangeSetName="three")
    names = [item["ChangeSetName"] for item in place.client.list_change_sets(StackName="s")["Summaries"]]
    assert names == ["one", "two"]
    place.client.execute_change_set(StackName="s", ChangeSetName="one", ClientRequestToken="t")
    place.settle()
    place.client.execute_change_set(StackName="s", ChangeSetName="one", ClientRequestToken="t")
    assert "ChangeSetNotFound" in caught(lambda: place.client.describe_change_set(StackName="s", ChangeSetName="two"))


def test_an_executed_change_set_that_fails_says_so(place: Place) -> None:
    place.world.refuse["create", "A"] = "no"
    change_set(place, template(A=topic()), ChangeSetType="CREATE", OnStackFailure="DO_NOTHING")
    place.client.execute_change_set(StackName="s", ChangeSetName="c")
    place.settle()
    assert place.stack()["StackStatus"] == "CREATE_FAILED"
    assert place.client.describe_change_set(StackName="s", ChangeSetName="c")["ExecutionStatus"] == "EXECUTE_FAILED"


def test_imports_are_refused_and_so_is_a_second_creation(place: Place, caught) -> None:
    body = template(A=topic())
    assert "UnsupportedByLocalCloud" in caught(lambda: change_set(place, body, ChangeSetType="IMPORT"))
    place.create(body)
    assert "already exists" in caught(lambda: change_set(place, body, ChangeSetType="CREATE"))
    assert "satisfy regular expression" in caught(lambda: change_set(place, body, "1"))


def test_a_stack_in_review_can_be_deleted(place: Place, caught) -> None:
    change_set(place, template(A=topic()), ChangeSetType="CREATE")
    place.delete()
    assert "does not exist" in caught(place.stack)


def test_drift_is_what_differs_from_the_template(place: Place, caught) -> None:
    place.create(template(A=topic(TopicName="a", DisplayName="one"), B=topic(TopicName="b"), C=topic(TopicName="c")))
    place.world.things["a"]["DisplayName"] = "changed by hand"
    del place.world.things["c"]
    detection = place.client.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    status = place.client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_COMPLETE", "DRIFTED")
    assert status["DriftedStackResourceCount"] == 2
    drifts = place.client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    found = {drift["LogicalResourceId"]: drift for drift in drifts}
    assert {name: drift["StackResourceDriftStatus"] for name, drift in found.items()} == {
        "A": "MODIFIED", "B": "IN_SYNC", "C": "DELETED",
    }  # fmt: skip
    assert found["A"]["PropertyDifferences"] == [
        {
            "PropertyPath": "/DisplayName",
            "ExpectedValue": "one",
            "ActualValue": "changed by hand",
            "DifferenceType": "NOT_EQUAL",
        }
    ]
    assert place.stack()["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    one = place.client.detect_stack_resource_drift(StackName="s", LogicalResourceId="B")["StackResourceDrift"]
    assert one["StackResourceDriftStatus"] == "IN_SYNC"
    assert "does not exist" in caught(
        lambda: place.client.detect_stack_resource_drift(StackName="s", LogicalResourceId="Z")
    )


def test_templates_are_summarized_validated_and_given_back(place: Place, caught) -> None:
    body = template(
        A=topic(), R={"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": {}}}
    )
    body["Parameters"] = {"P": {"Type": "String", "AllowedValues": ["a", "b"], "Default": "a", "Description": "which"}}
    text = json.dumps(body)
    summary = place.client.get_template_summary(TemplateBody=text)
    assert summary["ResourceTypes"] == ["AWS::IAM::Role", "AWS::SNS::Topic"]
    assert summary["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["a", "b"]}
    valid = place.client.validate_template(TemplateBody=text)
    assert valid["Parameters"][0]["DefaultValue"] == "a"
    assert "Unrecognized resource types" in caught(
        lambda: place.client.validate_template(TemplateBody=json.dumps(template(A={"Type": "AWS::No::Thing"})))
    )
    place.create(template(A=topic()))
    assert place.client.get_template_summary(StackName="s")["ResourceTypes"] == ["AWS::SNS::Topic"]
    assert place.client.get_template(StackName="s")["TemplateBody"] == template(A=topic())


def test_descriptions_find_stacks_and_resources(place: Place, caught) -> None:
    for name in ("a", "b", "c"):
        place.create(template(A=topic(TopicName=f"t{name}")), name)
    assert [stack["StackName"] for stack in place.client.describe_stacks()["Stacks"]] == ["c", "b", "a"]
    found = place.client.describe_stack_resources(PhysicalResourceId="tb")["StackResources"]
    assert [(item["StackName"], item["LogicalResourceId"]) for item in found] == [("b", "A")]
    place.delete("a")
    gone = place.client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [item["StackName"] for item in gone] == ["a"]
    assert "does not exist" in caught(
        lambda: place.client.describe_stack_resource(StackName="b", LogicalResourceId="Z")
    )
    assert "does not exist" in caught(lambda: place.client.list_imports(ExportName="x"))
