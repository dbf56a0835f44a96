from __future__ import annotations

import itertools

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import World

DATA = {"SourceUri": "s3://data/train.csv", "SourceTypes": [{"SourceIdType": "Custom", "Value": "7"}]}
MODEL = {"SourceUri": "s3://data/model.tar.gz"}


def artifact(world: World, source: Json, kind: str = "DataSet", **more: object) -> str:
    return str(world.call("CreateArtifact", ArtifactName="a", ArtifactType=kind, Source=source, **more)["ArtifactArn"])


def action(world: World, name: str = "build") -> str:
    return str(world.call("CreateAction", ActionName=name, ActionType="Build", Source={"SourceUri": "r"})["ActionArn"])


def associate(world: World, *arns: str) -> None:
    for source, destination in itertools.pairwise(arns):
        world.call("AddAssociation", SourceArn=source, DestinationArn=destination, AssociationType="ContributedTo")


@pytest.fixture
def chain(world: World) -> list[str]:
    """data -> build -> model -> served."""
    served = world.call("CreateContext", ContextName="served", ContextType="Endpoint", Source={"SourceUri": "e"})
    arns = [artifact(world, DATA), action(world), artifact(world, MODEL, "Model"), str(served["ContextArn"])]
    associate(world, *arns)
    return arns


def walk(world: World, *starts: str, **more: object) -> list[str]:
    return [vertex["Arn"] for vertex in world.call("QueryLineage", StartArns=list(starts), **more)["Vertices"]]


def test_an_artifact_is_its_source(world: World) -> None:
    arn = artifact(world, DATA)
    assert artifact(world, {**DATA, "SourceTypes": []}) != arn
    with pytest.raises(AwsError, match="already exists"):
        artifact(world, DATA)
    found = world.call("ListArtifacts", SourceUri=DATA["SourceUri"])["ArtifactSummaries"]
    assert {each["Source"]["SourceUri"] for each in found} == {DATA["SourceUri"]}
    assert world.call("ListArtifacts", ArtifactType="Model") == {"ArtifactSummaries": []}


def test_an_entity_is_described_as_it_was_changed(world: World) -> None:
    arn = action(world)
    world.call("UpdateAction", ActionName="build", Status="Completed", Properties={"a": "1", "b": "2"})
    world.call("UpdateAction", ActionName="build", PropertiesToRemove=["a"])
    told = world.call("DescribeAction", ActionName="build")
    assert (told["ActionArn"], told["Status"], told["Properties"]) == (arn, "Completed", {"b": "2"})
    assert [each["ActionName"] for each in world.call("ListActions")["ActionSummaries"]] == ["build"]


def test_the_tags_of_an_entity(world: World) -> None:
    arn = artifact(world, DATA, Tags=[{"Key": "k", "Value": "v"}])
    assert world.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_associations_are_listed_from_either_end_with_names_and_types(world: World, chain: list[str]) -> None:
    (into,) = world.call("ListAssociations", DestinationArn=chain[1])["AssociationSummaries"]
    assert (into["SourceArn"], into["SourceType"], into["DestinationName"]) == (chain[0], "DataSet", "build")
    (out,) = world.call("ListAssociations", SourceArn=chain[1])["AssociationSummaries"]
    assert (out["DestinationArn"], out["AssociationType"]) == (chain[2], "ContributedTo")
    assert world.call("ListAssociations", SourceType="Endpoint") == {"AssociationSummaries": []}


def test_lineage_is_walked_both_ways_as_far_as_is_asked(world: World, chain: list[str]) -> None:
    data, build, model, served = chain
    assert walk(world, model) == [build, served, data]
    assert walk(world, model, Direction="Ascendants") == [build, data]
    assert walk(world, model, Direction="Descendants") == [served]
    assert walk(world, data, MaxDepth=2) == [build, model]
    assert walk(world, data, Filters={"LineageTypes": ["Artifact"], "Types": ["Model"]}) == [model]
    edges = world.call("QueryLineage", StartArns=[data], MaxDepth=1)["Edges"]
    assert edges == [{"SourceArn": data, "DestinationArn": build, "AssociationType": "ContributedTo"}]
    assert "Edges" not in world.call("QueryLineage", StartArns=[data], IncludeEdges=False)


def test_a_circle_is_walked_once(world: World, chain: list[str]) -> None:
    associate(world, chain[2], chain[0])
    assert set(walk(world, chain[0])) == set(chain[1:])


def test_trial_components_take_part(world: World, chain: list[str]) -> None:
    job = "arn:aws:sagemaker:eu-west-1:123456789012:experiment-trial-component/job-aws-training-job"
    associate(world, chain[0], job)
    found = world.call("QueryLineage", StartArns=[chain[0]], MaxDepth=1, Filters={"LineageTypes": ["TrialComponent"]})
    assert found["Vertices"] == [{"Arn": job, "LineageType": "TrialComponent"}]


def test_what_has_associations_is_not_deleted(world: World) -> None:
    arns = [artifact(world, DATA), action(world)]
    associate(world, *arns)
    with pytest.raises(AwsError, match="has associations"):
        world.call("DeleteAction", ActionName="build")
    world.call("DeleteAssociation", SourceArn=arns[0], DestinationArn=arns[1])
    world.call("DeleteAction", ActionName="build")
    world.call("DeleteArtifact", Source=DATA)
    with pytest.raises(AwsError) as told:
        world.call("DescribeArtifact", ArtifactArn=arns[0])
    assert told.value.code == "ResourceNotFound"


def test_associations_need_both_ends_and_are_made_once(world: World) -> None:
    arns = [artifact(world, DATA), action(world)]
    with pytest.raises(AwsError, match="does not exist"):
        associate(world, arns[0], f"{arns[1]}-2")
    associate(world, *arns)
    with pytest.raises(AwsError, match="already exists"):
        associate(world, *arns)
    with pytest.raises(AwsError, match="does not exist"):
        world.call("DeleteAssociation", SourceArn=arns[1], DestinationArn=arns[0])
