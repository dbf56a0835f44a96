from __future__ import annotations

import io
import json
from typing import Any

import pytest

from headgate.localcloud.seams import HttpResponse
from headgate.localcloud.server.control import Control, is_loopback
from headgate.localcloud.server.http import WireRequest


def double(body: Any) -> dict[str, Any]:
    return {"twice": body["n"] * 2}


CONTROL = Control("secret", {("POST", "double"): double})


def ask(method: str = "POST", path: str = "double", body: bytes = b'{"n": 2}', **headers: str) -> HttpResponse:
    sent = {"host": "127.0.0.1:1", "x-headgate-token": "secret"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return CONTROL.handle(WireRequest(method, f"/_headgate/{path}", sent, io.BytesIO(body)))


def answer(response: HttpResponse) -> dict[str, Any]:
    assert isinstance(response.body, bytes)
    found: dict[str, Any] = json.loads(response.body)
    return found


def test_who_knows_the_token_is_obeyed() -> None:
    response = ask()
    assert (response.status, answer(response)) == (200, {"twice": 4})


def test_a_wrong_token_is_refused() -> None:
    assert ask(x_headgate_token="guess").status == 401


def test_a_name_that_resolves_to_loopback_is_refused_even_with_the_token() -> None:
    assert ask(host="evil.example:1").status == 403


def test_an_unknown_command_says_which_there_are() -> None:
    response = ask(path="halve")
    assert response.status == 404
    assert "POST /_headgate/double" in answer(response)["message"]


@pytest.mark.parametrize("body", [b"not json", b'{"m": 1}', b"[1]"])
def test_a_body_that_makes_no_sense_is_400(body: bytes) -> None:
    assert ask(body=body).status == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:5", "LOCALHOST", "[::1]", "[::1]:9"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "127.0.0.1.evil.example", "evil.example:127", "10.0.0.1:80", "localhost.evil"])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)
