"""The `SM_*` variables of a script-mode training job.

Names and forms are those that SageMaker's training toolkit documents (its ENVIRONMENT_VARIABLES.md): a string stays as
it is, anything else is compact JSON with sorted keys.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PLATFORM_PREFIX = "sagemaker_"
TUNING_METRIC = "_tuning_objective_metric"


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What the variables are made of.

    `hyperparameters` are the request's strings; the three configs are the contents of `/opt/ml/input/config/*.json`.
    """

    hyperparameters: Mapping[str, str]
    input_data_config: Mapping[str, Any]
    resource_config: Mapping[str, Any]
    job_name: str
    program: str
    module_dir: str
    framework_module: str
    cpus: int
    gpus: int = 0


def decode_hyperparameters(hyperparameters: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters as values: each string read as JSON, or left as it is when it is none."""
    return {name: _decode(value) for name, value in hyperparameters.items()}


def _decode(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value


def user_hyperparameters(decoded: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters that are the script's own, without those that steer the platform."""
    return {
        name: value
        for name, value in decoded.items()
        if not name.startswith(PLATFORM_PREFIX) and name not in {TUNING_METRIC, "default_user_module_name"}
    }


def script_arguments(hyperparameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Hyperparameters as a command line: `--name value`, `-n value` for names of one letter, sorted by name."""
    arguments: list[str] = []
    for name in sorted(hyperparameters):
        arguments.append(f"--{name}" if len(name) > 1 else f"-{name}")
        value = hyperparameters[name]
        if isinstance(value, Mapping):
            arguments.append(",".join(f"{key}={value[key]}" for key in sorted(value)))
        else:
            arguments.append("" if value is None else str(value))
    return tuple(arguments)


def training_environment(facts: TrainingFacts) -> dict[str, str]:
    """All `SM_*` variables, and the `SAGEMAKER_*` ones that go with them."""
    decoded = decode_hyperparameters(facts.hyperparameters)
    own = user_hyperparameters(decoded)
    values = _values(facts, decoded, own)
    channels = {name: f"/opt/ml/input/data/{name}" for name in sorted(facts.input_data_config)}
    values["channels"] = list(channels)
    values["training_env"] = _training_env(facts, values, channels)
    values |= {f"channel_{name}": path for name, path in channels.items()}
    values |= {f"hp_{name}": value for name, value in own.items()}
    environment = {f"SM_{name.upper()}": _text(value) for name, value in values.items()}
    environment["CURRENT_HOST"] = values["current_host"]
    environment["SAGEMAKER_JOB_NAME"] = str(decoded.get("sagemaker_job_name", ""))
    environment["SAGEMAKER_REGION"] = str(decoded.get("sagemaker_region", ""))
    return environment


def _values(facts: TrainingFacts, decoded: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    resources = facts.resource_config
    groups = {group["instance_group_name"]: dict(group) for group in resources.get("instance_groups", [])}
    group = resources.get("current_group_name", "homogeneousCluster")
    return {
        "hosts": list(resources["hosts"]),
        "current_host": resources["current_host"],
        "current_instance_type": resources.get("current_instance_type", "local"),
        "current_instance_group": group,
        "current_instance_group_hosts": groups.get(group, {}).get("hosts", []),
        "instance_groups": list(groups),
        "instance_groups_dict": groups,
        "distribution_instance_groups": [],
        "is_hetero": len(groups) > 1,
        "network_interface_name": resources.get("network_interface_name", "eth0"),
        "hps": dict(own),
        "framework_params": {
            name: value
            for name, value in decoded.items()
            if name.startswith(PLATFORM_PREFIX) and name not in _TOOLKIT_PARAMETERS
        },
        "framework_module": facts.framework_module,
        "resource_config": dict(resources),
        "input_data_config": {name: dict(value) for name, value in facts.input_data_config.items()},
        "user_entry_point": facts.program,
        "user_args": list(script_arguments(own)),
        "module_name": facts.program.removesuffix(".py"),
        "module_dir": facts.module_dir,
        "log_level": decoded.get("sagemaker_container_log_level", 20),
        "num_cpus": facts.cpus,
        "num_gpus": facts.gpus,
        "num_neurons": 0,
        "model_dir": "/opt/ml/model",
        "input_dir": "/opt/ml/input",
        "input_config_dir": "/opt/ml/input/config",
        "output_dir": "/opt/ml/output",
        "output_data_dir": "/opt/ml/output/data",
        "output_intermediate_dir": "/opt/ml/output/intermediate",
    }


_TOOLKIT_PARAMETERS = frozenset(
    {
        "sagemaker_program",
        "sagemaker_submit_directory",
        "sagemaker_enable_cloudwatch_metrics",
        "sagemaker_region",
        "sagemaker_container_log_level",
        "sagemaker_job_name",
        "sagemaker_s3_output",
    }
)


def _training_env(facts: TrainingFacts, values: Mapping[str, Any], channels: Mapping[str, str]) -> dict[str, Any]:
    """The same facts again as one JSON object, under the names of the toolkit's `Environment` properties."""
    kept = {name: values[name] for name in values if name not in {"hps", "framework_params", "channels", "user_args"}}
    master = values["hosts"][0]
    return kept | {
        "additional_framework_parameters": values["framework_params"],
        "channel_input_dirs": dict(channels),
        "hyperparameters": values["hps"],
        "job_name": facts.job_name,
        "master_hostname": master,
        "is_master": values["current_host"] == master,
        "distribution_hosts": values["hosts"],
        "is_modelparallel_enabled": None,
        "is_smddprun_installed": False,
        "is_smddpmprun_installed": False,
        "topology": [],
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def entry_command(python: str, program: str, files: frozenset[str], arguments: tuple[str, ...]) -> tuple[str, ...]:
    """How the toolkit starts an entry point: a shell script, a package beside a setup.py, a Python file, or a program.

    Args:
        python: the interpreter.
        program: the `sagemaker_program` hyperparameter.
        files: the names at the top of `/opt/ml/code`.
        arguments: the script's arguments.
    """
    if program.endswith(".sh"):
        return ("/bin/sh", "-c", f"./{shlex.quote(program)} {shlex.join(arguments)}".rstrip())
    if "setup.py" in files:
        return (python, "-m", program.removesuffix(".py").replace("/", "."), *arguments)
    if program.endswith(".py"):
        return (python, program, *arguments)
    return ("/bin/sh", "-c", f"./{shlex.quote(program)} {shlex.join(arguments)}".rstrip())
