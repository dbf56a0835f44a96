"""DeleteObjects: up to 1000 keys in one request."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.access import require
from headgate.localcloud.s3.body import read_document
from headgate.localcloud.s3.errors import malformed_xml
from headgate.localcloud.s3.objects import delete_one
from headgate.localcloud.s3.request import S3Request, xml_response
from headgate.localcloud.s3.values import NULL_VERSION
from headgate.localcloud.s3.xml import child, document, element, group, optional, parse
from headgate.localcloud.seams import HttpResponse

_MOST = 1000


def delete_objects(request: S3Request) -> HttpResponse:
    """Every key is its own deletion: an error of one is reported and does not stop the others."""
    try:
        tree = parse(read_document(request.http), "Delete")
    except ValueError as error:
        raise malformed_xml(str(error)) from error
    objects = tree.findall("Object")
    if not 1 <= len(objects) <= _MOST or not all(child(node, "Key") for node in objects):
        raise malformed_xml(f"Delete needs 1 to {_MOST} Object elements with a Key each")
    quiet = child(tree, "Quiet") == "true"
    request.store.bucket(request.bucket)
    results = [_delete(request, node) for node in objects]
    return xml_response(document("DeleteResult", *(text for text, failed in results if failed or not quiet)))


def _delete(request: S3Request, node: ET.Element) -> tuple[str, bool]:
    """One element of the answer, and whether it is an error."""
    key, version_id = child(node, "Key"), child(node, "VersionId") or None
    named = element("Key", key) + optional("VersionId", version_id)
    action = "s3:DeleteObjectVersion" if version_id else "s3:DeleteObject"
    try:
        require(request, request.bucket, key, action)
        removed, marker = delete_one(request, key, version_id)
    except AwsError as error:
        return group("Error", named, element("Code", error.code), element("Message", error.message)), True
    was_marker = removed is not None and removed.delete_marker
    extra = ""
    if marker is not None:
        extra = element("DeleteMarker", "true") + element("DeleteMarkerVersionId", marker.version_id or NULL_VERSION)
    elif was_marker:
        extra = element("DeleteMarker", "true") + optional("DeleteMarkerVersionId", version_id)
    return group("Deleted", named, extra), False
