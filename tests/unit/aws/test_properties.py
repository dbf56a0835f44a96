"""Texts in the alphabet of a version's properties."""

from __future__ import annotations

import pytest

from headgate.aws.properties import as_property, fits_property, from_property
from headgate.localcloud.sagemaker.constraints import violations
from headgate.localcloud.sagemaker.operations import service_model

TEXTS = [
    "",
    "eta=0.1 objective=reg:squarederror",
    "logloss,auc",
    "price (\N{EURO SIGN})",
    "a@2Cb",
    "Gr\u00fcn",
    "a\tb\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_there_and_back_is_the_same(text: str) -> None:
    assert from_property(as_property(text)) == text


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_sagemaker_takes_what_was_put_into_its_alphabet(text: str) -> None:
    shape = service_model().operation_model("CreateModelPackage").input_shape
    assert violations({"CustomerMetadataProperties": {"k": as_property(text)}}, shape) == []


def test_readable_texts_stay_readable() -> None:
    assert as_property("arn:aws:s3/a-b_c.d=1 + 2") == "arn:aws:s3/a-b_c.d=1 + 2"
    assert as_property("logloss,auc") == "logloss@2Cauc"


@pytest.mark.parametrize(
    ("text", "fits"), [("git@host:team/p.git", True), ("a,b", False), ("", False), ("a" * 257, False)]
)
def test_what_fits_as_it_is(text: str, fits: bool) -> None:
    assert fits_property(text) is fits


def test_what_was_never_encoded_is_left_alone() -> None:
    assert from_property("git@github.example:team/p.git") == "git@github.example:team/p.git"
