"""`headgate models`: the registry as a data scientist looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from headgate.cli.common import Options, emit, moment, open_project, options, table
from headgate.cli.sessions import connect, target_option
from headgate.errors import UserError
from headgate.views.models import VersionView

if TYPE_CHECKING:
    from headgate.aws.sessions import Session


@click.group("models")
def command() -> None:
    """List registered models, their metrics and lineage."""


@command.command("list")
@click.argument("group", required=False)
@target_option
@options
def list_(group: str | None, target: str, options: Options) -> None:
    """The versions of one model group, or of all, newest first."""
    from headgate.views.models import list_groups, list_versions

    session = connect(open_project(options), target).registry
    sagemaker, s3 = session.client("sagemaker"), session.client("s3")
    groups = [group] if group else list_groups(sagemaker)
    versions = [version for name in groups for version in list_versions(sagemaker, s3, name)]

    def text() -> str:
        if not versions:
            return "no model is registered yet; train one: headgate run"
        return table(
            ["GROUP", "VERSION", "APPROVAL", "METRIC", "COMMIT", "CREATED"],
            [
                (
                    version.group,
                    version.version,
                    version.approval,
                    version.verdict or " ".join(f"{name} {value:.4g}" for name, value in version.shown_metrics),
                    version.properties.get("git_commit", "")[:10],
                    moment(version.created),
                )
                for version in versions
            ],
        )

    emit(options, versions, text)


@command.command("show")
@click.argument("model")
@target_option
@options
def show(model: str, target: str, options: Options) -> None:
    """One version: GROUP for the newest, or GROUP/VERSION."""
    session = connect(open_project(options), target).registry
    version = find_version(session, model)[0]
    emit(options, version, lambda: "\n".join(_facts(version)))


@command.command("lineage")
@click.argument("model")
@click.option("--compare", "other", metavar="VERSION", type=int, help="Say what differs from this version.")
@target_option
@options
def lineage(model: str, other: int | None, target: str, options: Options) -> None:
    """Where a version comes from, and whether it reproduces another (by default the one before it)."""
    from headgate.views.models import compare

    session = connect(open_project(options), target).registry
    version, siblings = find_version(session, model)
    reference = _reference(version, siblings, other)
    verdict = compare(version, reference) if reference else None
    payload = {
        "model": f"{version.group}/{version.version}",
        "lineage": version.lineage,
        "properties": version.properties,
        "reproduction": verdict,
    }

    def text() -> str:
        lines = [f"{version.group}/{version.version}", "", table(["ORIGIN", "VALUE"], version.lineage.items())]
        if verdict:
            lines += ["", f"version {version.version} {verdict.sentence()}"]
            if verdict.differing_inputs:
                rows = [(name, mine, theirs) for name, (mine, theirs) in verdict.differing_inputs.items()]
                lines += ["", table(["INPUT", f"VERSION {verdict.version}", f"VERSION {verdict.other}"], rows)]
        return "\n".join(lines)

    emit(options, payload, text)


def find_version(session: Session, model: str) -> tuple[VersionView, list[VersionView]]:
    """The version that `GROUP` (its newest) or `GROUP/VERSION` names, and all of its group. Raises UserError."""
    from headgate.views.models import list_versions

    group, _, number = model.partition("/")
    versions = list_versions(session.client("sagemaker"), session.client("s3"), group)
    if not number and versions:
        return versions[0], versions
    for version in versions:
        if str(version.version) == number:
            return version, versions
    known = ", ".join(str(version.version) for version in versions) or "none"
    raise UserError(
        f"model group '{group}' has no version '{number}'" if number else f"model group '{group}' has no versions",
        expected=f"{group}/VERSION; versions: {known}",
        next_command=f"headgate models list {group}",
    )


def _reference(version: VersionView, siblings: list[VersionView], asked: int | None) -> VersionView | None:
    if asked is None:
        older = [each for each in siblings if each.version < version.version]
        return max(older, key=lambda each: each.version, default=None)
    for each in siblings:
        if each.version == asked:
            return each
    raise UserError(
        f"model group '{version.group}' has no version '{asked}'",
        where="--compare",
        next_command=f"headgate models list {version.group}",
    )


def confusion_table(version: VersionView) -> str:
    """The test rows by true class (a row each) and predicted class, under the labels that the data gave them."""
    import csv

    labels = next(csv.reader([version.properties.get("classes", "")]), [])
    shown = {str(number): label for number, label in enumerate(labels)}
    predicted = list(next(iter(version.confusion.values())))
    return table(
        ["TRUE \\ PREDICTED", *(shown.get(label, label) for label in predicted)],
        [
            (shown.get(actual, actual), *(counts.get(label, 0) for label in predicted))
            for actual, counts in version.confusion.items()
        ],
    )


def _facts(version: VersionView) -> Iterator[str]:
    """What decided first; every property once, and none that the metrics above say already."""
    yield f"{version.group}/{version.version}: {version.status}, {version.approval}"
    if version.description:
        yield version.description
    if version.verdict:
        yield version.verdict
    yield ""
    yield table(["METRIC", "VALUE"], [(name, f"{value:.6g}") for name, value in version.metrics.items()])
    yield ""
    if version.confusion:
        yield from (confusion_table(version), "")
    facts = {
        "arn": version.arn,
        "created": moment(version.created),
        "image": version.image,
        "model": version.model_data,
        "hyperparameters": version.hyperparameters or None,
    }
    others = {
        name: value
        for name, value in sorted(version.properties.items())
        if name.split(".")[0] not in {"metric", "hyperparameters"}
    }
    rows = [(name, value) for name, value in {**facts, **others}.items() if value]
    yield table(["FACT", "VALUE"], rows)
