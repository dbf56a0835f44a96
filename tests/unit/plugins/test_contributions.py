"""A contribution that cannot be used is refused where it is made: in the plugin, with its file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.plugins.facade import Facade
from headgate.testing.project import ProjectMaker

Open = Callable[..., Facade]
Install = Callable[..., Path]

RUNTIME = "[ContainerRuntimeSpec('r', {0})]"
WRONG = [
    ("container_runtimes", RUNTIME.format("None, 'm:R'"), "image_patterns is None, not a tuple of str"),
    ("container_runtimes", RUNTIME.format("'x', 'm:R'"), "image_patterns is 'x', not a tuple of str"),
    ("container_runtimes", RUNTIME.format("(), 'm:R'"), "has no image_patterns, so it would match no image"),
    ("container_runtimes", RUNTIME.format("('(',), 'm:R'"), "container runtime 'r': bad pattern '('"),
    ("container_runtimes", RUNTIME.format("('x',), 5"), "target is int, not str"),
    ("container_runtimes", RUNTIME.format("('x',), 'm'"), "target is 'm', not module:attribute"),
    ("container_runtimes", RUNTIME.format("('x',), 'm:R', (Path('/p'),)"), "search_path is"),
    ("container_runtimes", RUNTIME.format("('x',), 'm:R', config={'a': Path('/')}"), "runtime 'r' is not JSON"),
    ("container_runtimes", RUNTIME.format("('x',), 'm:R', config={'a': float('nan')}"), "runtime 'r' is not JSON"),
    ("container_runtimes", RUNTIME.format("('x',), 'm:R', config=[1]"), "runtime 'r' is list, not a mapping"),
    ("recorders", "[RecorderSpec('', 'm')]", "the name of a recorder is '', not one line of text"),
    ("recorders", "[RecorderSpec('r', 'm-n')]", "module is 'm-n', not a module's name"),
    ("recorders", "[RecorderSpec('r', 'm', {'a': {1}})]", "the config of recorder 'r' is not JSON"),
    ("templates", "[TemplateSpec(5, Path('/t'), 'T.')]", "the name of a template is int, not str"),
    ("templates", "[TemplateSpec('t', '/t', 'T.')]", "the path of template 't' is str, not Path"),
    ("templates", "[TemplateSpec('t', Path('/t'), None)]", "description is NoneType, not str"),
    ("commands", "{3: LazyCommand('m:c', 'C.')}", "the name of a command is int, not str"),
    ("commands", "{'-x': LazyCommand('m:c', 'C.')}", "the name of a command is '-x', not letters"),
    ("commands", "{'c': LazyCommand('m:c', None)}", "help is NoneType, not str"),
]


@pytest.mark.parametrize(("hook", "offered", "said"), WRONG)
def test_it_is_left_out_and_told(install: Install, facade: Open, hook: str, offered: str, said: str) -> None:
    install("mine", f"@hookimpl\ndef headgate_{hook}():\n    return {offered}\n")
    plugins = facade()
    call = getattr(plugins, hook)
    assert not (call(plugins.project) if hook in {"container_runtimes", "recorders"} else call())
    (warning,) = plugins.warnings
    assert (warning.plugin, warning.hook) == ("mine", f"headgate_{hook}")
    assert said in warning.message


def test_the_plugins_own_line_is_named(install: Install, facade: Open) -> None:
    folder = install("mine", "@hookimpl\ndef headgate_templates():\n    return [TemplateSpec('t', '/t', 'T.')]\n")
    plugins = facade()
    plugins.templates()
    assert plugins.warnings[0].message.endswith(f" at {folder / 'dist_mine_mine_module.py'}:7")


def test_help_survives_it(headgate_project: ProjectMaker) -> None:
    source = (
        "from headgate.plugins import LazyCommand, hookimpl\n\n@hookimpl\ndef headgate_commands():\n"
        "    return {'good': LazyCommand('m:c', 'Good.'), 3: LazyCommand('m:c', 'C.')}\n"
    )
    outcome = headgate_project({"headgate_plugin.py": source}).run("--help").ok()
    assert "good " in outcome.stdout
    assert "headgate_commands failed: TypeError: the name of a command is int, not str" in outcome.stderr
