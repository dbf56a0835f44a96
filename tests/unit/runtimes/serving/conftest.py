"""A model server as its own process, spoken to over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import headgate_runtimes.serving

MAIN = Path(headgate_runtimes.serving.__file__).with_name("__main__.py")


@dataclass
class Server:
    """A server that has said that it listens."""

    process: subprocess.Popen[str]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(
        self, body: str | bytes, content_type: str = "text/csv", accept: str | None = None
    ) -> tuple[int, bytes, str]:
        """POST to /invocations: status, body, content type."""
        headers = {"Content-Type": content_type} | ({"Accept": accept} if accept else {})
        with contextlib.closing(self.connect()) as connection:
            connection.request("POST", "/invocations", body, headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers["content-type"]

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path, free_port: int) -> Iterator[Callable[..., Server]]:
    """Starts a server for a script given as text; its log is in `server.log`."""
    servers = []

    def make(script: str | None, framework: str = "json", environment: Mapping[str, str] | None = None) -> Server:
        (tmp_path / "model" / "code").mkdir(parents=True, exist_ok=True)
        if script is not None:
            (tmp_path / "model" / "code" / "inference.py").write_text(script)
        env = dict(os.environ) | {
            "SM_MODEL_DIR": str(tmp_path / "model"),
            "SAGEMAKER_SUBMIT_DIRECTORY": str(tmp_path / "model" / "code"),
            "SAGEMAKER_BIND_TO_PORT": str(free_port),
            **(environment or {}),
        }
        process = subprocess.Popen(
            [sys.executable, str(MAIN), framework],
            env=env,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        servers.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if "listening on port" in line:
                return Server(process, free_port)
        raise AssertionError(f"the server ended with {process.wait()}")

    yield make
    for process in servers:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
