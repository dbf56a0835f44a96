from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from headgate.control import answers
from headgate.control.errors import Refused

WHERE = {"stack_id": "arn:stack", "request_id": "r", "logical_resource_id": "AccountSet", "physical_id": "id"}


class Bucket(BaseHTTPRequestHandler):
    received: ClassVar[list[tuple[str | None, bytes]]] = []

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["Content-Type"], body))
        self.send_response(403 if self.path == "/expired" else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Bucket) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_is_put_without_a_content_type_which_its_signature_does_not_cover(url: str) -> None:
    Bucket.received.clear()
    answers.put(f"{url}/answer", b"{}")
    assert Bucket.received == [("", b"{}")]


def test_an_address_that_refuses_is_an_error(url: str) -> None:
    with pytest.raises(OSError, match="403"):
        answers.put(f"{url}/expired", b"{}")


def test_an_address_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(Refused, match="no address of the web"):
        answers.put("file:///etc/hostname", b"{}")


def test_a_reason_makes_it_a_failure_on_one_line_that_cloudformation_takes() -> None:
    answer = json.loads(answers.document(**WHERE, reason="no\n room " + "x" * 5000))
    assert (answer["Status"], answer["Reason"][:9]) == ("FAILED", "no room x")
    assert answer["Reason"].endswith("x...")


@pytest.mark.parametrize("letter", ["x", "é", "\N{WARNING SIGN}", '"'])
def test_the_whole_document_is_as_long_as_cloudformation_takes(letter: str) -> None:
    assert 1500 < len(answers.document(**WHERE, reason=letter * 5000)) <= 4096


def test_without_a_reason_it_is_a_success_with_data() -> None:
    answer = json.loads(answers.document(**WHERE, data={"DevAccountId": "1"}))
    assert (answer["Status"], answer["Data"], "Reason" in answer) == ("SUCCESS", {"DevAccountId": "1"}, False)
