"""What a plugin can do wrong before any hook is called, and that it costs nobody else anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.plugins.facade import Facade
from headgate.plugins.records import State
from headgate.testing.project import ProjectMaker

Open = Callable[..., Facade]
GOOD = '@hookimpl\ndef headgate_commands():\n    return {"good": LazyCommand("m:c", "Good.")}\n'


@pytest.mark.parametrize(
    ("source", "hook", "said"),
    [
        ("import no_such_module", None, "failed to load: ModuleNotFoundError: No module named 'no_such_module' at "),
        ("raise SystemExit(3)", None, "failed to load: SystemExit: 3 at "),
        ("raise BaseException('stop')", None, "failed to load: BaseException: stop at "),
        ("def broken(:", None, "failed to load: SyntaxError: invalid syntax at "),
        (
            "@hookimpl\ndef headgate_comands(): return {}",
            "headgate_comands",
            "is not a hook of Headgate; did you mean 'headgate_commands'?",
        ),
        (
            "@hookimpl\ndef headgate_zzzzzzzzzz(): return {}",
            "headgate_zzzzzzzzzz",
            "is not a hook of Headgate; the hooks are ",
        ),
        ("def headgate_commands(): return {}", "headgate_commands", "has no @hookimpl, so it would never be called"),
        (
            "@hookimpl\ndef headgate_pipelines(projct): return []",
            "headgate_pipelines",
            "asks for argument 'projct', which the hook does not have; it has: project, settings; did you mean",
        ),
        (
            "@hookimpl\ndef headgate_pipelines(**all): return []",
            "headgate_pipelines",
            "takes '**all'; hooks take plain arguments",
        ),
        ("@hookimpl(wrapper=True)\ndef headgate_pipelines(): yield", "headgate_pipelines", "is a wrapper"),
        ("HEADGATE_API = 2", "HEADGATE_API", "is written for plugin API 2, and this Headgate has 1: upgrade Headgate"),
        (
            "HEADGATE_API = 0",
            "HEADGATE_API",
            "is written for plugin API 0, and this Headgate has 1: upgrade the plugin",
        ),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_work(
    install: Callable[..., Path], facade: Open, source: str, hook: str | None, said: str
) -> None:
    install("bad", source)
    install("good", GOOD)
    plugins = facade()
    assert [(warning.plugin, warning.version, warning.hook) for warning in plugins.warnings] == [("bad", "1.2.3", hook)]
    assert said in plugins.warnings[0].message
    assert str(plugins.warnings[0]).startswith("plugin 'bad' 1.2.3 (dist-bad): ")
    assert plugins.find("bad").state is State.FAILED
    assert list(plugins.commands()) == ["good"]


def test_an_import_error_names_the_plugins_own_line(install: Callable[..., Path], facade: Open) -> None:
    folder = install("bad", "x = 1\n1 / 0\n")
    assert f"ZeroDivisionError: division by zero at {folder}/dist_bad_bad_module.py:6" in facade().warnings[0].message


def test_ctrl_c_is_not_swallowed(install: Callable[..., Path], facade: Open) -> None:
    install("bad", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        facade()


def test_what_a_plugin_prints_stays_off_standard_output(
    install: Callable[..., Path], facade: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    install("loud", 'print("importing")\n@hookimpl\ndef headgate_commands():\n    print("calling")\n    return {}\n')
    facade().commands()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "importing\ncalling\n"


def test_hooks_of_later_versions_may_be_marked_optional(install: Callable[..., Path], facade: Open) -> None:
    install("new", "@hookimpl(optionalhook=True)\ndef headgate_of_the_future(): return 1\n" + GOOD)
    plugins = facade()
    assert plugins.warnings == ()
    assert plugins.find("new").hooks == ("headgate_commands",)


def test_hooks_may_be_implemented_under_other_names(install: Callable[..., Path], facade: Open) -> None:
    install(
        "named",
        GOOD.replace("@hookimpl", '@hookimpl(specname="headgate_commands")').replace("def headgate_", "def my_"),
    )
    assert list(facade().commands()) == ["good"]


@pytest.mark.parametrize("how", ["file", "variable", "option"])
def test_a_disabled_plugin_is_not_even_imported(install: Callable[..., Path], facade: Open, how: str) -> None:
    install("bad", "raise RuntimeError('was imported')")
    install("good", GOOD)
    plugins = {
        "file": lambda: facade({"disable": ["bad"]}),
        "variable": lambda: facade(environ={"HEADGATE_DISABLE_PLUGINS": "other, bad"}),
        "option": lambda: facade(disabled=["bad"]),
    }[how]()
    assert plugins.warnings == ()
    assert plugins.find("bad").state is State.DISABLED
    assert "bad" in plugins.project.disabled_plugins
    assert list(plugins.commands()) == ["good"]


def test_disabling_what_does_not_exist_is_told(install: Callable[..., Path], facade: Open) -> None:
    install("good", GOOD)
    assert (
        "there is no plugin 'goood' to disable; did you mean 'good'?" in facade({"disable": ["goood"]}).unknown_disabled
    )


def test_two_plugins_of_one_name_the_first_distribution_has_it(install: Callable[..., Path], facade: Open) -> None:
    install("good", GOOD, dist="a-first")
    install("good", "raise RuntimeError('was imported')", dist="b-second")
    plugins = facade()
    assert [str(warning) for warning in plugins.warnings] == [
        "plugin 'good' 1.2.3 (b-second): is not loaded: its name belongs to a-first"
    ]
    assert plugins.find("good").candidate.source == "a-first"
    assert list(plugins.commands()) == ["good"]


def test_the_projects_own_plugin_is_loaded_from_beside_the_file(facade: Open) -> None:
    source = "from headgate.plugins import LazyCommand, hookimpl\n" + GOOD
    plugins = facade(files={"headgate_plugin.py": source})
    assert list(plugins.commands()) == ["good"]
    assert plugins.find("project").candidate.source == "headgate_plugin.py"
    assert not plugins.find("project").policy


def test_the_projects_own_name_is_reserved(install: Callable[..., Path], facade: Open) -> None:
    install("project", GOOD)
    assert "its name belongs to the project's own headgate_plugin.py" in facade().warnings[0].message


def test_two_projects_own_plugins_stay_apart(headgate_project: ProjectMaker) -> None:
    from headgate.plugins.session import open_plugins

    source = "from headgate.plugins import LazyCommand, hookimpl\n" + GOOD
    first = headgate_project({"headgate_plugin.py": source}, name="a")
    second = headgate_project({"headgate_plugin.py": source.replace('"good"', '"other"')}, name="b")
    commands = [list(open_plugins(project.root, environ={})[0].commands()) for project in (first, second)]
    assert [found[0] for found in commands] == ["good", "other"]


def test_a_projects_own_plugin_that_is_a_link_to_nowhere_is_not_forgotten(headgate_project: ProjectMaker) -> None:
    from headgate.plugins.session import open_plugins

    project = headgate_project()
    (project.root / "headgate_plugin.py").symlink_to(project.root / "moved.py")
    plugins, _ = open_plugins(project.root, environ={})
    assert plugins.find("project").state is State.FAILED
    assert "FileNotFoundError" in plugins.find("project").reason
    assert plugins.find("project").policy


def test_an_unreadable_file_loads_no_plugin_because_it_might_disable_it(
    install: Callable[..., Path], headgate_project: ProjectMaker
) -> None:
    from headgate.plugins.session import open_plugins

    install("bad", "raise RuntimeError('was imported')")
    project = headgate_project({"headgate.yaml": "disable: [bad"})
    plugins, error = open_plugins(project.root, environ={})
    assert error is not None
    assert plugins.find("bad").state is State.SKIPPED
    assert plugins.find("bad").reason.startswith(f"{project.root}/headgate.yaml:1: not YAML")
    assert plugins.warnings == ()


def test_an_entry_point_that_names_no_module_is_refused(headgate_project: ProjectMaker, facade: Open) -> None:
    headgate_project.distribution("dist-odd", {"odd.py": ""}, plugins={"odd": "odd:plugin"})
    assert "its entry point is 'odd:plugin', not the name of a module" in facade().warnings[0].message


def test_a_distribution_without_metadata_breaks_nothing(headgate_project: ProjectMaker, facade: Open) -> None:
    folder = headgate_project.distribution("dist-odd", {"odd.py": "1 / 0"}, plugins={"odd": "odd"})
    (folder / "dist_odd-1.0.dist-info" / "METADATA").unlink()
    assert str(facade().warnings[0]).startswith("plugin 'odd' unknown version (unknown distribution): failed to load")
