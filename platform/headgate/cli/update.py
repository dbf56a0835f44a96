"""`headgate update`: bring a project up to its template's newest version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.common import Options, disable_plugin_option, emit, output_option, project_option, style
from headgate.cli.new import is_interactive, offered_templates, parse_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headgate.actions.template_record import TemplateRecord
    from headgate.actions.three_way import Conflict
    from headgate.actions.update import Update


@click.command("update")
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when there is an update.")
@click.option("-t", "--template", metavar="TEMPLATE", help="Take this template instead of the recorded one.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: new questions have their defaults, or what --data says.")
@click.option("--data", "data", multiple=True, metavar="NAME=VALUE", help="Change an answer. May be repeated.")
@click.option("--force", is_flag=True, help="Update even if git could not undo it.")
@click.option("--trust", is_flag=True, help="Let the template run code of its own.")
@project_option()
@disable_plugin_option()
@output_option
@click.pass_context
def command(
    context: click.Context,
    check: bool,
    template: str | None,
    yes: bool,
    data: tuple[str, ...],
    force: bool,
    trust: bool,
    project: Path | None,
    disable_plugin: tuple[str, ...],
    output: str,
) -> int:
    """Merge the template's newest version into the project: three-way, so that what was changed here stays.

    Conflicts of an earlier update come first: while there are any, nothing is updated.

    Exit codes: 0 up to date, or updated without a conflict; 1 there are conflicts to look at or, with --check, an
    update; 2 a mistake in what was asked.
    """
    from headgate.actions.template_record import find_root, read_record
    from headgate.actions.templates import find_template
    from headgate.actions.update import apply_update, check_clean, find_unresolved, plan_update

    root = find_root(project or context.find_root().params.get("project") or Path())
    record = read_record(root)
    left = find_unresolved(root, record)
    if left:
        emit(Options(output=output), _left_payload(record, left), lambda: _conflicts(left, "of an earlier update"))
        return 1
    if not (check or force):
        check_clean(root)
    source = template or record.template
    offered = offered_templates(disable_plugin)
    found = find_template(source, offered, relative_to=Path.cwd() if template else root, project=root)
    interactive = is_interactive(yes=yes or check, output=output)
    update = plan_update(root, record, found, parse_data(data), interactive=interactive, trust=trust)
    if not (check or update.is_current):
        apply_update(update)
    emit(Options(output=output), _payload(update, check=check), lambda: _text(update, check=check))
    return int(not update.is_current if check else bool(update.merge.conflicts))


def _payload(update: Update, *, check: bool) -> dict[str, object]:
    merge = update.merge
    return {
        "template": update.template,
        "version": update.record.version,
        "up_to_date": update.is_current,
        "applied": not check and not update.is_current,
        "added": merge.added,
        "changed": merge.changed,
        "deleted": merge.deleted,
        "renamed": merge.renamed,
        "conflicts": merge.conflicts,
    }


def _left_payload(record: TemplateRecord, left: Sequence[Conflict]) -> dict[str, object]:
    nothing = dict.fromkeys(("added", "changed", "deleted", "renamed"), ())
    said = {"template": record.template, "version": record.version, "up_to_date": False, "applied": False}
    return {**said, **nothing, "conflicts": left}


def _conflicts(conflicts: Sequence[Conflict], which: str) -> str:
    heading = f"{len(conflicts)} conflict{'s' if len(conflicts) > 1 else ''} {which}".rstrip()
    return "\n".join(
        [style(f"{heading}:", "red"), *(f"  {conflict.path}: {conflict.reason}" for conflict in conflicts)]
    )


def _text(update: Update, *, check: bool) -> str:
    if update.is_current:
        return f"up to date with template {update.template}"
    merge = update.merge
    would = "there is an update of" if check else "updated from"
    lines = [style(f"{would} template {update.template}", "bold")]
    for word, paths in (("add", merge.added), ("change", merge.changed), ("delete", merge.deleted)):
        lines += [f"  {word:<8} {path}" for path in paths]
    lines += [f"  {'rename':<8} {old} -> {new}" for old, new in merge.renamed]
    if merge.conflicts:
        lines.append(_conflicts(merge.conflicts, "to be expected" if check else ""))
    lines.append("next: headgate update" if check else "next: git diff, then commit")
    return "\n".join(lines)
