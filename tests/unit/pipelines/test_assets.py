from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from headgate.errors import UserError
from headgate.pipelines import SourceCode
from headgate.pipelines.assets import archive_asset, folder_asset


def folder(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_digest_depends_on_paths_and_contents_but_not_on_time_or_place(tmp_path: Path) -> None:
    one = folder(tmp_path / "one", {"main.py": "1", "lib/a.py": "2"})
    two = folder(tmp_path / "two", {"lib/a.py": "2", "main.py": "1"})
    os.utime(two / "main.py", (1, 1))
    first, second = (SourceCode.from_folder(each, entry="main.py") for each in (one, two))
    assert first.sha256 == second.sha256
    assert first.archive() == second.archive()
    (two / "lib/a.py").write_text("3")
    assert SourceCode.from_folder(two, entry="main.py").sha256 != first.sha256
    (one / "lib/a.py").rename(one / "lib/b.py")
    assert SourceCode.from_folder(one, entry="main.py").sha256 != first.sha256


def test_executable_bit_counts(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"run.sh": "echo"})
    before = SourceCode.from_folder(root, entry="run.sh").sha256
    (root / "run.sh").chmod(0o755)
    assert SourceCode.from_folder(root, entry="run.sh").sha256 != before


def test_caches_tests_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    names = ["main.py", "__pycache__/main.pyc", "tests/test_main.py", ".venv/x.py", "a.egg-info/x", ".env", "latest.py"]
    root = folder(tmp_path / "code", dict.fromkeys(names, ""))
    assert [file.path for file in SourceCode.from_folder(root, entry="main.py").files] == ["latest.py", "main.py"]


def test_extra_folders_and_files_go_under_their_names(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"main.py": ""})
    shared = folder(tmp_path / "shared", {"io.py": "", "deep/x.py": ""})
    code = SourceCode.from_folder(root, entry="main.py", extra={"shared": shared, "conf.json": shared / "io.py"})
    assert [file.path for file in code.files] == ["conf.json", "main.py", "shared/deep/x.py", "shared/io.py"]


def test_two_sources_of_one_path_are_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"main.py": "", "shared/io.py": ""})
    shared = folder(tmp_path / "shared", {"io.py": ""})
    with pytest.raises(UserError, match=r"claim the path 'shared/io.py'"):
        SourceCode.from_folder(root, entry="main.py", extra={"shared": shared})


def test_missing_entry_names_the_files_there_are(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"train.py": ""})
    with pytest.raises(UserError) as caught:
        SourceCode.from_folder(root, entry="main.py")
    assert "train.py" in str(caught.value.expected)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        SourceCode.from_folder(tmp_path / "nowhere", entry="main.py")


def test_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"main.py": ""})
    (root / "lib").symlink_to(tmp_path)
    with pytest.raises(UserError, match="link to a folder"):
        SourceCode.from_folder(root, entry="main.py")


def test_archive_holds_files_without_times_or_owners(tmp_path: Path) -> None:
    root = folder(tmp_path / "code", {"main.py": "print(1)", "lib/a.py": ""})
    (root / "lib/a.py").chmod(0o755)
    code = SourceCode.from_folder(root, entry="main.py")
    with tarfile.open(fileobj=io.BytesIO(code.archive())) as tar:
        members = [(m.name, m.mtime, m.uid, m.uname, m.mode) for m in tar]
        data = tar.extractfile("main.py")
        assert data is not None
        assert data.read() == b"print(1)"
    assert members == [("lib/a.py", 0, 0, "", 0o755), ("main.py", 0, 0, "", 0o644)]


def test_folder_and_archive_of_one_code_do_not_share_a_prefix(tmp_path: Path) -> None:
    code = SourceCode.from_file(folder(tmp_path, {"main.py": "x"}) / "main.py")
    files, archive = folder_asset(code, "s3://b/p"), archive_asset(code, "s3://b/p")
    assert files.s3_uri == f"s3://b/p/code/{code.sha256}"
    assert [file.s3_uri for file in files.files] == [f"{files.s3_uri}/main.py"]
    assert files.files[0].content == b"x"
    assert archive.s3_uri == f"s3://b/p/archives/{code.sha256}/sourcedir.tar.gz"
    assert archive.files[0].content == code.archive()
