"""`headgate doctor`: what this machine lacks, and the command that mends it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click

from headgate.cli.common import Options, emit, options, style, table
from headgate.cli.doctor_organization import examine_organization
from headgate.cli.findings import Finding
from headgate.cli.sessions import state_of, target_option
from headgate.errors import HeadgateError
from headgate.localcloud.folder import FORMAT, Folder

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_GIGABYTE = 10**9
_LOCAL = "pip install 'headgate[local]'"
_OPTIONAL = (
    ("xgboost", ("xgboost-cpu", "xgboost"), "XGBoost images", _LOCAL),
    ("optuna", ("optuna",), "Bayesian tuning jobs", _LOCAL),
    ("uv", ("uv",), "images of the project's own (`images:`)", _LOCAL),
    ("mlflow", ("mlflow", "mlflow-skinny"), "experiment tracking", "pip install 'headgate[mlflow]'"),
    ("sagemaker", ("sagemaker",), "pipelines written with the SageMaker SDK", "pip install 'headgate[sdk]'"),
)


@click.command("doctor")
@target_option
@options
def command(target: str, options: Options) -> int:
    """Check this machine and say how to mend it. The exit code is 1 when something must be mended.

    Where there is an organization.yaml, it is compared with what there is (in the local cloud, if that runs).
    """
    findings = [*examine(options), *examine_organization(options.project, target)]
    broken = any(finding.verdict == "problem" for finding in findings)
    emit(options, {"healthy": not broken, "findings": findings}, lambda: _text(findings))
    return 1 if broken else 0


def examine(options: Options) -> Iterator[Finding]:
    """Every check, in the order in which things are needed."""
    state = state_of(options.project)
    checks: tuple[Callable[[], Finding], ...] = (
        check_python,
        check_isolation,
        check_port,
        lambda: check_disk(state),
        lambda: check_state(state),
        check_moto,
        check_git,
    )
    for check in checks:
        yield check()
    yield from check_plugins(options)
    for name, packages, purpose, fix in _OPTIONAL:
        yield check_optional(name, packages, purpose, fix)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    text = ".".join(map(str, version))
    if version < (3, 11):
        return Finding("python", "problem", text, "install Python 3.11 or newer, and Headgate into it")
    return Finding("python", "ok", text)


def check_isolation() -> Finding:
    """How jobs get an `/opt/ml` of their own."""
    from headgate.localcloud.jobs.isolation import probe

    isolation = probe()
    found = f"{isolation.name}: {isolation.reason}"
    if not isolation.available:
        return Finding("isolation", "problem", found, isolation.fix)
    good = isolation.name in {"bubblewrap", "namespaces"}
    return Finding("isolation", "ok" if good else "warning", found, isolation.fix)


def check_port() -> Finding:
    try:
        with closing(socket.socket()) as listener:
            listener.bind(("127.0.0.1", 0))
    except OSError as error:
        return Finding("loopback", "problem", f"no port of 127.0.0.1: {error.strerror}", "bring up the interface lo")
    return Finding("loopback", "ok", "127.0.0.1 has free ports")


def check_disk(state: Path, usage: Callable[[Path], int] | None = None) -> Finding:
    """Free space where the state folder is or would be; `usage` returns it in bytes."""
    place = _existing(state)
    free = usage(place) if usage else shutil.disk_usage(place).free
    found = f"{free / _GIGABYTE:.1f} GB free at {place}"
    fix = "free some space, or set HEADGATE_STATE_DIR to a folder on a larger disk"
    if free < _GIGABYTE:
        return Finding("disk", "problem", found, fix)
    return Finding("disk", "warning", found, fix) if free < 5 * _GIGABYTE else Finding("disk", "ok", found)


def _existing(state: Path) -> Path:
    return next(folder for folder in (state, *state.parents) if folder.is_dir())


def check_state(state: Path) -> Finding:
    folder = Folder(state)
    if state.exists() and not state.is_dir():
        fix = f"move {state} away, or set HEADGATE_STATE_DIR to a folder that you may write"
        return Finding("state folder", "problem", f"{state} is not a folder", fix)
    try:
        version = folder.check_version()
    except HeadgateError as error:
        return Finding("state folder", "problem", error.message, error.expected or "headgate cloud reset")
    place = _existing(state)
    if not os.access(place, os.W_OK):
        fix = f"chown -R $(id -un) {place}, or set HEADGATE_STATE_DIR to a folder that you may write"
        return Finding("state folder", "problem", f"{place} is not writable", fix)
    if version is None:
        return Finding("state folder", "ok", f"{state} does not exist yet")
    running = folder.daemon()
    return Finding("state folder", "ok", f"format {version} of {FORMAT}, {running.url if running else 'not running'}")


def check_moto(installed: Callable[[str], str] = importlib.metadata.version) -> Finding:
    """The local cloud reaches into moto, so it has to be the version that its tests have seen."""
    wanted = next(
        (match[1] for line in importlib.metadata.requires("headgate") or () if (match := _MOTO.match(line))), ""
    )
    try:
        version = installed("moto")
    except importlib.metadata.PackageNotFoundError:
        return Finding("moto", "problem", "not installed: the local cloud cannot start", _LOCAL)
    if wanted and version != wanted:
        return Finding("moto", "problem", f"{version}, but {wanted} is needed", f"pip install 'moto[server]=={wanted}'")
    return Finding("moto", "ok", version)


def check_git() -> Finding:
    if shutil.which("git") is None:
        return Finding("git", "warning", "not found: versions will not say which commit they are from", "install git")
    return Finding("git", "ok", "found")


def check_plugins(options: Options) -> Iterator[Finding]:
    """One finding per plugin, and one per hook of theirs that fails without a project."""
    from headgate.cli.main import COMMANDS
    from headgate.plugins.session import open_plugins

    facade, error = open_plugins(
        options.project, options.environment, options.overrides, disabled=options.disabled_plugins
    )
    if error is not None:
        yield Finding("headgate.yaml", "problem", str(error.message), "headgate validate")
    for record in facade.plugins:
        if record.state == "failed":
            fix = f"pip install --upgrade or remove the package, or disable: [{record.name}] in headgate.yaml"
            if record.candidate.in_tree:
                fix = f"mend {record.candidate.target}; its trace: headgate plugins check {record.name}"
            yield Finding(f"plugin {record.name}", "problem", record.reason, fix)
        else:
            yield Finding(f"plugin {record.name}", "ok", f"{record.candidate.version or ''} {record.state}".strip())
    told = len(facade.warnings)  # those of loading are told above
    for ask in (facade.settings_schemas, facade.templates, lambda: facade.commands(COMMANDS)):
        ask()
    for warning in facade.warnings[told:]:
        fix = f"headgate plugins check {warning.plugin}"
        yield Finding(f"plugin {warning.plugin}", "warning", " ".join(str(warning).split()), fix)


def check_optional(name: str, packages: tuple[str, ...], purpose: str, fix: str) -> Finding:
    """A package that only some projects need."""
    for package in packages:
        try:
            return Finding(name, "ok", f"{importlib.metadata.version(package)} ({purpose})")
        except importlib.metadata.PackageNotFoundError:
            continue
    return Finding(name, "warning", f"not installed, needed for {purpose}", fix)


_MOTO = re.compile(r"moto(?:\[[^]]*\])?==([\w.]+)")


def _text(findings: list[Finding]) -> str:
    rows = [(style(finding.verdict, _COLOURS[finding.verdict]), finding.check, finding.found) for finding in findings]
    lines = [table(["", "CHECK", "FOUND"], rows)]
    fixes = [f"  {finding.check}: {finding.fix}" for finding in findings if finding.verdict != "ok" and finding.fix]
    if fixes:
        lines += ["", "to mend:", *fixes]
    return "\n".join(lines)
