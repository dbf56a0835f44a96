from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from headgate.localcloud.seams import HttpResponse
from headgate.localcloud.server.http import HttpServer, WireRequest

Handler = Callable[[WireRequest], HttpResponse]


@contextmanager
def serving(handler: Handler) -> Iterator[HttpServer]:
    server = HttpServer(0, handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.drain(5)
        thread.join()


@contextmanager
def connected(server: HttpServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(5)
        yield client


def echo(request: WireRequest) -> HttpResponse:
    return HttpResponse(200, {"x-target": request.target, "x-method": request.method}, request.body.read())


def read_all(client: socket.socket) -> bytes:
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def test_one_connection_carries_many_requests() -> None:
    with serving(echo) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        for number in range(3):
            client.request("POST", f"/a%20b?n={number}", b"x" * number)
            answer = client.getresponse()
            assert answer.read() == b"x" * number
            assert answer.getheader("x-target") == f"/a%20b?n={number}"
        client.close()


def test_a_chunked_body_arrives_whole_and_the_next_request_too() -> None:
    with serving(echo) as server, connected(server) as client:
        client.sendall(
            b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;ext=1\r\nhello\r\n3\r\n wo\r\n0\r\nTrailer: x\r\n\r\n"
            b"GET /next HTTP/1.1\r\nConnection: close\r\n\r\n"
        )
        text = read_all(client)
    assert b"hello wo" in text
    assert b"x-target: /next" in text


def test_a_client_that_asks_is_told_to_continue_when_the_body_is_wanted() -> None:
    with serving(echo) as server, connected(server) as client:
        client.sendall(b"PUT /k HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_refused_body_is_not_asked_for_and_the_connection_closes() -> None:
    with serving(lambda _: HttpResponse(403)) as server, connected(server) as client:
        client.sendall(b"PUT /k HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        text = read_all(client)
    assert text.startswith(b"HTTP/1.1 403 Forbidden")
    assert b"100 Continue" not in text
    assert b"connection: close" in text


def test_an_unread_body_does_not_disturb_the_next_request() -> None:
    with serving(lambda request: HttpResponse(200, {}, request.target.encode())) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        client.request("POST", "/first", b"y" * 100_000)
        assert client.getresponse().read() == b"/first"
        client.request("GET", "/second")
        assert client.getresponse().read() == b"/second"
        client.close()


def test_a_streamed_body_keeps_its_length_and_is_closed() -> None:
    closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            closed.set()

    with serving(lambda _: HttpResponse(200, {"content-length": "6"}, pieces())) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        client.request("GET", "/")
        answer = client.getresponse()
        assert (answer.read(), answer.getheader("content-length")) == (b"onetwo", "6")
        client.close()
    assert closed.wait(5)


def test_a_stream_of_unknown_length_is_chunked() -> None:
    with serving(lambda _: HttpResponse(200, {}, iter([b"one", b"", b"two"]))) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        client.request("GET", "/")
        answer = client.getresponse()
        assert (answer.read(), answer.getheader("transfer-encoding")) == (b"onetwo", "chunked")
        client.close()


def test_head_has_the_length_but_no_body() -> None:
    with serving(lambda _: HttpResponse(200, {"content-length": "7"})) as server, connected(server) as client:
        client.sendall(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
        text = read_all(client)
    assert b"content-length: 7" in text
    assert text.endswith(b"\r\n\r\n")


def test_no_content_has_no_length() -> None:
    with serving(lambda _: HttpResponse(204)) as server, connected(server) as client:
        client.sendall(b"DELETE / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b"content-length" not in read_all(client)


def test_http_1_0_closes_unless_asked_to_stay() -> None:
    with serving(echo) as server, connected(server) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"connection: close" in read_all(client)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: v\r\n" % n for n in range(300)) + b"\r\n",
        b"GET / HTTP/1.1\r\nlong: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_is_the_clients_error(sent: bytes) -> None:
    with serving(echo) as server, connected(server) as client:
        client.sendall(sent)
        assert client.recv(1000).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))


def test_a_repeated_header_is_joined() -> None:
    def answer(request: WireRequest) -> HttpResponse:
        return HttpResponse(200, {}, request.headers["x-a"].encode())

    with serving(answer) as server, connected(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n")
        assert read_all(client).endswith(b"\r\n\r\n1,2")


def test_header_names_keep_their_underscores() -> None:
    def answer(request: WireRequest) -> HttpResponse:
        return HttpResponse(200, {}, request.headers["x-amz-meta-my_key"].encode())

    with serving(answer) as server, connected(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nx-amz-meta-my_key: kept\r\nConnection: close\r\n\r\n")
        assert read_all(client).endswith(b"kept")


def test_an_absolute_target_is_taken_as_its_path() -> None:
    with serving(echo) as server, connected(server) as client:
        client.sendall(b"GET http://127.0.0.1/a/b?c HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b"x-target: /a/b?c" in read_all(client)


def test_a_client_that_leaves_in_the_middle_of_its_body_costs_nothing_but_its_connection() -> None:
    broken = threading.Event()

    def handler(request: WireRequest) -> HttpResponse:
        if request.target == "/fine":
            return HttpResponse(200)
        try:
            return HttpResponse(200, {}, request.body.read())
        except ConnectionError:
            broken.set()
            raise

    with serving(handler) as server:
        with connected(server) as client:
            client.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
            client.shutdown(socket.SHUT_WR)
            assert broken.wait(5)
        other = http.client.HTTPConnection("127.0.0.1", server.port)
        other.request("GET", "/fine")
        assert other.getresponse().status == 200
        other.close()


def test_a_handler_that_raises_is_logged_and_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def handler(request: WireRequest) -> HttpResponse:
        if request.target == "/bug":
            raise ZeroDivisionError("a bug")
        return HttpResponse(200)

    with serving(handler) as server:
        with connected(server) as client:
            client.sendall(b"GET /bug HTTP/1.1\r\n\r\n")
            assert read_all(client) == b""
        other = http.client.HTTPConnection("127.0.0.1", server.port)
        other.request("GET", "/fine")
        assert other.getresponse().status == 200
        other.close()
    assert "a bug" in caplog.text


def test_draining_waits_for_the_request_being_served() -> None:
    inside, leave = threading.Event(), threading.Event()

    def handler(_: WireRequest) -> HttpResponse:
        inside.set()
        assert leave.wait(5)
        return HttpResponse(200, {}, b"done")

    with serving(handler) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        client.request("GET", "/")
        assert inside.wait(5)
        assert not server.drain(0.01)
        leave.set()
        assert client.getresponse().read() == b"done"
        assert server.drain(5)
        client.close()


def test_a_taken_port_is_an_error() -> None:
    with serving(echo) as server, pytest.raises(OSError, match="in use"):
        HttpServer(server.port, echo)
