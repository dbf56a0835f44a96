"""What moto's other services get for an object of ours."""

from __future__ import annotations

import gc
import warnings
import weakref

from headgate.localcloud.server.moto_storage import object_for_moto


def test_an_object_for_moto_is_read_again_and_again_and_goes_without_disposal() -> None:
    made = object_for_moto("123456789012", "f.zip", b"code", "etag")
    assert (made.value, made.value, made.size, made.etag) == (b"code", b"code", 4, '"etag"')
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gone = weakref.ref(made)
        del made
        gc.collect()
    assert gone() is None
    assert [str(each.message) for each in told] == []
