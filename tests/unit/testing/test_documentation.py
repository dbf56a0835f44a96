"""The examples of docs/plugins.md, pasted into one plugin, work: every hook has one, and the plugin conforms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.plugins.loading import hook_arguments
from headgate.testing.conformance import CHECKS, Check
from headgate.testing.project import ProjectMaker

PAGE = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text().partition("\n## Hooks")[2]
HOOKS = PAGE.partition("\n## ")[0]
BLOCKS = re.findall(r"^```python\n(.*?)^```", HOOKS, re.DOTALL | re.MULTILINE)
TOP = "from pathlib import Path\nfrom headgate.plugins import hookimpl\n"
SCHEMA = """{"type": "object", "properties": {"uri": {
  "title": "URI", "description": "where the tracker is", "type": "string", "default": "http://127.0.0.1:1"}}}"""


def _install(maker: ProjectMaker) -> None:
    files = {"plugin.py": TOP + "\n".join(block for block in BLOCKS if "@hookimpl" in block)}
    for block in BLOCKS:
        if found := re.match(r"# acme_headgate/(\w+\.py)\n", block):
            files[found[1]] = block
    files |= {
        "__init__.py": "", "schema.json": SCHEMA, "report.py": "", "scan.py": "", "templates/forecast/copier.yml": "",
        "command.py": "import click\n@click.command()\ndef command(): print('no tags')\n",
    }  # fmt: skip
    points = {"acme": "acme_headgate.plugin"}
    maker.distribution("acme", {f"acme_headgate/{name}": text for name, text in files.items()}, plugins=points)


def test_every_hook_has_an_entry_with_its_arguments_and_an_example() -> None:
    for hook, arguments in hook_arguments().items():
        assert f"### `{hook}({', '.join(arguments)})`" in HOOKS
        assert f"def {hook}(" in "".join(BLOCKS), hook


@pytest.mark.parametrize("check", [check for check in CHECKS if check.name != "imports-light"], ids=str)
def test_the_examples_together_are_a_sound_plugin(check: Check, headgate_project: ProjectMaker) -> None:
    _install(headgate_project)
    check("acme")


def test_the_example_of_a_policy_refuses_what_it_says(headgate_project: ProjectMaker) -> None:
    _install(headgate_project)
    plugin = (
        "from headgate.plugins import hookimpl\nfrom headgate.pipelines import *\n@hookimpl\n"
        "def headgate_pipelines(project):\n"
        "    role = default_role(project)\n"
        "    train = Training('Train', image='1.dkr.ecr.us-east-1.amazonaws.com/x:1', role=role)\n"
        "    gate = Condition('Gate', [equals('a', 'a')], then=[train])\n"
        "    evaluate = Processing('Evaluate', image='i', role=role)\n"
        "    return [Pipeline(f'{project.name}-training', [gate, evaluate])]\n"
    )
    project = headgate_project(
        {"headgate.yaml": {"name": "wine", "disable": ["training", "runtimes"]}, "headgate_plugin.py": plugin}
    )
    outcome = project.run("compile", "wine-training").failed("step 'Train' has no tags")
    assert "warning" not in outcome.stderr
    assert "wine-nightly" in project.run("compile", "wine-nightly").ok().stdout
