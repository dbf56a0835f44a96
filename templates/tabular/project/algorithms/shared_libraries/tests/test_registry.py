from __future__ import annotations

import pytest
from tabular import registry
from tabular.failures import StepError


def test_the_best_is_the_smallest_or_the_largest():
    versions = [("a", 3.0), ("b", 1.0), ("c", 2.0)]
    assert registry.best(versions, "minimize") == registry.Best(1.0, "b", 3)
    assert registry.best(versions, "maximize") == registry.Best(3.0, "a", 3)


def test_the_older_of_two_equals_is_the_best():
    assert registry.best([("a", 1.0), ("b", 1.0)], "minimize").model_package == "a"


def test_nothing_is_better_than_nothing():
    assert registry.best([], "minimize") == registry.Best(None, None, 0)
    assert registry.improvement(5.0, None, "minimize") == 0


class Refusing:
    def __init__(self, code, message):
        from botocore.exceptions import ClientError

        self.error = ClientError({"Error": {"Code": code, "Message": message}}, "ListModelPackages")

    def get_paginator(self, _):
        return self

    def paginate(self, **_):
        raise self.error
        yield


def test_a_group_that_does_not_exist_yet_has_no_versions():
    pytest.importorskip("botocore")
    for refusal in (("ValidationException", "Model Package Group g does not exist"), ("ResourceNotFound", "no g")):
        assert list(registry.recorded(Refusing(*refusal), "g", "rmse")) == []


def test_a_registry_that_refuses_is_no_empty_registry():
    pytest.importorskip("botocore")
    with pytest.raises(StepError, match="cannot be read: AccessDeniedException"):
        list(registry.recorded(Refusing("AccessDeniedException", "no"), "g", "rmse"))
