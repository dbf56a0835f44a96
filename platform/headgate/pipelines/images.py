"""URIs of AWS's container images, from the data files of the SageMaker SDK, without importing it (10 ms for 5 s).

The rules are those of the SDK's `image_uris.retrieve`; a contract test holds the two together. Images whose rules are
special (Hugging Face, Neuron, Graviton builds of scikit-learn and XGBoost) are refused: name them by their URI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headgate.errors import UserError
from headgate.spec.suggest import suggest

DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
}
"""What ECR's host name ends with in the partitions that are not amazonaws.com, by how their regions start."""

MOST_SHOWN = 16

FAMILY = re.compile(r"^ml[._]([a-z0-9-]+)\.?\w*")
GRAVITON = frozenset({"c6g", "t4g", "r6g", "m6g", "c6gd", "c6gn", "c7g", "r6gd", "m6gd", "m8g", "r8g", "c8g", "r7gd"})


class UnknownImageError(UserError):
    """No image fits what was asked for."""

    code = "unknown-image"


def image_uri(
    framework: str,
    region: str,
    *,
    version: str | None = None,
    instance_type: str | None = None,
    scope: str | None = None,
    py_version: str | None = None,
) -> str:
    """The ECR URI of AWS's image for a framework or built-in algorithm (`xgboost`, `sklearn`, `linear-learner`, …).

    Args:
        framework: the SDK's name for it.
        region: the AWS region that the job will run in.
        version: of the framework; without it the newest.
        instance_type: `ml.m5.xlarge`, where there are CPU and GPU images of one version.
        scope: `training`, `inference` or `processing`, where images differ by use.
        py_version: `py3`, `py310`, where there are several.

    Raises UnknownImageError with what there is, and UserError when the SDK is not installed.
    """
    family = _family(instance_type) if instance_type else None
    if family in GRAVITON and framework in {"sklearn", "xgboost"}:
        raise UnknownImageError(
            f"images of {framework} for Graviton ({instance_type}) have no rule; name one by its URI"
        )
    config = _for_scope(framework, _config(framework), scope)
    version = _version(framework, config, version)
    entry = config["versions"][config.get("version_aliases", {}).get(version, version)]
    python = _python(framework, entry, py_version)
    entry = entry.get(python, entry)
    if "repository" not in entry or "sdk_versions" in entry:
        raise UnknownImageError(f"images of {framework} {version} follow rules of their own; name one by its URI")
    processor = _processor(framework, config.get("processors") or entry.get("processors"), instance_type, family)
    suffix = entry.get("container_version", {}).get(processor)
    if not entry.get("processor_in_tag", True):
        processor = None
    tag = "-".join(part for part in (entry.get("tag_prefix", version), processor, python, suffix) if part)
    if framework == "sagemaker-tritonserver" and processor == "gpu":
        tag = tag.removesuffix("-gpu")
    registry = _pick("region", framework, region, entry["registries"])
    domain = next((domain for start, domain in DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    return f"{entry['registries'][registry]}.dkr.ecr.{region}.{domain}/{entry['repository']}{tag and ':' + tag}"


def frameworks() -> list[str]:
    """The names that `image_uri` takes."""
    return sorted(file.stem for file in _folder().glob("*.json") if file.stem != "instance_gpu_info")


@cache
def _folder() -> Path:
    spec = find_spec("sagemaker")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for folder in (Path(place) / "core" / "image_uri_config", Path(place) / "image_uri_config"):
            if folder.is_dir():
                return folder
    raise UserError(
        "image URIs are looked up in the SageMaker SDK's data files, and it is not installed",
        expected="the image's URI itself, or the SDK",
        next_command="pip install 'headgate[sdk]'",
    )


@cache
def _config(framework: str) -> Mapping[str, Any]:
    file = _folder() / f"{framework}.json"
    if framework not in frameworks():
        raise UnknownImageError(f"no image is known for '{framework}'", expected=_choices(framework, frameworks()))
    config: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return config


def _for_scope(framework: str, config: Mapping[str, Any], scope: str | None) -> Mapping[str, Any]:
    """The part of the file for a use; images that differ by nothing but name count as one."""
    if "versions" in config:
        scopes = config.get("scope", ())
        if scope is not None and len(scopes) > 1:
            _pick("scope", framework, scope, scopes)
        return config
    if len(config) == 1:
        scope = next(iter(config))
    elif scope is None and framework in {"sklearn", "xgboost"}:
        scope = "training"
    chosen: Mapping[str, Any] = config[_pick("scope", framework, scope, config)]
    return chosen


def _version(framework: str, config: Mapping[str, Any], version: str | None) -> str:
    versions, aliases = list(config["versions"]), config.get("version_aliases", {})
    if len(versions) == 1 and version not in aliases:
        return str(versions[0])
    if version is None:
        return str(max(versions, key=_numbers))
    return _pick("version", framework, version, [*versions, *aliases])


def _python(framework: str, entry: Mapping[str, Any], asked: str | None) -> str | None:
    available = entry.get("py_versions") if "repository" in entry else [key for key in entry if key.startswith("py")]
    if not available or (asked is None and framework == "spark"):
        return None
    if asked is None and len(available) == 1:
        return str(available[0])
    return _pick("Python version", framework, asked, available)


def _processor(
    framework: str, available: Sequence[str] | None, instance_type: str | None, family: str | None
) -> str | None:
    if not available:
        return None
    if instance_type is None:
        if len(available) == 1:
            return available[0]
        raise UnknownImageError(
            f"images of {framework} differ by processor: say the instance type", expected="for example ml.m5.xlarge"
        )
    if family is None:
        raise UnknownImageError(f"'{instance_type}' is no instance type", expected="for example ml.m5.xlarge")
    if family in available:
        return family
    kind = next((name for name in ("inf", "trn") if family.startswith(name)), None)
    return _pick("processor", framework, kind or ("gpu" if family[0] in "gp" else "cpu"), available)


def _family(instance_type: str) -> str | None:
    match = FAMILY.match(instance_type)
    return match.group(1) if match else None


def _pick(what: str, framework: str, asked: str | None, available: Iterable[str]) -> str:
    options = list(available)
    if asked is None:
        raise UnknownImageError(f"images of {framework} differ by {what}: say which", expected=", ".join(options))
    if asked not in options:
        raise UnknownImageError(f"images of {framework} have no {what} '{asked}'", expected=_choices(asked, options))
    return asked


def _choices(asked: str, options: Sequence[str]) -> str:
    nearest = suggest(asked, options)
    more = f" and {len(options) - MOST_SHOWN} more" if len(options) > MOST_SHOWN else ""
    return f"'{nearest}'?" if nearest else "one of " + ", ".join(options[:MOST_SHOWN]) + more


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
