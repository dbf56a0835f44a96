from __future__ import annotations

import os

import pytest

from headgate.actions.template_record import pack, unpack
from headgate.actions.trees import Changes, Entry, new_folder, read_tree, write_tree

TREE = {
    "a.txt": Entry(b"text\n"),
    "bin/run": Entry(b"#!/bin/sh\n", executable=True),
    "deep/er/b.bin": Entry(b"\0\1"),
    "link": Entry(b"a.txt", is_link=True),
}


def test_a_tree_is_read_as_it_was_written(tmp_path):
    write_tree(tmp_path, TREE)
    assert read_tree(tmp_path) == TREE


def test_what_git_keeps_is_no_part_of_a_tree(tmp_path):
    write_tree(tmp_path, {**TREE, ".git/config": Entry(b"")})
    assert read_tree(tmp_path) == TREE


def test_a_link_to_a_folder_is_a_link(tmp_path):
    write_tree(tmp_path, {"deep/a": Entry(b""), "link": Entry(b"deep", is_link=True)})
    assert read_tree(tmp_path)["link"] == Entry(b"deep", is_link=True)


def test_files_have_the_permissions_that_the_user_s_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        with new_folder(tmp_path / "new") as folder:
            write_tree(folder, TREE)
    finally:
        os.umask(before)
    modes = {path: (tmp_path / "new" / path).stat().st_mode & 0o777 for path in (".", "a.txt", "bin/run")}
    assert modes == {".": 0o750, "a.txt": 0o640, "bin/run": 0o750}


def test_an_archive_holds_the_tree_and_its_bytes_depend_on_nothing_else():
    shuffled = dict(reversed(TREE.items()))
    assert unpack(pack(TREE)) == TREE
    assert pack(shuffled) == pack(TREE)


def test_an_archive_that_leads_out_of_its_folder_is_refused():
    with pytest.raises(ValueError, match="leads out of it"):
        unpack(pack({"../evil": Entry(b"")}))


def test_changes_that_fail_are_undone(tmp_path):
    write_tree(tmp_path, TREE)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/mine").write_text("")
    changes = {"a.txt": Entry(b"new\n"), "new/file": Entry(b""), "bin/run": None, "folder": Entry(b"cannot be")}
    before = read_tree(tmp_path)
    with pytest.raises(OSError, match="directory"):
        Changes(tmp_path).apply(changes)
    assert read_tree(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_folder_whose_files_are_all_deleted_goes_and_others_stay(tmp_path):
    write_tree(tmp_path, {**TREE, "deep/c": Entry(b"")})
    Changes(tmp_path).apply({"deep/er/b.bin": None, "bin/run": None})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "deep", "link"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["c"]


def test_folders_made_for_a_new_folder_go_with_it_when_it_fails(tmp_path):
    def fail():
        with new_folder(tmp_path / "a/b/new") as folder:
            (folder / "half").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
