from __future__ import annotations

import hashlib
import json

import pytest

from headgate.pipelines import check
from unit.training.definitions import VARIANTS, options, parameters, steps


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_definition_passes_the_offline_check(compiled, variant):
    assert check(compiled(**VARIANTS[variant]).definition) == []


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_parameter_has_a_default(compiled, variant):
    assert None not in parameters(compiled(**VARIANTS[variant])).values()


def test_the_same_project_has_the_same_definition(compiled):
    assert compiled().text == compiled().text


def test_steps_of_a_plain_training(compiled):
    assert list(steps(compiled())) == ["Preprocess", "Train", "Evaluate", "Check", "Register", "Reject"]


def test_a_tuning_takes_the_place_of_the_training(compiled):
    made = compiled(**VARIANTS["tuned"])
    assert list(steps(made)) == ["Preprocess", "Tune", "Evaluate", "Check", "Register", "Reject"]
    job = steps(made)["Tune"]["Arguments"]
    assert job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] == {
        "Type": "Minimize",
        "MetricName": "validation:rmse",
    }
    assert "eta" not in job["TrainingJobDefinition"]["StaticHyperParameters"]
    assert parameters(made)["MaxTuningJobs"] == 10


def test_a_tuned_version_is_the_best_job_s_model_from_where_it_was_put(compiled):
    found = steps(compiled(**VARIANTS["tuned"]))
    folder = found["Tune"]["Arguments"]["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"]
    model = found["Register"]["Arguments"]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    best = {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"}
    assert model == {"Std:Join": {"On": "/", "Values": [folder, best, "output/model.tar.gz"]}}
    properties = json.dumps(found["Register"]["Arguments"]["CustomerMetadataProperties"]["hyperparameters"])
    assert "Steps.Tune.BestTrainingJob.TunedHyperParameters['eta']" in properties


def test_a_hyperparameter_that_is_tuned_is_no_parameter(compiled):
    tuned = {"enabled": True, "ranges": {"eta": {"min": 0.1, "max": 0.3}}}
    made = compiled(hyperparameters={"eta": 0.2, "max_depth": 4}, tuning=tuned)
    assert "eta" not in parameters(made)
    assert parameters(made)["max_depth"] == 4


def test_hyperparameters_are_parameters_of_their_own_name(compiled):
    made = compiled(hyperparameters={"eta": 0.2, "max_depth": 4, "booster": "gbtree"})
    assert {name: parameters(made)[name] for name in ("eta", "max_depth", "booster")} == {
        "eta": 0.2,
        "max_depth": 4,
        "booster": "gbtree",
    }
    given = steps(made)["Train"]["Arguments"]["HyperParameters"]
    assert given["max_depth"] == {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.max_depth"}]}}
    assert given["objective"] == "reg:squarederror"


def test_a_hyperparameter_of_the_project_wins_over_what_follows_from_the_task(compiled):
    given = steps(compiled(hyperparameters={"objective": "reg:absoluteerror"}))["Train"]["Arguments"]["HyperParameters"]
    assert given["objective"] == {"Get": "Parameters.objective"}


def test_the_seed_is_a_hyperparameter_where_the_algorithm_has_one(compiled):
    seed = {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Seed"}]}}
    assert steps(compiled(seed=7))["Train"]["Arguments"]["HyperParameters"]["seed"] == seed
    assert parameters(compiled(seed=7))["Seed"] == 7
    assert "seed" not in steps(compiled(algorithm="linear-learner"))["Train"]["Arguments"]["HyperParameters"]


def test_a_local_file_is_an_asset_under_its_digest(compiled, root):
    made = compiled()
    digest = hashlib.sha256((root / "data/rows.csv").read_bytes()).hexdigest()
    uri = f"s3://artifacts/house/data/{digest}/rows.csv"
    assert parameters(made)["InputData"] == uri
    (asset,) = [asset for asset in made.assets if asset.s3_uri == uri]
    assert [(file.s3_uri, file.content) for file in asset.files] == [(uri, (root / "data/rows.csv").read_bytes())]


def test_a_local_folder_is_an_asset_of_all_its_csv_files(compiled, root):
    (root / "data/more").mkdir()
    (root / "data/more/b.csv").write_text("size,colour,price\n2,red,3\n")
    (root / "data/README.md").write_text("not data")
    made = compiled(data="data")
    uri = parameters(made)["InputData"]
    (asset,) = [asset for asset in made.assets if asset.s3_uri == uri]
    assert [file.s3_uri.removeprefix(uri) for file in asset.files] == ["/more/b.csv", "/rows.csv"]


def test_a_local_folder_without_csv_is_refused(pipeline, root):
    from headgate.errors import UserError

    (root / "empty").mkdir()
    with pytest.raises(UserError, match="there is no CSV file at"):
        pipeline(data="empty").compile(artifact_bucket="artifacts")


def test_other_bytes_are_another_address(compiled, root):
    before = parameters(compiled())["InputData"]
    (root / "data/rows.csv").write_text("size,colour,price\n1,red,3\n")
    assert parameters(compiled())["InputData"] != before


def test_data_on_s3_is_taken_where_it_is(compiled):
    made = compiled(data="s3://lake/prices/")
    assert parameters(made)["InputData"] == "s3://lake/prices/"
    assert not [asset for asset in made.assets if "/data/" in asset.s3_uri]


def test_caching_is_on_for_local_data_whose_address_is_its_content(compiled):
    found = steps(compiled())
    assert found["Preprocess"]["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    assert found["Train"]["CacheConfig"]["Enabled"]
    assert "CacheConfig" not in steps(compiled(data="s3://lake/prices/"))["Preprocess"]
    assert "CacheConfig" in steps(compiled(data="s3://lake/prices/", caching="always"))["Preprocess"]
    assert "CacheConfig" not in steps(compiled(caching="never"))["Train"]


def test_a_cached_preprocess_has_what_every_algorithm_needs(compiled):
    """Step caching compares inputs and not outputs: those must not depend on the algorithm."""
    outputs = [
        steps(compiled(algorithm=algorithm))["Preprocess"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        for algorithm in ("xgboost", "linear-learner", "script")
    ]
    names = [[output["OutputName"] for output in each] for each in outputs]
    assert names[0] == names[1] == names[2]


def test_evaluate_is_never_cached_because_the_registry_may_have_changed(compiled):
    assert "CacheConfig" not in steps(compiled(caching="always"))["Evaluate"]


def test_git_facts_reach_no_step_that_is_cached(compiled):
    found = steps(compiled())
    for name in ("Preprocess", "Train"):
        assert "Parameters.Git" not in json.dumps(found[name])


@pytest.mark.parametrize(
    ("evaluation", "types"),
    [
        ({"threshold": 3.5}, ["LessThanOrEqualTo", "GreaterThanOrEqualTo"]),
        ({"metric": "r2", "threshold": 0.5}, ["GreaterThanOrEqualTo", "GreaterThanOrEqualTo"]),
        ({"metric": "r2", "direction": "minimize", "threshold": 0.5}, ["LessThanOrEqualTo", "GreaterThanOrEqualTo"]),
        ({"threshold": 3.5, "compare_with_best": False}, ["LessThanOrEqualTo"]),
        ({}, ["GreaterThanOrEqualTo"]),
    ],
)
def test_what_a_version_must_pass(compiled, evaluation, types):
    conditions = steps(compiled(evaluation=evaluation))["Check"]["Arguments"]["Conditions"]
    assert [condition["Type"] for condition in conditions] == types


def test_with_nothing_to_pass_every_version_is_registered(compiled):
    assert list(steps(compiled(evaluation={"compare_with_best": False}))) == [
        "Preprocess",
        "Train",
        "Evaluate",
        "Register",
    ]


def test_a_refusal_gives_metric_threshold_and_best_so_far(compiled):
    reject = steps(compiled(evaluation={"threshold": 3.5}))["Reject"]["Arguments"]
    message = reject["ErrorMessage"]["Std:Join"]["Values"]
    text = "".join(part if isinstance(part, str) else "<>" for part in message)
    assert text == (
        "not registered: rmse is <> on the test rows; the threshold is at most <>; "
        "the best so far is <> (<>), to be improved by at least <>"
    )


def test_the_group_is_compared_with_only_when_asked(compiled):
    assert ("--group", "house") in options(steps(compiled())["Evaluate"])
    group = {"evaluation": {"compare_with_best": False}, "model_package_group": "other"}
    made = steps(compiled(**group))
    assert "--group" not in dict(options(made["Evaluate"]))
    assert made["Register"]["Arguments"]["ModelPackageGroupName"] == "other"


def test_changed_code_is_another_digest_and_changed_tests_are_not(compiled, root):
    def digest():
        return steps(compiled())["Register"]["Arguments"]["CustomerMetadataProperties"]["code_digest"]

    before = digest()
    step = root / "algorithms/preprocessing/preprocess"
    (step / "tests").mkdir()
    (step / "tests/test_more.py").write_text("def test_nothing(): pass\n")
    (step / "README.md").write_text("other words")
    assert digest() == before
    (step / "__main__.py").write_text((step / "__main__.py").read_text() + "\n# changed\n")
    assert digest() != before


def test_shared_packages_travel_with_every_step(compiled):
    for asset in compiled(algorithm="script").assets:
        if "/code/" in asset.s3_uri:
            assert any(file.s3_uri.endswith("/tabular/table.py") for file in asset.files)


def test_a_script_trains_in_script_mode_and_is_served_by_the_code_in_its_archive(compiled):
    found = steps(compiled(algorithm="script"))
    given = found["Train"]["Arguments"]["HyperParameters"]
    assert given["sagemaker_program"] == "__main__.py"
    assert given["task"] == "regression"
    names = [each["Name"] for each in found["Train"]["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"]]
    assert names == ["validation:rmse", "validation:mse", "validation:mae", "validation:r2"]
    container = found["Register"]["Arguments"]["InferenceSpecification"]["Containers"][0]
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    }


def test_linear_learner_is_scored_by_a_batch_transform_without_the_targets(compiled):
    found = steps(compiled(algorithm="linear-learner"))
    assert list(found)[2:5] == ["Model", "Score", "Evaluate"]
    features = {"Get": "Steps.Preprocess.ProcessingOutputConfig.Outputs['features'].S3Output.S3Uri"}
    assert found["Score"]["Arguments"]["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == features
    names = [each["InputName"] for each in found["Evaluate"]["Arguments"]["ProcessingInputs"]]
    assert names == ["model", "test", "predictions", "code"]


def test_evaluate_runs_where_the_model_can_be_opened(compiled):
    def image(**settings):
        return steps(compiled(**settings))["Evaluate"]["Arguments"]["AppSpecification"]["ImageUri"]

    assert "sagemaker-xgboost" in image()
    assert "sagemaker-scikit-learn" in image(algorithm="script")
    assert "sagemaker-scikit-learn" in image(algorithm="linear-learner")


def test_images_of_the_project_s_own(compiled):
    own = {"images": {"mine": {"packages": ["numpy"]}}, "region": "eu-west-1"}
    found = steps(compiled(own, images={"processing": "mine", "training": "123456789012.dkr.ecr/x:1"}))
    uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:latest"
    assert found["Preprocess"]["Arguments"]["AppSpecification"]["ImageUri"] == uri
    assert found["Evaluate"]["Arguments"]["AppSpecification"]["ImageUri"] == uri
    assert found["Train"]["Arguments"]["AlgorithmSpecification"]["TrainingImage"] == "123456789012.dkr.ecr/x:1"


def test_the_project_s_role_is_used(compiled):
    role = "arn:aws:iam::123456789012:role/sagemaker"
    assert steps(compiled({"role": role}))["Train"]["Arguments"]["RoleArn"] == role


def test_long_lists_of_columns_are_split_over_arguments(compiled):
    made = steps(compiled(**VARIANTS["wide"]))["Preprocess"]
    arguments = made["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert max(len(argument) for argument in arguments) <= 256
    assert len(arguments) <= 100


def test_settings_reach_the_command_line_of_preprocess(compiled):
    made = steps(compiled(split={"test": 0.1, "validation": 0.3, "seed": 5}, categorical=["colour"], scale=True))
    line = made["Preprocess"]["Arguments"]["AppSpecification"]["ContainerArguments"]
    expected = "--target price --task regression --classes 2 --test 0.1 --validation 0.3 --seed 5"
    assert line == [*expected.split(), "--categorical", "colour", "--scale"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"split": {"test": 0.6, "validation": 0.4}}, "leave no rows to train on"),
        ({"evaluation": {"metric": "auc"}}, "no metric 'auc' for regression models, only rmse, mse, mae, r2"),
        ({"tuning": {"enabled": True}}, "tuning.ranges is empty"),
        ({"tuning": {"ranges": {"eta": {"min": 1, "max": 1}}}}, "ranges.eta: min 1 is not below max 1"),
        ({"tuning": {"ranges": {"eta": {"min": 0, "max": 1, "scaling": "Logarithmic"}}}}, "begins above 0, not at 0"),
        ({"tuning": {"ranges": {"d": {"min": 0.5, "max": 2, "type": "integer"}}}}, "integer range are integers"),
        ({"hyperparameters": {"Seed": 1}}, "'Seed' is the name of another parameter"),
        ({"algorithm": "script", "hyperparameters": {"task": "x"}}, "'task' is given to the script"),
        ({"images": {"processing": "mine"}}, "images.processing: there is no image 'mine'"),
        ({"steps": {"preprocess": "data"}}, "steps.preprocess: there is no __main__.py in"),
        ({"algorithm": "script", "steps": {"inference": "data"}}, "steps.inference: there is no inference.py in"),
        ({"hyperparameters": {f"a{number}": 1 for number in range(400)}}, "SageMaker allows 50"),
        (
            {"algorithm": "script", "tuning": {"enabled": True, "objective": "x", "ranges": {"a": {"values": [1]}}}},
            "the script prints no metric 'x', only validation:rmse",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(refusal, settings, message):
    assert message in refusal(**settings)


def test_an_unknown_region_is_refused(root):
    from headgate.errors import UserError
    from headgate_training import images

    with pytest.raises(UserError, match="not known for region 'mars-north-1'"):
        images.xgboost("mars-north-1", "3.0-5")


def test_a_missing_folder_of_shared_code_is_refused(refusal, root):
    import shutil

    shutil.rmtree(root / "algorithms/shared_libraries")
    assert "steps.shared: there is no folder" in refusal()
