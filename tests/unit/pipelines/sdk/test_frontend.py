from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from headgate.errors import FailedError, UserError
from headgate.pipelines import Compiled
from headgate.pipelines.sdk import PipelineCodeError, SdkPipeline, frontend
from headgate.spec.project import PipelineEntrypoint, Project

pytestmark = pytest.mark.slow

BASE = "s3://headgate-123456789012-eu-west-1/wine/code"
Run = Any


def metadata(compiled: Compiled) -> Any:
    return compiled.definition["Metadata"]


def test_code_runs_with_the_projects_account_role_region_and_bucket(run_process: Run) -> None:
    compiled = run_process("""
import boto3
def get_pipeline(region, role, default_bucket, pipeline_name, stage, role_arn=None, account_id="given"):
    who = boto3.client("sts").get_caller_identity()
    mine = boto3.client("iam").get_role(RoleName="headgate-execution")["Role"]["Arn"]
    other = boto3.client("iam").get_role(RoleName="other")["Role"]["Arn"]
    bucket = Session().default_bucket()
    return Pipeline(pipeline_name, Metadata=dict(locals()) | {"zone": boto3.Session().region_name})
""", arguments={"stage": "dev"})  # fmt: skip
    role = "arn:aws:iam::123456789012:role/headgate-execution"
    found = metadata(compiled)
    assert compiled.name == "mine"
    assert found["role"] == found["role_arn"] == found["mine"] == role
    assert found["other"] == "arn:aws:iam::123456789012:role/other"
    assert found["bucket"] == found["default_bucket"] == "headgate-123456789012-eu-west-1"
    assert (found["region"], found["zone"], found["stage"], found["account_id"]) == (*["eu-west-1"] * 2, "dev", "given")
    assert found["who"]["Account"] == "123456789012"


def test_upload_becomes_an_asset_named_by_its_content(run: Run) -> None:
    source = """
def get_pipeline():
    code = Session().upload("mine-2024-01-01/main.py", b"print(1)")
    return Pipeline("p", Steps=[{"Name": "S", "Arguments": {"Code": code}}])
"""
    compiled = run(source)
    [asset] = compiled.assets
    assert asset.s3_uri == f"{BASE}/{asset.sha256}/main.py"
    assert asset.files[0].content == b"print(1)"
    assert compiled.definition["Steps"][0]["Arguments"]["Code"] == asset.s3_uri


def test_large_uploads_come_in_parts_and_are_whole(run: Run) -> None:
    compiled = run("""
import boto3
def get_pipeline():
    with open("big", "wb") as file:
        file.write(b"0123456789abcdef" * 1_200_000)
    boto3.client("s3").upload_file("big", "b", "big")
    return Pipeline("p", Steps=["s3://b/big"])
""")
    [asset] = compiled.assets
    assert asset.files[0].content == b"0123456789abcdef" * 1_200_000


def test_uploads_can_be_looked_for_and_buckets_are_there(run: Run) -> None:
    compiled = run("""
import boto3
from botocore.exceptions import ClientError
def get_pipeline():
    s3 = boto3.client("s3")
    s3.put_object(Bucket="b", Key="k/1", Body="text")
    s3.create_bucket(Bucket="c")
    s3.head_bucket(Bucket="c")
    try:
        s3.head_object(Bucket="b", Key="other")
    except ClientError as error:
        missing = error.response["Error"]["Code"]
    return Pipeline("p", Metadata={
        "size": s3.head_object(Bucket="b", Key="k/1")["ContentLength"], "missing": missing,
        "keys": [each["Key"] for each in s3.list_objects_v2(Bucket="b", Prefix="k/")["Contents"]],
        "region": s3.get_bucket_location(Bucket="c")["LocationConstraint"],
        "created": boto3.resource("s3").Bucket("headgate-123456789012-eu-west-1").creation_date is None})
""")
    assert metadata(compiled) == {
        "size": 4,
        "missing": "404",
        "keys": ["k/1"],
        "region": "eu-west-1",
        "created": True,
    }


def test_images_of_the_project_are_known_and_others_are_not(run: Run) -> None:
    compiled = run("""
import boto3
def get_pipeline():
    client = boto3.client("sagemaker")
    try:
        client.describe_image_version(ImageName="other")
    except client.exceptions.ResourceNotFound as error:
        refused = str(error)
    return Pipeline("p", Metadata={"refused": refused,
        "own": client.describe_image_version(ImageName="own")["ContainerImage"]})
""")
    assert metadata(compiled)["own"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/own:latest"
    assert "has no image 'other'" in metadata(compiled)["refused"]


def test_names_with_times_and_uuids_are_the_same_every_time(run: Run) -> None:
    source = """
import time, uuid
def get_pipeline():
    names = [time.time(), time.time(), time.strftime("%Y-%m-%d"), str(uuid.uuid4()), str(uuid.uuid4())]
    return Pipeline("p", Metadata={"names": names})
"""
    first, second = (metadata(run(source))["names"] for _ in range(2))
    assert first == second
    assert len(set(first)) == 5
    assert first[2] == "2020-12-01"


def test_file_in_a_package_may_import_its_neighbours(run: Run, project: Project) -> None:
    (project.root / "flows/wine").mkdir(parents=True)
    for name in ("flows/__init__.py", "flows/wine/__init__.py"):
        (project.root / name).write_text("")
    (project.root / "flows/wine/names.py").write_text("NAME = 'from the package'")
    source = """
from .names import NAME
import flows.wine.names
def get_pipeline():
    return Pipeline(NAME)
"""
    assert run(source, path="flows/wine/pipeline.py").name == "from the package"


def test_what_the_code_prints_is_not_mixed_into_the_answer(run_process: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_process("print('hello')\ndef get_pipeline():\n    print('more')\n    return Pipeline('p')\n").name == "p"
    assert capfd.readouterr().out == ""


def test_error_shows_the_projects_own_frames(run: Run) -> None:
    with pytest.raises(PipelineCodeError) as caught:
        run("""
import json
def steps():
    return json.loads("{")
def get_pipeline():
    return Pipeline("p", Steps=steps())
""")
    error = caught.value
    assert error.exit_code == 2
    assert error.message.startswith("JSONDecodeError: Expecting property name")
    assert str(error.where) == "pipeline.py:5"
    assert error.details == (
        'pipeline.py:7 in get_pipeline: return Pipeline("p", Steps=steps())',
        'pipeline.py:5 in steps: return json.loads("{")',
    )


def test_syntax_error_is_shown_where_it_is(run: Run) -> None:
    with pytest.raises(PipelineCodeError, match="SyntaxError") as caught:
        run("def get_pipeline(:\n    pass\n")
    assert str(caught.value.where) == "pipeline.py:2"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import socket\ndef get_pipeline():\n    socket.create_connection(('10.0.0.1', 80))\n", "network connection"),
        (
            "import socket\ndef get_pipeline():\n    with socket.socket() as one: one.connect(('10.0.0.1', 80))\n",
            "network connection",
        ),
        ("import boto3\ndef get_pipeline():\n    boto3.client('sagemaker').list_models()\n", "sagemaker:ListModels"),
    ],
)
def test_code_that_needs_aws_or_a_network_is_told_so(run: Run, source: str, said: str) -> None:
    with pytest.raises(PipelineCodeError, match=said) as caught:
        run(source)
    assert caught.value.details[-1].startswith("pipeline.py:4 in get_pipeline")


@pytest.mark.parametrize(
    ("source", "members", "said"),
    [
        ("def make():\n    pass\n", {}, "no function 'get_pipeline'; it has: make"),
        ("x = 1\n", {"function": "make"}, "no function 'make'; it has: none"),
        ("def get_pipeline(stage, size):\n    pass\n", {"arguments": {"size": 1}}, "needs stage: give"),
        ("def get_pipeline(stage=1):\n    pass\n", {"arguments": {"stag": 1}}, "no argument 'stag'; it takes: stage"),
        ("def get_pipeline():\n    return 3\n", {}, "returned int, not a pipeline"),
    ],
)  # fmt: skip
def test_wrong_entry_point_is_refused(run: Run, source: str, members: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        run(source, **members)
    assert str(caught.value.where) == "pipeline.py"


def test_function_that_takes_anything_gets_what_is_given(run: Run) -> None:
    compiled = run("def get_pipeline(**given):\n    return Pipeline('p', Metadata=given)\n", arguments={"a": 1})
    assert metadata(compiled) == {"a": 1}


def test_process_that_dies_is_a_failure_with_its_last_words(run_process: Run) -> None:
    with pytest.raises(FailedError, match="ended with code 3") as caught:
        run_process(
            "import os, sys\ndef get_pipeline():\n    print('last', file=sys.stderr, flush=True)\n    os._exit(3)\n"
        )
    assert caught.value.details[-1] == "last"
    assert caught.value.exit_code == 1


def test_code_that_hangs_is_given_up(run_process: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend, "PATIENCE", 0.05)
    with pytest.raises(FailedError, match="did not return within"):
        run_process("def get_pipeline():\n    pass\n")


def test_environment_of_the_caller_is_kept_out(run_process: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://somewhere")
    monkeypatch.setenv("STAGE", "dev")
    found = metadata(
        run_process("import os\ndef get_pipeline():\n    return Pipeline('p', Metadata=dict(os.environ))\n")
    )
    assert found["STAGE"] == "dev"
    assert "AWS_PROFILE" not in found
    assert "AWS_ENDPOINT_URL" not in found
    assert found["SAGEMAKER_VALIDATE_ROLE"] == "false"


def test_without_the_sdk_the_error_says_what_to_declare(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="needs the SageMaker SDK") as caught:
        SdkPipeline(project, PipelineEntrypoint("mine", project.root / "pipeline.py")).compile()
    assert "pipelines.mine" in str(caught.value.expected)


def test_environment_without_the_sdk_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "sagemaker/session.py").unlink()
    (tmp_path / "pipeline.py").write_text("")
    with pytest.raises(UserError, match="has no SageMaker SDK"):
        SdkPipeline(project, PipelineEntrypoint("mine", tmp_path / "pipeline.py")).compile()


def test_requirements_give_the_code_an_environment_of_its_own(
    run: Run, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path | None] = []

    def ensure(*, requirements: Path | None, log: Any, **_: Any) -> Path:
        asked.append(requirements)
        log("building")
        return Path(sys.executable)

    monkeypatch.setattr(frontend, "ensure_environment", ensure)
    requirements = project.root / "requirements.txt"
    assert run("def get_pipeline():\n    return Pipeline('p')\n", requirements=requirements).name == "p"
    assert asked == [requirements]


def test_archives_count_by_what_is_in_them(run: Run) -> None:
    source = """
import io, tarfile, time

def pack(mtime):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size, member.mtime = 5, mtime
        tar.addfile(member, io.BytesIO(b"x = 1"))
    return data.getvalue()
def get_pipeline(mtime):
    uri = Session().upload(f"run-{mtime}/sourcedir.tar.gz", pack(mtime))
    return Pipeline("p", Steps=[{"HyperParameters": {"sagemaker_submit_directory": f'"{uri}"'}}])
"""
    first, second = (run(source, arguments={"mtime": mtime}) for mtime in (1, 2))
    assert first.text == second.text
    [asset] = first.assets
    with tarfile.open(fileobj=io.BytesIO(asset.files[0].content)) as tar:
        assert [(member.name, member.mtime) for member in tar] == [("train.py", 0)]
    assert f'"{asset.s3_uri}"' == first.definition["Steps"][0]["HyperParameters"]["sagemaker_submit_directory"]


def test_harness_needs_nothing_of_headgate() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(frontend.HARNESS)!r}, run_name='x')"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
