"""A job reads and writes what its role may, and fails with the refusal otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.access import Acting, RoleObjects, acting
from headgate.localcloud.jobs.failures import Refused
from headgate.localcloud.seams import Caller, Json

CALLER = Caller("111111111111", "eu-west-1")


class OwnFolder:
    """Lets a role touch `own/` only."""

    def endpoint_url(self, who: Acting) -> str:
        return ""

    def require(self, who: Acting, operation: str, parameters: Json) -> None:
        name = str(parameters.get("Key", parameters.get("Prefix")))
        if not name.startswith("own/"):
            raise AwsError("AccessDenied", f"{who.role} may not {operation} {name}", status=403)


@pytest.fixture
def objects(laptop: Any) -> RoleObjects:
    laptop.objects.create_bucket("111111111111", "eu-west-1", "shared")
    for key in ("own/a", "others/a"):
        laptop.objects.put_bytes("shared", key, b"x")
    return RoleObjects(laptop.objects, OwnFolder(), Acting(CALLER, "role"))


def test_own_objects_are_there(objects: RoleObjects, tmp_path: Path) -> None:
    assert [info.key for info in objects.list("shared", "own/")] == ["own/a"]
    assert objects.find("shared", "own/a") is not None
    (tmp_path / "f").write_text("x")
    objects.put_file("shared", "own/b", tmp_path / "f")
    assert objects.find("shared", "own/b") is not None


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda o, _: o.list("shared", "others/"), "Data download failed: AccessDenied (403): role may not ListObj"),
        (lambda o, _: o.list("shared", "o"), "role may not ListObjectsV2 o"),
        (lambda o, _: o.find("shared", "others/a"), "role may not GetObject others/a"),
        (lambda o, f: o.put_file("shared", "others/b", f), "Data upload failed: AccessDenied (403): role may not Put"),
    ],
)
def test_others_are_refused(objects: RoleObjects, tmp_path: Path, call: Any, reason: str) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(Refused) as caught:
        call(objects, tmp_path / "f")
    assert reason in caught.value.reason


def test_subnets_come_from_the_vpc_config() -> None:
    assert acting(CALLER, "role", {"Subnets": ["s-1"], "SecurityGroupIds": ["sg"]}).subnets == ("s-1",)
    assert acting(CALLER, "role", None).subnets == ()
