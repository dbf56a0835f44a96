from __future__ import annotations

import pytest

from headgate.localcloud.server.identify import Addressee, address


def scope(service: str, region: str = "eu-west-1", key: str = "AKIAEXAMPLE") -> dict[str, str]:
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, Signature=0"}


def test_a_signed_request_names_service_region_and_key() -> None:
    assert address("/", (), scope("ssm")) == Addressee("ssm", "eu-west-1", "AKIAEXAMPLE")


def test_a_presigned_url_carries_them_in_the_query() -> None:
    query = (("X-Amz-Credential", "KEY/20260101/us-west-2/s3/aws4_request"),)
    assert address("/b/k", query, {}) == Addressee("s3", "us-west-2", "KEY")


def test_signature_version_4a_has_its_regions_in_a_header() -> None:
    headers = {
        "authorization": "AWS4-ECDSA-P256-SHA256 Credential=KEY/20260101/s3/aws4_request, Signature=0",
        "x-amz-region-set": "eu-west-1,us-east-1",
    }
    assert address("/b", (), headers) == Addressee("s3", "eu-west-1", "KEY")


def test_a_region_set_of_everything_falls_back_to_the_default() -> None:
    headers = {"authorization": "AWS4-ECDSA-P256-SHA256 Credential=K/2026/s3/aws4_request", "x-amz-region-set": "*"}
    assert address("/b", (), headers).region == "us-east-1"


def test_signature_version_2_is_s3() -> None:
    assert address("/b", (), {"authorization": "AWS KEY:signature"}) == Addressee("s3", "us-east-1", "KEY")


@pytest.mark.parametrize(
    "path", ["/endpoints/e/invocations", "/endpoints/e/async-invocations", "/endpoints/e/invocations-response-stream"]
)
def test_invocations_are_another_service_under_the_same_name(path: str) -> None:
    assert address(path, (), scope("sagemaker")).service == "sagemaker-runtime"


def test_the_sagemaker_api_itself_is_not_the_runtime() -> None:
    assert address("/", (), scope("sagemaker")).service == "sagemaker"


def test_an_unsigned_request_is_known_by_its_target() -> None:
    assert address("/", (), {"x-amz-target": "AWSCognitoIdentityProviderService.SignUp"}).service == "cognito-idp"


def test_an_unsigned_form_is_sts() -> None:
    assert address("/", (), {}, b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15").service == "sts"


def test_what_nothing_names_is_an_anonymous_request_to_s3() -> None:
    assert address("/bucket/key", (), {}) == Addressee("s3", "us-east-1", "")


def test_the_user_agent_may_tell_the_region() -> None:
    assert address("/b", (), {"user-agent": "Boto3/1.40 region/eu-central-1"}).region == "eu-central-1"
