from __future__ import annotations

import pytest

from headgate.spec.secrets import HIDDEN, looks_secret, mask


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "api_token",
        "apiToken",
        "db-password",
        "PASSWORD",
        "client_secret",
        "HEADGATE_SET__plugins__tracker__api_key",
        "private_key",
    ],
)
def test_names_that_look_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["token_url", "secret_arn", "password_file", "name", "tokenizer", "threshold", "key"])
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(name)


def test_values_of_secret_variables_are_hidden() -> None:
    masked = mask("could not log in with hunter22 at host", {"DB_PASSWORD": "hunter22", "HOST": "host"})
    assert masked == f"could not log in with {HIDDEN} at host"


def test_short_values_do_not_blank_ordinary_words() -> None:
    assert mask("a test of test", {"API_TOKEN": "test"}) == "a test of test"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key AKIAIOSFODNN7EXAMPLE used", f"key AKIAIO{HIDDEN} used"),
        ("https://user:s3cret@host/x", f"https://user:{HIDDEN}@host/x"),
        ("password=abcdefgh; next", f"password={HIDDEN}; next"),
        ('"api_token": "abcdefgh"', f'"api_token": "{HIDDEN}"'),
        ("no secret in here", "no secret in here"),
    ],
)
def test_patterns_are_hidden(text: str, masked: str) -> None:
    assert mask(text, {}) == masked
    assert mask(masked, {}) == masked
