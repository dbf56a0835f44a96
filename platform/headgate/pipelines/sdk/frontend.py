"""Starting the harness, and reading what it found."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headgate.environments import default_cache, ensure_environment
from headgate.errors import FailedError, Location, UserError
from headgate.pipelines.defaults import default_bucket, default_role
from headgate.pipelines.pipeline import Compiled
from headgate.pipelines.sdk.rewrite import Upload, content_addressed
from headgate.spec.project import PipelineEntrypoint, Project

HARNESS = Path(__file__).with_name("harness.py")
PATIENCE = 600
"""Seconds after which the project's code is taken to hang; the SDK's import alone can take ten."""

SDK_CONFIG = "SchemaVersion: '1.0'\n"
"""In place of the SDK's settings on this machine, which would make definitions differ."""


class PipelineCodeError(UserError):
    """The project's own pipeline code raised; `details` are its frames, outermost first."""

    code = "pipeline-code"


@dataclass(frozen=True, slots=True)
class SdkPipeline:
    """A pipeline of headgate.yaml's `pipelines:`; compiling it runs the project's code."""

    project: Project
    entrypoint: PipelineEntrypoint

    @property
    def name(self) -> str:
        return self.entrypoint.name

    def compile(
        self, *, artifact_bucket: str | None = None, prefix: str = "", log: Callable[[str], None] | None = None
    ) -> Compiled:
        """Run `get_pipeline()` offline; uploads become content-addressed assets.

        Raises PipelineCodeError when the code raises, UserError when there is no such function or no SDK, FailedError
        when its process dies, EnvironmentFailedError when its requirements cannot be installed.
        """
        bucket = artifact_bucket or default_bucket(self.project)
        base = "/".join(part for part in (f"s3://{bucket}", prefix.strip("/")) if part)
        python = self._python(log or (lambda _: None))
        with tempfile.TemporaryDirectory(prefix="headgate-sdk-") as folder:
            answer = self._run(python, Path(folder), bucket)
            uploads = [
                Upload(f"s3://{each['bucket']}/{each['key']}", self._store(Path(each["file"])))
                for each in answer["uploads"]
            ]
        definition, assets = content_addressed(answer["definition"], uploads, base)
        return Compiled(answer["name"], definition, assets)

    def _python(self, log: Callable[[str], None]) -> Path:
        if self.entrypoint.requirements is not None:
            return ensure_environment(
                requirements=self.entrypoint.requirements, packages=(), python=None, cache=default_cache(), log=log
            )
        if find_spec("sagemaker") is None:
            raise UserError(
                f"pipeline '{self.name}' needs the SageMaker SDK, and it is not installed",
                where=str(self.project.file),
                expected=f"`requirements:` under pipelines.{self.name}, naming a file that lists sagemaker",
                next_command="pip install 'headgate[sdk]'",
            )
        return Path(sys.executable)

    def _run(self, python: Path, folder: Path, bucket: str) -> dict[str, Any]:
        request, answer = folder / "request.json", folder / "answer.json"
        request.write_text(json.dumps(self._request(folder, bucket, answer)))
        config = folder / "sagemaker.yaml"
        config.write_text(SDK_CONFIG)
        try:
            ran = subprocess.run(
                [str(python), str(HARNESS), str(request)],
                env=offline_environment(os.environ, self.project.region, config),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FailedError(
                f"{self.entrypoint.function} of pipeline '{self.name}' did not return within {PATIENCE} seconds",
                where=str(self.entrypoint.file),
            ) from error
        if not answer.exists():
            raise FailedError(
                f"the process that compiles pipeline '{self.name}' ended with code {ran.returncode} and no answer",
                where=str(self.entrypoint.file),
                details=tuple(ran.stderr.strip().splitlines()[-8:]),
            )
        result: dict[str, Any] = json.loads(answer.read_text())
        if "error" in result:
            raise self._failure(result)
        return result

    def _request(self, folder: Path, bucket: str, answer: Path) -> dict[str, Any]:
        project, role = self.project, default_role(self.project)
        return {
            "root": str(project.root),
            "file": str(self.entrypoint.file),
            "function": self.entrypoint.function,
            "arguments": dict(self.entrypoint.arguments),
            "offered": {
                "region": project.region,
                "role": role,
                "role_arn": role,
                "default_bucket": bucket,
                "account_id": project.account,
                "pipeline_name": self.name,
            },
            "account": project.account,
            "region": project.region,
            "bucket": bucket,
            "role_arn": role,
            "images": {name: image.uri(project.account, project.region) for name, image in project.images.items()},
            "captures": str(folder),
            "answer": str(answer),
        }

    def _store(self, file: Path) -> Path:
        """Keep an upload under its digest until it is put into S3."""
        from headgate.aws.sessions import state_folder

        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        kept = state_folder(self.project.root, os.environ) / "assets" / digest
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = kept.with_name(f"{digest}.{os.getpid()}")
            shutil.move(file, partial)
            partial.replace(kept)
        return kept

    def _failure(self, result: Mapping[str, Any]) -> UserError:
        frames = result["frames"]
        message = ": ".join(part for part in (result["error"], _shortened(result["detail"])) if part)
        if result["kind"] == "entrypoint" or not frames:
            return PipelineCodeError(message, where=_relative(str(self.entrypoint.file), self.project.root))
        return PipelineCodeError(
            message,
            where=Location(_relative(frames[-1]["file"], self.project.root), frames[-1]["line"]),
            details=tuple(_frame(frame, self.project.root) for frame in frames[-8:]),
        )


def offline_environment(environ: Mapping[str, str], region: str, config: Path) -> dict[str, str]:
    """The environment of the harness: no credentials, settings or endpoints of the person who calls."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("AWS_", "SAGEMAKER_", "PYTHONPATH"))}
    return kept | {
        "AWS_ACCESS_KEY_ID": "headgate",
        "AWS_SECRET_ACCESS_KEY": "headgate",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(config),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        # Old SDKs leave protobuf unpinned and come with code for an older one, which only this implementation reads.
        "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _shortened(text: str) -> str:
    lines = text.strip().splitlines()
    return " ".join(lines[:6])[:600] + (" …" if len(lines) > 6 or len(text) > 600 else "")


def _frame(frame: Mapping[str, Any], root: Path) -> str:
    return f"{_relative(frame['file'], root)}:{frame['line']} in {frame['function']}: {frame['source']}"


def _relative(file: str, root: Path) -> str:
    path = Path(file).resolve()
    return str(path.relative_to(root.resolve())) if path.is_relative_to(root.resolve()) else file
