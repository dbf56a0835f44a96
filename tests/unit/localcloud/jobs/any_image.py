"""A runtime for tests that stands in for any image with this interpreter, and a model server in 30 lines."""

from __future__ import annotations

import sys

from headgate.localcloud.runtimes import ContainerJob, Launch, RuntimeUnavailableError

SERVER = """
import importlib.util, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
spec = importlib.util.spec_from_file_location("model", "/opt/ml/model/model.py")
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/ping":
            self.answer(getattr(model, "PING", 200))
        elif hasattr(model, "PARAMETERS"):
            self.answer(200, model.PARAMETERS.encode(), "application/json")
        else:
            self.answer(404)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, text = model.predict(body, self.headers)
        self.answer(status, text.encode(), self.headers.get("Accept") or "text/csv")
    def log_message(self, *args):
        pass
print("serving", flush=True)
ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


class AnyImage:
    """Runs the entrypoint as it is; without one, a training job runs hyperparameter `program`, a model is served."""

    def __init__(self, _config: object) -> None:
        pass

    def launch(self, job: ContainerJob) -> Launch:
        if "unavailable" in job.image:
            raise RuntimeUnavailableError("it needs a GPU")
        if job.entrypoint:
            python = {"python3": sys.executable}
            return Launch(tuple(python.get(word, word) for word in (*job.entrypoint, *job.arguments)))
        if job.kind == "training":
            job.fetch(job.hyperparameters["program"], job.ml_root / "code" / "train.py")
            return Launch((sys.executable, "/opt/ml/code/train.py", *job.arguments), environment={"SM_X": "1"})
        (job.ml_root / "server.py").write_text(SERVER)
        return Launch((sys.executable, "/opt/ml/server.py"))
