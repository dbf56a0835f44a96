from __future__ import annotations

import pytest

from headgate.pipelines.images import image_uri
from headgate_training import images


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"])
@pytest.mark.parametrize(
    ("framework", "version", "ours"),
    [
        ("xgboost", "1.0-1", lambda region: images.xgboost(region, "1.0-1")),
        ("xgboost", "1.7-1", lambda region: images.xgboost(region, "1.7-1")),
        ("xgboost", "3.0-5", lambda region: images.xgboost(region, "3.0-5")),
        ("sklearn", "1.2-1", lambda region: images.scikit_learn(region, "1.2-1")),
        ("linear-learner", "1", images.linear_learner),
    ],
)
def test_uris_are_those_of_the_sagemaker_sdk(region, framework, version, ours):
    assert ours(region) == image_uri(framework, region, version=version, instance_type="ml.m5.xlarge")
