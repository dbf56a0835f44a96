"""What moto's other services get for an object of ours."""

from __future__ import annotations

import gc

from headgate.localcloud.server.moto_storage import object_for_moto


def test_an_object_for_moto_is_read_again_and_again_and_needs_no_disposal() -> None:
    made = object_for_moto("123456789012", "f.zip", b"code", "etag")
    assert (made.value, made.value, made.size, made.etag) == (b"code", b"code", 4, '"etag"')
    del made
    gc.collect()  # a warning of what was left open would fail this test
