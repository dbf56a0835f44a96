"""URIs of the images that the training pipeline runs, without the SageMaker SDK.

The registries' accounts are in images.json; the forms of the tags are those of the SDK's `image_uris`, and a contract
test holds the two together.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from headgate.errors import UserError

DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}
"""What ECR's host name ends with where it is not amazonaws.com, by how regions start."""

OLD_TAGS = ("0.90-1", "0.90-2", "1.0-1")
"""Versions of XGBoost whose tags still named processor and Python."""


def scikit_learn(region: str, version: str) -> str:
    """The image for scikit-learn in script mode, and for processing. Raises UserError for an unknown region."""
    return _uri("frameworks", region, f"sagemaker-scikit-learn:{version}-cpu-py3")


def xgboost(region: str, version: str) -> str:
    """The image with the built-in XGBoost algorithm. Raises UserError for an unknown region."""
    return _uri("frameworks", region, f"sagemaker-xgboost:{version}{'-cpu-py3' if version in OLD_TAGS else ''}")


def linear_learner(region: str) -> str:
    """The image with the built-in Linear Learner algorithm. Raises UserError for an unknown region."""
    return _uri("algorithms", region, "linear-learner:1")


@cache
def _registries() -> dict[str, dict[str, str]]:
    accounts: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("images.json").read_text("utf-8"))
    return accounts


def _uri(registry: str, region: str, image: str) -> str:
    accounts = _registries()[registry]
    if region not in accounts:
        raise UserError(
            f"SageMaker's images are not known for region '{region}'; name your own under `plugins.training.images`",
            expected="one of " + ", ".join(sorted(accounts)),
        )
    domain = next((domain for start, domain in DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    return f"{accounts[region]}.dkr.ecr.{region}.{domain}/{image}"
