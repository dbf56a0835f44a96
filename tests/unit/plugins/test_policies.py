"""Policies fail closed: whatever keeps one from being asked stops what it guards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.plugins.facade import Facade
from headgate.plugins.records import PolicyError
from headgate.testing.project import ProjectMaker

Open = Callable[..., Facade]
Install = Callable[..., Path]
DEFINITION = {"Version": "2020-12-01", "Steps": []}
CONTENT = "@hookimpl\ndef headgate_check_pipeline(definition):\n    return []\n"


def _refusal(plugins: Facade) -> PolicyError:
    with pytest.raises(PolicyError) as raised:
        plugins.check_policies(plugins.project, DEFINITION)
    assert raised.value.exit_code == 1
    return raised.value


def test_a_content_policy_lets_pass(install: Install, facade: Open) -> None:
    install("guard", CONTENT, policy=True)
    plugins = facade()
    assert plugins.find("guard").policy
    plugins.check_policies(plugins.project, DEFINITION)


def test_no_policy_lets_pass(facade: Open) -> None:
    plugins = facade()
    plugins.check_policies(plugins.project, DEFINITION)


def test_reasons_are_told_with_the_plugin_that_gives_them(install: Install, facade: Open) -> None:
    install("guard", CONTENT.replace("[]", "[f'{len(definition)} members', 'no tags']"))
    refusal = _refusal(facade())
    assert refusal.message == "policies refuse this pipeline"
    assert refusal.details == (
        "plugin 'guard' 1.2.3 (dist-guard): 2 members",
        "plugin 'guard' 1.2.3 (dist-guard): no tags",
    )


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module",
        "raise SystemExit",
        "@hookimpl\ndef headgate_chek_pipeline(): return []",
        "HEADGATE_API = 2",
        CONTENT.replace("return []", "raise ValueError('cannot decide')"),
        CONTENT.replace("return []", "return 'no'"),
        CONTENT.replace("return []", "return [1]"),
        "@hookimpl\ndef headgate_settings_schema(): return {'type': 'strin'}",
        "@hookimpl\ndef headgate_settings_schema(): return {'properties': {'a': {'type': 'strin'}}, 'required': ['a']}",
        "@hookimpl\ndef headgate_settings_schema(): return {'required': ['approver']}",
    ],
)
def test_a_policy_that_cannot_be_asked_refuses(install: Install, facade: Open, source: str) -> None:
    install("guard", source, policy=True)
    refusal = _refusal(facade())
    assert refusal.message == "a policy that guards this pipeline cannot be asked"
    assert refusal.details[0].startswith("plugin 'guard' 1.2.3 (dist-guard) cannot be asked: ")


@pytest.mark.parametrize("how", ["file", "variable", "option"])
def test_a_policy_that_is_disabled_refuses(install: Install, facade: Open, how: str) -> None:
    install("guard", CONTENT, policy=True)
    plugins = {
        "file": lambda: facade({"disable": ["guard"]}),
        "variable": lambda: facade(environ={"HEADGATE_DISABLE_PLUGINS": "guard"}),
        "option": lambda: facade(disabled=["guard"]),
    }[how]()
    assert _refusal(plugins).details == ("plugin 'guard' 1.2.3 (dist-guard) cannot be asked: disabled by name",)


def test_a_plugin_with_the_policy_hook_that_raises_refuses_even_if_not_registered_as_policy(
    install: Install, facade: Open
) -> None:
    install("guard", CONTENT.replace("return []", "raise ValueError('cannot decide')"))
    assert "its headgate_check_pipeline failed: ValueError: cannot decide" in _refusal(facade()).details[0]


def test_a_policy_whose_other_hook_fails_refuses(install: Install, facade: Open) -> None:
    install(
        "guard", CONTENT + "@hookimpl\ndef headgate_pipeline_steps():\n    raise ValueError('no gate')\n", policy=True
    )
    install(
        "other",
        "class P:\n    name = 'p'\n    all_steps = list\n    compile = with_steps = None\n"
        "@hookimpl\ndef headgate_pipelines():\n    return [P()]\n",
    )
    plugins = facade()
    plugins.pipelines(plugins.project)
    assert "its headgate_pipeline_steps failed: ValueError: no gate" in _refusal(plugins).details[0]


def test_another_plugins_failure_refuses_nothing(install: Install, facade: Open) -> None:
    install("guard", CONTENT, policy=True)
    install("bad", "import no_such_module")
    plugins = facade()
    plugins.check_policies(plugins.project, DEFINITION)


def test_the_projects_own_plugin_that_fails_to_load_refuses(facade: Open) -> None:
    plugins = facade(files={"headgate_plugin.py": "import no_such_module\n"})
    assert plugins.find("project").policy
    assert _refusal(plugins).details[0].startswith("plugin 'project' in tree (headgate_plugin.py) cannot be asked: ")


def test_a_policy_that_lost_its_name_to_another_plugin_refuses(install: Install, facade: Open) -> None:
    install("guard", CONTENT, dist="a-first")
    install("guard", CONTENT, dist="b-second", policy=True)
    assert "(b-second) cannot be asked: its name belongs to a-first" in _refusal(facade()).details[0]


def test_a_policy_that_is_not_registered_as_a_plugin_refuses(headgate_project: ProjectMaker, facade: Open) -> None:
    headgate_project.distribution("half", {"half.py": ""}, policies={"half": "half"})
    assert "registered under headgate.policies but not under headgate.plugins" in _refusal(facade()).details[0]


def test_a_policy_changes_nothing_in_the_definition_that_it_is_asked_about(install: Install, facade: Open) -> None:
    install("guard", CONTENT.replace("return []", "definition['Steps'].append(1); return []"))
    install("later", CONTENT.replace("return []", "return map(str, definition['Steps'])"))
    plugins, definition = facade(), {"Version": "2020-12-01", "Steps": []}
    plugins.check_policies(plugins.project, definition)
    assert definition["Steps"] == []
