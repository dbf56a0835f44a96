"""The model server, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from headgate_runtimes.serving.http import MAX_BODY, BadRequestError, Host, Request, Response, parse_request

ECHO = """
import os, time
def model_fn(folder):
    return folder
def transform_fn(model, body, content_type, accept):
    if body == "fail":
        raise RuntimeError("broken model")
    if body.startswith("wait "):
        open(body[5:] + "-reached", "w").close()
        while not os.path.exists(body[5:]):
            time.sleep(0.01)
    return body, content_type
"""


def request_bytes(body=b"", head="POST /invocations HTTP/1.1", **headers):
    lines = [head, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse(data):
    return parse_request(bytearray(data), lambda: None)


def test_request_is_parsed_when_it_is_all_there():
    data = request_bytes(b"1,2", content_length=3, Content_Type="text/csv", Accept="application/json, */*")
    for cut in range(len(data)):
        assert parse(data[:cut]) is None
    parsed = parse(data + b"GET /ping HTTP/1.1\r\n\r\n")
    assert parsed is not None
    request, consumed = parsed
    assert (request.method, request.path, request.body, consumed) == ("POST", "/invocations", b"1,2", len(data))
    assert (request.content_type, request.accept) == ("text/csv", "application/json")


def test_chunks_are_put_together():
    data = request_bytes(b"3;x=1\r\n1,2\r\n2\r\n,3\r\n0\r\n\r\n", transfer_encoding="chunked")
    for cut in range(len(data)):
        assert parse(data[:cut]) is None
    parsed = parse(data)
    assert parsed is not None
    assert (parsed[0].body, parsed[1]) == (b"1,2,3", len(data))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (request_bytes(content_length="many"), 400),
        (request_bytes(content_length=MAX_BODY + 1), 413),
        (request_bytes(b"zz\r\n", transfer_encoding="chunked"), 400),
        (request_bytes(b"fffffffff\r\n", transfer_encoding="chunked"), 413),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000, 413),
    ],
)
def test_what_is_no_request_is_refused(data, status):
    with pytest.raises(BadRequestError) as raised:
        parse(data)
    assert raised.value.status == status


def test_accept_of_anything_is_none():
    for value in ("*/*", "", "*/*, text/csv"):
        assert Request("GET", "/", {"accept": value}, b"").accept is None


class Model:
    def __init__(self, error=None):
        self.error = error
        self.threads = []

    def invoke(self, request):
        self.threads.append(threading.current_thread().name)
        if self.error:
            raise self.error
        return Response(request.body, "text/csv")


def ask(model, *requests, log=lambda _line: None):
    async def run():
        host = Host(model, log=log)
        return [await host.answer(request) for request in requests]

    return asyncio.run(run())


POST = Request("POST", "/invocations", {}, b"1")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ping", 200),
        ("POST", "/ping", 405),
        ("GET", "/invocations", 405),
        ("GET", "/execution-parameters", 200),
        ("GET", "/elsewhere", 404),
    ],
)
def test_routes_are_the_contracts(method, path, status):
    (response,) = ask(Model(), Request(method, path, {}, b""))
    assert response.status == status
    if path == "/execution-parameters":
        assert json.loads(response.body)["BatchStrategy"] == "MULTI_RECORD"


class TeapotError(Exception):
    status_code = 418


@pytest.mark.parametrize(
    ("error", "status", "body", "logged"),
    [
        (BadRequestError("no such column"), 400, "no such column", "400 no such column"),
        (BadRequestError("not that", 415), 415, "not that", "415 not that"),
        (ValueError("broken"), 500, "broken\nTraceback", "Traceback"),
        (TeapotError("own status"), 418, "own status", "TeapotError"),
    ],
)
def test_errors_have_their_status_and_are_logged(error, status, body, logged):
    lines = []
    (response,) = ask(Model(error), POST, log=lines.append)
    assert response.status == status
    assert response.body.decode().startswith(body)
    assert logged in "\n".join(lines)


def test_quick_model_moves_to_the_event_loop():
    model = Model()
    ask(model, *[POST] * 30)
    assert model.threads[0].startswith("model")
    assert model.threads[-1] == "MainThread"


def test_connection_is_kept_and_pipelined(start):
    server = start(ECHO)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        one = request_bytes(b"first", content_length=5, content_type="text/plain")
        two = request_bytes(b"second", content_length=6, content_type="text/plain", connection="close")
        client.sendall(one + two)
        received = b""
        while chunk := client.recv(4096):
            received += chunk
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b"first") < received.index(b"second")
    assert b"connection: close" in received


def test_expectation_is_answered_before_the_body_is_sent(start):
    server = start(ECHO)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request_bytes(content_length=2, content_type="text/plain", expect="100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert client.recv(4096).endswith(b"\r\n\r\nok")


def test_bad_request_is_answered_and_the_connection_closed(start):
    server = start(ECHO)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"nonsense\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 400 Bad Request")
        assert client.recv(4096) == b""


def test_ping_is_answered_while_the_model_works_and_term_waits_for_it(start, tmp_path):
    server = start(ECHO)
    answers = []
    gate = tmp_path / "gate"
    thread = threading.Thread(target=lambda: answers.append(server.ask(f"wait {gate}", "text/plain")))
    thread.start()
    while not gate.with_name("gate-reached").exists():
        time.sleep(0.005)
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/ping")
        assert connection.getresponse().status == 200
    server.process.terminate()
    gate.touch()
    thread.join(20)
    assert answers[0][0] == 200
    assert server.process.wait(20) == 0


def test_idle_connections_do_not_hold_up_the_end(start):
    server = start(ECHO)
    with socket.create_connection(("127.0.0.1", server.port)):
        assert server.stop() == 0


def test_failing_model_says_so_and_serves_on(start):
    server = start(ECHO)
    status, body, _ = server.ask("fail", "text/plain")
    assert status == 500
    assert b"broken model" in body
    assert server.ask("well", "text/plain")[:2] == (200, b"well")


def test_port_that_is_taken_ends_the_server(start, tmp_path):
    server = start(ECHO)
    done = subprocess.run(
        server.process.args,
        env={
            "SAGEMAKER_BIND_TO_PORT": str(server.port),
            "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "model" / "code"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"port {server.port} is taken" in done.stderr


def test_server_imports_little():
    code = (
        "import sys, headgate_runtimes.serving.http, headgate_runtimes.serving.script;"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'boto3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
