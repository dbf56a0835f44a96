"""Each hook through the facade: what plugins offer arrives, and what one of them gets wrong stays with it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.errors import FailedError, UserError
from headgate.plugins import LazyCommand
from headgate.plugins.facade import Facade
from headgate.spec import SpecError

Open = Callable[..., Facade]
Install = Callable[..., Path]

SCHEMA = '{"type": "object", "properties": {"limit": {"type": "integer", "default": 3}}}'
PIPELINES = """
from dataclasses import dataclass, replace
@dataclass(frozen=True)
class P:
    name: str
    steps: tuple = ()
    compile = None
    def all_steps(self): return self.steps
    def with_steps(self, steps): return replace(self, steps=(*self.steps, *steps))
def step(name): return SimpleNamespace(name=name, compile=None, children=None)
"""


def _hook(name: str, body: str, arguments: str = "") -> str:
    return f"@hookimpl\ndef headgate_{name}({arguments}):\n    {body}\n"


# --- settings


def test_settings_are_checked_and_filled_in_by_the_plugins_schema(install: Install, facade: Open) -> None:
    install("mine", _hook("settings_schema", f"return {SCHEMA}"))
    assert facade().project.plugin_settings == {"mine": {"limit": 3}}
    assert facade({"plugins": {"mine": {"limit": 5}}}).project.plugin_settings == {"mine": {"limit": 5}}
    with pytest.raises(SpecError, match=r"unknown key 'limt' in plugins\.mine") as raised:
        facade({"plugins": {"mine": {"limt": 5}}})
    assert "did you mean 'limit'?" in (raised.value.expected or "")


def test_settings_schema_may_be_a_file(install: Install, facade: Open) -> None:
    folder = install("mine", _hook("settings_schema", "return Path(__file__).parent / 'mine.json'"))
    (folder / "mine.json").write_text(SCHEMA)
    assert facade().settings_schemas() == {"mine": json.loads(SCHEMA)}


def test_a_plugin_without_settings_takes_none(install: Install, facade: Open) -> None:
    install("mine", "")
    assert facade({"plugins": {"mine": None}}).project.declared_plugins == {"mine"}
    with pytest.raises(SpecError, match="unknown key 'x'"):
        facade({"plugins": {"mine": {"x": 1}}})


def test_sections_of_unknown_plugins_are_refused_of_disabled_ones_not(install: Install, facade: Open) -> None:
    install("mine", "")
    with pytest.raises(SpecError, match="there is no plugin 'mien'") as raised:
        facade({"plugins": {"mien": {}}})
    assert "did you mean 'mine'?" in (raised.value.expected or "")
    assert facade({"plugins": {"mine": {"x": 1}}, "disable": ["mine"]}).project.plugin_settings == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return Path('/no/such/file.json')", "FileNotFoundError"),
        ("return 5", "failed: gave int, not a list"),
        ("return ['a']", "not a mapping or a path"),
        ("return {'type': 'string'}", "has `type: string` at its top"),
        ("raise ValueError('no')", "failed: ValueError: no"),
    ],
)
def test_a_schema_that_is_none_is_told(install: Install, facade: Open, body: str, said: str) -> None:
    install("mine", _hook("settings_schema", body))
    warnings = facade().warnings
    assert [warning.hook for warning in warnings] == ["headgate_settings_schema"]
    assert said in warnings[0].message


def test_a_wrong_schema_puts_the_plugin_aside_and_nobody_else(install: Install, facade: Open) -> None:
    install(
        "bad",
        _hook("settings_schema", "return {'properties': {'a': {'type': 'strin'}}}") + _hook("templates", "return []"),
    )
    install("good", _hook("settings_schema", f"return {SCHEMA}"))
    plugins = facade({"plugins": {"bad": {"a": 1}}})
    assert dict(plugins.project.plugin_settings) == {"good": {"limit": 3}}
    (warning,) = plugins.warnings
    assert warning.message.startswith("failed: is no JSON Schema at $.properties.a.type: 'strin'")


def test_a_wrong_schema_is_told_even_where_no_setting_reaches_it(install: Install, facade: Open) -> None:
    install("bad", _hook("settings_schema", "return {'properties': {'a': {'type': 'strin'}}}"))
    plugins = facade()
    assert "bad" not in plugins.project.plugin_settings
    assert "is no JSON Schema at $.properties.a.type" in plugins.warnings[0].message


def test_a_reference_into_the_network_is_not_followed(install: Install, facade: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        target = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        install("bad", _hook("settings_schema", f"return {{'properties': {{'a': {{'$ref': '{target}'}}}}}}"))
        plugins = facade({"plugins": {"bad": {"a": 1}}})
        assert "bad" not in plugins.project.plugin_settings
        assert "is not used: its settings schema is wrong: Unresolvable" in plugins.warnings[0].message
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_plugin_that_needs_settings_is_quiet_in_projects_without_them(install: Install, facade: Open) -> None:
    schema = {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string"}}}
    install(
        "mine",
        _hook("settings_schema", f"return {schema}")
        + PIPELINES
        + _hook("pipelines", "return [P(settings['uri'])]", "settings"),
    )
    plugins = facade()
    assert plugins.pipelines(plugins.project) == ()
    assert plugins.warnings == ()
    plugins = facade({"plugins": {"mine": {"uri": "u"}}})
    assert [pipeline.name for pipeline in plugins.pipelines(plugins.project)] == ["u"]
    with pytest.raises(SpecError, match="missing key 'uri'"):
        facade({"plugins": {"mine": {}}})


def test_a_plugin_cannot_change_the_settings_of_others(install: Install, facade: Open) -> None:
    body = "settings['limit'] += 1; return [P(str(settings['limit']))]"
    install("mine", _hook("settings_schema", f"return {SCHEMA}") + PIPELINES + _hook("pipelines", body, "settings"))
    plugins = facade()
    for _ in range(2):
        assert [pipeline.name for pipeline in plugins.pipelines(plugins.project)] == ["4"]
    assert plugins.project.plugin_settings["mine"] == {"limit": 3}


def test_environments_are_all_checked(install: Install, facade: Open) -> None:
    install("mine", _hook("settings_schema", f"return {SCHEMA}"))
    overlay = {"dev": {"plugins": {"mine": {"limit": "x"}}}, "prod": {"region": "nowhere"}}
    plugins = facade({"environments": overlay})
    assert plugins.environments == ("dev", "prod")
    assert sorted({problem.path for problem in plugins.problems_in_environments()}) == ["plugins.mine.limit", "region"]


# --- commands, templates, runtimes, recorders


def test_commands_say_whose_they_are(install: Install, facade: Open) -> None:
    install("mine", _hook("commands", "return {'greet': LazyCommand('m:c', 'Greet.')}"))
    assert facade().commands() == {"greet": LazyCommand("m:c", "Greet.", plugin="mine")}


def test_a_command_that_is_taken_is_left_out_and_told(install: Install, facade: Open) -> None:
    install("a", _hook("commands", "return {'greet': LazyCommand('a:c', 'A.'), 'run': LazyCommand('a:c', 'A.')}"))
    install("b", _hook("commands", "return {'greet': LazyCommand('b:c', 'B.'), 'other': LazyCommand('b:c', 'B.')}"))
    plugins = facade()
    commands = plugins.commands(reserved=["run"])
    assert {name: command.plugin for name, command in commands.items()} == {"greet": "a", "other": "b"}
    assert [(warning.plugin, warning.hook, warning.message) for warning in plugins.warnings] == [
        ("a", "headgate_commands", "offers a command 'run', but Headgate itself already has that name; it is left out"),
        ("b", "headgate_commands", "offers a command 'greet', but plugin 'a' already has that name; it is left out"),
    ]


def test_templates_arrive(install: Install, facade: Open) -> None:
    install("mine", _hook("templates", "yield TemplateSpec('tabular', Path('/t'), 'Tables.')"))
    (template,) = facade().templates()
    assert (template.name, template.path, template.plugin) == ("tabular", Path("/t"), "mine")


def test_runtimes_come_in_order_the_projects_own_first_and_findable(install: Install, facade: Open) -> None:
    body = "return [ContainerRuntimeSpec('{0}', ('x',), 'm:R', config={{'region': project.region}})]"
    for name in ("b", "a"):
        install(name, _hook("container_runtimes", body.format(name), "project"))
    own = "from headgate.plugins import ContainerRuntimeSpec, hookimpl\n" + _hook(
        "container_runtimes", body.format("own"), "project"
    )
    plugins = facade(files={"headgate_plugin.py": own})
    runtimes = plugins.container_runtimes(plugins.project)
    assert [(runtime.name, runtime.plugin) for runtime in runtimes] == [("own", "project"), ("a", "a"), ("b", "b")]
    assert runtimes[0].search_path == (str(plugins.project.root),)
    assert runtimes[1].as_json() == {
        "name": "a", "plugin": "a", "image_patterns": ["x"], "target": "m:R", "search_path": [],
        "config": {"region": "us-east-1"},
    }  # fmt: skip


def test_a_runtimes_json_is_what_the_local_cloud_reads(install: Install, facade: Open) -> None:
    from headgate.localcloud.runtimes import RuntimeSpec

    install("mine", _hook("container_runtimes", "return [ContainerRuntimeSpec('r', ('x',), 'm:R', ('/p',), {'k': 1})]"))
    plugins = facade()
    (runtime,) = plugins.container_runtimes(plugins.project)
    assert RuntimeSpec.from_json(runtime.as_json()).as_json() == runtime.as_json()


def test_a_runtime_name_that_is_taken_is_left_out_and_told(install: Install, facade: Open) -> None:
    for name in ("a", "b"):
        install(name, _hook("container_runtimes", "return [ContainerRuntimeSpec('same', ('x',), 'm:R')]"))
    plugins = facade()
    assert [runtime.plugin for runtime in plugins.container_runtimes(plugins.project)] == ["a"]
    assert "offers a container runtime 'same', but plugin 'a' already has that name" in plugins.warnings[0].message


def test_recorders_arrive(install: Install, facade: Open) -> None:
    install("mine", _hook("recorders", "return [RecorderSpec('r', 'm.recorder')]", "project"))
    plugins = facade()
    assert [(spec.name, spec.plugin) for spec in plugins.recorders(plugins.project)] == [("r", "mine")]


@pytest.mark.parametrize(
    ("hook", "body"),
    [
        ("commands", "return ['greet']"),
        ("commands", "return {'greet': 'm:c'}"),
        ("commands", "raise SystemExit(1)"),
        ("templates", "return 'tabular'"),
        ("templates", "return [1]"),
        ("templates", "return 5"),
        ("templates", "yield 1 / 0"),
        ("container_runtimes", "return {'a': 1}"),
        ("container_runtimes", "raise RuntimeError('no')"),
        ("pipelines", "return [object()]"),
        ("pipelines", "return [SimpleNamespace(name='p')]"),
        ("pipeline_steps", "return ['step']"),
        ("pipeline_steps", "return [SimpleNamespace(name='s')]"),
    ],
)
def test_a_hook_that_goes_wrong_is_named_and_the_others_are_called(
    install: Install, facade: Open, hook: str, body: str
) -> None:
    install("bad", _hook(hook, body))
    install(
        "good",
        PIPELINES
        + _hook("commands", "return {'greet': LazyCommand('m:c', 'Greet.')}")
        + _hook("templates", "return [TemplateSpec('t', Path('/t'), 'T.')]")
        + _hook("container_runtimes", "return [ContainerRuntimeSpec('r', ('x',), 'm:R')]")
        + _hook("pipelines", "return [P('p')]"),
    )
    plugins = facade()
    offered = [
        list(plugins.commands()),
        [template.name for template in plugins.templates()],
        [runtime.name for runtime in plugins.container_runtimes(plugins.project)],
        [pipeline.name for pipeline in plugins.pipelines(plugins.project)],
    ]
    assert offered == [["greet"], ["t"], ["r"], ["p"]]
    assert [(warning.plugin, warning.hook) for warning in plugins.warnings] == [("bad", f"headgate_{hook}")]
    assert plugins.warnings[0].message.startswith("failed: ")


# --- pipelines and steps


def test_steps_are_added_to_somebody_elses_pipeline(install: Install, facade: Open) -> None:
    install("a", PIPELINES + _hook("pipelines", "return [P('training', (step('Train'),)), P('other')]"))
    install(
        "b",
        PIPELINES + _hook("pipeline_steps", "return [step('Scan')] if pipeline.name == 'training' else []", "pipeline"),
    )
    plugins = facade()
    steps = {pipeline.name: [step.name for step in pipeline.steps] for pipeline in plugins.pipelines(plugins.project)}
    assert steps == {"training": ["Train", "Scan"], "other": []}
    assert plugins.warnings == ()


def test_a_step_name_that_is_taken_is_left_out_and_told(install: Install, facade: Open) -> None:
    install("a", PIPELINES + _hook("pipelines", "return [P('training', (step('Train'),))]"))
    install("b", PIPELINES + _hook("pipeline_steps", "return [step('Train'), step('Scan')]"))
    install("c", PIPELINES + _hook("pipeline_steps", "return [step('Scan')]"))
    plugins = facade()
    (pipeline,) = plugins.pipelines(plugins.project)
    assert [step.name for step in pipeline.steps] == ["Train", "Scan"]
    assert [(warning.plugin, warning.message) for warning in plugins.warnings] == [
        ("b", "offers a step of pipeline 'training' 'Train', but plugin 'a' already has that name; it is left out"),
        ("c", "offers a step of pipeline 'training' 'Scan', but plugin 'b' already has that name; it is left out"),
    ]


def test_two_pipelines_of_one_name_the_first_is_taken(install: Install, facade: Open) -> None:
    for name in ("a", "b"):
        install(name, PIPELINES + _hook("pipelines", f"return [P('training', (step('{name}'),))]"))
    plugins = facade()
    (pipeline,) = plugins.pipelines(plugins.project)
    assert pipeline.steps[0].name == "a"
    assert "offers a pipeline 'training'" in plugins.warnings[0].message


def test_a_users_mistake_that_a_plugin_finds_is_told_in_its_words(install: Install, facade: Open) -> None:
    error = "UserError('no such folder', where='algorithms', expected='preprocess')"
    install("a", "from headgate.errors import UserError\n" + _hook("pipelines", f"raise {error}"))
    plugins = facade()
    plugins.pipelines(plugins.project)
    assert plugins.warnings[0].message == "failed: no such folder; at algorithms; expected: preprocess"


# --- the rest


def test_targets_are_imported_and_failures_named(install: Install, facade: Open) -> None:
    install("mine", "answer = SimpleNamespace(deep=42)\n")
    plugins = facade()
    assert plugins.load_target("mine", "dist_mine_mine_module:answer.deep") == 42
    for target in ("dist_mine_mine_module:none", "no_such_module:x", "nonsense"):
        with pytest.raises(FailedError, match=r"plugin 'mine' 1\.2\.3 \(dist-mine\) offers .* failed to load"):
            plugins.load_target("mine", target)


def test_targets_in_the_projects_own_plugin_are_found(facade: Open) -> None:
    plugins = facade(files={"headgate_plugin.py": "answer = 42\n"})
    assert plugins.load_target("project", "headgate_plugin:answer") == 42


def test_an_unknown_plugin_names_the_nearest(install: Install, facade: Open) -> None:
    install("mine", "")
    with pytest.raises(UserError, match="there is no plugin 'mien'") as raised:
        facade().find("mien")
    assert "did you mean 'mine'?" in (raised.value.expected or "")


def test_without_a_project_there_is_none_to_ask_for() -> None:
    plugins = Facade.load(None, environ={}, skip="not needed here")
    assert plugins.environments == ()
    assert plugins.problems_in_environments() == []
    with pytest.raises(UserError, match="no project is open"):
        _ = plugins.project
