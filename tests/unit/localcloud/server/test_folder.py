from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from headgate.errors import FailedError, UserError
from headgate.localcloud.folder import FORMAT, Daemon, Folder


def test_a_new_folder_gets_a_version_and_stays_out_of_git(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "state")
    assert folder.check_version() is None
    folder.prepare()
    assert folder.check_version() == FORMAT
    assert (tmp_path / "state" / ".gitignore").read_text() == "*\n"


def test_a_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "version").write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(UserError, match="written by a newer Headgate") as caught:
        Folder(tmp_path).prepare()
    assert caught.value.exit_code == 2
    assert "headgate cloud reset" in (caught.value.next_command or "")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "x"}'])
def test_an_unreadable_version_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "version").write_text(text)
    with pytest.raises(UserError, match="version file"):
        Folder(tmp_path).check_version()


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedError, match="state folder cannot be used"):
        Folder(tmp_path / "file" / "state").prepare()


def test_only_one_claims_and_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.holder() is None
    lock = folder.claim()
    assert lock is not None
    assert folder.claim() is None
    assert folder.holder() == os.getpid()
    os.close(lock)
    assert folder.holder() is None
    again = folder.claim()
    assert again is not None
    os.close(again)


def test_what_a_killed_daemon_left_does_not_count(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    left = Daemon(os.getpid(), "http://127.0.0.1:5", "123456789012", "1", "t")
    folder.publish(left, 5)
    assert folder.daemon() is None
    assert folder.last_port() == 5
    lock = folder.claim()
    assert lock is not None
    assert folder.daemon() == left
    folder.publish(Daemon(1, left.url, left.account, left.version, left.token), 5)
    assert folder.daemon() is None, "another process's file under our lock"
    folder.daemon_file.write_text("torn")
    assert folder.daemon() is None
    os.close(lock)


def test_only_its_owner_may_read_the_token(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.publish(Daemon(1, "http://127.0.0.1:5", "123456789012", "1", "t"), 5)
    assert folder.daemon_file.stat().st_mode & 0o777 == 0o600
    assert "token" not in repr(Daemon(1, "", "", "", "t"))


def test_contents_are_the_local_clouds_own(tmp_path: Path) -> None:
    for name in ("state.db", "state.db-wal", "s3", "environments", "daemon.log", "mine.txt"):
        (tmp_path / name).mkdir() if name in {"s3", "environments"} else (tmp_path / name).write_text("")
    names = [path.name for path in Folder(tmp_path).contents()]
    assert names == ["daemon.log", "s3", "state.db", "state.db-wal"]
    assert Folder(tmp_path / "none").contents() == []


def test_no_last_port_is_any_port(tmp_path: Path) -> None:
    assert Folder(tmp_path).last_port() == 0


def test_a_state_folder_that_is_a_file_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    folder = Folder(tmp_path / "state")
    with pytest.raises(UserError, match="the state folder is a file"):
        folder.holder()
    with pytest.raises(UserError, match="the state folder is a file"), folder.starting():
        pytest.fail("a file cannot be started on")
