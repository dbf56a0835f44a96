"""The variables and arguments of script mode, as the training toolkit documents them."""

from __future__ import annotations

import json

import pytest

from headgate_runtimes.training_environment import (
    TrainingFacts,
    decode_hyperparameters,
    entry_command,
    script_arguments,
    training_environment,
    user_hyperparameters,
)

RESOURCES = {
    "current_host": "algo-2",
    "hosts": ["algo-1", "algo-2"],
    "current_instance_type": "ml.m5.xlarge",
    "current_group_name": "homogeneousCluster",
    "instance_groups": [
        {
            "instance_group_name": "homogeneousCluster",
            "instance_type": "ml.m5.xlarge",
            "hosts": ["algo-1", "algo-2"],
        }
    ],
    "network_interface_name": "eth0",
}


def facts(**hyperparameters: str) -> TrainingFacts:
    return TrainingFacts(
        hyperparameters=hyperparameters,
        input_data_config={"train": {"TrainingInputMode": "File"}, "my-data": {}},
        resource_config=RESOURCES,
        job_name="job-1",
        program="src/train.py",
        module_dir="s3://b/source.tar.gz",
        framework_module="sagemaker_sklearn_container.training:main",
        cpus=4,
    )


def test_environment_is_complete():
    environment = training_environment(
        facts(epochs="3", name='"ada"', layers="[8, 4]", plain="a b", sagemaker_program='"src/train.py"')
    )
    expected = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_CHANNEL_MY-DATA": "/opt/ml/input/data/my-data",
        "SM_CHANNELS": '["my-data","train"]',
        "SM_HPS": '{"epochs":3,"layers":[8,4],"name":"ada","plain":"a b"}',
        "SM_HP_EPOCHS": "3",
        "SM_HP_NAME": "ada",
        "SM_HP_LAYERS": "[8,4]",
        "SM_USER_ARGS": '["--epochs","3","--layers","[8, 4]","--name","ada","--plain","a b"]',
        "SM_USER_ENTRY_POINT": "src/train.py",
        "SM_MODULE_NAME": "src/train",
        "SM_MODULE_DIR": "s3://b/source.tar.gz",
        "SM_HOSTS": '["algo-1","algo-2"]',
        "SM_CURRENT_HOST": "algo-2",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_CURRENT_INSTANCE_GROUP": "homogeneousCluster",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["algo-1","algo-2"]',
        "SM_INSTANCE_GROUPS": '["homogeneousCluster"]',
        "SM_IS_HETERO": "false",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_NUM_CPUS": "4",
        "SM_NUM_GPUS": "0",
        "SM_NUM_NEURONS": "0",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
        "SM_LOG_LEVEL": "20",
        "SM_FRAMEWORK_MODULE": "sagemaker_sklearn_container.training:main",
        "SM_FRAMEWORK_PARAMS": "{}",
        "SM_INPUT_DATA_CONFIG": '{"my-data":{},"train":{"TrainingInputMode":"File"}}',
    }
    assert {name: environment[name] for name in expected} == expected
    whole = json.loads(environment["SM_TRAINING_ENV"])
    assert whole["hyperparameters"] == {"epochs": 3, "layers": [8, 4], "name": "ada", "plain": "a b"}
    assert whole["channel_input_dirs"]["train"] == "/opt/ml/input/data/train"
    assert (whole["is_master"], whole["master_hostname"], whole["job_name"]) == (False, "algo-1", "job-1")


def test_platforms_own_hyperparameters_are_not_the_scripts():
    decoded = decode_hyperparameters(
        {
            "alpha": "0.5",
            "sagemaker_region": '"eu-west-1"',
            "sagemaker_mpi_enabled": "true",
            "_tuning_objective_metric": "f1",
        }
    )
    assert user_hyperparameters(decoded) == {"alpha": 0.5}
    environment = training_environment(facts(sagemaker_mpi_enabled="true", sagemaker_region='"eu-west-1"'))
    assert environment["SM_FRAMEWORK_PARAMS"] == '{"sagemaker_mpi_enabled":true}'
    assert environment["SAGEMAKER_REGION"] == "eu-west-1"
    assert environment["SM_USER_ARGS"] == "[]"


@pytest.mark.parametrize(
    ("hyperparameters", "arguments"),
    [
        ({"n": 3}, ("-n", "3")),
        ({"flag": True}, ("--flag", "True")),
        ({"nothing": None}, ("--nothing", "")),
        ({"map": {"b": 1, "a": 2}}, ("--map", "a=2,b=1")),
        ({"b": 1, "alpha": 2.0}, ("--alpha", "2.0", "-b", "1")),
    ],
)
def test_hyperparameters_become_arguments(hyperparameters, arguments):
    assert script_arguments(hyperparameters) == arguments


@pytest.mark.parametrize(
    ("program", "files", "command"),
    [
        ("train.py", {"train.py"}, ("py", "train.py", "--a", "b c")),
        ("train.py", {"train.py", "setup.py"}, ("py", "-m", "train", "--a", "b c")),
        ("train.sh", {"train.sh", "setup.py"}, ("/bin/sh", "-c", "./train.sh --a 'b c'")),
        ("run", {"run"}, ("/bin/sh", "-c", "./run --a 'b c'")),
    ],
)
def test_entry_point_is_started_by_its_kind(program, files, command):
    assert entry_command("py", program, frozenset(files), ("--a", "b c")) == command
