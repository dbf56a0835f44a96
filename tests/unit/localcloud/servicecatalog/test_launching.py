from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from headgate.localcloud.errors import AwsError
from unit.localcloud.servicecatalog.world import ACCOUNT, LAUNCH_ROLE, PERSON, START, World, refusal


def test_a_launch_is_a_stack_of_the_launch_role(world: World) -> None:
    _, product, version = world.shelf()
    record = world.provision(
        product,
        version,
        ProvisioningParameters=[{"Key": "Team", "Value": "churn"}],
        Tags=[{"Key": "team", "Value": "churn"}],
        NotificationArns=["arn:aws:sns:eu-west-1:111111111111:told"],
    )
    created = world.asked_for("create_stack")[0]
    assert created["StackName"] == f"SC-{ACCOUNT}-{world.provisioned()['Id']}"
    assert created["TemplateBody"] == '{"Resources": {}}'
    assert created["Parameters"] == [{"ParameterKey": "Team", "ParameterValue": "churn"}]
    assert created["Tags"] == [{"Key": "team", "Value": "churn"}]
    assert created["NotificationARNs"] == ["arn:aws:sns:eu-west-1:111111111111:told"]
    by = {(service, role) for name, service, role, _ in world.aws.asked if name == "create_stack"}
    assert by == {("servicecatalog.amazonaws.com", LAUNCH_ROLE)}
    assert world.provisioned()["Status"] == "UNDER_CHANGE"
    world.settle("CREATE_COMPLETE")
    told = world.wait(record)
    assert told["RecordDetail"]["Status"] == "SUCCEEDED"
    assert told["RecordDetail"]["LaunchRoleArn"] == LAUNCH_ROLE
    assert {one["OutputKey"]: one["OutputValue"] for one in told["RecordOutputs"]} == {
        "CloudformationStackARN": next(iter(world.aws.stacks)),
        "Made": "yes",
    }
    made = world.provisioned()
    assert (made["Status"], made["LastSuccessfulProvisioningRecordId"]) == ("AVAILABLE", record)


def test_a_stack_that_fails_leaves_its_reasons_in_the_record(world: World) -> None:
    _, product, version = world.shelf()
    record = world.provision(product, version)
    world.asked_for("create_stack")
    reasons = [
        {"LogicalResourceId": "Other", "ResourceStatus": "CREATE_FAILED",
         "ResourceStatusReason": "Resource creation cancelled"},
        {"LogicalResourceId": "Bucket", "ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "not authorized"},
        {"LogicalResourceId": "Bucket", "ResourceStatus": "CREATE_IN_PROGRESS"},
    ]  # fmt: skip
    world.settle("ROLLBACK_COMPLETE", reason="The following resource(s) failed to create: [Bucket].", events=reasons)
    told = world.wait(record)
    expected = "The following resource(s) failed to create: [Bucket].; Bucket: not authorized"
    assert told["RecordDetail"]["RecordErrors"] == [{"Code": "ROLLBACK_COMPLETE", "Description": expected}]
    made = world.provisioned()
    assert (made["Status"], made["StatusMessage"]) == ("ERROR", expected)
    with pytest.raises(AwsError, match="was never made"):
        world.call("UpdateProvisionedProduct", PERSON, ProvisionedProductName="mine", UpdateToken="u")


def test_why_an_earlier_operation_failed_is_not_told_of_a_later_one(world: World) -> None:
    _, product, version = world.shelf()
    record = world.provision(product, version)
    world.asked_for("create_stack")
    name = next(iter(world.aws.stacks.values())).name
    events = [
        {"LogicalResourceId": "Bucket", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "now"},
        {"LogicalResourceId": name, "ResourceStatus": "UPDATE_IN_PROGRESS"},
        {"LogicalResourceId": "Bucket", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "last year"},
        {"LogicalResourceId": name, "ResourceStatus": "UPDATE_IN_PROGRESS"},
    ]
    world.settle("UPDATE_ROLLBACK_COMPLETE", events=events)
    assert [each["Description"] for each in world.wait(record)["RecordDetail"]["RecordErrors"]] == ["Bucket: now"]


@pytest.mark.parametrize(
    "error", [refusal("AccessDenied", "no permission"), refusal("ValidationError", "no permission")]
)
def test_what_cloudformation_refuses_is_the_records_error(world: World, error: Exception) -> None:
    _, product, version = world.shelf()
    world.aws.refuse["create_stack"] = error
    told = world.wait(world.provision(product, version))
    assert told["RecordDetail"]["RecordErrors"][0]["Description"] == "no permission"


def test_a_role_that_does_not_trust_service_catalog_launches_nothing(world: World) -> None:
    _, product, version = world.shelf()
    world.aws.untrusted.add(LAUNCH_ROLE)
    told = world.wait(world.provision(product, version))
    assert told["RecordDetail"]["RecordErrors"][0]["Code"] == "AccessDeniedException"
    assert world.aws.stacks == {}


def test_the_same_token_is_the_same_launch(world: World) -> None:
    _, product, version = world.shelf()
    first = world.provision(product, version, ProvisionToken="once")
    assert world.provision(product, version, ProvisionToken="once") == first
    world.asked_for("create_stack")
    with pytest.raises(AwsError, match="was used with other parameters"):
        world.provision(product, version, "other", ProvisionToken="once")
    with pytest.raises(AwsError, match="DuplicateResourceException"):
        world.provision(product, version)
    assert len(world.aws.stacks) == 1


def launched(world: World) -> tuple[str, str]:
    _, product, version = world.shelf()
    record = world.provision(product, version, ProvisioningParameters=[{"Key": "Team", "Value": "a"}])
    world.asked_for("create_stack")
    world.settle("CREATE_COMPLETE")
    world.wait(record)
    return product, version


def test_an_update_changes_version_and_parameters(world: World) -> None:
    product, _ = launched(world)
    world.aws.objects["templates/new.json"] = b'{"Resources": {"New": {}}}'
    url = "https://templates.s3.eu-west-1.amazonaws.com/new.json"
    made = world.call(
        "CreateProvisioningArtifact",
        ProductId=product,
        Parameters={"Name": "v2", "Info": {"LoadTemplateFromURL": url}},
        IdempotencyToken="v2",
    )
    record = world.call(
        "UpdateProvisionedProduct",
        PERSON,
        ProvisionedProductName="mine",
        ProvisioningArtifactName="v2",
        ProvisioningParameters=[{"Key": "Team", "Value": "b"}, {"Key": "Size", "UsePreviousValue": True}],
        UpdateToken="u",
    )["RecordDetail"]["RecordId"]
    asked = world.asked_for("update_stack")[0]
    assert asked["TemplateBody"] == '{"Resources": {"New": {}}}'
    assert asked["Parameters"][1] == {"ParameterKey": "Size", "UsePreviousValue": True}
    with pytest.raises(AwsError, match="is under change"):
        world.call("TerminateProvisionedProduct", PERSON, ProvisionedProductName="mine", TerminateToken="t")
    world.settle("UPDATE_COMPLETE")
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"
    assert world.provisioned()["ProvisioningArtifactId"] == made["ProvisioningArtifactDetail"]["Id"]


def test_an_update_that_changes_nothing_succeeds(world: World) -> None:
    launched(world)
    answer = world.call(
        "UpdateProvisionedProduct",
        PERSON,
        ProvisionedProductName="mine",
        ProvisioningParameters=[{"Key": "Team", "Value": "a"}],
        UpdateToken="u",
    )
    assert world.wait(answer["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "SUCCEEDED"


def test_an_update_that_fails_taints(world: World) -> None:
    launched(world)
    answer = world.call("UpdateProvisionedProduct", PERSON, ProvisionedProductName="mine", UpdateToken="u")
    world.asked_for("update_stack")
    world.settle("UPDATE_ROLLBACK_COMPLETE", reason="no")
    assert world.wait(answer["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "FAILED"
    assert world.provisioned()["Status"] == "TAINTED"


def terminate(world: World, **more: bool) -> str:
    answer = world.call(
        "TerminateProvisionedProduct", PERSON, ProvisionedProductName="mine", TerminateToken="t", **more
    )
    return str(answer["RecordDetail"]["RecordId"])


def test_terminating_deletes_the_stack_as_the_launch_role(world: World) -> None:
    launched(world)
    record = terminate(world)
    assert world.asked_for("delete_stack")[0]["StackName"] == next(iter(world.aws.stacks))
    world.settle("DELETE_COMPLETE")
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.provisioned()


@pytest.mark.parametrize("ignore", [False, True])
def test_a_stack_that_cannot_be_deleted_keeps_the_product_unless_errors_are_ignored(world: World, ignore: bool) -> None:
    launched(world)
    record = terminate(world, IgnoreErrors=ignore)
    world.asked_for("delete_stack")
    world.settle("DELETE_FAILED", reason="not empty")
    assert world.wait(record)["RecordDetail"]["RecordErrors"][0]["Description"] == "not empty"
    if ignore:
        assert world.call("ScanProvisionedProducts", PERSON)["ProvisionedProducts"] == []
    else:
        assert world.provisioned()["Status"] == "TAINTED"


def test_a_stack_that_is_gone_already_is_deleted(world: World) -> None:
    launched(world)
    record = terminate(world)
    world.asked_for("delete_stack")
    with world.aws.changed:
        world.aws.stacks.clear()
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"


def test_a_product_that_never_got_a_stack_is_terminated(world: World) -> None:
    _, product, version = world.shelf()
    world.aws.refuse["create_stack"] = refusal("AccessDenied", "no")
    world.wait(world.provision(product, version))
    assert world.wait(terminate(world))["RecordDetail"]["Status"] == "SUCCEEDED"


def test_a_launch_goes_on_after_the_daemon_was_killed(world: World) -> None:
    _, product, version = world.shelf()
    record = world.provision(product, version)
    world.asked_for("create_stack")
    world.kill()
    world.settle("CREATE_COMPLETE")
    world.catalog.recover()
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"
    assert len(world.aws.stacks) == 1


def test_a_launch_whose_stack_was_begun_unwritten_takes_that_stack(world: World) -> None:
    _, product, version = world.shelf()
    world.catalog.launches.close()
    record = world.provision(product, version)
    name = f"SC-{ACCOUNT}-{world.provisioned()['Id']}"
    world.aws.create_stack({"StackName": name, "Parameters": []})
    world.kill()
    world.settle("CREATE_COMPLETE")
    world.catalog.recover()
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"


def test_a_cloud_that_is_about_to_stop_fails_no_launch(world: World, caplog: pytest.LogCaptureFixture) -> None:
    _, product, version = world.shelf()
    world.aws.refuse["create_stack"] = EndpointConnectionError(endpoint_url="http://127.0.0.1")
    record = world.provision(product, version)
    world.asked_for("create_stack")
    world.kill()
    world.aws.refuse.clear()
    world.catalog.recover()
    world.asked_for("create_stack", 2)
    world.settle("CREATE_COMPLETE")
    assert world.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"


def test_a_bug_ends_the_record(world: World, caplog: pytest.LogCaptureFixture) -> None:
    _, product, version = world.shelf()
    world.aws.refuse["create_stack"] = KeyError("oops")
    told = world.wait(world.provision(product, version))
    assert told["RecordDetail"]["RecordErrors"][0]["Code"] == "InternalFailure"
    assert "oops" in caplog.text


def test_what_is_launched_is_found_by_who_launched_it(world: World) -> None:
    launched(world)
    colleague = replace(PERSON, principal=PERSON.principal.replace("ana", "bob"))
    stranger = replace(PERSON, principal=PERSON.principal.replace("/it/", "/other/"))
    for caller, level, count in (
        (PERSON, "User", 1),
        (colleague, "User", 0),
        (colleague, "Role", 1),
        (stranger, "Role", 0),
        (stranger, "Account", 1),
    ):
        limit = {"AccessLevelFilter": {"Key": level, "Value": "self"}}
        assert len(world.call("ScanProvisionedProducts", caller, **limit)["ProvisionedProducts"]) == count
        assert world.call("SearchProvisionedProducts", caller, **limit)["TotalResultsCount"] == count
        assert len(world.call("ListRecordHistory", caller, **limit)["RecordDetails"]) == count


@pytest.mark.parametrize(
    ("query", "found"),
    [("name:mine", 1), ("status:AVAILABLE", 1), ("status:ERROR", 0), ("productName:thing", 1), ("min", 1), ("none", 0)],
)
def test_searching_what_is_launched(world: World, query: str, found: int) -> None:
    launched(world)
    told = world.call("SearchProvisionedProducts", PERSON, Filters={"SearchQuery": [query]}, SortBy="name")
    assert told["TotalResultsCount"] == found


def test_outputs_and_history_of_one_product(world: World) -> None:
    product, _ = launched(world)
    outputs = world.call("GetProvisionedProductOutputs", PERSON, ProvisionedProductName="mine", OutputKeys=["Made"])
    assert outputs["Outputs"] == [{"OutputKey": "Made", "OutputValue": "yes"}]
    for key, value, count in (("product", product, 1), ("provisionedproduct", "pp-none", 0)):
        listed = world.call("ListRecordHistory", PERSON, SearchFilter={"Key": key, "Value": value})
        assert len(listed["RecordDetails"]) == count
    assert world.call("ListRecordHistory", PERSON)["RecordDetails"][0]["CreatedTime"] == START


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("ProvisionProduct", {"ProvisioningPreferences": {}}, "StackSets"),
        ("TerminateProvisionedProduct", {"RetainPhysicalResources": True}, "RetainPhysicalResources"),
        (
            "ScanProvisionedProducts",
            {"AccessLevelFilter": {"Key": "User", "Value": "arn:x"}},
            "another value than self",
        ),
        ("SearchProvisionedProducts", {"SortBy": "luck"}, "sorting provisioned products by luck"),
        ("SearchProvisionedProducts", {"Filters": {"Name": ["x"]}}, "SearchQuery"),
        ("ListRecordHistory", {"SearchFilter": {"Key": "x", "Value": "y"}}, "not 'x'"),
    ],
)
def test_what_is_refused_is_refused_by_name(world: World, operation: str, parameters: dict, message: str) -> None:  # type: ignore[type-arg]
    _, product, version = world.shelf()
    more = {
        "ProvisionProduct": {
            "ProductId": product,
            "ProvisioningArtifactId": version,
            "ProvisionedProductName": "n",
            "ProvisionToken": "t",
        },
        "TerminateProvisionedProduct": {"ProvisionedProductName": "n", "TerminateToken": "t"},
    }.get(operation, {})
    with pytest.raises(AwsError, match=message):
        world.call(operation, PERSON, **more, **parameters)
