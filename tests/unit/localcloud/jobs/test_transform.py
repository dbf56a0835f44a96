"""Batch transform jobs against a real server."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from headgate.localcloud.errors import AwsError

pytestmark = pytest.mark.slow

DOUBLE = """
    def predict(body, headers):
        return 200, "\\n".join(str(sum(float(x) for x in line.split(",")) * 2) for line in body.splitlines())
"""
COUNT = """
    def predict(body, headers):
        return 200, f"{len(body.splitlines())}|"
"""
ECHO = """
    import json
    def predict(body, headers):
        return 200, "\\n".join(json.dumps({"got": json.loads(line)}) for line in body.splitlines())
"""


def run(laptop, name, uri="s3://data/in", *, content_type="text/csv", wait=True, **more):
    source = {"S3DataSource": {"S3DataType": more.pop("data_type", "S3Prefix"), "S3Uri": uri}}
    request = {
        "TransformJobName": name,
        "ModelName": more.pop("model", "m"),
        "TransformInput": {
            "DataSource": source,
            "ContentType": content_type,
            **more.pop("input", {"SplitType": "Line"}),
        },
        "TransformOutput": {"S3OutputPath": "s3://data/out", **more.pop("output", {"AssembleWith": "Line"})},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": more.pop("count", 1)},
        **more,
    }
    laptop.call("CreateTransformJob", **request)
    return laptop.engine.wait(laptop.caller, "transform-job", name, 30) if wait else request


def test_each_object_is_transformed_into_its_out_object(laptop):
    laptop.model("m", DOUBLE)
    laptop.put("in/a.csv", "1,2\n3,4\n")
    laptop.put("in/deep/b.csv", "5,5\n")
    done = run(laptop, "plain")
    assert done["TransformJobStatus"] == "Completed", done.get("FailureReason")
    assert laptop.keys("out/") == ["out/a.csv.out", "out/deep/b.csv.out"]
    assert laptop.text("s3://data/out/a.csv.out") == "6.0\n14.0\n"
    described = laptop.call("DescribeTransformJob", TransformJobName="plain")
    assert described["CreationTime"] <= described["TransformStartTime"] <= described["TransformEndTime"]
    assert laptop.call("ListTransformJobs")["TransformJobSummaries"][0]["TransformJobName"] == "plain"
    assert "serving" in laptop.log("TransformJobs", "plain")


def test_single_record_sends_one_line_at_a_time_and_multi_record_as_many_as_fit(laptop):
    laptop.model("m", COUNT)
    laptop.put("in/a.csv", "1\n2\n\n3\n")
    run(laptop, "single", BatchStrategy="SingleRecord", output={})
    assert laptop.text("s3://data/out/a.csv.out") == "1|1|1|"
    run(laptop, "multi", BatchStrategy="MultiRecord", output={})
    assert laptop.text("s3://data/out/a.csv.out") == "3|"
    laptop.put("in/a.csv", "\n".join(["x" * 400_000] * 3))
    run(laptop, "payload", MaxPayloadInMB=1, output={})
    assert laptop.text("s3://data/out/a.csv.out") == "2|1|"


def test_concurrent_transforms_keep_the_order_of_the_records(laptop):
    laptop.model(
        "m",
        """
    import time
    def predict(body, headers):
        time.sleep(0.02 * (3 - int(body) % 4))
        return 200, body
    """,
    )
    laptop.put("in/a.csv", "\n".join(map(str, range(12))))
    run(laptop, "ordered", BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    assert laptop.text("s3://data/out/a.csv.out").split() == [str(n) for n in range(12)]


def test_csv_columns_are_filtered_joined_and_filtered_again(laptop):
    laptop.model("m", DOUBLE)
    laptop.put("in/a.csv", 'id-1,"x, y",1,2\nid-2,z,3,4\n')
    processing = {"InputFilter": "$[2:]", "JoinSource": "Input", "OutputFilter": "$[0,1,-1]"}
    done = run(laptop, "joined", DataProcessing=processing)
    assert done["TransformJobStatus"] == "Completed", done.get("FailureReason")
    assert laptop.text("s3://data/out/a.csv.out") == 'id-1,"x, y",6.0\nid-2,z,14.0\n'


def test_an_input_filter_alone_leaves_the_answers_as_they_are(laptop):
    laptop.model(
        "m",
        """
    def predict(body, headers):
        return 200, "\\n".join('{"first": %s, "b": 1}' % line.split(",")[0] for line in body.splitlines())
    """,
    )
    laptop.put("in/a.csv", "id1,5,6\nid2,7,8\n")
    done = run(laptop, "filtered", DataProcessing={"InputFilter": "$[1:]"})
    assert done["TransformJobStatus"] == "Completed", done.get("FailureReason")
    assert laptop.text("s3://data/out/a.csv.out") == '{"first": 5, "b": 1}\n{"first": 7, "b": 1}\n'


def test_json_lines_are_joined_under_sagemakers_names(laptop):
    laptop.model("m", ECHO)
    laptop.put("in/a.jsonl", '{"id": 1, "f": [1, 2]}\n{"id": 2, "f": [3]}\n')
    processing = {"InputFilter": "$.f", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    done = run(laptop, "lines", content_type="application/jsonlines", DataProcessing=processing)
    assert done["TransformJobStatus"] == "Completed", done.get("FailureReason")
    found = [json.loads(line) for line in laptop.text("s3://data/out/a.jsonl.out").splitlines()]
    assert found == [{"id": 1, "SageMakerOutput": {"got": [1, 2]}}, {"id": 2, "SageMakerOutput": {"got": [3]}}]
    laptop.put("in/a.jsonl", "[1]\n")
    run(laptop, "arrays", content_type="application/jsonlines", DataProcessing={"JoinSource": "Input"})
    assert json.loads(laptop.text("s3://data/out/a.jsonl.out")) == {
        "SageMakerInput": [1],
        "SageMakerOutput": {"got": [1]},
    }


def test_a_whole_json_document_is_one_record(laptop):
    laptop.model(
        "m",
        """
    import json
    def predict(body, headers):
        return 200, json.dumps(sum(json.loads(body)))
    """,
    )
    laptop.put("in/a.json", '{"v":\n [1,\n 2]}')
    processing = {"InputFilter": "$.v", "JoinSource": "Input"}
    done = run(laptop, "doc", content_type="application/json", input={}, output={}, DataProcessing=processing)
    assert done["TransformJobStatus"] == "Completed", done.get("FailureReason")
    assert json.loads(laptop.text("s3://data/out/a.json.out")) == {"v": [1, 2], "SageMakerOutput": 3}


def test_accept_content_type_and_batch_environment_reach_the_model(laptop):
    laptop.model(
        "m",
        """
    import os
    def predict(body, headers):
        return 200, f"{headers['Content-Type']} {headers['Accept']} {os.environ['SAGEMAKER_BATCH']} {os.environ['A']}"
    """,
        Environment={"A": "model"},
    )
    laptop.put("in/a.csv", "1")
    run(laptop, "told", input={}, output={"Accept": "text/plain"}, Environment={"A": "job"})
    assert laptop.text("s3://data/out/a.csv.out") == "text/csv text/plain true job"


def test_a_container_may_suggest_how_it_wants_its_records(laptop):
    laptop.model(
        "m",
        COUNT
        + """
    PARAMETERS = '{"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 6}'
    """,
    )
    laptop.put("in/a.csv", "1\n2")
    run(laptop, "suggested", output={})
    assert laptop.text("s3://data/out/a.csv.out") == "1|1|"


def test_compressed_input_and_manifest(laptop):
    laptop.model("m", DOUBLE)
    laptop.put("in/a.csv.gz", gzip.compress(b"1\n2\n"))
    laptop.put("list", json.dumps([{"prefix": "s3://data/in/"}, "a.csv.gz"]))
    run(
        laptop,
        "zipped",
        "s3://data/list",
        data_type="ManifestFile",
        input={"SplitType": "Line", "CompressionType": "Gzip"},
    )
    assert laptop.text("s3://data/out/a.csv.gz.out") == "2.0\n4.0\n"


def test_instances_share_the_objects(laptop):
    laptop.model(
        "m",
        """
    import os
    def predict(body, headers):
        return 200, str(os.getppid()) + str(os.environ["SAGEMAKER_BIND_TO_PORT"])
    """,
    )
    for number in range(4):
        laptop.put(f"in/{number}", "x")
    run(laptop, "two", count=2)
    answers = [laptop.text(f"s3://data/out/{number}.out") for number in range(4)]
    assert len(set(answers)) == 2


def test_a_serial_pipeline_of_containers_passes_answers_on(laptop):
    laptop.model("one", DOUBLE)
    laptop.model("two", DOUBLE)
    containers = [
        {"Image": "123.dkr/any", "ModelDataUrl": "s3://data/one.tar.gz"},
        {"Image": "123.dkr/any", "ModelDataUrl": "s3://data/two.tar.gz"},
    ]
    laptop.put_model("m", {"Containers": containers})
    laptop.put("in/a.csv", "1\n")
    run(laptop, "chain")
    assert laptop.text("s3://data/out/a.csv.out") == "4.0\n"


def test_a_models_error_fails_the_job_with_its_words(laptop):
    laptop.model(
        "m",
        """
    def predict(body, headers):
        return 400, "expected 8 columns, got 2"
    """,
    )
    laptop.put("in/a.csv", "1,2\n")
    done = run(laptop, "columns")
    assert done["TransformJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("ClientError: a.csv: Bad HTTP response returned from the model: 400")
    assert "expected 8 columns, got 2" in done["FailureReason"]
    assert laptop.keys("out/") == []


def test_a_server_error_is_tried_again(laptop):
    laptop.model(
        "m",
        """
    calls = []
    def predict(body, headers):
        calls.append(body)
        return (200, "ok") if len(calls) > 2 else (500, "not yet")
    """,
    )
    laptop.put("in/a.csv", "1")
    assert run(laptop, "patient")["TransformJobStatus"] == "Completed"


def test_answers_that_do_not_match_the_records_cannot_be_joined(laptop):
    laptop.model("m", COUNT)
    laptop.put("in/a.csv", "1\n2\n")
    done = run(laptop, "mismatch", DataProcessing={"JoinSource": "Input"})
    assert "answered 2 records with 1 lines" in done["FailureReason"]


def test_a_record_larger_than_the_payload_fails(laptop):
    laptop.model("m", COUNT)
    laptop.put("in/a.csv", "x" * (1 << 20) + "y")
    done = run(laptop, "fat", MaxPayloadInMB=1)
    assert "Too much data for max payload size" in done["FailureReason"]


def test_a_corrupt_model_archive_fails_clearly(laptop):
    laptop.model("m", DOUBLE)
    laptop.put("m.tar.gz", b"this is no archive")
    laptop.put("in/a.csv", "1")
    done = run(laptop, "corrupt")
    assert done["TransformJobStatus"] == "Failed"
    assert "s3://data/m.tar.gz cannot be unpacked" in done["FailureReason"]


def test_a_truncated_model_archive_fails_clearly(laptop):
    laptop.model("m", DOUBLE)
    whole = laptop.objects.get("data", "m.tar.gz").path.read_bytes()
    laptop.put("m.tar.gz", whole[: len(whole) // 2])
    laptop.put("in/a.csv", "1")
    assert "cannot be unpacked" in run(laptop, "torn")["FailureReason"]


def test_a_server_that_dies_at_its_start_fails_with_its_last_words(laptop):
    laptop.model("m", "raise RuntimeError('needs version 2 of the model')")
    laptop.put("in/a.csv", "1")
    done = run(laptop, "dead")
    assert "did not pass the ping health check" in done["FailureReason"]
    assert "needs version 2 of the model" in done["FailureReason"]


def test_stopping_ends_servers_and_job(laptop):
    laptop.model(
        "m",
        """
    import time
    def predict(body, headers):
        time.sleep(0.05)
        return 200, "x"
    """,
    )
    laptop.put("in/a.csv", "1\n" * 2000)
    run(laptop, "long", wait=False, BatchStrategy="SingleRecord")
    deadline = time.monotonic() + 20
    while "serving" not in laptop.log("TransformJobs", "long") and time.monotonic() < deadline:
        time.sleep(0.01)
    laptop.call("StopTransformJob", TransformJobName="long")
    assert laptop.engine.wait(laptop.caller, "transform-job", "long", 20)["TransformJobStatus"] == "Stopped"
    assert laptop.keys("out/") == []


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"model": "ghost"}, "ValidationException", 'Could not find model "arn:aws:sagemaker'),
        ({"input": {"SplitType": "RecordIO"}}, "UnsupportedByLocalCloud", "RecordIO"),
        ({"input": {"SplitType": "TFRecord"}}, "UnsupportedByLocalCloud", "TFRecord"),
        ({"data_type": "AugmentedManifestFile"}, "UnsupportedByLocalCloud", "AugmentedManifestFile"),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "ValidationException", "$..x"),
        ({"DataProcessing": {"InputFilter": "$[1:]"}, "content_type": "image/png"}, "ValidationException", "image/png"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "ValidationException", "100 MB"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://data/c"}}, "UnsupportedByLocalCloud", "DataCaptureConfig"),
        ({"output": {"S3OutputPath": "s3://nobody/x"}}, "ValidationException", "nobody"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_creation(laptop, change, code, text):
    laptop.model("m", DOUBLE)
    with pytest.raises(AwsError) as caught:
        run(laptop, "refused", **change)
    assert caught.value.code == code
    assert text in caught.value.message


def test_a_filter_beyond_the_columns_fails_and_says_how_many_there_are(laptop):
    laptop.model("m", DOUBLE)
    laptop.put("in/a.csv", "1,2\n")
    done = run(laptop, "beyond", DataProcessing={"InputFilter": "$[5]"})
    assert "position 5, but there are only 2" in done["FailureReason"]
