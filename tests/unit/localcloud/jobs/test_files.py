"""Staging, archives, uploads and volumes on real files."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from headgate.localcloud.archive import CorruptArchiveError, unpack_tar_gz, write_tar_gz
from headgate.localcloud.jobs import staging, volume
from headgate.localcloud.jobs.context import remove_folder
from headgate.localcloud.jobs.failures import JobFailure
from headgate.localcloud.jobs.staging import Item, Source, Stager, check_fits, link_or_copy, place
from headgate.localcloud.jobs.uploads import Synchronizer, move_folder, written_files
from headgate.localcloud.jobs.volume import Volume, written_bytes


def stager(laptop):
    return Stager(laptop.objects, "eu-west-1", "role")


def test_inputs_larger_than_the_volume_do_not_fit():
    check_fits(5 << 30, 5)
    with pytest.raises(JobFailure, match=r"5\.0 GB and the volume is 5 GB \(VolumeSizeInGB\)"):
        check_fits((5 << 30) + 1, 5)


def test_folder_markers_are_no_files(laptop, tmp_path):
    laptop.put("in/", "")
    laptop.put("in/a", "a")
    assert [item.path for item in stager(laptop).resolve(Source("s3://data/in"))] == ["a"]


@pytest.mark.parametrize("manifest", ["{}", "[]", "nonsense", '["a"]', '[{"prefix": "nowhere"}, "a"]'])
def test_a_wrong_manifest_says_what_is_right(laptop, manifest):
    uri = laptop.put("m", manifest)
    with pytest.raises(JobFailure, match="is not a JSON list that starts with"):
        stager(laptop).resolve(Source(uri, "ManifestFile"))


def test_a_manifest_that_names_nothing_or_what_is_not_there_fails(laptop):
    uri = laptop.put("m", '[{"prefix": "s3://data/x/"}, "ghost"]')
    with pytest.raises(JobFailure, match="names s3://data/x/ghost, which does not exist"):
        stager(laptop).resolve(Source(uri, "ManifestFile"))
    uri = laptop.put("m", '[{"prefix": "s3://data/x/"}]')
    with pytest.raises(JobFailure, match="No S3 objects found"):
        stager(laptop).resolve(Source(uri, "ManifestFile"))
    with pytest.raises(JobFailure, match="No S3 objects found"):
        stager(laptop).resolve(Source("s3://data/no-manifest", "ManifestFile"))


def test_a_key_that_is_both_file_and_folder_fails_clearly(laptop, tmp_path):
    laptop.put("in/a", "file")
    laptop.put("in/a/b", "below it")
    with pytest.raises(JobFailure, match="both a file and a folder"):
        place(stager(laptop).resolve(Source("s3://data/in")), tmp_path / "there")


def test_a_key_cannot_climb_out_of_its_folder(laptop, tmp_path):
    laptop.put("x", "x")
    with pytest.raises(JobFailure, match="climbs out"):
        place([Item("../../x", laptop.objects.get("data", "x"))], tmp_path / "there")


def test_copies_stop_at_the_budget_and_writable_copies_all(laptop, tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "COPY_BUDGET", 10)
    for name in ("a", "b"):
        laptop.put(f"in/{name}", "12345678")
    items = stager(laptop).resolve(Source("s3://data/in"))
    place(items, tmp_path / "mixed")
    assert [(tmp_path / "mixed" / name).stat().st_nlink for name in ("a", "b")] == [1, 2]
    place(items, tmp_path / "copies", writable=True)
    assert [(tmp_path / "copies" / name).stat().st_nlink for name in ("a", "b")] == [1, 1]


def test_fetching_what_is_not_there_names_it(laptop, tmp_path):
    with pytest.raises(JobFailure, match="s3://data/ghost does not exist"):
        stager(laptop).fetch("s3://data/ghost", tmp_path / "x")


def test_a_file_system_without_links_copies(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("a")

    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="No space"):
        link_or_copy(tmp_path / "a", tmp_path / "c")


def test_an_archive_depends_on_names_contents_and_execute_bits_only(tmp_path):
    for number, order in enumerate((["a", "b"], ["b", "a"])):
        folder = tmp_path / str(number)
        (folder / "deep").mkdir(parents=True)
        for name in order:
            (folder / "deep" / name).write_text(name)
            os.utime(folder / "deep" / name, (number, number))
        (folder / "link").symlink_to("deep/a")
        (folder / "deep" / "b").chmod(0o755 if number else 0o711)
        assert write_tar_gz(tmp_path / f"{number}.tar.gz", [folder]) == 3
    assert (tmp_path / "0.tar.gz").read_bytes() == (tmp_path / "1.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "0.tar.gz") as tar:
        assert [(member.name, member.mtime, member.mode) for member in tar] == [
            ("deep/a", 0, 0o644), ("deep/b", 0, 0o755), ("link", 0, 0o777),
        ]  # fmt: skip


def test_archives_that_are_none_or_reach_out_are_corrupt(tmp_path):
    (tmp_path / "x").write_bytes(b"\x1f\x8b nonsense")
    with pytest.raises(CorruptArchiveError):
        unpack_tar_gz(tmp_path / "x", tmp_path / "out")
    (tmp_path / "rows.csv").write_text("\n".join(str(number**3) for number in range(30_000)))
    with tarfile.open(tmp_path / "whole.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "rows.csv", "rows.csv")
    whole = (tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "torn.tar.gz").write_bytes(whole[:30_000] + b"\xff" * 99 + whole[30_099:])
    with pytest.raises(CorruptArchiveError, match=r"CRC|decompressing"):
        unpack_tar_gz(tmp_path / "torn.tar.gz", tmp_path / "out")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../evil"))
    with pytest.raises(CorruptArchiveError, match="evil"):
        unpack_tar_gz(tmp_path / "evil.tar.gz", tmp_path / "out")


def test_moving_a_folder_follows_links_within_it_only(laptop, tmp_path):
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_text("a")
    (folder / "inside").symlink_to("deep/a")
    (folder / "outside").symlink_to("/etc/hostname")
    (folder / "broken").symlink_to("nowhere")
    assert {path.name for path in written_files(folder)} == {"a", "inside"}
    assert move_folder(laptop.objects, folder, "s3://data/up/") == 2
    assert laptop.keys("up/") == ["up/deep/a", "up/inside"]
    assert laptop.text("s3://data/up/inside") == "a"


def test_a_synchronizer_uploads_what_has_changed(laptop, tmp_path):
    folder = tmp_path / "c"
    synchronizer = Synchronizer(laptop.objects, folder, "s3://data/c")
    assert synchronizer.sync() == 0
    folder.mkdir()
    (folder / "a").write_text("1")
    (folder / "b").write_text("1")
    assert synchronizer.sync() == 2
    (folder / "a").write_text("22")
    assert synchronizer.sync() == 1
    assert laptop.text("s3://data/c/a") == "22"
    other = Synchronizer(laptop.objects, folder, "s3://data/d")
    other.remember()
    assert other.sync() == 0


def test_linked_inputs_do_not_count_as_written(tmp_path):
    (tmp_path / "host").mkdir()
    (tmp_path / "blob").write_bytes(b"x" * 100_000)
    (tmp_path / "blob").chmod(0o444)
    os.link(tmp_path / "blob", tmp_path / "host" / "input")
    assert written_bytes(tmp_path / "host") == 0
    (tmp_path / "host" / "own").write_bytes(b"x" * 100_000)
    assert written_bytes(tmp_path / "host") >= 100_000
    assert written_bytes(tmp_path / "missing") == 0


def test_a_volume_names_what_is_full(tmp_path, monkeypatch):
    (tmp_path / "own").write_bytes(b"x" * 100_000)
    assert Volume([tmp_path], 1 << 30).problem() is None
    assert Volume([tmp_path], 1 << 30).explains() is None
    assert "VolumeSizeInGB" in Volume([tmp_path], 50_000).problem()
    assert "VolumeSizeInGB" in Volume([tmp_path], 50_000).exceeded()
    assert "VolumeSizeInGB" in Volume([tmp_path], 100_000).explains()
    monkeypatch.setattr(volume, "MINIMUM_FREE", 1 << 60)
    assert "this machine's disk has" in Volume([tmp_path], 1 << 30).problem()


def test_a_folder_that_its_job_has_locked_is_removed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    inner = tmp_path / "job" / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "a").touch()
    (inner / "link").symlink_to(elsewhere)
    inner.chmod(0o500)
    inner.parent.chmod(0)
    remove_folder(tmp_path / "job")
    assert not (tmp_path / "job").exists()
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    remove_folder(Path(tmp_path / "job"))
