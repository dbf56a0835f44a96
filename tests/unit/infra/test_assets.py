"""The zip of the control package: the same bytes for the same content, and all that Lambda needs in it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from headgate.control.vending.calls import CALLS
from headgate.infra.assets import Asset, control_zip, sha256
from headgate.infra.contents import CONTROL


def _package(folder: Path, order: list[str]) -> Path:
    folder.mkdir()
    for name in order:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    return folder


def test_neither_time_nor_order_nor_place_of_files_changes_the_zip(tmp_path: Path) -> None:
    first = _package(tmp_path / "a", ["x.py", "sub/y.py", "z.json"])
    second = _package(tmp_path / "b", ["z.json", "sub/y.py", "x.py"])
    os.utime(second / "x.py", (1, 1))
    (second / "x.py").chmod(0o600)
    assert control_zip(first) == control_zip(second)


def test_a_changed_file_changes_the_zip(tmp_path: Path) -> None:
    package = _package(tmp_path / "a", ["x.py"])
    before = control_zip(package)
    (package / "x.py").write_text("# changed\n")
    assert control_zip(package) != before


def test_only_what_runs_in_lambda_is_in_it(tmp_path: Path) -> None:
    package = _package(tmp_path / "a", ["x.py", "y.json", "sub/x.pyc", "notes.md"])
    with zipfile.ZipFile(io.BytesIO(control_zip(package))) as archive:
        assert archive.namelist() == [
            "headgate/__init__.py",
            "headgate/control/x.py",
            "headgate/control/y.json",
        ]


def test_every_handler_can_be_imported_from_the_zip_alone(tmp_path: Path) -> None:
    archive = tmp_path / "control.zip"
    archive.write_bytes(control_zip(CONTROL))
    look = (
        "import sys\n"
        f"sys.path.insert(0, {str(archive)!r})\n"
        "from headgate.control.vending import handlers\n"
        f"assert handlers.__file__.startswith({str(archive)!r}), handlers.__file__\n"
        f"print(all(callable(getattr(handlers, name)) for name in {sorted(CALLS)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.strip() == "True"


def test_an_asset_is_kept_under_its_digest() -> None:
    digest = sha256(b"x")
    assert Asset(digest, Path("control.zip"), "zip").key == f"assets/{digest}.zip"
    assert Asset(digest, Path("guard.template.json"), "file").key == f"assets/{digest}.json"
