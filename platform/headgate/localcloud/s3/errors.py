"""S3's errors: AwsError with S3's codes, extra headers and extra elements, as XML."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.xml import document, element
from headgate.localcloud.seams import HttpResponse


class S3Error(AwsError):
    """An error with response headers or extra elements of its body."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        elements: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, status=status)
        self.headers = dict(headers or {})
        self.elements = dict(elements or {})


def invalid_argument(message: str, name: str = "", value: str = "") -> S3Error:
    elements = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return S3Error("InvalidArgument", message, elements=elements)


def malformed_xml(message: str) -> S3Error:
    return S3Error("MalformedXML", f"the XML you provided was not well-formed or did not validate: {message}")


def precondition_failed(condition: str) -> S3Error:
    return S3Error(
        "PreconditionFailed",
        "at least one of the preconditions you specified did not hold",
        status=412,
        elements={"Condition": condition},
    )


def access_denied(message: str = "access denied") -> S3Error:
    return S3Error("AccessDenied", message, status=403)


def bad_digest(what: str) -> S3Error:
    return S3Error("BadDigest", f"the {what} you specified did not match the calculated checksum")


def render(error: AwsError, method: str, resource: str, request_id: str) -> HttpResponse:
    """An error as an HTTP answer; without a body for HEAD and 304, which must not have one."""
    extra = error if isinstance(error, S3Error) else S3Error(error.code, error.message)
    headers = {**extra.headers, "content-type": "application/xml"}
    if method == "HEAD" or error.status == 304:
        return HttpResponse(error.status, headers)
    elements = {"Code": error.code, "Message": error.message, **extra.elements, "Resource": resource}
    body = document(
        "Error", *(element(name, text) for name, text in elements.items()), element("RequestId", request_id)
    )
    return HttpResponse(error.status, headers, body)
