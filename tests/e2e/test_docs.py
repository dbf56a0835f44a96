"""Every command in the documentation is run, in order, in a folder of its own.

A fenced block marked `console` holds commands on lines that start with `$ `; other lines show what to expect. A command
that must fail says so: `$ headgate validate  # exit code 2`. `make` commands are checked against the Makefile:
running them from within the tests would be running the tests. The platform team's guide runs beside a copy of the
declaration that ships, as in a checkout; other pages with commands about accounts run in an organization that is there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.organization.building import copied

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("plugins/**/README.md"),
        *ROOT.glob("templates/*/README.md"),
    ]
    if "```console" in page.read_text()
)
COMMAND = re.compile(r"^\$ (?P<command>.+?)(?:\s+# exit code (?P<code>\d+))?$")


def commands(page: Path) -> Iterator[tuple[str, int]]:
    """The commands of a page with the exit code that each must have."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if found := COMMAND.match(line):
                yield found["command"], int(found["code"] or 0)


def script(page: Path) -> str:
    """The page's commands as one shell script that stops at the first surprise and names it."""
    lines = ["set -o pipefail"]
    for command, code in commands(page):
        shown = command.replace("'", "'\\''")
        if command.startswith("make "):
            command = f"make -C '{ROOT}' -n {command.removeprefix('make ')} >/dev/null"  # noqa: PLW2901 - see the module's text
        lines.append(f"echo '$ {shown}'")
        lines.append(f'{command}\ncode=$?; [ $code -eq {code} ] || {{ echo "exit code $code, not {code}"; exit 97; }}')
    return "\n".join(lines)


@pytest.fixture
def home(tmp_path: Path, template_cache: Path) -> Path:
    """A home of its own, with the templates that tests have synthesized already."""
    templates = tmp_path / ".cache/headgate/templates"
    templates.parent.mkdir(parents=True)
    template_cache.mkdir(parents=True, exist_ok=True)
    templates.symlink_to(template_cache)
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_the_page_works(page: Path, home: Path, request: pytest.FixtureRequest) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "NO_COLOR": "1",
    }
    environment.pop("XDG_CACHE_HOME", None)
    folder = home / "work"
    if page.name == "platform-guide.md":
        shutil.copytree(ROOT / "accounts", folder / "accounts")
    elif any(command.startswith("headgate accounts") for command, _ in commands(page)):
        copied(request.getfixturevalue("organization_folder"), folder)
    else:
        folder.mkdir()
    try:
        done = subprocess.run(
            ["bash", "-c", script(page)], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    finally:
        for state in folder.rglob(".headgate/daemon.json"):
            subprocess.run(["headgate", "cloud", "down"], cwd=state.parents[1], env=environment, check=False)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_in_a_scaffolded_readme_works(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    subprocess.run(["headgate", "new", "house", "--yes"], cwd=tmp_path, env=environment, check=True)
    project = tmp_path / "house"
    (block,) = re.findall(r"^```\n(.*?)^```", (project / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    typed = [line.partition("#")[0].strip() for line in block.splitlines()]
    assert len(typed) > 5
    try:
        for line in typed:
            done = subprocess.run(
                ["bash", "-c", line], cwd=project, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])
    finally:
        subprocess.run(["headgate", "cloud", "down"], cwd=project, env=environment, check=False)


def test_the_readme_begins_with_the_two_commands() -> None:
    first = [line.strip() for line in (ROOT / "README.md").read_text().splitlines() if line.strip().startswith("make ")]
    assert [line.split()[1] for line in first[:2]] == ["demo", "test"]
