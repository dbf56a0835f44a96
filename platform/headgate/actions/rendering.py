"""Copier as a library: a template and answers in, files as values out, and its errors on one screen."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.actions.template_record import FOLDER
from headgate.actions.templates import Template
from headgate.actions.trees import Entry, read_tree
from headgate.errors import UserError
from headgate.spec.suggest import did_you_mean

COPIERS_ANSWERS = ".copier-answers.yml"
"""What Copier's own `copier update` needs; `headgate update` keeps answers in a file of its own, without paths."""

_QUESTION = re.compile(r"(?:[Qq]uestion|Invalid choice for) ['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template's files, the answers that made them (not the secret and computed ones), and its version, if any."""

    tree: Mapping[str, Entry]
    answers: Mapping[str, Any]
    version: str | None


def render(
    template: Template,
    answers: Mapping[str, Any],
    *,
    recorded: Mapping[str, Any] | None = None,
    interactive: bool,
    trust: bool = False,
) -> Rendered:
    """Render a template. Questions that are left open are asked, or answered by their defaults.

    `answers` go over `recorded`, in which answers to questions that the template no longer has are ignored. `trust`
    allows a template to run code of its own (tasks, extensions). Raises UserError for an answer that the template
    refuses or does not know, and for a template that is wrong.
    """
    import copier

    with tempfile.TemporaryDirectory(prefix="headgate-template-") as folder:
        try:
            # Copier also prints what it raises; the prompts are on standard output.
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
                warnings.simplefilter("ignore")
                worker = copier.run_copy(
                    template.location,
                    Path(folder) / "project",
                    data={**(recorded or {}), **answers},
                    defaults=not interactive,
                    settings=copier.Settings(),
                    overwrite=True,
                    quiet=True,
                    unsafe=trust,
                )
        except KeyboardInterrupt:
            raise
        except Exception as error:
            raise _explained(template, error) from error
        questions = worker.template.questions_data
        _check_known(template, answers, questions)
        tree = read_tree(Path(folder) / "project")
    tree.pop(COPIERS_ANSWERS, None)
    if any(path.startswith(f"{FOLDER}/") for path in tree):
        raise UserError(f"template '{template.name}' is wrong: {FOLDER}/ is where projects keep their record of it")
    given = worker.answers.combined
    hidden = {*worker.answers.hidden, *worker.template.secret_questions}
    kept = {name: given[name] for name in questions if name in given and name not in hidden}
    return Rendered(tree, kept, worker.template.commit)


def _check_known(template: Template, answers: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    for name in answers:
        if name not in questions and name != "project_name":
            raise UserError(
                f"template '{template.name}' has no question '{name}'",
                where=f"--data {name}",
                expected="; ".join(filter(None, ["one of " + ", ".join(questions), did_you_mean(name, questions)])),
            )


def _explained(template: Template, error: Exception) -> UserError:
    """Copier's error as the user's: which question, which file, what it said; never a trace."""
    from copier.errors import UnsafeTemplateError

    said = " ".join(str(error).split()) or type(error).__name__
    question = _QUESTION.search(said)
    if isinstance(error, UnsafeTemplateError):
        return UserError(
            f"template '{template.name}' wants to run code of its own: {said.partition('.')[0]}",
            expected="a template that you trust",
            next_command="the same with --trust",
        )
    if question and "is required" in said:
        name = question[1]
        return UserError(f"template '{template.name}' needs an answer to '{name}'", expected=f"--data {name}=VALUE")
    if question:
        name = question[1]
        reason = said.partition(": ")[2] or said
        return UserError(
            f"the answer to '{name}' will not do: {reason}", where=f"--data {name}", expected=f"--data {name}=VALUE"
        )
    if isinstance(error, subprocess.CalledProcessError) or type(error).__name__ == "ProcessExecutionError":
        return UserError(f"template '{template.name}' cannot be fetched: {_last_words(error)}", where=template.location)
    where = f"{template.location}, {_place(error)}" if _place(error) else template.location
    cause = error.__cause__
    why = f": {' '.join(str(cause).split())}" if cause is not None else ""
    return UserError(f"template '{template.name}' is wrong: {type(error).__name__}: {said}{why}", where=where)


def _place(error: Exception) -> str:
    """File and line of an error in a Jinja template."""
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    return f"{file}:{line}" if isinstance(file, str) and line else ""


def _last_words(error: Exception) -> str:
    """The last line that a program said before it failed."""
    lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
