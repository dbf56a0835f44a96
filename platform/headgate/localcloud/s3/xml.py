"""Writing and reading the small XML documents that S3 speaks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import quote
from xml.etree import ElementTree as ET

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
MAX_DOCUMENT = 1 << 21
"""The largest XML body that is read, in bytes: DeleteObjects with 1000 keys of 1024 bytes fits."""

_SPECIAL = re.compile(r"[&<>\"\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def escape(value: str) -> str:
    """Escape; control characters become references, as S3 writes them, though XML 1.0 has no place for most."""
    return _SPECIAL.sub(lambda match: f"&#x{ord(match[0]):x};", value)


def element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def optional(name: str, value: object | None) -> str:
    """The element, or nothing for None and the empty string."""
    return "" if value is None or value == "" else element(name, value)


def group(name: str, *parts: str) -> str:
    """An element around elements that are XML already."""
    return f"<{name}>{''.join(parts)}</{name}>"


def document(name: str, *parts: str) -> bytes:
    """A whole document around elements that are XML already. Error documents have no namespace, as on S3."""
    namespace = "" if name == "Error" else f' xmlns="{NAMESPACE}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}{namespace}>{"".join(parts)}</{name}>'.encode()


def boolean(value: bool) -> str:
    return "true" if value else "false"


def iso_time(seconds: float) -> str:
    """`2026-11-21T07:00:00.123Z`, as in listings."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def http_time(seconds: float) -> str:
    """`Sat, 21 Nov 2026 07:00:00 GMT`, as in headers."""
    return formatdate(seconds, usegmt=True)


def encoded(value: str, encoding_type: str) -> str:
    """A key as listings return it: percent-encoded if `encoding-type=url` was asked for."""
    return quote(value, safe="/") if encoding_type == "url" else value


def parse(body: bytes, root: str) -> ET.Element:
    """Read a document whose root element is called `root`; namespaces are dropped. Raises ValueError.

    A document type declaration is refused, and with it entities, so that no small body can grow large.
    """
    text = body.decode()
    if "<!DOCTYPE" in text:
        raise ValueError("a document type declaration is not allowed")
    try:
        tree = ET.fromstring(text)  # noqa: S314  entities cannot be declared without the declaration refused above
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    for node in tree.iter():
        node.tag = node.tag.rpartition("}")[2]
    if tree.tag != root:
        raise ValueError(f"expected <{root}>, got <{tree.tag}>")
    return tree


def child(node: ET.Element, name: str) -> str:
    """The text of a child element, or the empty string."""
    return node.findtext(name) or ""
